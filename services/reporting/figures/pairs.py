"""Two reports side by side: read from one state of the database, with the same rows in the same order."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import TooManyRows
from services.reporting.figures.query import OF_TIME, FigureQuery, GroupKey
from services.reporting.figures.report import GatheredSums, Report, ReportRow, gathered_in
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import day_number
from shared.catalogue import Catalogue
from shared.domain.columns import KEYS
from shared.domain.comparison import differences, percents, points
from shared.domain.figures import Figures

_NOTHING: Figures = dict.fromkeys(KEYS, 0)


@dataclass(frozen=True, slots=True)
class GatheredPair:
    """What was read of a query and of another one beside it, in one transaction."""

    this: GatheredSums
    that: GatheredSums

    def reports(self, most: int | None = None) -> tuple[Report, Report]:
        """The figures of both, of at most so many rows each; no I/O. Raises TooManyRows."""
        this, that = side_by_side(self.this.report(), self.that.report())
        if most is not None and len(this.rows) > most:
            raise TooManyRows(most)
        return this, that


async def gathered_pair(
    engine: AsyncEngine, query: FigureQuery, other: FigureQuery, catalogue: Catalogue, most: int | None = None
) -> GatheredPair:
    """The sums of both, of at most so many rows each. Raises TooManyRows."""
    async with answering(engine) as connection:
        return await gathered_pair_in(connection, query, other, catalogue, most)


async def gathered_pair_in(
    connection: AsyncConnection, query: FigureQuery, other: FigureQuery, catalogue: Catalogue, most: int | None = None
) -> GatheredPair:
    """As `gathered_pair`, in a transaction that reads one state."""
    this = await gathered_in(connection, query, catalogue, most)
    return GatheredPair(this, await gathered_in(connection, other, catalogue, most))


def side_by_side(this: Report, that: Report) -> tuple[Report, Report]:
    """Both with every row that one of them has, of zeros where nothing is counted; rows of time by their place."""
    here, there = ({_place(report.query, row.key): row for row in report.rows} for report in (this, that))
    places = sorted(here.keys() | there.keys(), key=_order)
    return _with_rows(this, here, places), _with_rows(that, there, places)


def difference_row(this: Figures, that: Figures) -> dict[str, Any]:
    """How much more this is: counts in dossiers, shares in percentage points; None where one is not applicable."""
    return {**differences(this, that), **_written(points(this, that))}


def percent_row(this: Figures, that: Figures) -> dict[str, str | None]:
    """The difference of each count in percent of that; None where that is 0."""
    return _written(percents(this, that))


def _written(numbers: Mapping[str, Decimal | None]) -> dict[str, str | None]:
    return {key: None if number is None else str(number) for key, number in numbers.items()}


def _with_rows(report: Report, rows: Mapping[GroupKey, ReportRow], places: list[GroupKey]) -> Report:
    every = (rows.get(place) or ReportRow(_key(report.query, place), dict(_NOTHING)) for place in places)
    return replace(report, rows=tuple(every))


def _place(query: FigureQuery, key: GroupKey) -> GroupKey:
    """The key, a row of time under its number from the first one of the period."""
    if query.time is None:
        return key
    place, grain = query.by.index(query.time), OF_TIME[query.time]
    number = grain.named(key[place] or "") - grain.row_of(day_number(query.first))
    return (*key[:place], f"{number:06}", *key[place + 1 :])


def _key(query: FigureQuery, placed: GroupKey) -> GroupKey:
    """The key that has the place."""
    if query.time is None:
        return placed
    place, grain = query.by.index(query.time), OF_TIME[query.time]
    name = grain.name(grain.row_of(day_number(query.first)) + int(placed[place] or ""))
    return (*placed[:place], name, *placed[place + 1 :])


def _order(key: GroupKey) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in key]
