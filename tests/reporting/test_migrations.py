"""A database of an earlier release starts: what is derived is made anew, from the beginning of the topic."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.projecting.projection import stored_positions
from services.reporting.projecting.records import PartitionPosition
from services.reporting.read_model.store import migrate, open_engine, rules_of
from services.reporting.read_model.tables import LIVE, metadata, model
from shared.catalogue import Catalogue
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.sql import LaterSchema, writing
from tests.builders.events import CODE
from tests.reporting.delivery import Topic, statuses
from tests.reporting.test_projection import HISTORY, year


@pytest.fixture
async def first_release(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With a dossier, its sums and the offset behind it, as the first release wrote them."""
    engine = open_engine(database_url)
    await migrate(engine, "0001")
    async with writing(engine) as connection:
        await connection.execute(
            text("INSERT INTO dossiers VALUES (:code, 3, 3, 'H59.15', '2.000635', 1, 20230103, :blob, :blob)"),
            {"code": CODE, "blob": b"[]"},
        )
        await connection.execute(text("INSERT INTO sums VALUES (20230103, '2.000635', 'H59.15', 1, 1, 1)"))
        await connection.execute(text("INSERT INTO offsets VALUES (:topic, 0, 3)"), {"topic": STATUS.name})
    yield engine
    await engine.dispose()


async def test_it_is_counted_again_from_the_beginning_of_the_topic(
    first_release: AsyncEngine, shipped: Catalogue
) -> None:
    await migrate(first_release)
    assert await stored_positions(first_release, STATUS.name, [0]) == {0: PartitionPosition()}
    assert (await year(first_release, shipped)).total["received_total"] == 0
    await Topic(first_release).deliver(statuses(CODE, HISTORY))
    found = await year(first_release, shipped)
    assert (found.total["received_total"], found.total["resolved_early"]) == (1, 1)


@pytest.fixture
async def release_before_places(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With a dossier and a sum of it, and with a rebuild that was not finished."""
    engine = open_engine(database_url)
    await migrate(engine, "0003")
    async with writing(engine) as connection:
        values = "(:code, 3, 3, 'H59.15', '2.000635', 1, 20230103, 20230109, NULL, 2, 1, 1, :blob, :blob, NULL, :blob)"
        await connection.execute(text(f"INSERT INTO dossiers VALUES {values}"), {"code": CODE, "blob": b"[]"})
        await connection.execute(text("INSERT INTO sums VALUES (20230103, '2.000635', 'H59.15', 1, 1, 7)"))
        await connection.execute(text("CREATE TABLE rebuild_state (number BIGINT)"))
        await connection.execute(text("CREATE TABLE rebuild_sums (span INTEGER)"))
    yield engine
    await engine.dispose()


async def test_what_was_counted_is_kept_until_it_is_made_anew(release_before_places: AsyncEngine) -> None:
    await migrate(release_before_places)
    async with release_before_places.connect() as connection:
        assert (await connection.execute(select(LIVE.sums))).one() == (20230103, "2.000635", "H59.15", 1, 1, "", 7)
        (row,) = await connection.execute(select(LIVE.dossiers))
        assert (row.code, row.closed_day, row.received_by, row.submitted_day) == (CODE, 20230109, "", None)
        assert await rules_of(connection) < RULES_VERSION, "so figures wait for a rebuild"
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert not [name for name in tables if name.startswith("rebuild_")]


async def test_the_migrations_make_the_tables_that_the_code_names(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        for table in (LIVE.dossiers, LIVE.history, LIVE.sums, *metadata.sorted_tables):
            await connection.execute(select(table).limit(1))
        (row,) = (await connection.execute(select(model))).all()
    assert row.generation > 1_700_000_000
    assert row.revision == 0


async def test_the_migrations_make_the_indexes_that_the_code_names(engine: AsyncEngine) -> None:
    def named(connection: Connection) -> set[str | None]:
        return {
            index["name"] for table in metadata.sorted_tables for index in inspect(connection).get_indexes(table.name)
        }

    async with engine.connect() as connection:
        found = await connection.run_sync(named)
    assert found >= {index.name for table in metadata.sorted_tables for index in table.indexes}


async def test_an_index_finds_the_sums_of_nothing_that_each_write_takes_out(engine: AsyncEngine) -> None:
    """As the projector asks for them; PostgreSQL would rather scan so small a table, so it is told not to."""
    written: list[str] = []

    def take(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        written.append(statement)

    listen(engine.sync_engine, "before_cursor_execute", take)
    await Topic(engine).deliver(statuses(CODE, HISTORY))
    (delete,) = {statement for statement in written if statement.startswith("DELETE FROM sums")}
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = " ".join(str(row) for row in await connection.execute(text(f"{explain} {delete}")))
    assert "sums_zero" in plan


async def test_a_database_of_a_later_release_is_left_alone(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        await connection.execute(text("UPDATE reporting_revision SET version_num = '9999'"))
    with pytest.raises(LaterSchema, match="made by a later release: start that one, or restore the backup"):
        await migrate(engine)
