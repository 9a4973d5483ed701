"""One batch into the read model: dossiers, what they replace, sums and offsets in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.projecting.batch import Change
from services.reporting.projecting.reading import Reading
from services.reporting.projecting.versions import Applied, Counting, Steps, Version
from services.reporting.rollup import Cell, rolled_up
from services.reporting.store import among, writing
from services.reporting.tables import LIVE, ReadModel, model, offsets
from shared.contract.marks import LedgerMark
from shared.service.sql import passes

Changes = Mapping[str, Sequence[Change]]  # by dossier, oldest first


class OffsetsMoved(Exception):
    """Another projector moved the offsets meanwhile: read them again and go on from there."""


@dataclass(frozen=True, slots=True)
class Move:
    """How far a partition has been read: the offset where it must stand now, and what becomes of it."""

    expected: int
    becomes: Reading


async def project(engine: AsyncEngine, topic: str, moves: Mapping[int, Move], changes: Changes, tables: ReadModel = LIVE) -> list[Applied]:
    """Apply the changes and move the offsets, or neither. Raises OffsetsMoved."""
    async with writing(engine) as connection:
        await _move_offsets(connection, topic, moves)
        return await apply(connection, changes, tables)


async def culprits(engine: AsyncEngine, changes: Changes) -> list[tuple[Change, Exception]]:
    """The changes that no transaction can hold, each with why; found by halves, and nothing is written."""
    found: list[tuple[Change, Exception]] = []
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        async with connection.begin() as transaction:
            await _find_culprits(connection, list(changes.items()), found)
            await transaction.rollback()
    return found


async def _find_culprits(
    connection: AsyncConnection, changes: Sequence[tuple[str, Sequence[Change]]], found: list[tuple[Change, Exception]]
) -> None:
    try:
        async with connection.begin_nested():
            await apply(connection, dict(changes))
    except Exception as wrong:
        if is_ours(wrong):
            raise
        if len(changes) > 1:
            parts = [changes[: len(changes) // 2], changes[len(changes) // 2 :]]
        else:
            ((code, versions),) = changes
            parts = [[(code, [version])] for version in versions]
            if len(versions) == 1:
                found.append((versions[0], wrong))
                return
        for part in parts:
            await _find_culprits(connection, part, found)


def is_ours(error: Exception) -> bool:
    """Whether it would be raised whatever the records hold: a database that is away, a table that is missing, another projector."""
    return isinstance(error, (OffsetsMoved, OperationalError, ProgrammingError, InterfaceError)) or passes(error)


async def apply(connection: AsyncConnection, changes: Changes, tables: ReadModel = LIVE) -> list[Applied]:
    """Apply the changes in the connection's transaction; one not above what is stored, by (sequence, version), is ignored."""
    stored = await _stored(connection, tables, list(changes))
    newer = {code: above for code, versions in changes.items() if (above := _above(stored.get(code), versions))}
    if not newer:
        return []
    steps = Steps(await _next_revision(connection))
    for code, versions in newer.items():
        steps.take(stored.get(code), versions)
    await write(connection, tables, steps)
    return steps.applied


async def write(connection: AsyncConnection, tables: ReadModel, steps: Steps) -> None:
    """Write the steps' rows in the connection's transaction."""
    await _supersede(connection, tables, steps.superseded)
    await _execute_many(connection, _insert(connection)(tables.history), steps.history)
    await _write_dossiers(connection, tables, steps.dossiers)
    await _add_to_sums(connection, tables, steps.cells)


def _above(stored: Counting | None, versions: Sequence[Change]) -> Sequence[Change]:
    return versions if stored is None else [change for change in versions if change.place > (stored.sequence, stored.version)]


async def _next_revision(connection: AsyncConnection) -> int:
    """The lock on the offsets makes transactions take turns, so revisions commit in their order."""
    return int((await connection.execute(update(model).values(revision=model.c.revision + 1).returning(model.c.revision))).scalar_one())


async def stored_readings(engine: AsyncEngine, topic: str, partitions: Sequence[int]) -> dict[int, Reading]:
    """How far each partition has been read; one never read before starts at 0."""
    async with writing(engine) as connection:
        rows = [{"topic": topic, "partition": partition, "next_offset": 0, "whole_until": 0} for partition in sorted(partitions)]
        await connection.execute(_insert(connection)(offsets).on_conflict_do_nothing(), rows)
        found = await connection.execute(select(offsets).where(offsets.c.topic == topic))
        return {row.partition: _reading(row) for row in found if row.partition in partitions}


def _reading(row: Any) -> Reading:
    known = row.events is not None
    mark = LedgerMark(row.events, row.number, row.quarantined, 0, row.rules) if known else None
    return Reading(row.next_offset, mark, row.whole_until)


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
        written = {name: bindparam(f"new_{name}", type_=offsets.c[name].type) for name in _WRITTEN}
        statement = update(offsets).where(offsets.c.topic == topic, offsets.c.partition == bindparam("of_partition")).values(**written)
        await connection.execute(statement, [_written(move.becomes) | {"of_partition": number} for number, move in moves.items()])


_WRITTEN = ("next_offset", "whole_until", "events", "number", "quarantined", "rules")


def _written(reading: Reading) -> dict[str, int | None]:
    values: dict[str, int | None] = {"next_offset": reading.next_offset, "whole_until": reading.whole_until}
    return {f"new_{name}": values.get(name, getattr(reading.mark, name, None)) for name in _WRITTEN}


async def _stored(connection: AsyncConnection, tables: ReadModel, codes: list[str]) -> dict[str, Counting]:
    if not codes:
        return {}
    of = tables.dossiers.c
    columns = select(of.code, of.version, of.sequence, of.since_revision, of.known_at, of.contributions)
    return {row.code: row for row in await connection.execute(columns.where(among(connection, of.code, codes)))}


async def _supersede(connection: AsyncConnection, tables: ReadModel, superseded: list[tuple[int, int, str]]) -> None:
    """Stored versions go to the history as they stand; those that added nothing leave no trace."""
    if not superseded:
        return
    of = tables.dossiers.c
    ends = (bindparam("until", type_=BigInteger), bindparam("known", type_=BigInteger))
    leaving = select(*(of[name] for name in Version._fields), *ends).where(of.code == bindparam("leaving"), of.flags != 0)
    moving = tables.history.insert().from_select([column.name for column in tables.history.c], leaving)
    await connection.execute(moving, [{"until": until, "known": known, "leaving": code} for until, known, code in superseded])


async def _write_dossiers(connection: AsyncConnection, tables: ReadModel, rows: list[tuple[Any, ...]]) -> None:
    insert = _insert(connection)(tables.dossiers)
    replacing = {column.name: insert.excluded[column.name] for column in tables.dossiers.c if not column.primary_key}
    await _execute_many(connection, insert.on_conflict_do_update(index_elements=[tables.dossiers.c.code], set_=replacing), rows)


async def _add_to_sums(connection: AsyncConnection, tables: ReadModel, cells: Mapping[Cell, int]) -> None:
    """What became 0 is removed through the index of zeros."""
    sums = tables.sums
    rows = rolled_up(cells)
    insert = _insert(connection)(sums)
    adding = {"amount": sums.c.amount + insert.excluded.amount}
    await _execute_many(connection, insert.on_conflict_do_update(index_elements=list(sums.primary_key), set_=adding), rows)
    if rows:
        await connection.execute(sums.delete().where(sums.c.amount == text("0")))


async def _execute_many(connection: AsyncConnection, insert: Any, rows: list[tuple[Any, ...]]) -> None:
    """Rows in the order of the table's columns go to the driver as they are: naming each value costs more than storing it."""
    if not rows:
        return
    columns = [column.name for column in insert.table.c]
    compiled = insert.compile(dialect=connection.dialect, column_keys=columns)
    assert list(compiled.positiontup) == columns
    await connection.exec_driver_sql(compiled.string, rows)
