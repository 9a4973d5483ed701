"""What figures are asked for, checked (a period, a grouping, filters and a definition), and the range sums they are made of; no I/O."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from services.reporting.read_model.contributions import Contributions
from services.reporting.read_model.sums import CHANNELS, MEANINGS, MONTH, GaugeStock, day_number, stock_codes
from shared.domain.counting import Measure
from shared.domain.definitions import BY_DATE
from shared.domain.events import Channel
from shared.domain.localtime import ONE_DAY


class Dimension(StrEnum):
    """What figures can be grouped by, in the order in which a row's key names them."""

    MONTH = "month"
    DEPARTMENT = "department"
    FIELD = "field"
    PROCEDURE = "procedure"
    LEVEL = "level"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Filters:
    """Only these values; empty means all. `procedures` holds those of the wanted fields and levels too."""

    departments: frozenset[str] = frozenset()
    procedures: frozenset[str] | None = None
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuery:
    """Figures of `first..last` (local dates, inclusive) judged as at `as_of`, a local time; nothing dated after that day is counted.

    `period` is the name under which a statutory period was asked for; `definition` is one of DEFINITIONS.
    `known_at` asks for what was known at that instant, None for all that is known.
    """

    first: date
    last: date
    as_of: datetime
    period: str | None = None
    by: tuple[Dimension, ...] = ()
    filters: Filters = field(default_factory=Filters)
    definition: str = BY_DATE.name
    known_at: datetime | None = None

    @property
    def cut(self) -> date:
        """The day at whose end stocks are taken."""
        return min(self.last, self.as_of.date())

    @property
    def day_before(self) -> date:
        return min(self.first - ONE_DAY, self.cut)


BEFORE = 0  # the bucket of stocks before the period


WITHIN = 1  # the bucket of the period where months are not asked for


OF_PROCEDURES = frozenset({Dimension.PROCEDURE, Dimension.FIELD, Dimension.LEVEL})


class RangeSum(NamedTuple):
    """A sum of deltas. `bucket` is BEFORE, WITHIN or a month as 202301; department and procedure None where not asked for."""

    department: str | None
    procedure: str | None
    bucket: int
    channel: Channel
    measure: Measure | GaugeStock
    amount: int


def open_in(sums: Sequence[RangeSum]) -> int:
    """How many of them were open before the period."""
    return sum(one.amount for one in sums if one.bucket == BEFORE and one.measure is Measure.OPEN)


GroupKey = tuple[str | None, ...]


def without_month(by: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """The dimensions that tell dossiers apart; a month's row is a period of its own, of the same dossiers."""
    return tuple(dimension for dimension in by if dimension is not Dimension.MONTH)


def of_month(query: FigureQuery, month: str) -> FigureQuery:
    """The query of a month's row: the days of the period that lie in the month, written as 2023-01."""
    year, number = (int(part) for part in month.split("-"))
    end = date(year, number, monthrange(year, number)[1])
    return replace(query, first=max(query.first, end.replace(day=1)), last=min(query.last, end))


STOCK_CODES = {definition: frozenset(stock_codes(definition)) for definition in MEANINGS}


def sums_of(entry: Contributions, query: FigureQuery) -> list[RangeSum]:
    """The dossier's deltas as the range sums of the query: what `range_sums` would find if there were no other dossier."""
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    meanings, stocks = MEANINGS[query.definition], STOCK_CODES[query.definition]
    monthly = Dimension.MONTH in query.by
    department, procedure, channel = entry.department, entry.procedure, CHANNELS[entry.channel]
    found: list[RangeSum] = []
    for day, code, amount in entry.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if day >= first:
            bucket = day // MONTH if monthly else WITHIN
        elif day <= day_before and code in stocks:
            bucket = BEFORE
        else:
            continue
        found.append(RangeSum(department, procedure, bucket, channel, measure, amount))
    return found
