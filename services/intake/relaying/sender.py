"""A Kafka producer that keeps the order of each dossier through retries and failures."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer

from services.intake.settings import IntakeSettings
from shared.contract.marks import Headers, number_header
from shared.contract.topics import EVENTS
from shared.service.kafka import check_partitions, connection, ensure_topics, partition_of

MAX_BATCH_BYTES = 920_000  # under the broker's default limit of a message set, about one mebibyte
REQUEST_TIMEOUT_MS = 15_000
SEND_SECONDS = 30.0
STOP_SECONDS = REQUEST_TIMEOUT_MS / 1000 + 2  # what a broker that is gone never acknowledges expires first
LOGGER = structlog.get_logger()


class TopicRemade(Exception):
    """The events topic is not the one it was: it has to be compared with the log again."""


class Sender:
    """Idempotent, acks=all, one unacknowledged batch per partition: after a failure nothing later of a dossier is there
    already.

    A failed sender is not used again: its successor starts with a new producer id and resends from the relay's cursor.
    """

    def __init__(self, settings: IntakeSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._partitions: list[int] = []
        self._offsets: dict[int, int] = {}

    async def __aenter__(self) -> Self:
        await ensure_topics(self._settings)
        self._producer = AIOKafkaProducer(
            **connection(self._settings),
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
        try:
            await self._producer.start()
            self._partitions = sorted(await self._producer.partitions_for(EVENTS.name))
            check_partitions(self._settings, EVENTS.name, len(self._partitions))
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """Let go of the connections, to the end also when cancelled: a producer stopped half-way leaks them."""
        stopping = asyncio.create_task(self._producer.stop())
        try:
            await asyncio.wait([stopping], timeout=STOP_SECONDS)
        except asyncio.CancelledError:
            await asyncio.wait([stopping], timeout=STOP_SECONDS)
            raise
        finally:
            if not stopping.cancel() and (failure := stopping.exception()) is not None:
                LOGGER.warning("producer_not_stopped_cleanly", error=repr(failure))

    @property
    def partitions(self) -> int:
        """How many the events topic has."""
        return len(self._partitions)

    async def send(self, events: Sequence[tuple[str, bytes, str]], numbers: Sequence[int], *, more: bool) -> list[int]:
        """Send (dossier code, event, fields that intake added) in order per dossier; returns when the broker has
        acknowledged them all.

        `numbers` counts the events of each partition before these; returned is the count after them. `more`: the log
        goes on behind them. Raises TopicRemade when the broker puts an event where it had put an earlier one,
        TimeoutError when it does not answer.
        """
        counts = list(numbers)
        waiting: dict[int, deque[tuple[bytes, bytes, Headers]]] = {}
        for code, event, added in events:
            key = code.encode()
            slot = partition_of(key, len(counts))
            counts[slot] += 1
            waiting.setdefault(self._partitions[slot], deque()).append((key, event, number_header(counts[slot], added, more=more)))
        async with asyncio.timeout(SEND_SECONDS):
            while waiting:
                sent = {partition: await self._send_some(partition, records) for partition, records in waiting.items()}
                for partition, place in zip(sent, await asyncio.gather(*sent.values()), strict=True):
                    self._acknowledged(partition, place.offset)
                waiting = {partition: records for partition, records in waiting.items() if records}
        return counts

    def _acknowledged(self, partition: int, offset: int) -> None:
        before = self._offsets.get(partition, -1)
        if 0 <= offset <= before:
            raise TopicRemade(f"partition {partition} of {EVENTS.name} is shorter than it was: {offset} came after {before}")
        self._offsets[partition] = offset

    def check_ends(self, ends: Mapping[int, int]) -> None:
        """Raises TopicRemade when a partition ends before what the broker acknowledged."""
        for partition, offset in self._offsets.items():
            if ends.get(partition, 0) <= offset:
                raise TopicRemade(f"partition {partition} of {EVENTS.name} ends before offset {offset}, which was acknowledged")

    async def _send_some(self, partition: int, records: deque[tuple[bytes, bytes, Headers]]) -> "asyncio.Future[Any]":
        """One batch with as many of the partition's events as fit."""
        batch = self._producer.create_batch()
        while records and batch.append(key=records[0][0], value=records[0][1], timestamp=None, headers=records[0][2]) is not None:
            records.popleft()
        batch.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(batch, EVENTS.name, partition=partition)
        return future
