"""One batch into the read model: dossiers, sums and offsets in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, String, any_, bindparam, func, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.batch import Change
from services.reporting.entry import add, decode_entry, encode_entry
from services.reporting.rollup import Cell, rolled_up
from services.reporting.store import dossiers, offsets, sums, writing
from shared.contract.codec import encode


class OffsetsMoved(Exception):
    """Another projector moved the offsets meanwhile: read them again and go on from there."""


@dataclass(frozen=True, slots=True)
class Move:
    """A partition's next offset: what it must be now, and what it becomes."""

    expected: int
    becomes: int


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that was newer than what was stored; `fresh` when it brings a later event and not only a later version."""

    change: Change
    contributions: bytes
    fresh: bool


async def project(engine: AsyncEngine, topic: str, moves: Mapping[int, Move], changes: Mapping[str, Change]) -> list[Applied]:
    """Apply the changes and move the offsets, or neither; a version not above the stored one is ignored. Raises OffsetsMoved."""
    async with writing(engine) as connection:
        await _move_offsets(connection, topic, moves)
        stored = await _stored(connection, list(changes))
        applied: list[Applied] = []
        cells: dict[Cell, int] = {}
        for code, change in changes.items():
            row = stored.get(code)
            if row is not None and row.version >= change.status.version:
                continue
            contributed = encode_entry(change.entry)
            if row is None:
                add(cells, change.entry, 1)
            elif row.contributions != contributed:  # most events change no figure
                add(cells, decode_entry(row.contributions), -1)
                add(cells, change.entry, 1)
            applied.append(Applied(change, contributed, fresh=row is None or row.sequence < change.status.sequence))
        await _write_dossiers(connection, applied)
        await _add_to_sums(connection, cells)
    return applied


async def stored_offsets(engine: AsyncEngine, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """The next offset of each partition; a partition never read before starts at 0."""
    async with writing(engine) as connection:
        rows = [{"topic": topic, "partition": partition, "next_offset": 0} for partition in sorted(partitions)]
        await connection.execute(_insert(connection)(offsets).on_conflict_do_nothing(), rows)
        found = await connection.execute(select(offsets.c.partition, offsets.c.next_offset).where(offsets.c.topic == topic))
        return {row.partition: row.next_offset for row in found if row.partition in partitions}


async def rewind(engine: AsyncEngine, topic: str, moves: Mapping[int, Move]) -> None:
    """Start partitions again from another offset. Raises OffsetsMoved."""
    async with writing(engine) as connection:
        await _move_offsets(connection, topic, moves)


def _insert(connection: AsyncConnection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


async def _move_offsets(connection: AsyncConnection, topic: str, moves: Mapping[int, Move]) -> None:
    """The lock on all of the topic's offsets makes projectors take turns, also when they hold different partitions of it."""
    locked = select(offsets.c.partition, offsets.c.next_offset).where(offsets.c.topic == topic).order_by(offsets.c.partition)
    found = {row.partition: row.next_offset for row in await connection.execute(locked.with_for_update())}
    for partition, move in moves.items():
        if found.get(partition) != move.expected:
            msg = f"{topic}/{partition} stands at {found.get(partition)}, not at {move.expected}"
            raise OffsetsMoved(msg)
    if moves:
        statement = (
            update(offsets)
            .where(offsets.c.topic == topic, offsets.c.partition == bindparam("of_partition"))
            .values(next_offset=bindparam("becomes"))
        )
        await connection.execute(statement, [{"of_partition": number, "becomes": move.becomes} for number, move in moves.items()])


async def _stored(connection: AsyncConnection, codes: list[str]) -> dict[str, Any]:
    if not codes:
        return {}
    columns = select(dossiers.c.code, dossiers.c.version, dossiers.c.sequence, dossiers.c.contributions)
    if connection.dialect.name == "postgresql":
        wanted = columns.where(dossiers.c.code == any_(literal(codes, ARRAY(String))))
    else:  # one parameter for any number of codes
        listed = func.json_each(literal(encode(codes).decode())).table_valued("value")
        wanted = columns.where(dossiers.c.code.in_(select(listed.c.value)))
    return {row.code: row for row in await connection.execute(wanted)}


async def _write_dossiers(connection: AsyncConnection, applied: list[Applied]) -> None:
    insert = _insert(connection)(dossiers)
    replacing = {column.name: insert.excluded[column.name] for column in dossiers.c if column is not dossiers.c.code}
    upsert = insert.on_conflict_do_update(index_elements=[dossiers.c.code], set_=replacing)
    await _execute_many(connection, upsert, [_dossier_row(one) for one in applied])


def _dossier_row(applied: Applied) -> tuple[Any, ...]:
    """In the order of the table's columns."""
    change = applied.change
    status = change.status
    return (
        status.code,
        status.version,
        status.sequence,
        status.department,
        status.procedure,
        change.entry.channel,
        change.received_day,
        applied.contributions,
        change.snapshot,
    )


async def _add_to_sums(connection: AsyncConnection, cells: Mapping[Cell, int]) -> None:
    """What became 0 is removed through the index of zeros."""
    rows = rolled_up(cells)
    insert = _insert(connection)(sums)
    adding = {"amount": sums.c.amount + insert.excluded.amount}
    await _execute_many(connection, insert.on_conflict_do_update(index_elements=list(sums.primary_key), set_=adding), rows)
    if rows:
        await connection.execute(text("DELETE FROM sums WHERE amount = 0"))


async def _execute_many(connection: AsyncConnection, insert: Any, rows: list[tuple[Any, ...]]) -> None:
    """Rows in the order of the table's columns go to the driver as they are: naming each value costs more than storing it."""
    if not rows:
        return
    columns = [column.name for column in insert.table.c]
    compiled = insert.compile(dialect=connection.dialect, column_keys=columns)
    assert list(compiled.positiontup) == columns
    await connection.exec_driver_sql(compiled.string, rows)
