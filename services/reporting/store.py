"""How the read model's database is opened and read; SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, any_, event, func, literal, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.contract.codec import encode
from shared.service.sql import passes

# NORMAL: a power cut may undo the last transactions, dossiers, deltas and offsets together; Kafka delivers them again.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 20000",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA cache_size = -65536",
)

# A figure reads a few hundred rows: starting workers or compiling the query takes twenty times as long as reading them.
# A reporting that is frozen or cut off keeps its locks: the others wait for them no longer than that (docs/guarantees.md).
_LOCKS_HELD_S = 10
_POSTGRES_SETTINGS = {
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "statement_timeout": "60s",
    "lock_timeout": f"{_LOCKS_HELD_S}s",
    "idle_in_transaction_session_timeout": f"{_LOCKS_HELD_S}s",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": f"{_LOCKS_HELD_S}000",
}
_CONNECT_WITHIN_S = 5


def open_engine(database_url: str) -> AsyncEngine:
    """The engine of a database URL; connects on first use."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            url, pool_pre_ping=True, connect_args={"server_settings": _POSTGRES_SETTINGS, "timeout": _CONNECT_WITHIN_S}
        )
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _on_sqlite_connect)
    event.listen(engine.sync_engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: reads would see two states of one figure
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction whose reads all see the same state."""
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with connection.begin():
            if engine.dialect.name == "postgresql":  # before the first read: a rebuild's swap lies before all of them or after
                await connection.execute(text("LOCK TABLE model IN ACCESS SHARE MODE"))
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that takes SQLite's write lock at once, so that what it reads stays true until it commits."""
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        async with connection.begin():
            yield connection


async def patiently(connection: AsyncConnection) -> None:
    """For what takes as long as the whole model is large: within this transaction statements and pauses may take their time."""
    if connection.dialect.name == "postgresql":
        for setting, limit in (("statement_timeout", "0"), ("lock_timeout", "10min"), ("idle_in_transaction_session_timeout", "10min")):
            await connection.execute(text(f"SET LOCAL {setting} = '{limit}'"))


async def answers(engine: AsyncEngine, within_s: float = 2.0) -> bool:
    """Whether the database answers in time; the one that does not is not waited for, not even until it can be let go."""
    asking = asyncio.create_task(_ask(engine))
    done, _ = await asyncio.wait({asking}, timeout=within_s)
    asking.cancel()
    return bool(done) and asking.result()


async def _ask(engine: AsyncEngine) -> bool:
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        if not passes(error):
            raise
        return False
    return True


def among(connection: AsyncConnection, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]) -> ColumnElement[bool]:
    """Whether the column is one of the values, any number of which are one parameter."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    listed = func.json_each(literal(encode(values).decode())).table_valued("value")
    return column.in_(select(listed.c.value))
