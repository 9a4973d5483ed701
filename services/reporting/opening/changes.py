"""Why figures are not what they were: the dossiers whose way of counting became known in between, and the columns they left and entered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.cursors import START, Place
from services.reporting.entry import stored_entry
from services.reporting.instants import instant_of
from services.reporting.knowledge import Pin, in_force
from services.reporting.membership import NO_COLUMNS, Columns, columns_of
from services.reporting.query import FigureQuery
from services.reporting.range_sums import filtered
from services.reporting.store import among
from services.reporting.tables import dossiers, history

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """A dossier that counts otherwise than before; `sequence_then` is None for one that was not known, or added nothing."""

    code: str
    left: Columns
    entered: Columns
    sequence_then: int | None
    sequence_now: int
    known_at: datetime


async def moved(
    connection: AsyncConnection, query: FigureQuery, then: Pin, now: Pin, *, limit: int, after: Place = START
) -> tuple[list[Moved], Place | None]:
    """The next dossiers by code, and where the page after them starts; both pins are of one revision."""
    found: list[Moved] = []
    code = after.code
    while True:
        changed = select(dossiers.c.code).where(dossiers.c.known_at > then.known_at, dossiers.c.code > code)
        codes = list((await connection.execute(changed.order_by(dossiers.c.code).limit(READ_AT_ONCE))).scalars())
        before, since = await _versions(connection, query, codes, then), await _versions(connection, query, codes, now)
        for one in _compared(query, codes, before, since):
            if len(found) == limit:
                return found, Place(0, found[-1].code)
            found.append(one)
        if len(codes) < READ_AT_ONCE:
            return found, None
        code = codes[-1]


async def _versions(connection: AsyncConnection, query: FigureQuery, codes: list[str], pin: Pin) -> Mapping[str, Any]:
    """The version of each dossier that counts in the pinned state; `chosen` when the filters let it through."""
    parts = [
        select(
            table.c.code,
            table.c.sequence,
            table.c.known_at,
            table.c.contributions,
            and_(true(), *filtered(table, query.filters)).label("chosen"),
        ).where(among(connection, table.c.code, codes), *in_force(table, pin))
        for table in (dossiers, history)
    ]
    return {row.code: row for row in await connection.execute(union_all(*parts))}


def _compared(query: FigureQuery, codes: Iterable[str], then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Moved]:
    for code in codes:
        if code not in now:
            continue
        before, since = then.get(code), now[code]
        left, entered = _columns(before, query), _columns(since, query)
        if left != entered:
            sequence = None if before is None else before.sequence
            yield Moved(code, left - entered, entered - left, sequence, since.sequence, instant_of(since.known_at))


def _columns(version: Any, query: FigureQuery) -> Columns:
    return (
        columns_of(version.code, stored_entry(version.code, version.contributions), query)
        if version is not None and version.chosen
        else NO_COLUMNS
    )
