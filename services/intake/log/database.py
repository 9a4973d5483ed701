"""Intake's database: one connection that writes, some that read, the locks, the schema brought up to date at start."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.intake.log import event_log
from services.intake.settings import IntakeSettings
from shared.service.audit import Audit
from shared.service.sql import LOCKS_HELD_S, Result, open_engine, take_lock, undisturbed, upgrade

MIGRATIONS = Path(__file__).parent / "migrations"
COMMIT_LOCK = 0x6D6F7463756101  # advisory locks of PostgreSQL: "motcua" and a number
RELAY_LOCK = 0x6D6F7463756102
COMMAND_WITHIN_S = 30
POSTGRESQL_SETTINGS = {"lock_timeout": f"{LOCKS_HELD_S // 2}s", "statement_timeout": f"{COMMAND_WITHIN_S}s"}


@dataclass(frozen=True, slots=True)
class Database:
    """Two engines over one database: writes go through a single connection, so that commits follow each other."""

    writer: AsyncEngine
    reader: AsyncEngine

    @property
    def is_postgresql(self) -> bool:
        return self.writer.dialect.name == "postgresql"

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


def open_database(settings: IntakeSettings) -> Database:
    """Engines for the configured database; nothing connects yet."""

    def engine(*, writes: bool, **pool: int) -> AsyncEngine:
        return open_engine(
            settings.database_url,
            pragmas={"synchronous": settings.sqlite_synchronous, "secure_delete": "ON"},
            settings=POSTGRESQL_SETTINGS,
            command_timeout_s=COMMAND_WITHIN_S,
            always_writes=writes,
            tls=settings.database_tls(),
            **pool,
        )

    return Database(
        writer=engine(writes=True, pool_size=1, max_overflow=0),
        reader=engine(writes=False, pool_size=5, max_overflow=5),
    )


async def leave_when_idle(connection: AsyncConnection) -> None:
    """Let PostgreSQL end this session, and free its locks, when it idles for a while: its owner is frozen or gone."""
    await connection.execute(text(f"SET idle_session_timeout = '{LOCKS_HELD_S}s'"))


_END_FROZEN = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted "
    "AND datname = current_database() AND (classid::bigint << 32) + objid::bigint = :lock "
    "AND wait_event_type = 'Client' AND query_start < clock_timestamp() - make_interval(secs => :seconds)"
)
_LOCK_NOT_AVAILABLE = "55P03"


async def end_frozen(connection: AsyncConnection, lock: int) -> None:
    """End the session that holds an advisory lock when it has waited too long for its client, whatever it waits in the
    middle of.

    PostgreSQL's own time limits see a session between two statements only. A client that froze between two messages of
    one, or while it was sent rows, leaves its session in the middle of a statement, and that holds its locks for ever.
    """
    await connection.execute(_END_FROZEN, {"lock": lock, "seconds": LOCKS_HELD_S})


async def write(database: Database, change: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """One short transaction, for one who may be cancelled during it: then it is carried out all the same."""

    async def transaction() -> Result:
        async with database.writer.begin() as connection:
            return await change(connection)

    return await undisturbed(transaction())


@asynccontextmanager
async def committing(database: Database) -> AsyncIterator[AsyncConnection]:
    """The one transaction, across all instances, that adds to the log. Who waited in vain ends a frozen one."""
    try:
        async with database.writer.begin() as connection:
            await take_lock(connection, COMMIT_LOCK)
            yield connection
    except DBAPIError as failure:
        if getattr(failure.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            async with database.reader.connect() as connection:
                await end_frozen(connection, COMMIT_LOCK)
        raise


def audit_of(database: Database) -> Audit:
    """Its audit, whose entries are ordered by the lock that orders the log."""
    return Audit("intake", database.writer, database.reader, COMMIT_LOCK)


async def migrate(database: Database) -> None:
    """Bring the schema up to date; several instances may start at once.

    The audit begins with what the log held before there was one.
    """
    async with database.writer.begin() as connection:
        await take_lock(connection, COMMIT_LOCK)
        await upgrade(connection, MIGRATIONS)
        await audit_of(database).begin(connection, event_log.sealing)
