"""Writes a generated read model into a database that the product has just migrated:
COPY on PostgreSQL, large inserts on SQLite."""

from collections.abc import Sequence

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bench.generated import PLAIN, Generated, Row
from services.reporting.read_model.tables import dossiers, history, model, sums
from shared.service.sql import writing

AT_ONCE = 50_000
PLAIN_TABLE = """CREATE TABLE plain (department VARCHAR(32), procedure VARCHAR(32), channel VARCHAR(16),
    online_full SMALLINT, received_day INTEGER, due_day INTEGER, closed_day INTEGER, closed_as VARCHAR(16),
    outcome VARCHAR(16), class VARCHAR(16), returned_day INTEGER, returned_by VARCHAR(16), paused_day INTEGER)"""


async def load(engine: AsyncEngine, generated: Generated) -> int:
    """Everything, and the indexes after it; the number of rows of the sums."""
    indexes = [index for table in (dossiers, history, sums) for index in table.indexes]
    async with writing(engine) as connection:
        await connection.execute(text(PLAIN_TABLE))
        for index in indexes:
            await connection.run_sync(index.drop)
    for live, past, plain in generated.rows(AT_ONCE):
        async with writing(engine) as connection:
            await _put(connection, dossiers.name, dossiers.c.keys(), live)
            await _put(connection, history.name, history.c.keys(), past)
            await _put(connection, "plain", PLAIN, plain)
    added = generated.sums()
    async with writing(engine) as connection:
        await _put(connection, sums.name, sums.c.keys(), added)
        await connection.execute(update(model).values(revision=generated.revision))
    for index in indexes:
        async with writing(engine) as connection:
            await connection.run_sync(index.create)
    await _settle(engine)
    return len(added)


async def _put(connection: AsyncConnection, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        raw = await connection.get_raw_connection()
        await raw.driver_connection.copy_records_to_table(table, records=rows, columns=columns)  # type: ignore[union-attr]
        return
    marks = ", ".join("?" * len(columns))
    await connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - names of this file


async def _settle(engine: AsyncEngine) -> None:
    """What PostgreSQL's own autovacuum would have done by the next morning; SQLite is left as the product leaves it."""
    if engine.dialect.name == "postgresql":
        async with engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text("VACUUM (ANALYZE)"))
            await alone.execute(text("CHECKPOINT"))
