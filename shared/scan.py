"""Reading partitions from given offsets to where they end now, outside any consumer group."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

PROGRESS_WITHIN_SECONDS = 30.0
FETCH_MAX_WAIT_MS = 50
PARTITION_FETCH_BYTES = 8 << 20
RECORDS_AT_ONCE = 2000  # between two looks at other tasks: reading must not hold the loop up

Take = Callable[[Any], None]


async def scan(
    connection: Mapping[str, Any], starts: Mapping[TopicPartition, int], take: Take, ends: Mapping[TopicPartition, int] | None = None
) -> dict[TopicPartition, int]:
    """Give every record from the starts to the ends (where the partitions end now, unless given) to `take`; where each read stopped.

    A start before what the broker still has begins there; one after the end reads nothing and stops at the end, so that who asked sees a
    partition shorter than it was. Raises TimeoutError when the broker delivers nothing for half a minute: what is read by half is wrong.
    """
    if not starts:
        return {}
    consumer = AIOKafkaConsumer(
        **connection,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    try:
        await consumer.start()
        consumer.assign(list(starts))
        found, first = await consumer.end_offsets(list(starts)), await consumer.beginning_offsets(list(starts))
        until = {tp: min(found[tp], ends[tp]) if ends is not None else found[tp] for tp in starts}
        reading = {tp for tp, start in starts.items() if max(start, first[tp]) < until[tp]}
        for tp, start in starts.items():
            consumer.seek(tp, max(start, first[tp]))
            if tp not in reading:
                consumer.pause(tp)
        while reading:
            reading -= await _advance(consumer, reading, until, take)
        return until
    finally:
        await consumer.stop()


async def _advance(
    consumer: AIOKafkaConsumer, reading: set[TopicPartition], until: Mapping[TopicPartition, int], take: Take
) -> set[TopicPartition]:
    """One step; which partitions are read to their end now."""
    async with asyncio.timeout(PROGRESS_WITHIN_SECONDS):
        while True:
            before = {tp: await consumer.position(tp) for tp in reading}
            for tp, records in (await consumer.getmany(*reading, timeout_ms=1000, max_records=RECORDS_AT_ONCE)).items():
                for record in records:
                    if record.offset < until[tp]:
                        take(record)
            await asyncio.sleep(0)
            done = {tp for tp in reading if await consumer.position(tp) >= until[tp]}
            for tp in done:
                consumer.pause(tp)
            if done or any([await consumer.position(tp) > before[tp] for tp in reading]):
                return done
