"""Reads the status topic from where SQL says it is and projects it, for ever; Kafka keeps no offset for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.health import Progress
from services.reporting.projecting import dead_letters
from services.reporting.projecting.batch import Batch, Change, Record, Unreadable, in_a_row
from services.reporting.projecting.metrics import PipelineMetrics
from services.reporting.projecting.pacing import gathering_s
from services.reporting.projecting.projection import Move, OffsetsMoved, culprits, is_ours, project, rewind, stored_readings
from services.reporting.projecting.reading import Read, Reading
from services.reporting.projecting.versions import Applied
from services.reporting.settings import ReportingSettings
from shared.contract.marks import LedgerMark
from shared.contract.topics import STATUS
from shared.service.clock import Clock
from shared.service.dead_letters import MALFORMED
from shared.service.kafka import connection, dropped_work_is_trouble, ensure_topics
from shared.service.sql import passes

POLL_MS = 200
REQUEST_TIMEOUT_MS = 15_000
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
UNPAUSED_POISON, LONGEST_POISON_PAUSE_S = 100, 5.0
READ_AGAIN_EVERY_S = 600.0  # a partition at most: that compaction removed a mark is innocent, and may happen again
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
    on_lost: Callable[[], None] = lambda: None  # called when statuses were lost: what was known when is then only in the log
    read_again_at: dict[int, float] = field(default_factory=dict)  # by partition, when it was last read again (monotonic clock)
    to_read_again: set[int] = field(default_factory=set)  # partitions where a mark jumped

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. What passes (broker or database away, another projector) is retried; anything else is raised."""
        failures = 0
        while not stopping.is_set():
            self.progress.beat()
            try:
                with dropped_work_is_trouble():
                    async with self._session() as session:
                        failures = 0
                        while not stopping.is_set():
                            started = time.monotonic()
                            records = await session.step()
                            await _pause(stopping, gathering_s(records, time.monotonic() - started))
                            await _pause(stopping, poison_pause_s(self.progress.poison_in_a_row) if records else 0.0)
            except Exception as error:
                if not _retried(error):
                    raise
                self.progress.filling = False
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
        self._readings: dict[int, Reading] = {}

    async def assign(self) -> None:
        """All partitions, each where its stored reading ends."""
        partitions = sorted(await self._producer.partitions_for(STATUS.name))
        assigned = [TopicPartition(STATUS.name, partition) for partition in partitions]
        self._consumer.assign(assigned)
        self._readings = await stored_readings(self._projector.engine, STATUS.name, partitions)
        first, end = await self._bounds(partitions)
        lost = {
            number for number, reading in self._readings.items() if not first[number] <= _reached(reading, first[number]) <= end[number]
        }
        for number in lost:
            log.warning("projector_rewinds", partition=number, stored=self._readings[number].next_offset, beginning=first[number])
        if lost:
            self._projector.on_lost()
        await self._read_whole(lost | {number for number, reading in self._readings.items() if not reading.next_offset})
        for number, reading in self._readings.items():
            self._consumer.seek(TopicPartition(STATUS.name, number), reading.next_offset)
        self._projector.progress.assigned = True
        self._projector.progress.filling = self._is_filling
        log.info("projector_assigned", positions={number: reading.next_offset for number, reading in self._readings.items()})

    @property
    def _is_filling(self) -> bool:
        return any(reading.next_offset < reading.whole_until for reading in self._readings.values())

    async def _bounds(self, partitions: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Where each partition begins and ends."""
        assigned = [TopicPartition(STATUS.name, number) for number in partitions]
        first, end = await self._consumer.beginning_offsets(assigned), await self._consumer.end_offsets(assigned)
        return {one.partition: first[one] for one in assigned}, {one.partition: end[one] for one in assigned}

    async def _read_whole(self, partitions: Iterable[int]) -> None:
        """Go back to where partitions begin. What is read again changes nothing: it is not above the stored (sequence, version)."""
        first, end = await self._bounds(partitions)
        becomes = {number: Reading(first[number], self._readings[number].mark, end[number]) for number in first}
        moves = {number: Move(self._readings[number].next_offset, reading) for number, reading in becomes.items()}
        await rewind(self._projector.engine, STATUS.name, moves)
        self._readings |= becomes

    async def step(self) -> int:
        """One batch, if there is one; how many records it had."""
        projector = self._projector
        if self._consumer.partitions_for_topic(STATUS.name) != set(self._readings):
            raise AssignmentChanged(STATUS.name)
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=projector.settings.batch_max_records)
        records = [record for of_partition in found.values() for record in of_partition]
        if records:
            await self._project(records)
        await self._read_again()
        projector.progress.beat()
        return len(records)

    async def _project(self, records: list[Record]) -> None:
        projector, metrics = self._projector, self._projector.metrics
        read, batch = Read.of(self._readings, self._may_be_read_again()), Batch()
        taken = list(read.taken(records))
        async for record in _breathing(taken):
            batch.take(record)
        changes: dict[str, list[Change]] = {}
        async for code in _breathing(batch.codes()):
            changes[code] = batch.changes(code)
        await self._put_aside(batch.unreadable)
        moves = {
            number: Move(self._readings[number].next_offset, read.readings[number]) for number in _moved(self._readings, read.readings)
        }
        applied, refused = await self._commit(moves, changes)
        self._readings |= {number: move.becomes for number, move in moves.items()}
        projector.progress.filling = self._is_filling
        if taken:
            projector.progress.poison_in_a_row = in_a_row(taken, [*batch.unreadable, *refused], projector.progress.poison_in_a_row)
            metrics.poison_in_a_row.set(projector.progress.poison_in_a_row)
        metrics.projected(batch.statuses, applied, projector.clock())
        self._note(read.gaps)

    async def _commit(self, moves: dict[int, Move], changes: dict[str, list[Change]]) -> tuple[list[Applied], list[Unreadable]]:
        """All changes but those that the database cannot hold: these are put aside, and the others do not suffer."""
        refused: list[Unreadable] = []
        while True:
            try:
                return await project(self._projector.engine, STATUS.name, moves, changes), refused
            except Exception as wrong:
                if is_ours(wrong):
                    raise
                found = await culprits(self._projector.engine, changes)
                if not found:
                    raise
            aside = [Unreadable(change.record, MALFORMED, repr(why)) for change, why in found if change.record is not None]
            await self._put_aside(aside)
            refused += aside
            culpable = {id(change) for change, _ in found}
            changes = {code: [one for one in versions if id(one) not in culpable] for code, versions in changes.items()}

    def _may_be_read_again(self) -> set[int]:
        """Not for ever anew: compaction makes gaps too, and they are innocent."""
        last, now = self._projector.read_again_at, time.monotonic()
        return {number for number in self._readings if now - last.get(number, -READ_AGAIN_EVERY_S) >= READ_AGAIN_EVERY_S}

    def _note(self, gaps: Mapping[int, tuple[int, LedgerMark]]) -> None:
        for number in gaps.keys() - self._projector.to_read_again:
            offset, mark = gaps[number]
            self._projector.metrics.skips.inc()
            log.warning("statuses_skipped", partition=number, offset=offset, ledger_events=mark.events, known=self._readings[number].mark)
        self._projector.to_read_again |= gaps.keys()

    async def _read_again(self) -> None:
        """Partitions where a mark jumped, from their beginning, as soon as that may be."""
        projector = self._projector
        if not (due := projector.to_read_again & self._may_be_read_again()):
            return
        projector.on_lost()
        await self._read_whole(due)
        for number in due:
            self._consumer.seek(TopicPartition(STATUS.name, number), self._readings[number].next_offset)
            projector.read_again_at[number] = time.monotonic()
        projector.to_read_again -= due

    async def _put_aside(self, unreadable: list[Unreadable]) -> None:
        if not unreadable:
            return
        await dead_letters.send(self._producer, unreadable, self._projector.clock())
        for one in unreadable:
            self._projector.metrics.dead_letters.labels(one.reason).inc()
            where = {"partition": one.record.partition, "offset": one.record.offset}
            log.warning("status_unreadable", reason=one.reason, detail=one.detail, **where)


def _reached(reading: Reading, first: int) -> int:
    """The furthest offset that the partition is known to have had."""
    return reading.next_offset if reading.next_offset < first else max(reading.next_offset, reading.whole_until)


def _moved(before: dict[int, Reading], after: dict[int, Reading]) -> Iterator[int]:
    return (number for number, reading in after.items() if reading.next_offset != before[number].next_offset)


def poison_pause_s(in_a_row: int) -> float:
    """After a batch: so many unusable records may mean that this reader is wrong, and give somebody time to look."""
    return 0.0 if in_a_row <= UNPAUSED_POISON else min(LONGEST_POISON_PAUSE_S, in_a_row / 1000)


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
