"""The broker's topics as a stranger reads, writes and breaks them."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata

from tests.support.wait import wait_until_async

EVENTS, STATUS = "motcua.dossier.events.v1", "motcua.dossier.status.v1"
ALERTS, DEAD_LETTERS = "motcua.dossier.alerts.v1", "motcua.dossier.dead-letters.v1"
TICKS = "motcua.processing.ticks.v1"
GROUP = "motcua-processing-v1"
SETTINGS = {
    EVENTS: {"cleanup.policy": "delete", "retention.ms": "-1"},
    STATUS: {"cleanup.policy": "compact"},
    TICKS: {},
}
LARGEST_REQUEST = 8 * 1024 * 1024
GONE_WITHIN_S = 30.0
Place = tuple[str, int, int]  # topic, partition, offset


@dataclass(frozen=True, slots=True)
class Record:
    """What to write; `partition` 0 unless said otherwise."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


async def read(bootstrap: str, topic: str) -> list[Any]:
    """Every record of a topic that is there now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await _partitions(bootstrap, topic)]
        if not partitions:
            return []
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                batches = await consumer.getmany(timeout_ms=500)
                found += [record for batch in batches.values() for record in batch]
        return found
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: str) -> list[int]:
    """The numbers of a topic's partitions; none when there is no such topic."""
    async with _admin(bootstrap) as admin:
        (described,) = await admin.describe_topics([topic])
    return sorted(partition["partition"] for partition in described["partitions"])


async def write(bootstrap: str, records: Iterable[Record]) -> list[Place]:
    """Where each record now stands."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=LARGEST_REQUEST)
    await producer.start()
    try:
        waiting = [
            await producer.send(
                record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
            )
            for record in records
        ]
        written = [await future for future in waiting]
        return [(place.topic, place.partition, place.offset) for place in written]
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def remake(bootstrap: str, topic: str, partitions: int = 4) -> None:
    """The topic deleted with all it holds, and made again under its name."""
    async with _admin(bootstrap) as admin:
        await admin.delete_topics([topic])

        async def is_gone() -> bool:
            return topic not in await admin.list_topics()

        await wait_until_async(is_gone, GONE_WITHIN_S, f"{topic} is deleted")
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=SETTINGS[topic])])


async def commit(bootstrap: str, group: str, topic: str, *, at_the_end: bool) -> None:
    """Move what a group has committed to the beginning or the end of a topic; nobody may be left in the group."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await _partitions(bootstrap, topic)]
        consumer.assign(partitions)
        offsets = await (consumer.end_offsets if at_the_end else consumer.beginning_offsets)(partitions)
        wanted = {partition: OffsetAndMetadata(offset, "") for partition, offset in offsets.items()}

        async def is_taken() -> bool:
            with contextlib.suppress(CommitFailedError):  # a dead worker is a member until its session is over
                await consumer.commit(wanted)
                return True
            return False

        await wait_until_async(is_taken, GONE_WITHIN_S, f"offsets of {group} are moved")
    finally:
        await consumer.stop()
