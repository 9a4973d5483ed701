"""What the recount says of any figure query: its total and its rows, by any combination of dimensions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from random import Random
from typing import Any

from services.reporting.figures.query import Dimension, FigureQuery, Filters, GroupKey
from shared.catalogue import Catalogue
from shared.domain.fields import Channel
from tests.builders.histories import OFFICE_DEPARTMENTS, OFFICE_PROCEDURES, History
from tests.builders.wire import travelling
from tests.support.recount import TOTAL, RecountedDossier, dossiers_from, recount_dossiers

Row = dict[str, int]
ONE_DAY = timedelta(days=1)


def any_filters(rng: Random) -> Filters:
    """None in most dimensions, some values in the others; now and then a set of procedures that no dossier has."""

    def some(values: Iterable[Any]) -> frozenset[Any]:
        listed = list(values)
        return frozenset(rng.sample(listed, rng.randint(1, len(listed)))) if rng.random() < 0.3 else frozenset()

    return Filters(
        departments=some(OFFICE_DEPARTMENTS),
        procedures=some((*OFFICE_PROCEDURES, "1.000001")) or None,
        channels=some(Channel),
        places=some(OFFICE_DEPARTMENTS),
    )


def recounted(office: Mapping[str, History]) -> dict[str, RecountedDossier]:
    """The office's dossiers as the recount has them."""
    return dossiers_from(travelling(code, event) for code, history in office.items() for event in history)


def expected(
    dossiers: Iterable[RecountedDossier], query: FigureQuery, catalogue: Catalogue
) -> tuple[Row, dict[GroupKey, Row]]:
    """The total and the rows, each row of time counted as a period of its own;
    nothing dated after the cut-off is counted."""
    wanted = [dossier for dossier in dossiers if _wanted(dossier, query.filters)]
    cut = min(query.last, query.as_of.date())
    first = min(query.first, cut + ONE_DAY)

    time = next((dimension for dimension in query.by if dimension in NAME_OF_DAY), None)

    def rows_of(start: date, end: date, name: str | None = None) -> dict[Any, Row]:
        def key(dossier: RecountedDossier) -> GroupKey:
            return tuple(name if dimension is time else _value(dossier, dimension, catalogue) for dimension in query.by)

        return recount_dossiers(wanted, start, end, key, query.definition)

    whole = rows_of(first, cut)
    total = whole.pop(TOTAL)
    if time is None:
        return total, whole if query.by else {}
    rows: dict[GroupKey, Row] = {}
    for name, start, end in _stretches(query.first, cut, NAME_OF_DAY[time]):
        of_name = rows_of(start, end, name)
        alone = of_name.pop(TOTAL)  # alone, a row of time without any dossier is there too
        rows |= {(name,): alone} if query.by == (time,) else of_name
    return total, rows


def _stretches(first: date, last: date, name_of: Callable[[date], str]) -> Iterator[tuple[str, date, date]]:
    """Each row of time that has days of these, with the first and the last of them."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    for name, of_name in groupby(days, name_of):
        listed = list(of_name)
        yield name, listed[0], listed[-1]


def _statutory_month(day: date) -> str:
    later = day.replace(day=28) + timedelta(days=4)  # a day of the next month
    return f"{later if day.day >= 15 else day:%Y-%m}"


def _statutory_quarter(day: date) -> str:
    year, _, month = _statutory_month(day).partition("-")
    return f"{year}-Q{[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4][int(month) - 1]}"


NAME_OF_DAY: Mapping[Dimension, Callable[[date], str]] = {
    Dimension.MONTH: lambda day: f"{day:%Y-%m}",
    Dimension.STATUTORY_MONTH: _statutory_month,
    Dimension.STATUTORY_QUARTER: _statutory_quarter,
}


def _wanted(dossier: RecountedDossier, filters: Filters) -> bool:
    about = dossier.about
    return (
        (not filters.departments or about["department"] in filters.departments)
        and (filters.procedures is None or about["procedure"] in filters.procedures)
        and (not filters.channels or about["channel"] in filters.channels)
        and (not filters.places or dossier.place_of_receipt in filters.places)
    )


def _value(dossier: RecountedDossier, dimension: Dimension, catalogue: Catalogue) -> str | None:
    if dimension in (Dimension.DEPARTMENT, Dimension.PROCEDURE, Dimension.CHANNEL):
        return str(dossier.about[dimension.value])
    if dimension is Dimension.RECEIVED_BY:
        return dossier.place_of_receipt
    procedure = catalogue.procedures.get(dossier.about["procedure"])
    return None if procedure is None else str(getattr(procedure, dimension.value))
