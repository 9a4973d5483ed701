"""What figures are asked for, checked, and the range sums that they are made of; no I/O."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from services.reporting.read_model.contributions import Contributions
from services.reporting.read_model.sums import CHANNELS, MEANINGS, MONTH, AnyMeasure, day_number, stock_codes
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
    the unit that has taken it over since; None leaves it to the unit that the log has.
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

    @property
    def cut(self) -> date:
        """The day at whose end stocks are taken."""
        return min(self.last, self.as_of.date())

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


def without_month(by: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """The dimensions that tell dossiers apart; a month's row is a period of its own, of the same dossiers."""
    return tuple(dimension for dimension in by if dimension is not Dimension.MONTH)


def of_month(query: FigureQuery, month: str) -> FigureQuery:
    """The query of a month's row: the days of the period that lie in the month, written as 2023-01."""
    year, number = (int(part) for part in month.split("-"))
    end = date(year, number, monthrange(year, number)[1])
    return replace(query, first=max(query.first, end.replace(day=1)), last=min(query.last, end))


BEFORE = 0  # the bucket of stocks before the period
WITHIN = 1  # the bucket of the period where months are not asked for


class RangeSum(NamedTuple):
    """A sum of deltas; `bucket` is BEFORE, WITHIN or a month as 202301, a name None where summed over.

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
    monthly = Dimension.MONTH in query.by
    procedure, channel = contributions.procedure, CHANNELS[contributions.channel]
    department = query.unit(contributions.department, procedure)
    sums: list[RangeSum] = []
    for day, code, amount in contributions.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if day >= first:
            bucket = day // MONTH if monthly else WITHIN
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
