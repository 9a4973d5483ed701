"""Range sums over the daily table in SQL: one scan gives a period's flows and the stocks before and after it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.measures import CHANNEL_CODES, CHANNELS, MEASURE_CODES, MEASURES, STOCK_CODES, day_number
from services.reporting.query import Dimension, FigureQuery, Filters
from services.reporting.store import daily
from shared.domain.counting import Measure
from shared.domain.events import Channel

BEFORE = 0  # the bucket of stocks before the period
WITHIN = 1  # the bucket of the period where months are not asked for


class RangeSum(NamedTuple):
    """A sum of deltas. `bucket` is BEFORE, WITHIN or a month as 202301; department and procedure None where not asked for."""

    department: str | None
    procedure: str | None
    bucket: int
    channel: Channel
    measure: str
    amount: int


async def range_sums(connection: AsyncConnection, query: FigureQuery) -> list[RangeSum]:
    """The sums behind the query's rows, as fine as its grouping needs them."""
    by = set(query.by)
    first, cut = day_number(query.first), day_number(query.cut)
    within = daily.c.day // 100 if Dimension.MONTH in by else literal(WITHIN, Integer)
    wanted: list[ColumnElement[Any]] = [
        daily.c.department if Dimension.DEPARTMENT in by else null(),
        daily.c.procedure if by & {Dimension.PROCEDURE, Dimension.FIELD, Dimension.LEVEL} else null(),
        case((daily.c.day < first, literal(BEFORE, Integer)), else_=within),
        daily.c.channel,
        daily.c.measure,
    ]
    columns = [column.label(f"g{number}") for number, column in enumerate(wanted)]
    asked = and_(daily.c.day <= cut, or_(daily.c.day >= first, daily.c.measure.in_(STOCK_CODES)), *_filtered(query.filters))
    grouped = select(*columns, func.sum(daily.c.amount).label("amount")).where(asked).group_by(*(column.name for column in columns))
    return [
        RangeSum(row.g0, row.g1, row.g2, CHANNELS[row.g3], MEASURES[row.g4], int(row.amount))
        for row in await connection.execute(grouped)
        if row.amount
    ]


async def open_at(connection: AsyncConnection, day: date, filters: Filters) -> int:
    """Dossiers in progress at the end of a day."""
    wanted = select(func.coalesce(func.sum(daily.c.amount), 0)).where(
        daily.c.measure == MEASURE_CODES[Measure.OPEN], daily.c.day <= day_number(day), *_filtered(filters)
    )
    return int((await connection.execute(wanted)).scalar_one())


def _filtered(filters: Filters) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.departments:
        conditions.append(daily.c.department.in_(sorted(filters.departments)))
    if filters.procedures is not None:
        conditions.append(daily.c.procedure.in_(sorted(filters.procedures)))
    if filters.channels:
        conditions.append(daily.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in filters.channels)))
    return conditions
