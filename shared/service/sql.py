"""A service's database: opened alike on SQLite and PostgreSQL, what may pass when it fails,
and statements that both take."""

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    any_,
    bindparam,
    event,
    func,
    literal,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.contract.envelope import encode
from shared.service.damage import watch_for_damage
from shared.service.tls import DatabaseTls, what_to_set

Result = TypeVar("Result")

# SQLSTATE classes that pass: connection, rollback (deadlock, serialization), resources, operator intervention, system
# error; and three states: the server only reads (it is about to become the primary), a session that idled in its
# transaction was ended, a lock was not to be had in time.
_PASSING = ("08", "40", "53", "57", "58", "25006", "25P03", "55P03")
_NO_SUCH_DATABASE = "3D000"  # dropped, and put back by hand

# What a database that is away raises, for whoever answers with it; `is_transient` tells which of them may pass.
DATABASE_ERRORS = (DBAPIError, OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError)

LOCKS_HELD_S = 10
"""How long a process that is frozen, or whose machine is gone, can keep a lock:
then PostgreSQL, or who waits, ends its session."""
_CONNECT_WITHIN_S = 5
_POSTGRESQL_SETTINGS = {
    "idle_in_transaction_session_timeout": f"{LOCKS_HELD_S}s",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": f"{LOCKS_HELD_S}000",
}
_SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "busy_timeout": "10000",
    "wal_autocheckpoint": "20000",  # pages: checkpoints in larger steps, half as much again in bulk
}


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may help: the database is away for a while, and the program is not wrong."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _passing_cause(error)
    if isinstance(error, asyncpg.PostgresError):  # of a connection that was not made, which SQLAlchemy leaves as it is
        return str(error.sqlstate).startswith(_PASSING)
    return isinstance(error, (OSError, PoolTimeout, asyncpg.InterfaceError))


def _passing_cause(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode != sqlite3.SQLITE_ERROR
    state = _sqlstate(error)
    if state is None:
        return isinstance(error, (InterfaceError, OperationalError))
    return state.startswith(_PASSING)


def _sqlstate(error: Exception) -> str | None:
    """PostgreSQL's code for what a statement or a connection failed of."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return None if state is None else str(state)


def open_engine(
    url: str,
    *,
    pragmas: Mapping[str, str],
    settings: Mapping[str, str],
    command_timeout_s: float | None = None,
    always_writes: bool = False,
    tls: DatabaseTls | None = None,
    **pool: Any,
) -> AsyncEngine:
    """The engine of a database URL, with the service's own pragmas (SQLite) and settings (PostgreSQL);
    connects on first use.

    Transactions begin when we say so: the driver's own BEGIN comes too late for a writer to be alone, and for reads to
    see one state. Of an engine that `always_writes` each takes SQLite's write lock at once. An error does not tell the
    values of its statement: they may be a person's.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        arguments: dict[str, Any] = {"timeout": _CONNECT_WITHIN_S, "command_timeout": command_timeout_s}
        if tls is not None:
            arguments |= {"ssl": tls.context, "async_creator_fn": partial(_connected_by_tls, tls)}
        return create_async_engine(
            parsed,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"server_settings": {**_POSTGRESQL_SETTINGS, **settings}, **arguments},
            **pool,
        )
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    begin = "BEGIN IMMEDIATE" if always_writes else "BEGIN"
    engine = create_async_engine(parsed, hide_parameters=True, **pool)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for name, value in {**_SQLITE_PRAGMAS, **pragmas}.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", begin))

    watch_for_damage(engine)
    return engine


class DatabaseNotTrusted(OSError):
    """PostgreSQL is reached, and not trusted or not by TLS: nothing is sent to it. It may be mended over there."""


async def _connected_by_tls(tls: DatabaseTls, *arguments: Any, **named: Any) -> Any:
    try:
        return await asyncpg.connect(*arguments, **named)
    except ssl.SSLError as failure:
        address, protocol = f"{tls.prefix}DATABASE_URL", f"{tls.prefix}DATABASE_SSL"
        fix = what_to_set(failure, f"{protocol}_", address, protocol)
        raise DatabaseNotTrusted(f"PostgreSQL is not trusted ({failure}): {fix}") from failure
    except asyncpg.InvalidAuthorizationSpecificationError as failure:
        msg = f"{failure}; PostgreSQL does not let in who {tls.prefix}DATABASE_URL names"
        raise type(failure)(msg) from failure
    except ConnectionError as failure:
        if "rejected SSL upgrade" not in str(failure):
            raise
        msg = f"PostgreSQL speaks no TLS, and {tls.prefix}DATABASE_SSL is verify-full: set ssl=on there"
        raise DatabaseNotTrusted(msg) from failure


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that takes SQLite's write lock at once, so that what it reads stays true until it commits."""
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        async with connection.begin():
            yield connection


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads, whose reads all see the same state."""
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with connection.begin():
            yield connection


async def take_lock(connection: AsyncConnection, number: int) -> None:
    """Take turns with other processes until the end of the transaction;
    SQLite's BEGIN IMMEDIATE has done it already."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


class LaterSchema(RuntimeError):
    """The database was made by a later release than this one."""


async def upgrade(connection: AsyncConnection, migrations: Path, to: str = "head") -> None:
    """Apply the revisions of a folder that are missing, up to one, in the connection's transaction.

    Raises LaterSchema for a database that knows revisions which this release does not.
    """

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as unknown:
            if not isinstance(unknown.__cause__, ResolutionError):
                raise
            raise LaterSchema(
                "the database was made by a later release: start that one, or restore the backup from before the "
                "upgrade (`motcua doctor` says which schema it has)"
            ) from unknown

    await connection.run_sync(run)


async def undisturbed(work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` gives. Cancelling who waits does not interrupt it: an interrupted driver leaves locks behind, and
    connections that nobody closes."""
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
        await undisturbed(connection.start())
        yield connection
    finally:
        if connection.sync_connection is not None:
            await connection.close()


async def answers(engine: AsyncEngine, within_s: float = 2.0) -> bool:
    """Whether the database answers in time;
    the one that does not is not waited for, not even until it can be let go."""
    asking = asyncio.create_task(_ask(engine))
    try:
        done, _ = await asyncio.wait({asking}, timeout=within_s)
    except asyncio.CancelledError:
        asking.cancel()
        await asyncio.wait({asking}, timeout=within_s)
        raise
    asking.cancel()
    return bool(done) and asking.result()


async def _ask(engine: AsyncEngine) -> bool:
    try:
        async with connected(engine) as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        if not is_transient(error) and _sqlstate(error) != _NO_SUCH_DATABASE:
            raise
        return False
    return True


def among(
    connection: AsyncConnection, column: ColumnElement[Any], values: Sequence[str] | Sequence[int]
) -> ColumnElement[bool]:
    """Whether the column is one of the values, any number of which are one parameter."""
    if connection.dialect.name == "postgresql":
        return _is_any(column, literal(list(values), ARRAY(column.type)))
    return _is_listed(column, literal(encode(values).decode()))


def _is_any(column: ColumnElement[Any], array: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == any_(array)


def _is_listed(column: ColumnElement[Any], json: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.in_(select(func.json_each(json).table_valued("value").c.value))


class Lookup:
    """Rows whose `key` is one of some texts. Made once, for making a statement costs more than running it."""

    def __init__(self, rows: Select[Any], key: ColumnElement[Any]) -> None:
        self._statements: dict[str, Select[Any]] = {
            "postgresql": rows.where(_is_any(key, bindparam("keys", type_=ARRAY(key.type)))),
            "sqlite": rows.where(_is_listed(key, bindparam("keys"))),
        }

    async def rows(self, connection: AsyncConnection, keys: Iterable[str]) -> Sequence[Any]:
        """The rows that are there, in any order."""
        listed = list(keys)
        if not listed:
            return ()
        dialect = connection.dialect.name
        value = listed if dialect == "postgresql" else encode(listed).decode()
        rows: Sequence[Any] = (await connection.execute(self._statements[dialect], {"keys": value})).all()
        return rows


class Insert:
    """Inserts whole rows: tuples in the order of the columns, handed to the driver as they are.

    Naming each value costs more than storing it, and making a statement more than running it. Where the primary key is
    there already the columns `replacing` are set and the columns `adding` added to; without either that is an error.
    """

    def __init__(self, table: Table, *, replacing: Sequence[str] = (), adding: Sequence[str] = ()) -> None:
        self._table = table
        self._replacing, self._adding = replacing, adding
        self._texts: dict[str, str] = {}

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows."""
        if rows:
            await connection.exec_driver_sql(self._text(connection.dialect), list(rows))

    def _text(self, dialect: Dialect) -> str:
        if dialect.name not in self._texts:
            insert: Any = (postgresql if dialect.name == "postgresql" else sqlite).insert(self._table)
            new: Any = insert.excluded
            values = {name: new[name] for name in self._replacing} | {
                name: self._table.c[name] + new[name] for name in self._adding
            }
            if values:
                insert = insert.on_conflict_do_update(index_elements=list(self._table.primary_key), set_=values)
            columns = [column.name for column in self._table.c]
            compiled = insert.compile(dialect=dialect, column_keys=columns)
            assert list(compiled.positiontup) == columns, "the driver gets the values in this order"
            self._texts[dialect.name] = compiled.string
        return self._texts[dialect.name]


class Update:
    """Sets some columns of rows that are there, and touches no index of the others.

    Tuples of the new values, with the primary key last, are handed to the driver as they are.
    """

    def __init__(self, table: Table, *setting: str) -> None:
        (key,) = table.primary_key
        values: dict[str, Any] = {name: bindparam(name) for name in setting}
        self._statement = update(table).where(key == bindparam("key")).values(values)
        self._order = [*setting, "key"]
        self._texts: dict[str, str] = {}

    async def write(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write the rows."""
        if rows:
            await connection.exec_driver_sql(self._text(connection.dialect), list(rows))

    def _text(self, dialect: Dialect) -> str:
        if dialect.name not in self._texts:
            compiled: Any = self._statement.compile(dialect=dialect)
            assert list(compiled.positiontup) == self._order, "the driver gets the values in this order"
            self._texts[dialect.name] = compiled.string
        return self._texts[dialect.name]
