"""A Kafka producer that keeps the order of each dossier through retries and failures."""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from services.intake.settings import IntakeSettings
from shared.contract.topics import EVENTS
from shared.kafka import connection, ensure_topics

MAX_BATCH_BYTES = 920_000  # under the broker's default limit of a message set, about one mebibyte
REQUEST_TIMEOUT_MS = 15_000
STOP_SECONDS = REQUEST_TIMEOUT_MS / 1000 + 2  # what a broker that is gone never acknowledges expires first
POSITIVE = 0x7FFFFFFF
LOGGER = structlog.get_logger()


class Sender:
    """Idempotent, acks=all, one unacknowledged batch per partition: after a failure nothing later of a dossier is there already.

    A failed sender is not used again: its successor starts with a new producer id and resends from the relay's cursor.
    """

    def __init__(self, settings: IntakeSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._partitions: list[int] = []

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

    async def send(self, events: Sequence[tuple[str, bytes]]) -> None:
        """Send (dossier code, event) pairs in order per dossier; returns when the broker has acknowledged them all."""
        waiting: dict[int, deque[tuple[bytes, bytes]]] = {}
        for code, event in events:
            key = code.encode()
            waiting.setdefault(self._partitions[_slot(key, len(self._partitions))], deque()).append((key, event))
        while waiting:
            sent = [await self._send_some(partition, pairs) for partition, pairs in waiting.items()]
            await asyncio.gather(*sent)
            waiting = {partition: pairs for partition, pairs in waiting.items() if pairs}

    async def _send_some(self, partition: int, pairs: deque[tuple[bytes, bytes]]) -> "asyncio.Future[Any]":
        """One batch with as many of the partition's events as fit."""
        batch = self._producer.create_batch()
        while pairs and batch.append(key=pairs[0][0], value=pairs[0][1], timestamp=None) is not None:
            pairs.popleft()
        batch.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(batch, EVENTS.name, partition=partition)
        return future


@lru_cache(maxsize=50_000)
def _slot(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner; every event of a dossier lands in one partition."""
    return int((murmur2(key) & POSITIVE) % partitions)
