"""Reading a compacted partition from its beginning to its end: the latest value of each key."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

PROGRESS_WITHIN_SECONDS = 30.0


async def sweep(connection: dict[str, Any], tp: TopicPartition) -> tuple[dict[bytes, bytes], int]:
    """The latest value per key (tombstones left out), and the end offset at which the read stopped.

    Raises TimeoutError when the broker delivers nothing for half a minute: a partition read by half is a wrong ledger.
    """
    consumer = AIOKafkaConsumer(
        **connection, group_id=None, enable_auto_commit=False, fetch_max_wait_ms=50, max_partition_fetch_bytes=8 << 20
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        latest: dict[bytes, bytes] = {}
        position = await consumer.position(tp)
        while position < end:
            position = await _advance(consumer, tp, position, latest)
        return latest, end
    finally:
        await consumer.stop()


async def _advance(consumer: AIOKafkaConsumer, tp: TopicPartition, position: int, latest: dict[bytes, bytes]) -> int:
    async with asyncio.timeout(PROGRESS_WITHIN_SECONDS):
        while (moved := await consumer.position(tp)) == position:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=10_000)).values():
                _take(records, latest)
    return int(moved)


def _take(records: list[Any], latest: dict[bytes, bytes]) -> None:
    for record in records:
        if record.value is None:
            latest.pop(record.key, None)
        else:
            latest[record.key] = record.value
