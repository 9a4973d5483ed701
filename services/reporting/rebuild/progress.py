"""A rebuild part by part, in tables of its own: begun, fed with the log, settled, dropped; the live ones stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, insert, inspect, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.projecting.projection import apply
from services.reporting.read_model.store import audit_of, breathing, patiently, snapshot
from services.reporting.read_model.tables import LIVE, ReadModel, model, read_model
from services.reporting.read_model.versions import NewVersion
from services.reporting.rebuild.fold import LogFold
from shared.auditing.entries import Act, AuditEntry
from shared.contract.http.log import LogLine
from shared.contract.http.rebuilds import UncountedEvent
from shared.contract.status import decode_status
from shared.domain.dossier import Dossier
from shared.service.sql import among, take_lock, writing

PREFIX = "rebuild_"
BREATHE_EVERY = 100  # events between two looks at other requests
_LOCK = 0x6D6F7465  # starts and drops take turns on PostgreSQL, where nothing else would make them
_NOTES = MetaData()

# One row. `number` is the generation that the new model will be; `position` the log's as far as read, `events` how many
# that were. `latest` is when the latest of them was recorded, `settled` the same when the live model had seen them all.
state = Table(
    f"{PREFIX}state",
    _NOTES,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("latest", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=True),
)
# What the live model held beyond the log as far as it was read; the log is read to its end after that.
ahead = Table(
    f"{PREFIX}ahead",
    _NOTES,
    Column("code", String(64), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)


class UnknownRebuild(Exception):
    """There is no rebuild of that number (any more): another one was started, or it is done."""


class PositionMoved(Exception):
    """The part does not follow the last one that was taken."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How far a rebuild is; `latest` and `settled` in microseconds since 1970."""

    number: int
    position: int
    events: int
    latest: int
    settled: int | None


def tables_of(number: int) -> ReadModel:
    """The tables of a rebuild; their indexes carry its number, for these names stay when the model goes live."""
    return read_model(MetaData(), PREFIX, f"_{number}")


async def unfinished(connection: AsyncConnection, *, locked: bool = False) -> RebuildProgress | None:
    """The rebuild that was begun and is not over, of whatever number; `locked` until the end of the transaction."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table(state.name)):
        return None
    wanted = select(state)
    row = (await connection.execute(wanted.with_for_update() if locked else wanted)).one_or_none()
    return None if row is None else RebuildProgress(*row)


async def progress_of(connection: AsyncConnection, number: int, *, locked: bool = False) -> RebuildProgress:
    """How far the rebuild is. Raises UnknownRebuild."""
    progress = await unfinished(connection, locked=locked)
    if progress is None or progress.number != number:
        raise UnknownRebuild(number)
    return progress


def drop_tables(connection: Connection) -> None:
    """Drop the tables of a rebuild, of whatever number."""
    tables_of(0).dossiers.metadata.drop_all(connection)
    _NOTES.drop_all(connection)


def _create_tables(connection: Connection, number: int) -> None:
    drop_tables(connection)
    tables_of(number).dossiers.metadata.create_all(connection, checkfirst=False)
    _NOTES.create_all(connection, checkfirst=False)
    connection.execute(state.insert(), {"number": number, "position": 0, "events": 0, "latest": 0, "settled": None})


async def start(engine: AsyncEngine, now: datetime) -> RebuildProgress:
    """Empty tables for a new rebuild; an unfinished one is dropped."""
    async with writing(engine) as connection:
        await take_lock(connection, _LOCK)
        generation = (await connection.execute(select(model.c.generation))).scalar_one()
        number = max(int(now.timestamp()), generation + 1)
        before = await unfinished(connection)
        if before is not None:
            number = max(number, before.number + 1)
        await connection.run_sync(_create_tables, number)
        await audit_of(engine).write(connection, AuditEntry(Act.REBUILD_BEGUN, f"rebuild {number}"))
        return await progress_of(connection, number)


async def drop(engine: AsyncEngine, number: int) -> None:
    """End the rebuild without a trace. Raises UnknownRebuild."""
    async with writing(engine) as connection:
        await take_lock(connection, _LOCK)
        await progress_of(connection, number)
        await connection.run_sync(drop_tables)
        await audit_of(engine).write(connection, AuditEntry(Act.REBUILD_DROPPED, f"rebuild {number}"))


async def take(
    engine: AsyncEngine, number: int, after: int, lines: Sequence[LogLine]
) -> tuple[RebuildProgress, list[UncountedEvent]]:
    """Take the log's next lines, all of them or none. Raises UnknownRebuild, PositionMoved."""
    fold = LogFold(await _dossiers(engine, number, after, {line.event.subject for line in lines}))
    async for line in breathing(lines, BREATHE_EVERY):
        fold.take(line)
    versions: dict[str, list[NewVersion]] = {}
    async for code in breathing(fold.codes(), BREATHE_EVERY):
        versions[code] = fold.versions(code)
    async with writing(engine) as connection:
        before = await _at(connection, number, after, locked=True)
        if lines:
            latest = max(before.latest, fold.latest)
            further = {"position": lines[-1].position, "events": before.events + len(lines), "latest": latest}
            await connection.execute(update(state).values(**further))
            await apply(connection, versions, tables_of(number))
        return await progress_of(connection, number), fold.uncounted


async def _at(connection: AsyncConnection, number: int, position: int, *, locked: bool = False) -> RebuildProgress:
    progress = await progress_of(connection, number, locked=locked)
    if progress.position != position:
        raise PositionMoved(progress.position)
    return progress


async def _dossiers(engine: AsyncEngine, number: int, after: int, codes: set[str]) -> dict[str, Dossier]:
    of = tables_of(number).dossiers.c
    async with snapshot(engine) as connection:
        await _at(connection, number, after)
        rows = (
            await connection.execute(select(of.code, of.snapshot).where(among(connection, of.code, sorted(codes))))
        ).all()
    return {code: decode_status(stored).dossier() async for code, stored in breathing(rows, BREATHE_EVERY)}


async def settle(engine: AsyncEngine, number: int) -> RebuildProgress:
    """The live model has had time to see what was sent so far: what it lacks of that from now on is a difference.

    What it holds beyond is noted; when the log has been read to its end and still lacks it, that is one too.
    """
    live, new = LIVE.dossiers, tables_of(number).dossiers
    beyond = (
        select(live.c.code, live.c.sequence)
        .select_from(live.outerjoin(new, new.c.code == live.c.code))
        .where(or_(new.c.code.is_(None), live.c.sequence > new.c.sequence))
    )
    async with writing(engine) as connection:
        await patiently(connection)
        before = await progress_of(connection, number, locked=True)
        await connection.execute(ahead.delete())
        await connection.execute(insert(ahead).from_select(["code", "sequence"], beyond))
        await connection.execute(update(state).values(settled=before.latest))
        return await progress_of(connection, number)
