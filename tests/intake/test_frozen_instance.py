"""Two instances as processes on one PostgreSQL, one of them stopped by SIGSTOP:
the other goes on, the woken one harms nothing."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.intake.log.database import COMMIT_LOCK, RELAY_LOCK
from shared.contract.marks import number_of
from shared.service.sql import LOCKS_HELD_S
from tests.intake.audited import audited
from tests.intake.sending import NDJSON, lines, received
from tests.intake.test_relay import arrived
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.wait import wait_until_async

pytestmark = [pytest.mark.broker, pytest.mark.postgres, pytest.mark.slow]
WITHIN_S = 60.0
HOLDS = text(
    "SELECT pid FROM pg_locks "
    "WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = :lock"
)
WAITS = text("SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'event_log'::regclass")
CURSOR = text("SELECT position, numbers FROM relay_cursor")


@pytest.fixture
def pair(tmp_path: Path, postgres_url: str, fresh_broker: str) -> Iterator[tuple[Service, Service]]:
    environment = {"DATABASE_URL": postgres_url, "KAFKA_BOOTSTRAP": fresh_broker, "DRAIN_SECONDS": "1"}
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(service("intake", free_port_base(), environment, tmp_path / f"{name}.log"))
            for name in ("one", "other")
        )
        yield one, other


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def one_of(connection: AsyncConnection, lock: int) -> Any:
    return (await connection.execute(HOLDS, {"lock": lock})).scalar()


def stop(frozen: Service) -> None:
    assert frozen.process is not None
    frozen.process.send_signal(signal.SIGSTOP)


def wake(frozen: Service) -> None:
    assert frozen.process is not None
    frozen.process.send_signal(signal.SIGCONT)


async def post(to: Service, *events: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=to.url, headers=HEADERS | {"content-type": NDJSON}, timeout=60) as client:
        return await client.post("/v1/events", content=lines(*events))


async def get(of: Service, path: str) -> bytes:
    async with httpx.AsyncClient(base_url=of.url, headers=HEADERS, timeout=60) as client:
        return (await client.get(path)).content


def receipts(first: int, last: int) -> list[dict[str, Any]]:
    return [received(f"H59.15-231208-{number:04d}") for number in range(first, last + 1)]


async def test_a_frozen_relay_is_followed_and_when_it_wakes_cursor_and_counts_stay_together(
    pair: tuple[Service, Service], postgres_url: str, fresh_broker: str
) -> None:
    """The first of the two that started relays."""
    relay, other = pair
    async with watching(postgres_url) as database:

        async def relayed() -> Any:
            row = (await database.execute(CURSOR)).one_or_none()
            return None if row is None else row.position

        async def all_of(events: int) -> bool:
            return bool(await relayed() == events)

        assert (await post(other, *receipts(1, 40))).json()["accepted"] == 40
        await wait_until_async(lambda: all_of(40), WITHIN_S, "the relay works")
        held_by = await one_of(database, RELAY_LOCK)
        stop(relay)
        try:
            assert (await post(other, *receipts(41, 80))).json()["accepted"] == 40
            await wait_until_async(lambda: all_of(80), 2 * LOCKS_HELD_S + WITHIN_S, "the other instance relays")
            assert await one_of(database, RELAY_LOCK) not in (None, held_by)
        finally:
            wake(relay)
        assert (await post(relay, *receipts(81, 120))).json()["accepted"] == 40
        await wait_until_async(lambda: all_of(120), WITHIN_S, "the rest is relayed")
        position, numbers = (await database.execute(CURSOR)).one()
    assert sum(msgspec.json.decode(numbers, type=list[int])) == position == 120
    seen: dict[int, list[int | None]] = {}
    for record in await arrived(fresh_broker):
        if (number := number_of(record.headers)) not in seen.setdefault(record.partition, []):
            seen[record.partition].append(number)
    assert all(found == list(range(1, len(found) + 1)) for found in seen.values())
    assert sum(map(len, seen.values())) == 120


async def test_an_instance_stopped_inside_a_commit_holds_the_other_up_for_seconds_only(
    pair: tuple[Service, Service], postgres_url: str
) -> None:
    """A lock on the table makes the commit stand still inside its INSERT;
    then the process is stopped, and the table let go."""
    frozen, other = pair
    engine = create_async_engine(postgres_url)
    try:
        async with watching(postgres_url) as database:
            async with engine.begin() as blocking:
                await blocking.execute(text("LOCK TABLE event_log IN SHARE MODE"))
                unanswered = asyncio.create_task(post(frozen, *receipts(1, 5)))

                async def inside() -> Any:
                    return (await database.execute(WAITS)).scalar() and await one_of(database, COMMIT_LOCK)

                await wait_until_async(inside, WITHIN_S, "the instance is inside its commit")
                stop(frozen)
            try:
                began = asyncio.get_running_loop().time()
                answers: list[tuple[int, str | None]] = []

                async def accepted() -> bool:
                    answer = await post(other, *receipts(6, 6))
                    answers.append((answer.status_code, answer.headers.get("retry-after")))
                    return answer.status_code == httpx.codes.OK

                await wait_until_async(accepted, 2 * LOCKS_HELD_S + WITHIN_S, "the other instance accepts")
                assert set(answers) <= {(503, "1"), (200, None)}
                assert (503, "1") in answers, "it was held up, and said so"
                assert asyncio.get_running_loop().time() - began < 2 * LOCKS_HELD_S
            finally:
                wake(frozen)
            assert (await unanswered).status_code == httpx.codes.SERVICE_UNAVAILABLE, (
                "its transaction was ended: nothing was promised"
            )
            assert (await post(frozen, *receipts(1, 5))).json()["accepted"] == 5
            logged = (await database.execute(text("SELECT position FROM event_log ORDER BY position"))).scalars().all()
            assert list(logged) == list(range(1, 7))
            audit, log = await get(frozen, "/v1/audit"), await get(other, "/v1/log")
            accepted_by = [entry["details"].get("positions") for entry in audited(audit, log)]
            assert accepted_by == [[], [[1, 1]], [[2, 6]], None], "of the transaction that was ended nothing is left"
    finally:
        await engine.dispose()
