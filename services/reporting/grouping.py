"""Folds range sums into the rows of a grouping; fields and levels come from the catalogue."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from services.reporting.measures import Standing
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import BEFORE, RangeSum
from shared.catalogue import Catalogue
from shared.domain.counting import STOCKS, Measure
from shared.domain.events import Channel
from shared.domain.figures import Figures, Sums, figures

GroupT = TypeVar("GroupT")
GroupKey = tuple[str | None, ...]


@dataclass(slots=True)
class Group:
    """The sums of one group, and the standings that only /metrics shows."""

    sums: Sums = field(default_factory=Sums)
    standings: dict[Standing, int] = field(default_factory=dict)

    def take(self, measure: Measure | Standing, channel: Channel, amount: int, *, before: bool) -> None:
        """Count one range sum as a stock before the period, or in the period."""
        if isinstance(measure, Standing):
            self.standings[measure] = self.standings.get(measure, 0) + amount
            return
        if measure in STOCKS:
            _add(self.sums.at_end, measure, channel, amount)
        if not before:
            _add(self.sums.within, measure, channel, amount)
        elif measure in STOCKS:
            _add(self.sums.before, measure, channel, amount)

    @property
    def figures(self) -> Figures:
        return figures(self.sums)


def _add(counts: dict[tuple[Measure, Channel], int], measure: Measure, channel: Channel, amount: int) -> None:
    counts[measure, channel] = counts.get((measure, channel), 0) + amount


def fold(sums: Iterable[RangeSum], key: Callable[[RangeSum], GroupT], since: int = BEFORE + 1) -> dict[GroupT, Group]:
    """The group of each key; buckets below `since` lie before the period."""
    groups: dict[GroupT, Group] = defaultdict(Group)
    for one in sums:
        groups[key(one)].take(one.measure, one.channel, one.amount, before=one.bucket < since)
    return dict(groups)


def rows(sums: list[RangeSum], by: tuple[Dimension, ...], first: date, cut: date, catalogue: Catalogue) -> dict[GroupKey, Group]:
    """The rows of the grouping; a month's row starts from what the months before it left open."""
    dimensions = without_month(by)

    def key(one: RangeSum) -> GroupKey:
        return tuple(_value(dimension, one, catalogue) for dimension in dimensions)

    if Dimension.MONTH not in by:
        return fold(sums, key)
    place = by.index(Dimension.MONTH)
    found: dict[GroupKey, Group] = {}
    of_key: dict[GroupKey, list[RangeSum]] = defaultdict(list)
    for one in sums:
        of_key[key(one)].append(one)
    if not dimensions:
        of_key.setdefault((), [])
    for group_key, own in of_key.items():
        for month, group in _monthly(own, first, cut):
            found[*group_key[:place], f"{month // 100:04}-{month % 100:02}", *group_key[place:]] = group
    return found


def without_month(by: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """The dimensions that tell dossiers apart; a month's row is a period of its own, of the same dossiers."""
    return tuple(dimension for dimension in by if dimension is not Dimension.MONTH)


def of_month(query: FigureQuery, month: str) -> FigureQuery:
    """The query of a month's row: the days of the period that lie in the month, written as 2023-01."""
    year, number = (int(part) for part in month.split("-"))
    end = date(year, number, monthrange(year, number)[1])
    return replace(query, first=max(query.first, end.replace(day=1)), last=min(query.last, end))


def _monthly(sums: list[RangeSum], first: date, cut: date) -> Iterator[tuple[int, Group]]:
    """Each month's group, starting from the stocks that the one before it ended with."""
    in_bucket: dict[int, list[RangeSum]] = defaultdict(list)
    for one in sums:
        in_bucket[one.bucket].append(one)
    left = fold(in_bucket[BEFORE], lambda _one: None).get(None, Group()).sums.at_end
    for month in months(first, cut):
        group = Group(Sums(before=left, at_end=dict(left)))
        for one in in_bucket[month]:
            group.take(one.measure, one.channel, one.amount, before=False)
        yield month, group
        left = group.sums.at_end


def months(first: date, last: date) -> Iterator[int]:
    """Every calendar month that has a day in `first..last`, as 202301."""
    month = first.year * 100 + first.month
    while month <= last.year * 100 + last.month and first <= last:
        yield month
        month += 1 if month % 100 < 12 else 89  # noqa: PLR2004 - December is followed by January of the next year


def _value(dimension: Dimension, one: RangeSum, catalogue: Catalogue) -> str | None:
    if dimension is Dimension.DEPARTMENT:
        return one.department
    if dimension is Dimension.PROCEDURE:
        return one.procedure
    if dimension is Dimension.CHANNEL:
        return one.channel.value
    procedure = catalogue.procedures.get(one.procedure or "")
    if procedure is None:
        return None
    return procedure.field if dimension is Dimension.FIELD else procedure.level
