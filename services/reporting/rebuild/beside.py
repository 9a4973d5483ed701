"""The tables beside the live ones: a second read model, and how far the log has been read into it."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.tables import ReadModel, read_model

PREFIX = "rebuild_"
_NOTES = MetaData()

# One row. `number` is the generation that the new model will be; `position` the log's as far as read, `events` how many that were.
# `latest` is when the latest of them was recorded, `settled` the same at the moment when the live model had had time to see them all.
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
ahead = Table(f"{PREFIX}ahead", _NOTES, Column("code", String(64), primary_key=True), Column("sequence", BigInteger, nullable=False))


class UnknownRebuild(Exception):
    """There is no rebuild of that number (any more): another one was started, or it is done."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a rebuild is; `latest` and `settled` in microseconds since 1970."""

    number: int
    position: int
    events: int
    latest: int
    settled: int | None


def tables_of(number: int) -> ReadModel:
    """The second read model of a rebuild; its indexes carry the number, for they keep their names when it becomes the live one."""
    return read_model(MetaData(), PREFIX, f"_{number}")


async def standing(connection: AsyncConnection, number: int, *, locked: bool = False) -> Standing:
    """Where the rebuild stands; `locked` until the end of the transaction. Raises UnknownRebuild."""
    if not await connection.run_sync(exists):
        raise UnknownRebuild(number)
    wanted = select(state).where(state.c.number == number)
    row = (await connection.execute(wanted.with_for_update() if locked else wanted)).one_or_none()
    if row is None:
        raise UnknownRebuild(number)
    return Standing(*row)


def exists(connection: Connection) -> bool:
    """Whether there is a rebuild, of whatever number."""
    return inspect(connection).has_table(state.name)


def create(connection: Connection, number: int) -> None:
    """Empty tables for a rebuild, whatever was left of another one dropped."""
    drop(connection)
    tables_of(number).dossiers.metadata.create_all(connection, checkfirst=False)
    _NOTES.create_all(connection, checkfirst=False)
    connection.execute(state.insert(), {"number": number, "position": 0, "events": 0, "latest": 0, "settled": None})


def drop(connection: Connection) -> None:
    """All tables beside the live ones, of any rebuild."""
    tables_of(0).dossiers.metadata.drop_all(connection)
    _NOTES.drop_all(connection)
