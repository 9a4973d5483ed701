"""The database goes away, freezes, fills up, or is held by another instance that froze:
every answer says so in time, and none hangs."""

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.intake.log.database import COMMIT_LOCK, RELAY_LOCK
from shared.service.sql import LOCKS_HELD_S
from tests.intake.conftest import Start
from tests.intake.sending import received
from tests.support.postgres import packaged_server
from tests.support.wait import wait_until_async

NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Each test says which database it is about; this one is for those that are about SQLite."""
    return f"sqlite+aiosqlite:///{tmp_path}/intake.db"


@pytest.mark.postgres
async def test_with_the_database_away_reads_and_writes_answer_503_with_a_time_to_retry(start: Start) -> None:
    with TemporaryDirectory(prefix="pg") as folder, packaged_server(Path(folder)) as server:
        async with start(database_url=server.new_database()) as intake:
            server.stop("immediate")
            for path in ("/v1/dossiers/H59.15-231208-0001", "/v1/log/head", "/healthz/ready"):
                answer = await intake.http.get(path)
                assert answer.status_code == 503, (path, answer.text)
            answers = [await intake.http.get("/v1/log/head"), await intake.http.post("/v1/dossiers", json=NEW)]
            assert [(answer.status_code, answer.headers.get("retry-after")) for answer in answers] == [
                (503, "1"),
                (503, "1"),
            ]


@pytest.mark.postgres
async def test_an_instance_that_froze_inside_a_commit_holds_nobody_up_for_long(start: Start, postgres_url: str) -> None:
    """Another session takes the commit lock and says nothing more, as a frozen process would."""
    async with start(database_url=postgres_url) as intake:
        frozen = create_async_engine(
            postgres_url, connect_args={"server_settings": {"idle_in_transaction_session_timeout": f"{LOCKS_HELD_S}s"}}
        )
        try:
            async with frozen.connect() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COMMIT_LOCK})
                began = time.monotonic()
                refused = await intake.http.post("/v1/dossiers", json=NEW)
                assert (refused.status_code, refused.headers.get("retry-after")) == (503, "1")
                assert time.monotonic() - began < LOCKS_HELD_S, "it is answered, not kept waiting"

                async def accepted() -> bool:
                    return (await intake.http.post("/v1/dossiers", json=NEW)).status_code == 201

                await wait_until_async(accepted, 30, "PostgreSQL ended the frozen session and intake accepts")
                await connection.invalidate()
        finally:
            await frozen.dispose()


@pytest.mark.postgres
@pytest.mark.broker
async def test_a_relay_that_froze_is_followed_by_another(start: Start, postgres_url: str, fresh_broker: str) -> None:
    frozen = create_async_engine(postgres_url)
    try:
        async with frozen.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": RELAY_LOCK})
            await connection.execute(text(f"SET idle_session_timeout = '{LOCKS_HELD_S}s'"))
            async with start(database_url=postgres_url, kafka_bootstrap=fresh_broker) as intake:
                await intake.bulk(received("H59.15-231208-0001"))

                async def relayed() -> bool:
                    return bool((await intake.http.get("/v1/log/head")).json()["relayed"] == 1)

                await wait_until_async(relayed, 30, "the other instance relays")
            await connection.invalidate()
    finally:
        await frozen.dispose()


async def test_a_log_that_cannot_be_written_is_not_ready_until_it_can(start: Start) -> None:
    """A limit on the database's pages stands for a disk that is full."""
    async with start() as intake:
        writer = intake.service.database.writer

        async def limit(pages: int) -> None:
            async with writer.connect() as connection:
                await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
                await connection.rollback()

        await limit(1)
        numbers = iter(range(1, 10_000))
        padding = "x" * 1900

        async def full() -> bool:
            events = [received(f"H59.15-231208-{next(numbers):04d}") | {"source": f"/{padding}"} for _ in range(20)]
            answers = await asyncio.gather(
                *(intake.http.post(f"/v1/dossiers/{event['subject']}/events", json=event) for event in events)
            )
            assert {answer.status_code for answer in answers} <= {201, 503}, answers[0].text
            return any(answer.status_code == 503 for answer in answers)

        await wait_until_async(full, 60, "the log is full")
        ready = await intake.http.get("/healthz/ready")
        assert (ready.status_code, "full" in ready.json()["detail"]) == (503, True)
        await limit(1_000_000)
        await intake.bulk(received("H59.15-231209-0001"))
        assert (await intake.http.get("/healthz/ready")).status_code == 200
