"""What figures are asked for, checked, and the range sums that they are made of; no I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from services.reporting.figures.grains import CALENDAR_MONTH, STATUTORY_MONTH, STATUTORY_QUARTER, Grain
from services.reporting.read_model.contributions import Contributions
from services.reporting.read_model.sums import CHANNELS, MEANINGS, AnyMeasure, day_number, stock_codes
from shared.catalogue.units import Organisation
from shared.domain.fields import Channel
from shared.domain.localtime import ONE_DAY
from shared.domain.timeliness import BY_DATE

THEN, NOW = "then", "now"
GroupKey = tuple[str | None, ...]


class Dimension(StrEnum):
    """What figures can be grouped by, in the order in which a row's key names them."""

    MONTH = "month"
    DEPARTMENT = "department"
    FIELD = "field"
    PROCEDURE = "procedure"
    LEVEL = "level"
    CHANNEL = "channel"
    RECEIVED_BY = "received_by"
    STATUTORY_MONTH = "statutory_month"
    STATUTORY_QUARTER = "statutory_quarter"


OF_TIME: Mapping[Dimension, Grain] = {
    Dimension.MONTH: CALENDAR_MONTH,
    Dimension.STATUTORY_MONTH: STATUTORY_MONTH,
    Dimension.STATUTORY_QUARTER: STATUTORY_QUARTER,
}
"""The dimensions whose rows are periods of their own, of the same dossiers; a query has one of them at most."""
OF_PROCEDURES = frozenset({Dimension.PROCEDURE, Dimension.FIELD, Dimension.LEVEL})


@dataclass(frozen=True, slots=True)
class Filters:
    """Only these values; empty means all. `procedures` holds those of the wanted fields and levels too, `places` are
    places of receipt."""

    departments: frozenset[str] = frozenset()
    procedures: frozenset[str] | None = None
    channels: frozenset[Channel] = frozenset()
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuery:
    """Figures of `first..last` (local dates, inclusive), judged as at `as_of` (local); nothing dated later counts.

    `period` is the name under which a statutory period was asked for; `definition` is one of DEFINITIONS.
    `known_at` asks for what was known at that instant, None for all that is known. `organised` gives each dossier to
    the unit that has taken it over by `organised_on` (by `as_of` unless said); None leaves it to the unit that the log
    has.
    """

    first: date
    last: date
    as_of: datetime
    period: str | None = None
    by: tuple[Dimension, ...] = ()
    filters: Filters = field(default_factory=Filters)
    definition: str = BY_DATE.name
    known_at: datetime | None = None
    organised: Organisation | None = None
    organised_on: date | None = None

    @property
    def cut(self) -> date:
        """The day at whose end stocks are taken."""
        return min(self.last, self.as_of.date())

    @property
    def time(self) -> Dimension | None:
        """The dimension whose rows are periods of their own, if it is grouped by one."""
        return next((dimension for dimension in self.by if dimension in OF_TIME), None)

    @property
    def grain(self) -> Grain | None:
        """How long those periods are."""
        return None if self.time is None else OF_TIME[self.time]

    @property
    def month(self) -> Dimension:
        """The months that the period is made of: statutory ones of a statutory period."""
        return Dimension.MONTH if self.period is None else Dimension.STATUTORY_MONTH

    @property
    def by_time_alone(self) -> bool:
        """Whether rows follow each other, so that every period of the grain has one."""
        return len(self.by) == 1 and self.time is not None

    @property
    def of_dossiers(self) -> tuple[Dimension, ...]:
        """The dimensions that tell dossiers apart."""
        return tuple(dimension for dimension in self.by if dimension not in OF_TIME)

    @property
    def by_place(self) -> bool:
        """Whether it must be known where dossiers were received."""
        return Dimension.RECEIVED_BY in self.by or bool(self.filters.places)

    @property
    def day_before(self) -> date:
        return min(self.first - ONE_DAY, self.cut)

    @property
    def splits_units(self) -> bool:
        """Whether a dossier's unit depends on its procedure."""
        return self.organised is not None and bool(self.organised.parts)

    def unit(self, unit: str, procedure: str) -> str:
        """The unit that a dossier is counted for."""
        return unit if self.organised is None else self.organised.heir(unit, procedure)

    @property
    def organised_as(self) -> str:
        """`then` or `now`, as it is asked for and answered."""
        return THEN if self.organised is None else NOW

    def named_key(self, key: GroupKey) -> dict[str, str | None]:
        """A row's key, each value under its dimension."""
        return {dimension.value: value for dimension, value in zip(self.by, key, strict=True)}


def of_row(query: FigureQuery, key: GroupKey) -> tuple[FigureQuery, GroupKey]:
    """The question that a row of an answer is the total or a row of: of the days that it stands for, and by what is
    left of its key."""
    if query.time is None:
        return query, key
    place, grain = query.by.index(query.time), OF_TIME[query.time]
    first, last = grain.days(grain.named(key[place] or ""))
    of_days = replace(query, first=max(query.first, first), last=min(query.last, last), by=query.of_dossiers)
    return of_days, key[:place] + key[place + 1 :]


BEFORE = 0  # the bucket of stocks before the period
WITHIN = 1  # the bucket of the period where no rows of time are asked for


class RangeSum(NamedTuple):
    """A sum of deltas; `bucket` is BEFORE, WITHIN or the number of a row of time, a name None where summed over.

    `received_by` is the place of receipt, None wherever that was.
    """

    department: str | None
    procedure: str | None
    bucket: int
    channel: Channel
    measure: AnyMeasure
    amount: int
    received_by: str | None = None


_STOCKS = {definition: frozenset(stock_codes(definition)) for definition in MEANINGS}


def sums_of(contributions: Contributions, query: FigureQuery) -> list[RangeSum]:
    """One dossier's deltas as range sums of the query: what `range_sums` would give if there were no other dossier."""
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    meanings, stocks = MEANINGS[query.definition], _STOCKS[query.definition]
    grain = query.grain
    procedure, channel = contributions.procedure, CHANNELS[contributions.channel]
    department = query.unit(contributions.department, procedure)
    sums: list[RangeSum] = []
    for day, code, amount in contributions.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if day >= first:
            bucket = WITHIN if grain is None else grain.row_of(day)
        elif day <= day_before and code in stocks:
            bucket = BEFORE
        else:
            continue
        sums.append(RangeSum(department, procedure, bucket, channel, measure, amount))
    return sums


def at_their_places(sums: Iterable[RangeSum], wanted: frozenset[str]) -> Iterator[RangeSum]:
    """The same sums by place of receipt, at the wanted ones only (empty: all).

    A sum wherever dossiers were received counts as of their department; what a sum of another place says of the
    department's dossiers is taken from it again. So they add up both ways.
    """
    for one in sums:
        department, place = one.department, one.received_by
        if not wanted or department in wanted:
            yield one._replace(received_by=department, amount=one.amount if place is None else -one.amount)
        if place is not None and (not wanted or place in wanted):
            yield one
