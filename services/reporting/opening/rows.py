"""Walks over versions of dossiers in the order of lists, by day of receipt and code, page by page."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.cursors import Place
from services.reporting.entry import Entry, stored_entry

BREATHE_EVERY = 200  # rows between two looks at other tasks
Conditions = Sequence[ColumnElement[bool]]
Part = tuple[Table, Conditions]  # `dossiers` or `history`, narrowed; the parts of a walk exclude one another


async def walk(connection: AsyncConnection, parts: Sequence[Part], after: Place, page: int) -> AsyncIterator[tuple[Any, Entry]]:
    """Every row after the place (code, received_day, contributions, listed) with its deltas, `page` of them read at once."""
    while True:
        rows = (await connection.execute(_next(parts, after, page))).all()
        for number, row in enumerate(rows):
            if number % BREATHE_EVERY == BREATHE_EVERY - 1:
                await asyncio.sleep(0)
            yield row, stored_entry(row.code, row.contributions)
        if len(rows) < page:
            return
        after = Place(rows[-1].received_day, rows[-1].code)


def _next(parts: Sequence[Part], after: Place, limit: int) -> Select[Any]:
    chosen = [
        _ordered(_columns(table).where(*conditions, tuple_(table.c.received_day, table.c.code) > tuple_(*after)), limit)
        for table, conditions in parts
    ]
    return _ordered(select(union_all(*(select(part.subquery()) for part in chosen)).subquery()), limit)


def _ordered(rows: Select[Any], limit: int) -> Select[Any]:
    return rows.order_by(rows.selected_columns.received_day, rows.selected_columns.code).limit(limit)


def _columns(table: Table) -> Select[Any]:
    return select(table.c.code, table.c.received_day, table.c.contributions, table.c.listed)
