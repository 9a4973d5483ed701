"""What was known when: which version of a dossier counts in a state of the read model, and what that changes in the sums."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Table, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.entry import Entry, add, stored_entry
from services.reporting.instants import microseconds
from services.reporting.measures import Counted
from services.reporting.membership import sums_of
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import BEFORE, OF_PROCEDURES, RangeSum, filtered
from services.reporting.rollup import Cell
from services.reporting.tables import dossiers, history, model
from shared.domain.counting import Measure
from shared.domain.events import Channel

READ_AT_ONCE = 1000
CELLS_AT_ONCE = 50_000  # about ten megabytes
Sum = tuple[str | None, str | None, int, Channel, Counted]  # a range sum without its amount


class Pin(NamedTuple):
    """A state of the read model, and within it what was known at an instant (microseconds; None: all of it).

    Revisions of one generation are comparable; the tables of another one were made anew.
    """

    generation: int
    revision: int
    known_at: int | None = None


async def pinned(connection: AsyncConnection, known_at: datetime | None = None) -> Pin:
    """The state that the connection's transaction sees."""
    generation, revision = (await connection.execute(select(model.c.generation, model.c.revision))).one()
    return Pin(generation, revision, None if known_at is None else microseconds(known_at))


def in_force(table: Table, pin: Pin) -> Sequence[ColumnElement[bool]]:
    """Of `dossiers` and `history` together, the one version of each dossier that counts in the pinned state; none for one not known then.

    A version is superseded there when both are true: the transaction that did it was over, and what it brought was known.
    """
    conditions = [table.c.since_revision <= pin.revision]
    if pin.known_at is not None:
        conditions.append(table.c.known_at <= pin.known_at)
    if table.name == history.name:
        still = [table.c.until_revision > pin.revision]
        if pin.known_at is not None:
            still.append(table.c.known_until > pin.known_at)
        conditions.append(or_(*still))
    return conditions


async def unlearned(connection: AsyncConnection, query: FigureQuery, pin: Pin) -> list[RangeSum]:
    """What turns the sums of the pinned state into those of its known time.

    Only versions that became known later are read: they are taken back, and those they replaced count again.
    """
    if pin.known_at is None:
        return []
    amounts: dict[Sum, int] = defaultdict(int)
    cells: dict[Cell, int] = {}
    async for changed in _since(connection, query, pin.known_at):
        for sign, code, contributions in changed:
            add(cells, stored_entry(code, contributions), sign)
        if len(cells) > CELLS_AT_ONCE:
            _gather(amounts, cells, query)
            cells = {}
    _gather(amounts, cells, query)
    return [RangeSum(*key, amount) for key, amount in amounts.items() if amount]


def _gather(amounts: dict[Sum, int], cells: Mapping[Cell, int], query: FigureQuery) -> None:
    """Add the cells as finely as the query asks: days and versions are many, what is asked for is little."""
    by_department, by_procedure = Dimension.DEPARTMENT in query.by, not OF_PROCEDURES.isdisjoint(query.by)
    for entry in _entries(cells):
        department, procedure = entry.department if by_department else None, entry.procedure if by_procedure else None
        for one in sums_of(entry, query):
            amounts[department, procedure, one.bucket, one.channel, one.measure] += one.amount


def _entries(cells: Mapping[Cell, int]) -> Iterator[Entry]:
    """The cells under each grouping key, as if they were one dossier's."""
    deltas: dict[tuple[str, str, int], list[tuple[int, int, int]]] = defaultdict(list)
    for (day, procedure, department, channel, measure), amount in cells.items():
        if amount:
            deltas[department, procedure, channel].append((day, measure, amount))
    for key, of_key in deltas.items():
        yield Entry(*key, of_key)


async def _since(connection: AsyncConnection, query: FigureQuery, known_at: int) -> AsyncIterator[Sequence[Any]]:
    later = select(literal(-1, Integer), dossiers.c.code, dossiers.c.contributions).where(
        dossiers.c.known_at > known_at, *filtered(dossiers, query.filters)
    )
    replaced = select(literal(1, Integer), history.c.code, history.c.contributions).where(
        history.c.known_at <= known_at, history.c.known_until > known_at, *filtered(history, query.filters)
    )
    async with connection.stream(union_all(later, replaced), execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield part


def open_in(sums: Sequence[RangeSum]) -> int:
    """How many of them were open before the period."""
    return sum(one.amount for one in sums if one.bucket == BEFORE and one.measure is Measure.OPEN)
