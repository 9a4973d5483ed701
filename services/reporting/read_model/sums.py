"""How the sums are keyed: spans of days, codes of measures and channels, and instants as whole microseconds."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum, auto
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from shared.domain.counting import JUDGED, STOCKS, Measure
from shared.domain.fields import Channel
from shared.domain.localtime import EPOCH, FIRST_YEAR, LAST_YEAR, ONE_DAY
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
Group = tuple[str, str, int, str]  # procedure, department, channel, place of receipt: what is counted together
Amounts = dict[tuple[int, int], int]  # by span and measure
ALL = ""  # in place of a procedure, of a procedure and a department, or of a place of receipt: all of them


def rolled_up(changes: dict[Group, Amounts]) -> list[tuple[int, str, str, int, int, str, int]]:
    """The rows (a cell and its amount) of every level that these amounts of days change, as the table is walked;
    none of 0.

    Where a dossier was received is only asked for together with its department (figures/range_sums.py), so those
    amounts are not summed over departments.
    """
    of_procedures = {group: {key: amount for key, amount in days.items() if amount} for group, days in changes.items()}
    of_departments: dict[Group, Amounts] = {}
    of_all: dict[Group, Amounts] = {}
    for (_, department, channel, place), days in of_procedures.items():
        _add(of_departments, (ALL, department, channel, place), days)
    for (_, _, channel, place), days in of_departments.items():
        if place == ALL:
            _add(of_all, (ALL, ALL, channel, ALL), days)
    rows: list[tuple[int, str, str, int, int, str, int]] = []
    for group, days in sorted((of_procedures | of_departments | of_all).items(), key=itemgetter(0)):
        procedure, department, channel, place = group
        months = _in_spans_of(MONTH, days)
        for level in (days, months, _in_spans_of(YEAR, months)):
            rows += [
                (span, procedure, department, channel, measure, place, amount)
                for (span, measure), amount in level.items()
                if amount
            ]
    rows.sort(key=itemgetter(0))
    return rows


def _add(groups: dict[Group, Amounts], group: Group, days: Amounts) -> None:
    sums = groups.setdefault(group, {})
    for key, amount in days.items():
        sums[key] = sums.get(key, 0) + amount


def _in_spans_of(length: int, amounts: Amounts) -> Amounts:
    sums: Amounts = {}
    for (span, measure), amount in amounts.items():
        key = span - span % length, measure
        sums[key] = sums.get(key, 0) + amount
    return sums


MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000  # microseconds


def microseconds(instant: datetime) -> int:
    """Exact: a float of seconds would not tell neighbouring microseconds apart."""
    return (instant - EPOCH) // MICROSECOND


def instant_of(microseconds: int) -> datetime:
    """The instant in local time."""
    return EPOCH + microseconds * MICROSECOND


def span_text(number: int) -> str:
    """2023, 2023-01 or 2023-01-31 of a span's number."""
    year, month, day = number // YEAR, number % YEAR // MONTH, number % MONTH
    return "-".join([f"{year:04}", *(f"{part:02}" for part in (month, day) if part)])
