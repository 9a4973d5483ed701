"""The database as intake uses it: one connection that writes, some that read, and the schema brought up to date at
start."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.intake.settings import IntakeSettings

MIGRATIONS = Path(__file__).parent / "migrations"
COMMIT_LOCK = 0x6D6F7463756101  # advisory locks of PostgreSQL: "motcua" and a number
RELAY_LOCK = 0x6D6F7463756102
BUSY_TIMEOUT_MS = 10_000
BLOCKED_AT_MOST_MS = 10_000
"""How long an instance that is frozen, or whose machine is gone, can keep a lock: then PostgreSQL, or who waits, ends its session."""
BOUNDED = {
    "timeout": 5,
    "command_timeout": 30,
    "server_settings": {
        "idle_in_transaction_session_timeout": str(BLOCKED_AT_MOST_MS),
        "lock_timeout": str(BLOCKED_AT_MOST_MS // 2),
        "statement_timeout": "30000",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    },
}
WAL_PAGES = 20_000  # checkpoints in larger steps: half as much again in bulk
Result = TypeVar("Result")


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
    url = make_url(settings.database_url)
    if url.get_backend_name() == "postgresql":
        return Database(
            writer=create_async_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=BOUNDED),
            reader=create_async_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True, connect_args=BOUNDED),
        )
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    database = Database(
        writer=create_async_engine(url, pool_size=1, max_overflow=0),
        reader=create_async_engine(url, pool_size=5, max_overflow=5),
    )
    _prepare_sqlite(database.writer, settings.sqlite_synchronous, "BEGIN IMMEDIATE")
    _prepare_sqlite(database.reader, settings.sqlite_synchronous, "BEGIN")
    return database


def _prepare_sqlite(engine: AsyncEngine, synchronous: str, begin: str) -> None:
    """Transactions that begin when we say so: the driver's own begin too late for a writer to be alone."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


async def leave_when_idle(connection: AsyncConnection) -> None:
    """Let PostgreSQL end this session, and give its locks back, when nothing comes over it for a while: its owner is
    frozen or gone."""
    await connection.execute(text(f"SET idle_session_timeout = {BLOCKED_AT_MOST_MS}"))


_END_FROZEN = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
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
    await connection.execute(_END_FROZEN, {"lock": lock, "seconds": BLOCKED_AT_MOST_MS / 1000})


async def _undisturbed(work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` gives. It goes on to its end when who waits is cancelled: an interrupted driver leaves locks and
    sessions."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection of this engine, for one who may be cancelled while it is being opened."""
    connection = engine.connect()
    try:
        await _undisturbed(connection.start())
        yield connection
    finally:
        if connection.sync_connection is not None:
            await connection.close()


async def write(database: Database, change: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """One short transaction, for one who may be cancelled during it: then it is carried out all the same."""

    async def transaction() -> Result:
        async with database.writer.begin() as connection:
            return await change(connection)

    return await _undisturbed(transaction())


@asynccontextmanager
async def committing(database: Database) -> AsyncIterator[AsyncConnection]:
    """The one transaction, across all instances, that adds to the log. Who waited for it in vain sees to it that nobody
    frozen keeps it."""
    try:
        async with database.writer.begin() as connection:
            await take_commit_lock(connection)
            yield connection
    except DBAPIError as failure:
        if getattr(failure.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            async with database.reader.connect() as connection:
                await end_frozen(connection, COMMIT_LOCK)
        raise


async def take_commit_lock(connection: AsyncConnection) -> None:
    """One commit at a time across all intake instances; SQLite's BEGIN IMMEDIATE has done it already."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COMMIT_LOCK})


async def migrate(database: Database) -> None:
    """Bring the schema up to date; several instances may start at once."""
    async with database.writer.begin() as connection:
        await take_commit_lock(connection)
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
