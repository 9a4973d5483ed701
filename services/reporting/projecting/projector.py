"""Reads the status topic from where SQL says it is and projects it, for ever; Kafka keeps no offset for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.health import Progress
from services.reporting.projecting import dead_letters
from services.reporting.projecting.batch import Batch, Change, Record
from services.reporting.projecting.metrics import PipelineMetrics
from services.reporting.projecting.pacing import gathering_s
from services.reporting.projecting.projection import Move, OffsetsMoved, project, rewind, stored_offsets
from services.reporting.settings import ReportingSettings
from shared.clock import Clock
from shared.contract.topics import STATUS
from shared.kafka import connection, ensure_topics
from shared.unavailable import passes

POLL_MS = 200
REQUEST_TIMEOUT_MS = 15_000
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BREATHE_EVERY = 200  # records between two looks at other tasks: a batch must not hold requests up

log = structlog.get_logger()
ItemT = TypeVar("ItemT")


class AssignmentChanged(Exception):
    """The topic has other partitions than those assigned."""


@dataclass(slots=True)
class Projector:
    """The clock is the one that `recordedtime` was read from, never a demo's: the lag is measured between the two."""

    settings: ReportingSettings
    engine: AsyncEngine
    clock: Clock
    progress: Progress
    metrics: PipelineMetrics
    in_a_row: int = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. What passes (broker or database away, another projector) is retried; anything else is raised."""
        failures = 0
        while not stopping.is_set():
            self.progress.beat()
            try:
                async with self._session() as session:
                    failures = 0
                    while not stopping.is_set():
                        started = time.monotonic()
                        records = await session.step()
                        await _pause(stopping, gathering_s(records, time.monotonic() - started))
            except Exception as error:
                if not _retried(error):
                    raise
                log.warning("projector_restarts", error=repr(error), failures=failures)
                await _pause(stopping, BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
            finally:
                self.progress.assigned = False

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["_Session"]:
        await ensure_topics(self.settings)
        async with AsyncExitStack() as stack:
            producer = AIOKafkaProducer(
                **connection(self.settings), acks="all", enable_idempotence=True, request_timeout_ms=REQUEST_TIMEOUT_MS
            )
            stack.push_async_callback(producer.stop)
            await producer.start()
            consumer = AIOKafkaConsumer(
                **connection(self.settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",  # an offset the broker does not have must be seen, not skipped
                fetch_max_wait_ms=self.settings.fetch_max_wait_ms,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
            )
            stack.push_async_callback(consumer.stop)
            await consumer.start()
            session = _Session(self, consumer, producer)
            await session.assign()
            yield session


class _Session:
    """One connection to the broker, with the offsets it started from."""

    def __init__(self, projector: Projector, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._projector = projector
        self._consumer = consumer
        self._producer = producer
        self._positions: dict[int, int] = {}

    async def assign(self) -> None:
        """All partitions, each at its stored offset."""
        engine = self._projector.engine
        partitions = sorted(await self._producer.partitions_for(STATUS.name))
        assigned = [TopicPartition(STATUS.name, partition) for partition in partitions]
        self._consumer.assign(assigned)
        positions = await stored_offsets(engine, STATUS.name, partitions)
        moves = await self._lost_offsets(assigned, positions)
        await rewind(engine, STATUS.name, moves)
        self._positions = positions | {partition: move.becomes for partition, move in moves.items()}
        for topic_partition in assigned:
            self._consumer.seek(topic_partition, self._positions[topic_partition.partition])
        self._projector.progress.assigned = True
        log.info("projector_assigned", positions=self._positions)

    async def _lost_offsets(self, assigned: list[TopicPartition], positions: dict[int, int]) -> dict[int, Move]:
        """Partitions whose stored offset the broker does not have (it lost or recreated the topic): back to their beginning.

        What is read again changes nothing: a version not above the stored one is ignored.
        """
        first = await self._consumer.beginning_offsets(assigned)
        end = await self._consumer.end_offsets(assigned)
        moves: dict[int, Move] = {}
        for topic_partition in assigned:
            partition = topic_partition.partition
            stored, beginning = positions[partition], first[topic_partition]
            if beginning <= stored <= end[topic_partition]:
                continue
            if stored:
                log.warning("projector_rewinds", partition=partition, stored=stored, beginning=beginning, end=end[topic_partition])
            moves[partition] = Move(stored, beginning)
        return moves

    async def step(self) -> int:
        """One batch, if there is one; how many records it had."""
        projector = self._projector
        if self._consumer.partitions_for_topic(STATUS.name) != set(self._positions):
            raise AssignmentChanged(STATUS.name)
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=projector.settings.batch_max_records)
        records = [record for of_partition in found.values() for record in of_partition]
        if records:
            await self._project(records)
        projector.progress.beat()
        return len(records)

    async def _project(self, records: Iterable[Record]) -> None:
        projector, metrics = self._projector, self._projector.metrics
        batch = Batch(projector.in_a_row)
        async for record in _breathing(records):
            batch.take(record)
        changes: dict[str, list[Change]] = {}
        async for code in _breathing(batch.codes()):
            changes[code] = batch.changes(code)
        projector.in_a_row = batch.in_a_row
        if batch.unreadable:
            await self._put_aside(batch)
        moves = {partition: Move(self._positions[partition], after) for partition, after in batch.next_offsets.items()}
        applied = await project(projector.engine, STATUS.name, moves, changes)
        self._positions |= batch.next_offsets
        metrics.projected(batch.statuses, applied, projector.clock())

    async def _put_aside(self, batch: Batch) -> None:
        await dead_letters.send(self._producer, batch.unreadable, self._projector.clock())
        for unreadable in batch.unreadable:
            record = unreadable.record
            self._projector.metrics.dead_letters.labels(unreadable.reason).inc()
            where = {"partition": record.partition, "offset": record.offset}
            log.warning("status_unreadable", reason=unreadable.reason, detail=unreadable.detail, **where)


def _retried(error: Exception) -> bool:
    if isinstance(error, (OffsetsMoved, AssignmentChanged, OffsetOutOfRangeError)):
        return True
    return (isinstance(error, KafkaError) and bool(error.retriable)) or passes(error)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    if seconds <= 0:
        return
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return


async def _breathing(items: Iterable[ItemT]) -> AsyncIterator[ItemT]:
    for number, item in enumerate(items):
        if number % BREATHE_EVERY == BREATHE_EVERY - 1:
            await asyncio.sleep(0)
        yield item
