"""Publishing many records and waiting until all of them are acknowledged, in order per partition."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from shared.contract.marks import Headers

Record = tuple[bytes | None, bytes | None] | tuple[bytes | None, bytes | None, Headers]  # key, value, headers
MAX_BATCH_BYTES = 900_000  # under the broker's default limit of a message set, about one mebibyte
STOPS_WITHIN_SECONDS = 5.0


class Span(NamedTuple):
    """Where the broker put a batch: the first record's offset, and how many there are."""

    first: int
    records: int


class Publisher:
    """An idempotent producer (acks from all in-sync replicas) that sends whole batches."""

    def __init__(self, connection: Mapping[str, Any], *, acknowledged_within: float = 60.0) -> None:
        self._connection = connection
        self._started: AIOKafkaProducer | None = None
        self._acknowledged_within = acknowledged_within

    async def start(self) -> None:
        """Connect; raises a KafkaError when no broker answers."""
        producer = AIOKafkaProducer(
            **self._connection, acks="all", enable_idempotence=True, max_batch_size=MAX_BATCH_BYTES, max_request_size=4 << 20
        )
        self._started = producer
        await producer.start()

    async def stop(self) -> None:
        """Disconnect, from a broker that is gone too; does nothing when it never was connected."""
        if self._started is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._started.stop(), STOPS_WITHIN_SECONDS)

    @property
    def _producer(self) -> AIOKafkaProducer:
        assert self._started is not None, "start() comes first"
        return self._started

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        return len(await self._producer.partitions_for(topic))

    async def publish(self, topic: str, by_partition: Mapping[int, Iterable[Record]]) -> dict[int, list[Span]]:
        """Send records to partitions and wait for every acknowledgement; where they are, per partition.

        Raises TimeoutError or a KafkaError when the broker does not take them all: some may have been written.
        """
        async with asyncio.timeout(self._acknowledged_within):
            spans = await asyncio.gather(*(self._publish_one(topic, number, records) for number, records in by_partition.items()))
        return {number: written for number, written in zip(by_partition, spans, strict=True) if written}

    async def publish_by_key(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Send few records wherever the default partitioner puts their keys, and wait for every acknowledgement."""
        async with asyncio.timeout(self._acknowledged_within):
            sent = [await self._producer.send(topic, key=key, value=value) for key, value in records]
            await asyncio.gather(*sent)

    async def _publish_one(self, topic: str, partition: int, records: Iterable[Record]) -> list[Span]:
        """One batch after the other: when one fails, nothing behind it is there already."""
        waiting, spans = deque(records), []
        while waiting:
            batch = self._producer.create_batch()
            while waiting and _append(batch, waiting[0]):
                waiting.popleft()
            count = batch.record_count()
            if not count:
                msg = f"a record of {len(waiting[0][1] or b'')} bytes for {topic} is larger than a batch of {MAX_BATCH_BYTES} bytes"
                raise ValueError(msg)
            batch.close()
            spans.append(Span((await (await self._producer.send_batch(batch, topic, partition=partition))).offset, count))
        return spans


def _append(batch: Any, record: Record) -> bool:
    """Whether the record still fitted."""
    headers = record[2] if len(record) > 2 else []  # noqa: PLR2004 - the third is there or not
    return batch.append(key=record[0], value=record[1], timestamp=None, headers=headers) is not None
