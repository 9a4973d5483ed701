"""One batch into the read model: dossiers, what they replace, sums and offsets in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import BigInteger, bindparam, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.projecting.records import PartitionPosition
from services.reporting.read_model.sums import rolled_up
from services.reporting.read_model.tables import LIVE, ReadModel, model, offsets
from services.reporting.read_model.versions import NewVersion, RowsToWrite, StoredVersion, Version
from shared.contract.marks import LedgerMark
from shared.service.sql import Insert, among, connected, is_transient, writing

log = structlog.get_logger()
NewVersions = Mapping[str, Sequence[NewVersion]]  # by dossier, oldest first


class OffsetsMoved(Exception):
    """Another projector moved the offsets meanwhile: read them again and go on from there."""


@dataclass(frozen=True, slots=True)
class OffsetAdvance:
    """How far a partition has been read: the offset where it must stand now, and what becomes of it."""

    expected: int
    becomes: PartitionPosition


async def project(
    engine: AsyncEngine, topic: str, advances: Mapping[int, OffsetAdvance], versions: NewVersions
) -> list[NewVersion]:
    """Apply the versions and move the offsets, or neither. Raises OffsetsMoved."""
    async with writing(engine) as connection:
        await _move_offsets(connection, topic, advances)
        return await apply(connection, versions)


async def culprits(engine: AsyncEngine, versions: NewVersions) -> list[tuple[NewVersion, Exception]]:
    """The versions that no transaction can hold, each with why; found by halves, and nothing is written."""
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        async with connection.begin() as transaction:
            refused = await _culprits_among(connection, list(versions.items()))
            await transaction.rollback()
    return refused


async def _culprits_among(
    connection: AsyncConnection, dossiers: Sequence[tuple[str, Sequence[NewVersion]]]
) -> list[tuple[NewVersion, Exception]]:
    try:
        async with connection.begin_nested():
            await apply(connection, dict(dossiers))
    except Exception as wrong:
        if is_ours(wrong):
            raise
        if len(dossiers) > 1:
            parts = [dossiers[: len(dossiers) // 2], dossiers[len(dossiers) // 2 :]]
        else:
            ((code, versions),) = dossiers
            if len(versions) == 1:
                return [(versions[0], wrong)]
            parts = [[(code, [version])] for version in versions]
        return [culprit for part in parts for culprit in await _culprits_among(connection, part)]
    return []


def is_ours(error: Exception) -> bool:
    """Whether it is raised whatever the records hold: a database that is away, a missing table, another projector."""
    return isinstance(error, (OffsetsMoved, OperationalError, ProgrammingError, InterfaceError)) or is_transient(error)


async def apply(connection: AsyncConnection, versions: NewVersions, tables: ReadModel = LIVE) -> list[NewVersion]:
    """Apply the versions in the connection's transaction, but for those not above the stored (sequence, version);
    which were applied."""
    stored = await _stored(connection, tables, list(versions))
    newer = {code: above for code, given in versions.items() if (above := _above(stored.get(code), given))}
    if not newer:
        return []
    # the lock on the offsets makes transactions take turns, so revisions commit in their order
    advanced = update(model).values(revision=model.c.revision + 1).returning(model.c.revision)
    rows = RowsToWrite((await connection.execute(advanced)).scalar_one())
    for code, above in newer.items():
        rows.take(stored.get(code), above)
    await write(connection, tables, rows)
    return [version for above in newer.values() for version in above]


def _above(stored: StoredVersion | None, versions: Sequence[NewVersion]) -> Sequence[NewVersion]:
    return versions if stored is None else [one for one in versions if one.place > (stored.sequence, stored.version)]


async def _stored(connection: AsyncConnection, tables: ReadModel, codes: list[str]) -> dict[str, StoredVersion]:
    if not codes:
        return {}
    columns = [tables.dossiers.c[name] for name in StoredVersion._fields]
    rows = await connection.execute(select(*columns).where(among(connection, tables.dossiers.c.code, codes)))
    return {row.code: StoredVersion(*row) for row in rows}


async def write(connection: AsyncConnection, tables: ReadModel, rows: RowsToWrite) -> None:
    """Write the rows in the connection's transaction: superseded versions, dossiers and what they add to the sums."""
    dossiers, history, sums = tables.dossiers, tables.history, tables.sums
    if rows.superseded:
        ends = (bindparam("until", type_=BigInteger), bindparam("known", type_=BigInteger))
        leaving = select(*(dossiers.c[name] for name in Version._fields), *ends).where(
            dossiers.c.code == bindparam("leaving")
        )
        moving = history.insert().from_select([column.name for column in history.c], leaving)
        ended = [{"until": until, "known": known, "leaving": code} for until, known, code in rows.superseded]
        await connection.execute(moving, ended)
    into_dossiers, into_history, into_sums = _inserts(tables)
    await into_history.write(connection, rows.history)
    await into_dossiers.write(connection, rows.dossiers)
    if amounts := rolled_up(rows.changes):
        await into_sums.write(connection, amounts)
        await connection.execute(sums.delete().where(sums.c.amount == text("0")))  # through the index of zeros


@lru_cache(maxsize=4)  # the live model's, and those of a rebuild beside it
def _inserts(tables: ReadModel) -> tuple[Insert, Insert, Insert]:
    dossiers, history, sums = tables.dossiers, tables.history, tables.sums
    replacing = [column.name for column in dossiers.c if not column.primary_key]
    return Insert(dossiers, replacing=replacing), Insert(history), Insert(sums, adding=("amount",))


async def stored_positions(engine: AsyncEngine, topic: str, partitions: Sequence[int]) -> dict[int, PartitionPosition]:
    """How far each partition has been read; one never read before starts at 0.

    A topic with another number of partitions has other events in each of them: nothing of it was read.
    """
    async with writing(engine) as connection:
        known = set((await connection.execute(select(offsets.c.partition).where(offsets.c.topic == topic))).scalars())
        if known and known != set(partitions):
            log.warning("partitions_changed", topic=topic, before=len(known), now=len(partitions))
            await connection.execute(delete(offsets).where(offsets.c.topic == topic))
        new = [
            {"topic": topic, "partition": number, "next_offset": 0, "whole_until": 0} for number in sorted(partitions)
        ]
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(offsets)
        await connection.execute(insert.on_conflict_do_nothing(), new)
        rows = await connection.execute(select(offsets).where(offsets.c.topic == topic))
        return {row.partition: _position(row) for row in rows if row.partition in partitions}


def _position(row: Any) -> PartitionPosition:
    mark = None if row.events is None else LedgerMark(row.events, row.number, row.quarantined, 0, row.rules)
    return PartitionPosition(row.next_offset, mark, row.whole_until)


async def check_stands(engine: AsyncEngine, topic: str, positions: Mapping[int, PartitionPosition]) -> None:
    """Raises OffsetsMoved where the read model does not hold what it held: another database is there in its place."""
    async with connected(engine) as connection:
        rows = await connection.execute(
            select(offsets.c.partition, offsets.c.next_offset).where(offsets.c.topic == topic)
        )
        stored = {row.partition: row.next_offset for row in rows}
    for partition, position in positions.items():
        if stored.get(partition, -1) < position.next_offset:
            msg = f"{topic}/{partition} stands at {stored.get(partition)}, and stood at {position.next_offset}"
            raise OffsetsMoved(msg)


async def rewind(engine: AsyncEngine, topic: str, advances: Mapping[int, OffsetAdvance]) -> None:
    """Start partitions again from another offset. Raises OffsetsMoved."""
    async with writing(engine) as connection:
        await _move_offsets(connection, topic, advances)


async def _move_offsets(connection: AsyncConnection, topic: str, advances: Mapping[int, OffsetAdvance]) -> None:
    """The lock on all of the topic's offsets makes projectors take turns, also those of different partitions."""
    locked = (
        select(offsets.c.partition, offsets.c.next_offset).where(offsets.c.topic == topic).order_by(offsets.c.partition)
    )
    stored = {row.partition: row.next_offset for row in await connection.execute(locked.with_for_update())}
    for partition, advance in advances.items():
        if stored.get(partition) != advance.expected:
            msg = f"{topic}/{partition} stands at {stored.get(partition)}, not at {advance.expected}"
            raise OffsetsMoved(msg)
    if advances:
        names = [column.name for column in offsets.c if not column.primary_key]
        values = {name: bindparam(f"new_{name}", type_=offsets.c[name].type) for name in names}
        statement = update(offsets).where(offsets.c.topic == topic, offsets.c.partition == bindparam("of_partition"))
        rows = [
            {"of_partition": partition}
            | {
                f"new_{name}": getattr(advance.becomes, name, getattr(advance.becomes.mark, name, None))
                for name in names
            }
            for partition, advance in advances.items()
        ]
        await connection.execute(statement.values(**values), rows)
