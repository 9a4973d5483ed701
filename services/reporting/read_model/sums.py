"""How the sums are keyed: spans of days, codes of measures and channels, and instants as whole microseconds."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum, StrEnum, auto
from functools import lru_cache
from typing import NamedTuple

from shared.domain.counting import JUDGED, STOCKS, Measure
from shared.domain.fields import Channel
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, LOCAL, ONE_DAY
from shared.domain.timeliness import BY_DATE, DEFINITIONS, HALF_DAY, INSTANT


class GaugeStock(StrEnum):
    """Stocks that only /metrics shows, counted here so that its four classes of open dossiers are disjoint."""

    DUE_SOON = "open_due_soon"
    SUSPENDED_OVERDUE = "open_suspended_overdue"


class CountedWhen(Enum):
    """By which of its days a dossier that a measure counts is found."""

    RECEIVED = auto()
    CLOSED = auto()
    RETURNED = auto()
    OPEN = auto()
    AWAITING_RETURN = auto()
    ANSWERED = auto()
    AWAITING_ACCEPTANCE = auto()


class StoredMeasure(NamedTuple):
    """How the read model keeps a measure."""

    code: int
    when: CountedWhen


# Append only: the codes are in every office's database.
STORED: dict[Measure, StoredMeasure] = {
    Measure.RECEIVED: StoredMeasure(1, CountedWhen.RECEIVED),
    Measure.RECEIVED_ONLINE_FULL: StoredMeasure(2, CountedWhen.RECEIVED),
    Measure.RESOLVED_EARLY: StoredMeasure(3, CountedWhen.CLOSED),
    Measure.RESOLVED_ON_TIME: StoredMeasure(4, CountedWhen.CLOSED),
    Measure.RESOLVED_OVERDUE: StoredMeasure(5, CountedWhen.CLOSED),
    Measure.RESOLVED_NO_DEADLINE: StoredMeasure(6, CountedWhen.CLOSED),
    Measure.WITHDRAWN: StoredMeasure(7, CountedWhen.CLOSED),
    Measure.STOPPED: StoredMeasure(8, CountedWhen.CLOSED),
    Measure.RETURNED_IN_PERSON: StoredMeasure(9, CountedWhen.RETURNED),
    Measure.RETURNED_POSTAL: StoredMeasure(10, CountedWhen.RETURNED),
    Measure.RETURNED_ONLINE: StoredMeasure(11, CountedWhen.RETURNED),
    Measure.OPEN: StoredMeasure(12, CountedWhen.OPEN),
    Measure.OPEN_OVERDUE: StoredMeasure(13, CountedWhen.OPEN),
    Measure.OPEN_SUSPENDED: StoredMeasure(14, CountedWhen.OPEN),
    Measure.AWAITING_RETURN: StoredMeasure(15, CountedWhen.AWAITING_RETURN),
    Measure.REFUSED: StoredMeasure(18, CountedWhen.CLOSED),
    Measure.RECEIVED_UNKNOWN: StoredMeasure(19, CountedWhen.RECEIVED),
    Measure.GRANTED_IN_PART: StoredMeasure(20, CountedWhen.CLOSED),
    Measure.GRANTED_BY_LAW: StoredMeasure(21, CountedWhen.CLOSED),
    Measure.NOT_NEEDED: StoredMeasure(22, CountedWhen.CLOSED),
    Measure.STOPPED_ADMINISTRATIVE: StoredMeasure(26, CountedWhen.CLOSED),
    Measure.TRANSFERRED: StoredMeasure(27, CountedWhen.CLOSED),
    Measure.ACCEPTED_IN_TIME: StoredMeasure(28, CountedWhen.ANSWERED),
    Measure.ACCEPTED_LATE: StoredMeasure(29, CountedWhen.ANSWERED),
    Measure.AWAITING_ACCEPTANCE: StoredMeasure(30, CountedWhen.AWAITING_ACCEPTANCE),
    Measure.AWAITING_ACCEPTANCE_LATE: StoredMeasure(31, CountedWhen.AWAITING_ACCEPTANCE),
}
_GAUGE_CODES = {GaugeStock.DUE_SOON: 16, GaugeStock.SUSPENDED_OVERDUE: 17}
MEASURE_CODES: dict[Measure | GaugeStock, int] = {
    measure: stored.code for measure, stored in STORED.items()
} | _GAUGE_CODES
CHANNEL_CODES: dict[Channel, int] = {Channel.ONLINE: 1, Channel.IN_PERSON: 2, Channel.POSTAL: 3}


AnyMeasure = Measure | GaugeStock

# Append only as well: what a definition judges stands this far behind the codes of by-date/1, the first one.
_APART = {BY_DATE.name: 0, INSTANT.name: 20, HALF_DAY.name: 40}
JUDGED_CODES: Mapping[str, Mapping[Measure, int]] = {
    name: {measure: MEASURE_CODES[measure] + _APART[name] for measure in JUDGED} for name in DEFINITIONS
}
"""By definition, the codes of the measures that it judges; any other measure has one code for all definitions."""


def _meanings(definition: str) -> dict[int, AnyMeasure]:
    facts = {code: measure for measure, code in MEASURE_CODES.items() if measure not in JUDGED}
    return facts | {code: measure for measure, code in JUDGED_CODES[definition].items()}


MEANINGS: Mapping[str, Mapping[int, AnyMeasure]] = {name: _meanings(name) for name in DEFINITIONS}
"""For each definition the codes that its figures are made of, and what they mean there."""

CHANNELS: dict[int, Channel] = {code: channel for channel, code in CHANNEL_CODES.items()}


def stock_codes(definition: str) -> list[int]:
    """The codes of the stocks that the definition's figures are made of."""
    return [
        code for code, measure in MEANINGS[definition].items() if isinstance(measure, GaugeStock) or measure in STOCKS
    ]


MONTH = 100
YEAR = 10_000
DECEMBER = 12
# A local date may lie in the year beside that of its instant.
FIRST_DAY = date(FIRST_YEAR - 1, 1, 1)
LAST_DAY = date(LAST_YEAR + 1, 12, 31)


@lru_cache(maxsize=4096)  # some hundred days are asked for again and again
def day_number(day: date) -> int:
    """20230131 for 31 January 2023: sorts as dates do, reads as one."""
    return day.year * YEAR + day.month * MONTH + day.day


def covering(first: date, last: date, *, years: bool = True) -> list[int]:
    """The fewest spans that make up `first..last`; by months and days only when `years` is off."""
    spans: list[int] = []
    day = max(first, FIRST_DAY)
    while day <= last:
        for number, end in _starting(day, years=years):
            if end <= last:
                spans.append(number)
                day = end + ONE_DAY
                break
    return spans


def _starting(day: date, *, years: bool) -> Iterator[tuple[int, date]]:
    """The spans that start on the day, the longest first, with their last days."""
    if day.day == 1:
        if years and day.month == 1:
            yield day.year * YEAR, date(day.year, DECEMBER, 31)
        yield day.year * YEAR + day.month * MONTH, _month_end(day)
    yield day_number(day), day


def _month_end(first: date) -> date:
    next_month = (first + timedelta(days=31)).replace(day=1)
    return next_month - ONE_DAY


# span, procedure, department, channel, measure, place of receipt: the key of a sum
Cell = tuple[int, str, str, int, int, str]
ALL = ""  # in place of a procedure, of a procedure and a department, or of a place of receipt: all of them


def rolled_up(cells: Mapping[Cell, int]) -> list[tuple[int, str, str, int, int, str, int]]:
    """The rows (a cell and its amount) of every level that these cells of days change; none of 0.

    Where a dossier was received is only asked for together with its department (figures/range_sums.py), so those cells
    are not summed over departments.
    """
    by_procedure = {
        cell: amount for cell, amount in sorted(cells.items()) if amount
    }  # sorted: the table is walked in its own order
    by_department = _of_all_procedures(by_procedure)
    levels: list[Mapping[Cell, int]] = []
    for days in (by_procedure, by_department, _of_all_departments(by_department)):
        months = _in_spans_of(MONTH, days)
        levels += days, months, _in_spans_of(YEAR, months)
    return [(*cell, amount) for level in levels for cell, amount in level.items() if amount]


def _of_all_procedures(cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, _, department, channel, measure, place), amount in cells.items():
        cell = (span, ALL, department, channel, measure, place)
        sums[cell] = sums.get(cell, 0) + amount
    return sums


def _of_all_departments(cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, _, _, channel, measure, place), amount in cells.items():
        if place == ALL:
            cell = (span, ALL, ALL, channel, measure, ALL)
            sums[cell] = sums.get(cell, 0) + amount
    return sums


def _in_spans_of(length: int, cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, procedure, department, channel, measure, place), amount in cells.items():
        cell = (span - span % length, procedure, department, channel, measure, place)
        sums[cell] = sums.get(cell, 0) + amount
    return sums


MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000  # microseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Exact: a float of seconds would not tell neighbouring microseconds apart."""
    return (instant - _EPOCH) // MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """The instant in local time."""
    return (_EPOCH + microseconds * MICROSECOND).astimezone(LOCAL)


def span_text(number: int) -> str:
    """2023, 2023-01 or 2023-01-31 of a span's number."""
    year, month, day = number // YEAR, number % YEAR // MONTH, number % MONTH
    return "-".join([f"{year:04}", *(f"{part:02}" for part in (month, day) if part)])
