"""Publishing many records and waiting until all of them are acknowledged, in order per partition."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer

from shared.contract.marks import Headers

NewRecord = tuple[bytes | None, bytes | None] | tuple[bytes | None, bytes | None, Headers]  # key, value, headers
MAX_BATCH_BYTES = 900_000  # under the broker's default limit of a message set, about one mebibyte
REQUEST_TIMEOUT_MS = 15_000
STOPS_WITHIN_S = 5.0
log = structlog.get_logger()


class Span(NamedTuple):
    """Where the broker put a batch: the first record's offset, and how many there are."""

    first: int
    records: int


class Publisher:
    """An idempotent producer (acks from all in-sync replicas) that sends whole batches, one at a time per partition.

    Where one fails nothing behind it is there already. A publisher that failed is not used again: its successor has a
    new producer id and sends again what was not acknowledged.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        acknowledged_within_s: float = 60.0,
        stops_within_s: float = STOPS_WITHIN_S,
    ) -> None:
        self._connection = connection
        self._started: AIOKafkaProducer | None = None
        self._acknowledged_within_s = acknowledged_within_s
        self._stops_within_s = stops_within_s

    async def start(self) -> None:
        """Connect; raises a KafkaError when no broker answers."""
        self._started = AIOKafkaProducer(
            **self._connection,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=4 << 20,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        await self._started.start()

    async def stop(self) -> None:
        """Disconnect, from a broker that is gone too; does nothing when it never was connected.

        To the end also when cancelled: a producer that is stopped half-way leaks its connections.
        """
        if self._started is None:
            return
        stopping = asyncio.create_task(self._started.stop())
        try:
            await asyncio.wait([stopping], timeout=self._stops_within_s)
        except asyncio.CancelledError:
            await asyncio.wait([stopping], timeout=self._stops_within_s)
            raise
        finally:
            if not stopping.cancel() and not stopping.cancelled() and (failure := stopping.exception()) is not None:
                log.warning("producer_not_stopped_cleanly", error=repr(failure))

    @property
    def _producer(self) -> AIOKafkaProducer:
        assert self._started is not None, "start() comes first"
        return self._started

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has."""
        return len(await self._producer.partitions_for(topic))

    async def publish(self, topic: str, by_partition: Mapping[int, Iterable[NewRecord]]) -> dict[int, list[Span]]:
        """Send records to partitions and wait for every acknowledgement; where they are, per partition.

        Raises TimeoutError or a KafkaError when the broker does not take them all: some may have been written.
        """
        async with asyncio.timeout(self._acknowledged_within_s):
            spans = await asyncio.gather(
                *(self._publish_one(topic, number, records) for number, records in by_partition.items())
            )
        return {number: written for number, written in zip(by_partition, spans, strict=True) if written}

    async def publish_by_key(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Send few records wherever the default partitioner puts their keys, and wait for every acknowledgement."""
        async with asyncio.timeout(self._acknowledged_within_s):
            sent = [await self._producer.send(topic, key=key, value=value) for key, value in records]
            await asyncio.gather(*sent)

    async def _publish_one(self, topic: str, partition: int, records: Iterable[NewRecord]) -> list[Span]:
        """One batch after the other: when one fails, nothing behind it is there already."""
        waiting, spans = deque(records), []
        while waiting:
            batch = self._producer.create_batch()
            while waiting and _append(batch, waiting[0]):
                waiting.popleft()
            count = batch.record_count()
            if not count:
                msg = (
                    f"a record of {len(waiting[0][1] or b'')} bytes for {topic} is larger than a batch of "
                    f"{MAX_BATCH_BYTES} bytes"
                )
                raise ValueError(msg)
            batch.close()
            spans.append(
                Span((await (await self._producer.send_batch(batch, topic, partition=partition))).offset, count)
            )
        return spans


def _append(batch: Any, record: NewRecord) -> bool:
    """Whether the record still fitted."""
    headers = record[2] if len(record) > 2 else []  # noqa: PLR2004 - the third is there or not
    return batch.append(key=record[0], value=record[1], timestamp=None, headers=headers) is not None
