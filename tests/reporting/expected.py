"""What the recount says of any figure query: its total and its rows, by any combination of the seven dimensions."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
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
    """The total and the rows, each month's row counted as a period of its own;
    nothing dated after the cut-off is counted."""
    wanted = [dossier for dossier in dossiers if _wanted(dossier, query.filters)]
    cut = min(query.last, query.as_of.date())
    first = min(query.first, cut + ONE_DAY)

    def rows_of(start: date, end: date, month: str | None = None) -> dict[Any, Row]:
        def key(dossier: RecountedDossier) -> GroupKey:
            return tuple(
                month if dimension is Dimension.MONTH else _value(dossier, dimension, catalogue)
                for dimension in query.by
            )

        return recount_dossiers(wanted, start, end, key, query.definition)

    whole = rows_of(first, cut)
    total = whole.pop(TOTAL)
    if Dimension.MONTH not in query.by:
        return total, whole if query.by else {}
    rows: dict[GroupKey, Row] = {}
    for start, end in _months(query.first, cut):
        of_month = rows_of(start, end, f"{start:%Y-%m}")
        alone = of_month.pop(TOTAL)  # by month alone a month without any dossier has its row too
        rows |= {(f"{start:%Y-%m}",): alone} if query.by == (Dimension.MONTH,) else of_month
    return total, rows


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = first.replace(day=monthrange(first.year, first.month)[1])
        yield first, min(end, last)
        first = end + ONE_DAY


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
