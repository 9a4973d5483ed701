"""Folds range sums into the rows of a grouping; the columns of one dossier come from the same fold. No I/O."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from services.reporting.figures.grains import Grain
from services.reporting.figures.query import (
    BEFORE,
    WITHIN,
    Dimension,
    FigureQuery,
    GroupKey,
    RangeSum,
    sums_of,
)
from services.reporting.read_model.contributions import BrokenDossier, Contributions
from services.reporting.read_model.sums import MEANINGS, AnyMeasure, GaugeStock, day_number
from shared.catalogue import Catalogue
from shared.domain.counting import STOCKS, Measure
from shared.domain.fields import Channel
from shared.domain.figures import Figures, Sums, figures
from shared.domain.timeliness import Timeliness

GroupT = TypeVar("GroupT")
Columns = frozenset[str]
NO_COLUMNS: Columns = frozenset()


@dataclass(slots=True)
class GroupSums:
    """The sums of one group, and the stocks that only /metrics shows."""

    sums: Sums = field(default_factory=Sums)
    gauge_stocks: Counter[GaugeStock] = field(default_factory=Counter)

    def take(self, measure: AnyMeasure, channel: Channel, amount: int, *, before: bool) -> None:
        """Count one range sum as a stock before the period, or in the period."""
        if isinstance(measure, GaugeStock):
            self.gauge_stocks[measure] += amount
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


def group_sums(sums: Iterable[RangeSum], key: Callable[[RangeSum], GroupT]) -> dict[GroupT, GroupSums]:
    """The sums under each key."""
    groups: dict[GroupT, GroupSums] = defaultdict(GroupSums)
    for one in sums:
        groups[key(one)].take(one.measure, one.channel, one.amount, before=one.bucket == BEFORE)
    return dict(groups)


class TooManyRows(Exception):
    """An answer would have more rows than one question may ask for."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Grouping:
    """Gathers range sums into the total and the rows of a query, as they are read. Raises TooManyRows."""

    def __init__(self, query: FigureQuery, catalogue: Catalogue, most: int | None = None) -> None:
        self._query, self._catalogue, self._most = query, catalogue, most
        self._dimensions = query.of_dossiers
        self._groups: dict[GroupKey, dict[int, GroupSums]] = defaultdict(lambda: defaultdict(GroupSums))
        self._rows = 0
        self.total = GroupSums()

    def take(self, sums: Iterable[RangeSum]) -> None:
        """Count them in the total and in their row; a row of time stands for itself."""
        in_time = self._query.grain is not None
        for one in sums:
            before = one.bucket == BEFORE
            self.total.take(one.measure, one.channel, one.amount, before=before)
            if not self._query.by:
                continue
            of_key = self._groups[tuple(_value(dimension, one, self._catalogue) for dimension in self._dimensions)]
            bucket = one.bucket if in_time else WITHIN
            if bucket not in of_key and bucket != BEFORE:
                self._rows += 1
                self._limit(self._rows)
            of_key[bucket].take(one.measure, one.channel, one.amount, before=before)

    def _limit(self, rows: int) -> None:
        if self._most is not None and rows > self._most:
            raise TooManyRows(self._most)

    def rows(self) -> Iterator[tuple[GroupKey, Figures]]:
        """Every row, in no order; one of time starts from what those before it left open."""
        time, grain = self._query.time, self._query.grain
        if time is None or grain is None:
            for key, of_key in self._groups.items():
                yield key, of_key[WITHIN].figures
            return
        place = self._query.by.index(time)
        rows = 0
        for key, of_key in (self._groups or {(): {}}).items():
            for row, figures_of_row in _in_time(of_key, self._query, grain):
                rows += 1
                self._limit(rows)
                yield (*key[:place], grain.name(row), *key[place:]), figures_of_row


def _in_time(of_key: Mapping[int, GroupSums], query: FigureQuery, grain: Grain) -> Iterator[tuple[int, Figures]]:
    """Each row of time from the stocks that the one before it ended with.

    Those in which nothing is open and nothing happens are rows only of a grouping by time alone.
    """
    left = dict(of_key[BEFORE].sums.at_end) if BEFORE in of_key else {}
    eventful = sorted(row for row in of_key if row != BEFORE)
    rows = grain.rows(query.first, query.cut)
    row = rows.start
    while row < rows.stop:
        if not query.by_time_alone and not any(left.values()):
            after = bisect_left(eventful, row)
            if after == len(eventful):
                return
            row = eventful[after]
        own = of_key[row].sums if row in of_key else Sums()
        at_end = dict(left)
        for counted, amount in own.at_end.items():
            at_end[counted] = at_end.get(counted, 0) + amount
        yield row, figures(Sums(before=left, within=own.within, at_end=at_end))
        left, row = at_end, row + 1


def _value(dimension: Dimension, one: RangeSum, catalogue: Catalogue) -> str | None:
    """The sum's value in a dimension; fields and levels come from the catalogue."""
    if dimension is Dimension.DEPARTMENT:
        return one.department
    if dimension is Dimension.PROCEDURE:
        return one.procedure
    if dimension is Dimension.CHANNEL:
        return one.channel.value
    if dimension is Dimension.RECEIVED_BY:
        return one.received_by
    procedure = catalogue.procedures.get(one.procedure or "")
    if procedure is None:
        return None
    return procedure.field if dimension is Dimension.FIELD else procedure.level


def columns_of(code: str, contributions: Contributions, query: FigureQuery) -> Columns:
    """The columns in which the dossier is one, by the functions that compute everyone's. Raises BrokenDossier.

    It is in the lists of exactly these figures.
    """
    sums = sums_of(contributions, query)
    if not sums:
        return NO_COLUMNS
    columns = _columns(sums[0].channel, tuple((one.measure, one.bucket == BEFORE, one.amount) for one in sums))
    if columns is None:
        raise BrokenDossier(code, "it counts more than once, or less than not at all")
    return columns


@lru_cache(maxsize=4096)  # dossiers are many, the ways in which one counts in a period are few
def _columns(channel: Channel, taken: Iterable[tuple[AnyMeasure, bool, int]]) -> Columns | None:
    group = GroupSums()
    for measure, before, amount in taken:
        group.take(measure, channel, amount, before=before)
    own = group.figures
    if not {0, 1}.issuperset(own.values()):
        return None
    return frozenset(name for name, count in own.items() if count)


_RESOLVED_AS: dict[AnyMeasure, str] = {
    Measure(f"resolved_{timeliness.value}"): timeliness.value for timeliness in Timeliness
}


def timeliness_of(contributions: Contributions, query: FigureQuery) -> str:
    """Early, on_time, overdue or no_deadline once closed by the cut-off; else within, overdue or suspended.

    An application that was not received by then is not_received.
    """
    cut, meanings = day_number(query.cut), MEANINGS[query.definition]
    stocks: Counter[AnyMeasure] = Counter()
    for day, code, amount in contributions.deltas:
        measure = meanings.get(code)
        if measure is None or day > cut:
            continue
        if closed := _RESOLVED_AS.get(measure):
            return closed
        stocks[measure] += amount
    if not stocks[Measure.RECEIVED]:
        return "not_received"
    if stocks[Measure.OPEN_OVERDUE]:
        return "overdue"
    return "suspended" if stocks[Measure.OPEN_SUSPENDED] else "within"
