"""Range sums in SQL: a period's flows and the stocks before and after it, from the coarsest sums that can tell."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, CompoundSelect, Integer, Select, Table, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.measures import CHANNEL_CODES, CHANNELS, MEANINGS, MEASURE_CODES, Standing, stock_codes
from services.reporting.query import Dimension, FigureQuery, Filters
from services.reporting.rollup import ALL
from services.reporting.spans import FIRST_DAY, MONTH, covering
from services.reporting.store import among
from services.reporting.tables import sums
from shared.domain.counting import Measure
from shared.domain.events import Channel

BEFORE = 0  # the bucket of stocks before the period
READ_AT_ONCE = 500
WITHIN = 1  # the bucket of the period where months are not asked for
FEW = frozenset({Dimension.DEPARTMENT, Dimension.CHANNEL})
OF_PROCEDURES = frozenset({Dimension.PROCEDURE, Dimension.FIELD, Dimension.LEVEL})


class RangeSum(NamedTuple):
    """A sum of deltas. `bucket` is BEFORE, WITHIN or a month as 202301; department and procedure None where not asked for."""

    department: str | None
    procedure: str | None
    bucket: int
    channel: Channel
    measure: Measure | Standing
    amount: int


async def range_sums(connection: AsyncConnection, query: FigureQuery) -> list[RangeSum]:
    """The sums behind the query's rows, as fine as its grouping needs them: the facts, and what the query's definition judges."""
    return [one async for part in parts_of_range_sums(connection, query) for one in part]


async def parts_of_range_sums(connection: AsyncConnection, query: FigureQuery) -> AsyncIterator[list[RangeSum]]:
    """As `range_sums`, few at once: there may be millions, and others want to be answered meanwhile."""
    monthly = Dimension.MONTH in query.by
    meanings = MEANINGS[query.definition]
    stocks = _sums_of(connection, query, literal(BEFORE, Integer), covering(FIRST_DAY, query.day_before), stock_codes(query.definition))
    bucket = sums.c.span // MONTH if monthly else literal(WITHIN, Integer)
    within = _sums_of(connection, query, bucket, covering(query.first, query.cut, years=not monthly), list(meanings))
    async for part in _parts(connection, union_all(stocks, within), are_few=set(query.by) <= FEW):
        yield [
            RangeSum(department, procedure, place, CHANNELS[channel], meanings[measure], int(amount))
            for department, procedure, place, channel, measure, amount in part
            if amount
        ]


async def _parts(connection: AsyncConnection, wanted: CompoundSelect[Any], *, are_few: bool) -> AsyncIterator[Sequence[Any]]:
    """A cursor has its price: what is few is read at once."""
    if are_few:
        yield (await connection.execute(wanted)).all()
        return
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield part


def _sums_of(
    connection: AsyncConnection, query: FigureQuery, bucket: ColumnElement[int], spans: Sequence[int], codes: Sequence[int]
) -> Select[Any]:
    by = set(query.by)
    wanted: list[ColumnElement[Any]] = [
        sums.c.department if Dimension.DEPARTMENT in by else null(),
        sums.c.procedure if by & OF_PROCEDURES else null(),
        bucket,
        sums.c.channel,
        sums.c.measure,
    ]
    columns = [column.label(f"g{number}") for number, column in enumerate(wanted)]
    grouped = select(*columns, func.sum(sums.c.amount)).group_by(*(column.name for column in columns))
    return grouped.where(
        among(connection, sums.c.span, spans), sums.c.measure.in_(codes), *_grain(by, query.filters), *filtered(sums, query.filters)
    )


async def open_before(connection: AsyncConnection, query: FigureQuery) -> int:
    """Dossiers in progress at the end of the day before the period, from the coarsest sums: those of the rows may be finer."""
    wanted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(
        among(connection, sums.c.span, covering(FIRST_DAY, query.day_before)),
        sums.c.measure == MEASURE_CODES[Measure.OPEN],
        *_grain(set(), query.filters),
        *filtered(sums, query.filters),
    )
    return int((await connection.execute(wanted)).scalar_one())


def _grain(by: set[Dimension], filters: Filters) -> Sequence[ColumnElement[bool]]:
    """Sums by procedure where a procedure must be told, else by department where a department must be told, else of the whole office."""
    if by & OF_PROCEDURES or filters.procedures is not None:
        return (sums.c.procedure > ALL,)
    if Dimension.DEPARTMENT in by or filters.departments:
        return (sums.c.procedure == ALL, sums.c.department > ALL)
    return (sums.c.procedure == ALL, sums.c.department == ALL)


def filtered(table: Table, filters: Filters) -> Sequence[ColumnElement[bool]]:
    """The filters as conditions on a table that has department, procedure and channel."""
    conditions: list[ColumnElement[bool]] = []
    if filters.departments:
        conditions.append(table.c.department.in_(sorted(filters.departments)))
    if filters.procedures is not None:
        conditions.append(table.c.procedure.in_(sorted(filters.procedures)))
    if filters.channels:
        conditions.append(table.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in filters.channels)))
    return conditions
