"""Reporting as a process, against a real broker:
it follows the topic, goes on where it was, and never stands still unnoticed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from services.reporting.settings import ReportingSettings
from shared.contract.marks import LedgerMark, mark_header
from shared.contract.status import decode_dead_letter
from shared.contract.topics import DEAD_LETTERS, STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.kafka import ensure_topics
from tests.builders.events import event, received
from tests.reporting.delivery import Sent, statuses
from tests.support.ports import free_port_base
from tests.support.wait import wait_until_async

pytestmark = [pytest.mark.broker, pytest.mark.slow]

KEY = "a-key-for-this-test-only"
HISTORY = (received(), event("resolved", "2023-01-09 10:00"))
WITHIN_S = 60.0


@dataclass
class Service:
    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    async def total(self) -> dict[str, Any]:
        try:
            answer = await self.client.get("/v1/figures?from=2023-01-01&to=2023-12-31")
        except httpx.TransportError:
            return {"received_total": None}
        found: dict[str, Any] = answer.json()["total"]
        return found

    async def counts(self, received_total: int) -> None:
        async def counted() -> bool:
            return bool((await self.total())["received_total"] == received_total)

        await wait_until_async(counted, WITHIN_S, f"figures count {received_total}")

    async def ready(self) -> None:
        async def answered() -> bool:
            try:
                return (await self.client.get("/healthz/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await wait_until_async(answered, WITHIN_S, "reporting is ready")

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), WITHIN_S)


@asynccontextmanager
async def service(folder: Path, broker: str) -> AsyncIterator[Service]:
    port = free_port_base(1)
    environment = {
        "MOTCUA_REPORTING_PORT": str(port),
        "MOTCUA_REPORTING_API_KEY": KEY,
        "MOTCUA_REPORTING_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/reporting.db",
        "MOTCUA_REPORTING_KAFKA_BOOTSTRAP": broker,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.reporting", env=os.environ | environment
    )
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
        ) as client:
            yield Service(process, client)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def send(broker: str, records: Iterable[Sent], partition: int | None = None) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(
                STATUS.name, record.value, key=record.key, partition=partition, headers=record.headers
            )
    finally:
        await producer.stop()


@pytest.fixture
async def topics(fresh_broker: str) -> str:
    await ensure_topics(ReportingSettings(api_key=KEY, kafka_bootstrap=fresh_broker))
    return fresh_broker


async def test_it_follows_the_topic_and_goes_on_where_it_was(tmp_path: Path, topics: str) -> None:
    first, second = (list(statuses(f"H59.15-230103-000{number}", HISTORY)) for number in (1, 2))
    await send(topics, [Sent(b"H59.15-230103-0009", b"{not json"), *first])
    async with service(tmp_path, topics) as running:
        await running.ready()
        await running.counts(1)
        page = (await running.client.get("/metrics")).text
        assert 'motcua_dead_letters_total{reason="malformed"} 1.0' in page
        assert 'motcua_pipeline_lag_seconds_count{stage="figures"}' in page
        assert await running.stop() == 0
    await send(topics, [*first, *second])
    async with service(tmp_path, topics) as running:
        await running.counts(2)
        assert (await running.total())["resolved_total"] == 2
        running.process.kill()
    (letter,) = await dead_letters(topics)
    assert (letter.topic, letter.reason, letter.key, letter.value) == (
        STATUS.name,
        "malformed",
        b"H59.15-230103-0009",
        b"{not json",
    )


async def dead_letters(broker: str) -> list[Any]:
    consumer = AIOKafkaConsumer(DEAD_LETTERS.name, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[Any] = []

        async def arrived() -> bool:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found.extend(decode_dead_letter(record.value) for record in records)
            return bool(found)

        await wait_until_async(arrived, WITHIN_S, "a dead letter arrives")
        return found
    finally:
        await consumer.stop()


async def test_a_topic_made_anew_is_read_from_its_beginning(tmp_path: Path, topics: str) -> None:
    async with service(tmp_path, topics) as running:
        await send(
            topics, [record for number in range(5) for record in statuses(f"H59.15-230103-000{number}", HISTORY)]
        )
        await running.counts(5)
        assert await running.stop() == 0
    await remake_status_topic(topics)
    await send(topics, statuses("H59.15-230103-0000", HISTORY))
    await send(topics, statuses("H59.15-230103-0077", HISTORY))
    async with service(tmp_path, topics) as running:
        await running.counts(6)


async def test_a_topic_made_anew_that_has_grown_past_what_was_read_is_read_from_its_beginning(
    tmp_path: Path, topics: str
) -> None:
    """The former topic had announcements, too, so its offsets were further on than its events;
    those of the new one lie behind them."""
    first, second, third, fourth = (list(statuses(f"H59.15-230103-000{number}", HISTORY)) for number in range(4))
    announced = [first[1]] * 3
    async with service(tmp_path, topics) as running:
        await send(topics, with_marks([*first, *announced, *second], [1, 2, 2, 2, 2, 3, 4]), partition=0)
        await running.counts(2)
        assert await running.stop() == 0
    await remake_status_topic(topics)
    await send(topics, with_marks([*first, *second, *third, *fourth], range(1, 9)), partition=0)
    async with service(tmp_path, topics) as running:
        await running.counts(4)
        assert (await running.total())["resolved_total"] == 4
        page = (await running.client.get("/metrics")).text
        assert "motcua_statuses_skipped_total 1.0" in page
        assert await running.stop() == 0


def with_marks(records: Iterable[Sent], events: Iterable[int]) -> list[Sent]:
    """The records as the ledger's partition wrote them, each with how many events it then held."""
    pairs = zip(records, events, strict=True)
    return [
        replace(record, headers=mark_header(LedgerMark(held, held, 0, held, RULES_VERSION))) for record, held in pairs
    ]


async def remake_status_topic(broker: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.delete_topics([STATUS.name])

        async def gone() -> bool:
            return STATUS.name not in set(await admin.list_topics())

        await wait_until_async(gone, WITHIN_S, "the topic is gone")
    finally:
        await admin.close()
    await ensure_topics(ReportingSettings(api_key=KEY, kafka_bootstrap=broker))


async def test_a_flood_of_unusable_records_slows_it_down_and_what_is_behind_it_is_counted(
    tmp_path: Path, topics: str
) -> None:
    good = list(statuses("H59.15-230103-0001", HISTORY))
    await send(topics, [*[Sent(b"H59.15-230103-0001", b"?")] * 250, Sent(b"k" * 300_000, b"z" * 600_000), *good])
    async with service(tmp_path, topics) as running:
        await running.counts(1)
        assert 'motcua_dead_letters_total{reason="malformed"} 251.0' in (await running.client.get("/metrics")).text
        assert await running.stop() == 0


async def test_figures_are_served_while_the_broker_is_away(tmp_path: Path) -> None:
    async with service(tmp_path, f"127.0.0.1:{free_port_base(1)}") as running:

        async def alive() -> bool:
            return bool((await running.total())["received_total"] == 0)

        await wait_until_async(alive, WITHIN_S, "figures are served")
        assert (await running.client.get("/healthz/live")).status_code == 200
        ready = await running.client.get("/healthz/ready")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready"})
        assert await running.stop() == 0
