"""The relay against a real broker: everything that is logged arrives, in order per dossier,
whatever happens to the broker."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from motcua.stack.broker import Node
from shared.contract.envelope import decode_envelope
from shared.contract.topics import EVENTS
from tests.intake.conftest import Start
from tests.intake.sending import Sender, cloud_event, received
from tests.support.wait import wait_until_async

pytestmark = pytest.mark.broker
WITHIN_S = 60.0
PARTITIONS = 4


def code(number: int) -> str:
    return f"H59.15-231208-{number:04d}"


def story(number: int) -> list[dict[str, Any]]:
    return [
        received(code(number)),
        cloud_event("processing_started", "2023-12-11T08:00", code(number)),
        cloud_event("resolved", "2023-12-12T08:00", code(number)),
    ]


async def arrived(bootstrap: str) -> list[Any]:
    """Every record of the events topic, partition by partition in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(EVENTS.name, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while len(records) < sum(ends.values()):
            found = await consumer.getmany(timeout_ms=1000)
            records.extend(record for batch in found.values() for record in batch)
        return records
    finally:
        await consumer.stop()


def sequences(records: list[Any]) -> dict[str, list[int | None]]:
    """The sequence numbers of each dossier in the order in which they first arrived."""
    found: dict[str, list[int | None]] = {}
    for record in records:
        envelope = decode_envelope(record.value)
        seen = found.setdefault(envelope.subject, [])
        if envelope.sequence not in seen:
            seen.append(envelope.sequence)
    return found


async def all_relayed(intake: Sender) -> None:
    async def done() -> bool:
        head = (await intake.http.get("/v1/log/head")).json()
        return bool(head["relayed"] == head["position"])

    await wait_until_async(done, WITHIN_S, "everything is relayed")


async def test_logged_events_arrive_keyed_by_dossier_and_in_order(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await intake.bulk(*(each for number in range(1, 201) for each in story(number)))
        await all_relayed(intake)
        log = {entry["event"]["id"]: entry["event"] for entry in await intake.log()}
        assert await intake.metric("motcua_relay_backlog_events") == 0
        assert await intake.metric('motcua_reconciliation_difference{stage="relay"}') == 0
        assert await intake.metric('motcua_pipeline_lag_seconds_count{stage="relay"}') == 600
    records = await arrived(fresh_broker)
    assert len(records) == len(log)
    assert sequences(records) == {code(number): [1, 2, 3] for number in range(1, 201)}
    where: Callable[..., int] = DefaultPartitioner()
    for record in records:
        assert record.partition == where(record.key, list(range(PARTITIONS)), None)
        assert record.key.decode() == decode_envelope(record.value).subject


async def test_after_a_restart_the_relay_goes_on_from_its_cursor(start: Start, fresh_broker: str) -> None:
    for number in (1, 2):
        async with start(kafka_bootstrap=fresh_broker) as intake:
            await intake.bulk(*story(number))
            await all_relayed(intake)
    assert len(await arrived(fresh_broker)) == 6


async def test_intake_accepts_without_a_broker_and_delivers_when_it_is_back(start: Start, fresh_node: Node) -> None:
    async with start(kafka_bootstrap=fresh_node.bootstrap) as intake:
        await intake.bulk(*story(1))
        await all_relayed(intake)
        fresh_node.kill()
        for number in range(2, 12):
            assert (await intake.bulk(*story(number)))["accepted"] == 3
        assert (await intake.http.get("/healthz/ready")).status_code == 200
        assert await intake.metric("motcua_relay_backlog_events") == 30
        await asyncio.to_thread(fresh_node.start)
        await all_relayed(intake)
    assert sequences(await arrived(fresh_node.bootstrap)) == {code(number): [1, 2, 3] for number in range(1, 12)}


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_instances_one_relays_and_the_other_takes_over(start: Start, fresh_broker: str) -> None:
    async with start(kafka_bootstrap=fresh_broker) as other:
        async with start(kafka_bootstrap=fresh_broker) as one:
            await asyncio.gather(*(sender.bulk(*story(number)) for number, sender in enumerate((one, other) * 5, 1)))
            await all_relayed(one)
        assert len(await arrived(fresh_broker)) == 30
        await other.bulk(*story(11))
        await all_relayed(other)
    assert sequences(await arrived(fresh_broker)) == {code(number): [1, 2, 3] for number in range(1, 12)}
