"""The read model's database: how it is opened, brought to its newest revision, read and written; SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import ARRAY, ColumnElement, Connection, any_, event, exists, func, literal, make_url, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.reporting.read_model.tables import dossiers, model
from shared.contract.codec import encode
from shared.domain.counting import RULES_VERSION
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
ANSWER_WITHIN_S = 65.0  # a little longer than a statement may take

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "head"
_NO_DOSSIERS = ~exists(select(dossiers.c.code))
_LOCK = 0x6D6F7463  # any number of our own: "motc"
ItemT = TypeVar("ItemT")


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


async def take_lock(connection: AsyncConnection, number: int) -> None:
    """Take turns with other processes until the end of the transaction; in SQLite whoever writes is alone anyhow."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


async def breathing(items: Iterable[ItemT], every: int) -> AsyncIterator[ItemT]:
    """The items, with a look at other tasks now and then: many of them must not hold requests up."""
    for number, item in enumerate(items, 1):
        if number % every == 0:
            await asyncio.sleep(0)
        yield item


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


class OldRules(Exception):
    """The read model was made by other rules than this version's: it must be made anew from the log."""

    def __init__(self, made_by: int) -> None:
        super().__init__(f"the read model was made by rules {made_by}, and this version counts by rules {RULES_VERSION}")
        self.made_by = made_by


@asynccontextmanager
async def answering(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """As `snapshot`, for whoever answers with figures or lists. Raises OldRules, and TimeoutError where the database stands still."""
    async with asyncio.timeout(ANSWER_WITHIN_S), snapshot(engine) as connection:
        made_by = await rules_of(connection)
        if made_by != RULES_VERSION:
            raise OldRules(made_by)
        yield connection


async def rules_of(connection: AsyncConnection) -> int:
    """The RULES_VERSION that the model was made by."""
    return int((await connection.execute(select(model.c.rules))).scalar_one())


async def migrate(engine: AsyncEngine, to: str = HEAD) -> None:
    """Apply the missing revisions up to one, all in one transaction; two instances starting together do it once.

    A model without dossiers was made by no rules yet, so it takes this version's; any other keeps those that it was made by.
    """
    async with writing(engine) as connection:
        await patiently(connection)
        await take_lock(connection, _LOCK)
        await connection.run_sync(_upgrade, to)
        if to == HEAD:
            await connection.execute(update(model).values(rules=RULES_VERSION).where(_NO_DOSSIERS))


async def is_empty(engine: AsyncEngine) -> bool:
    """Whether the model has no dossiers: it is new, or it was lost."""
    async with engine.connect() as connection:
        return bool((await connection.execute(select(_NO_DOSSIERS))).scalar())


def _upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
