"""The processor's topics as these tests write and read them:
events with numbers as the relay sends them, statuses, dead letters."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.partitioner import DefaultPartitioner

from shared.contract.envelope import CloudEvent, encode
from shared.contract.marks import number_header
from shared.contract.status import decode_status
from shared.contract.topics import EVENTS, STATUS
from shared.service.kafka import scan
from shared.service.publisher import NewRecord, Publisher
from tests.support.service import Service

PARTITIONS = [0, 1, 2, 3]
_partition_of = DefaultPartitioner()


def partition_of(code: str) -> int:
    return int(_partition_of(code.encode(), PARTITIONS, PARTITIONS))


def in_partition(number: int, department: str, count: int) -> list[str]:
    """Dossier codes of a department that share a partition."""
    codes = (f"{department}-231208-{serial:04d}" for serial in range(1, 10_000))
    return [code for code in codes if partition_of(code) == number][:count]


@asynccontextmanager
async def publisher(broker: str) -> AsyncIterator[Publisher]:
    started = Publisher({"bootstrap_servers": broker})
    await started.start()
    try:
        yield started
    finally:
        await started.stop()


async def publish(broker: Publisher, events: Sequence[CloudEvent]) -> None:
    """As a stranger, or a version before, would: without numbers."""
    by_partition: dict[int, list[NewRecord]] = defaultdict(list)
    for event in events:
        by_partition[partition_of(event.subject)].append((event.subject.encode(), encode(event)))
    await broker.publish(EVENTS.name, by_partition)


async def publish_numbered(broker: Publisher, events: Sequence[tuple[int, CloudEvent]]) -> None:
    """As the relay does: each event with its number in its partition."""
    by_partition: dict[int, list[NewRecord]] = defaultdict(list)
    for number, event in events:
        by_partition[partition_of(event.subject)].append((event.subject.encode(), encode(event), number_header(number)))
    await broker.publish(EVENTS.name, by_partition)


async def statuses(broker: str, department: str) -> dict[str, Any]:
    """The latest snapshot of every dossier of a department."""
    latest: dict[bytes, bytes] = {}
    everything = {TopicPartition(STATUS.name, partition): 0 for partition in PARTITIONS}
    await scan({"bootstrap_servers": broker}, everything, lambda record: latest.update({record.key: record.value}))
    return {key.decode(): decode_status(value) for key, value in latest.items() if key.startswith(department.encode())}


async def everything_on(broker: str, topic: str) -> list[bytes]:
    """Every record of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        values: list[bytes] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                values += [record.value for record in records]
        return values
    finally:
        await consumer.stop()


async def delete_topic(broker: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()


async def get(processing: Service, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=processing.url, headers=headers, verify=False) as client:
        return await client.get(path)


async def metric(processing: Service, sample: str) -> float | None:
    """The value of a sample, with its labels; None when it is not there."""
    lines = (await get(processing, "/metrics")).text.splitlines()
    return next((float(line.removeprefix(sample + " ")) for line in lines if line.startswith(sample + " ")), None)
