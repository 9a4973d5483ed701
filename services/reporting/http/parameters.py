"""Reads a figure query from a URL; what is wrong is answered by name, with the fix."""

import calendar
import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated

from fastapi import Query

from services.reporting.figures.query import Dimension, FigureQuery, Filters
from shared.catalogue import Catalogue
from shared.domain.definitions import BY_DATE, DEFINITIONS
from shared.domain.errors import InstantOutOfRange
from shared.domain.events import Channel
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, LOCAL, local, written
from shared.domain.names import compared
from shared.domain.periods import UnknownPeriod, statutory_period
from shared.service.http import invalid

FIGURES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "tokens")
FIGURES_REPEATED = ("by", "department", "channel", "procedure", "field", "level")
FORM_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "by", "format")
LIST_ONCE = ("limit", "cursor")
CHANGES_ONCE = ("from", "to", "period", "as_of", "definition", "as_known_at", "until_known_at", *LIST_ONCE)
DEFINITIONS_ONCE = ("from", "to", "period", "as_of", "as_known_at", *LIST_ONCE)
FILTERS_REPEATED = ("department", "channel", "procedure", "field", "level")


_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]", re.ASCII)
END_OF_DAY = time(23, 59, 59)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)  # what an office can mean; keeps the days around a period in the calendar


@dataclass(frozen=True)
class SpanParameters:
    """Which days, and what was known of them when: the words of any query, as they came."""

    first: Annotated[str | None, Query(alias="from", description="first day, e.g. 2023-01-01; default 1 January of `to`'s year")] = None
    last: Annotated[str | None, Query(alias="to", description="last day, inclusive; default today")] = None
    period: Annotated[
        str | None, Query(description="instead of `from` and `to`: 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023, from the 15th to the 14th")
    ] = None
    as_of: Annotated[
        str | None, Query(description="judge as at the end of this day (or of an instant's local day): what is dated later is not counted")
    ] = None
    as_known_at: Annotated[
        str | None, Query(description="what was known at this instant, e.g. 2023-02-01T08:00:00+07:00; `as_of` is it too unless given")
    ] = None


@dataclass(frozen=True)
class PeriodParameters(SpanParameters):
    """What is judged, when and how: the words of any report's query."""

    definition: Annotated[str, Query(description=f"the definition of timeliness: {', '.join(DEFINITIONS)}")] = BY_DATE.name


@dataclass(frozen=True)
class FilterParameters:
    """Which dossiers."""

    department: Annotated[list[str] | None, Query(description="only these departments, by code")] = None
    channel: Annotated[list[str] | None, Query(description="only online, in_person, postal")] = None
    procedure: Annotated[list[str] | None, Query(description="only these procedures, by code")] = None
    field: Annotated[list[str] | None, Query(description="only procedures of these fields")] = None
    level: Annotated[list[str] | None, Query(description="only procedures of these levels: province, district, commune")] = None


@dataclass(frozen=True)
class FigureParameters(PeriodParameters, FilterParameters):
    """The words of a figure query."""

    by: Annotated[list[str] | None, Query(description="department, channel, field, procedure, level, month; comma separated")] = None


@dataclass(frozen=True)
class ChangesParameters(PeriodParameters, FilterParameters):
    """The words of a query of totals."""


@dataclass(frozen=True)
class DefinitionsParameters(SpanParameters, FilterParameters):
    """The words of a query of totals under every definition."""


def figure_query(given: FigureParameters, catalogue: Catalogue, now: datetime, recorded: datetime) -> FigureQuery:
    """The checked query; the default period is the year up to `as_of`, and that is now or when it was known.

    `now` is by the clock that figures are judged by, `recorded` by the one that events are recorded by.
    """
    known_at = None if given.as_known_at is None else known_instant("as_known_at", given.as_known_at, recorded)
    as_of = min(now, known_at or now) if given.as_of is None else _cut_off(given.as_of, now)
    first, last = _period(given, as_of.date())
    if given.definition not in DEFINITIONS:
        raise invalid("definition", f"{given.definition!r} is not known; available: {', '.join(DEFINITIONS)}")
    by = [_dimension(word) for word in words("by", given.by)]
    if len(set(by)) < len(by):
        raise invalid("by", "names a dimension twice; name each once")
    return FigureQuery(
        first=first,
        last=last,
        as_of=as_of,
        period=given.period,
        by=tuple(by),
        filters=_filters(given, catalogue),
        definition=given.definition,
        known_at=known_at,
    )


def known_instant(parameter: str, word: str, recorded: datetime) -> datetime:
    """An instant of the past; nobody knows what will be known."""
    instant = _instant(parameter, word)
    if instant > recorded:
        raise invalid(parameter, f"{word} lies in the future; write an instant up to {recorded.isoformat()}, or leave it out for now")
    return instant


def one_dimension(word: str, available: Iterable[Dimension]) -> Dimension:
    """A report's grouping."""
    found = next((dimension for dimension in available if dimension == word), None)
    if found is None:
        raise invalid("by", f"{word!r} is not a grouping of this report; available: {', '.join(available)}")
    return found


def _period(given: PeriodParameters, today: date) -> tuple[date, date]:
    if given.period is not None:
        if given.first is not None or given.last is not None:
            raise invalid("period", "stands in place of `from` and `to`; leave either it or them out")
        try:
            return statutory_period(given.period)
        except UnknownPeriod as unknown:
            raise invalid("period", str(unknown)) from unknown
    last = today if given.last is None else _day("to", given.last)
    first = date(last.year, 1, 1) if given.first is None else _day("from", given.first)
    if first > last:
        raise invalid("from", f"{first} lies after `to` {last}; exchange them, or leave `to` out for today")
    return first, last


def _cut_off(word: str, now: datetime) -> datetime:
    """The end of a past local day; figures are sums of days, so an instant stands for its day. Now for today."""
    day = _instant("as_of", word).date() if _INSTANT.match(word) else _day("as_of", word)
    if day > now.date():
        raise invalid("as_of", f"{day} lies in the future; write a day up to {now.date()}, or leave it out for now")
    return now if day == now.date() else datetime.combine(day, END_OF_DAY, LOCAL)


def _instant(parameter: str, word: str) -> datetime:
    try:
        return local(written(word.replace(" ", "+")))  # a bare + in a URL means a space
    except InstantOutOfRange:
        raise invalid(parameter, f"{word} is out of range; write an instant of the years {FIRST_YEAR} to {LAST_YEAR}") from None
    except ValueError:
        or_day = ", or the day as 2023-01-31" if parameter == "as_of" else ""
        raise invalid(parameter, f"{word!r} is not an instant; write it as 2023-01-31T17:00:00+07:00{or_day}") from None


def _day(parameter: str, word: str) -> date:
    day = _calendar_day(word)
    if day is None:
        raise invalid(parameter, f"{word!r} is not a day of the calendar; write it as 2023-01-31{_hint(word)}")
    if not EARLIEST <= day <= LATEST:
        raise invalid(parameter, f"{day} is out of range; write a day from {EARLIEST} to {LATEST}")
    return day


def _calendar_day(word: str) -> date | None:
    if _DAY.fullmatch(word):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(word)
    return None


def _hint(word: str) -> str:
    """For a day that a month does not have, the last one it has."""
    if not _DAY.fullmatch(word):
        return ""
    year, month = int(word[:4]), int(word[5:7])
    if not (year and 1 <= month <= 12):  # noqa: PLR2004 - months of a year
        return ""
    return f" (that month ends on {calendar.monthrange(year, month)[1]})"


def _dimension(word: str) -> Dimension:
    try:
        return Dimension(word)
    except ValueError:
        raise invalid("by", f"{word!r} is not known; available: {', '.join(Dimension)}") from None


def words(parameter: str, values: list[str] | None) -> list[str]:
    """The values, also of one with commas; an empty one is refused, for it would be read as all of them."""
    found = [word.strip() for value in values or () for word in value.split(",")]
    if not all(found):
        raise invalid(parameter, "is empty; write a value, or leave the parameter out")
    return found


def _filters(given: FigureParameters, catalogue: Catalogue) -> Filters:
    departments = _known("department", words("department", given.department), catalogue.departments)
    procedures = _known("procedure", words("procedure", given.procedure), catalogue.procedures)
    channels = _known("channel", words("channel", given.channel), [channel.value for channel in Channel])
    narrowed = [procedures] if procedures else []
    if given.field:  # a field's name may hold a comma: repeat the parameter for several
        narrowed.append(_with("field", given.field, {code: procedure.field for code, procedure in catalogue.procedures.items()}))
    if levels := words("level", given.level):
        narrowed.append(_with("level", levels, {code: procedure.level for code, procedure in catalogue.procedures.items()}))
    wanted = frozenset.intersection(*narrowed) if narrowed else None
    return Filters(departments, wanted, frozenset(Channel(channel) for channel in channels))


def _with(parameter: str, words: list[str], of_procedures: Mapping[str, str]) -> frozenset[str]:
    """The procedures that have one of the values."""
    values = _known(parameter, words, sorted(set(of_procedures.values())))
    return frozenset(code for code, value in of_procedures.items() if value in values)


def _known(parameter: str, words: list[str], available: Iterable[str]) -> frozenset[str]:
    known = list(available)
    named = {compared(name): name for name in known}
    for word in words:
        if compared(word) not in named:
            listed = ", ".join(known[:25]) + (" …" if len(known) > 25 else "")  # noqa: PLR2004 - enough to see what they look like
            raise invalid(parameter, f"{word!r} is not in the catalogue; available: {listed}")
    return frozenset(named[compared(word)] for word in words)
