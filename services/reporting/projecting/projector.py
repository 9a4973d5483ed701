"""Reads the status topic from where SQL says it is, never from where Kafka would, and projects it, for ever."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.projecting.counted import (
    CountedEvents,
    KeptCount,
    first_recorded,
    keeping_counts,
    kept_counts,
    recalled,
)
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projection import (
    OffsetAdvance,
    OffsetsMoved,
    check_stands,
    culprits,
    is_ours,
    project,
    rewind,
    stored_positions,
)
from services.reporting.projecting.records import (
    Batch,
    FetchedRecords,
    PartitionPosition,
    UnreadableRecord,
    unreadable_in_a_row,
)
from services.reporting.read_model.store import breathing_between
from services.reporting.read_model.versions import NewVersion
from services.reporting.settings import ReportingSettings
from shared.contract.envelope import encode
from shared.contract.marks import LedgerMark
from shared.contract.topics import DEAD_LETTERS, STATUS
from shared.service import tracing
from shared.service.clock import Clock
from shared.service.dead_letters import MALFORMED, dead_letter
from shared.service.kafka import BROKER_ERRORS, KafkaRecord, connection, dropped_work_is_trouble, ensure_topics
from shared.service.pacing import Backoff, poison_pause_s, wait_until
from shared.service.publisher import REQUEST_TIMEOUT_MS, Publisher
from shared.service.sql import is_transient

POLL_MS = 200
CHECK_EVERY_S = 5.0  # while nothing comes
READ_AGAIN_EVERY_S = 600.0  # a partition at most: that compaction removed a mark is innocent, and may happen again
BREATHE_EVERY = 200  # records between two looks at other tasks: a batch must not hold requests up
A_RECORD_S = 0.001  # below a thousand records a second each pause is shorter than the one before
SHORTEST_S, LONGEST_S = 0.02, 0.5

log = structlog.get_logger()


class AssignmentChanged(Exception):
    """The topic has other partitions than those assigned."""


@dataclass(slots=True)
class Projector:
    """The clock is the one that `recordedtime` was read from, never a demo's: the lag is measured between the two."""

    settings: ReportingSettings
    engine: AsyncEngine
    clock: Clock
    health: ProjectorHealth
    metrics: PipelineMetrics
    on_lost: Callable[[], None] = lambda: None  # called when statuses were lost: what was known when is in the log only
    read_again_at: dict[int, float] = field(default_factory=dict)  # by partition, when it was (monotonic clock)
    to_read_again: set[int] = field(default_factory=set)  # partitions where a mark jumped
    counted: dict[int, CountedEvents] = field(default_factory=dict)  # by partition

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. What is transient (broker or database away, another projector) is retried."""
        backoff = Backoff()
        while not stopping.is_set():
            self.health.heartbeat.beat()
            try:
                with dropped_work_is_trouble():
                    async with self._session() as session:
                        backoff.reset()
                        while not stopping.is_set():
                            started = time.monotonic()
                            records = await session.step()
                            await wait_until(stopping, gathering_s(records, time.monotonic() - started))
                            await wait_until(stopping, poison_pause_s(self.health.poison_in_a_row) if records else 0.0)
            except Exception as error:
                if not (isinstance(error, (*BROKER_ERRORS, OffsetsMoved, AssignmentChanged)) or is_transient(error)):
                    raise
                self.health.filling = False
                self.metrics.sessions_ended.labels(ended_by(error)).inc()
                pause = backoff.next_s()
                log.warning("projector_restarts", error=repr(error), retry_seconds=pause)
                await wait_until(stopping, pause)
            finally:
                self.health.assigned = False

    @asynccontextmanager
    async def _session(self) -> AsyncIterator["_Session"]:
        await ensure_topics(self.settings)
        async with AsyncExitStack() as stack:
            publisher = Publisher(connection(self.settings))
            stack.push_async_callback(publisher.stop)
            await publisher.start()
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
            session = _Session(self, consumer, publisher)
            await session.assign()
            counts = keeping_counts(connection(self.settings), session.partitions, session.counts)
            await stack.enter_async_context(counts)
            yield session


class _Session:
    """One connection to the broker, with the positions it started from."""

    def __init__(self, projector: Projector, consumer: AIOKafkaConsumer, publisher: Publisher) -> None:
        self._projector, self._health, self._metrics = projector, projector.health, projector.metrics
        self._consumer, self._publisher = consumer, publisher
        self._positions: dict[int, PartitionPosition] = {}
        self._checked_at = time.monotonic()

    @property
    def partitions(self) -> Iterable[int]:
        return self._positions.keys()

    def counts(self) -> dict[int, KeptCount]:
        """What the broker may keep of each partition."""
        counted = self._projector.counted
        return {
            number: KeptCount(position.next_offset, counted[number].events, counted[number].unknown_before)
            for number, position in self._positions.items()
        }

    async def assign(self) -> None:
        """All partitions, each where its stored position is."""
        partitions = range(await self._publisher.partitions(STATUS.name))
        self._consumer.assign([TopicPartition(STATUS.name, number) for number in partitions])
        self._positions = await stored_positions(self._projector.engine, STATUS.name, partitions)
        first, end = await self._bounds(partitions)
        reached = {number: _reached(position, first[number]) for number, position in self._positions.items()}
        lost = {number for number in partitions if not first[number] <= reached[number] <= end[number]}
        for number in lost:
            stored = self._positions[number].next_offset
            log.warning("projector_rewinds", partition=number, stored=stored, beginning=first[number])
        unread = {number for number, position in self._positions.items() if not position.next_offset}
        counted = self._projector.counted
        if lost or any(number in counted and counted[number].events for number in unread):
            self._projector.on_lost()
        found = dict(self._positions)
        await self._read_whole(lost | unread)
        await self._recall(found)
        self._seek(partitions)
        self._health.assigned = True
        self._stands()
        log.info("projector_assigned", positions={number: one.next_offset for number, one in self._positions.items()})

    async def _recall(self, found: Mapping[int, PartitionPosition]) -> None:
        """Learn how many events of each partition have ever been counted; `found` is where the read model stood."""
        kept = await kept_counts(connection(self._projector.settings), found)
        self._projector.counted = recalled(self._projector.counted, found, kept, self._projector.clock())

    def _stands(self) -> None:
        """Say where it stands now."""
        positions = self._positions.values()
        self._health.filling = any(position.next_offset < position.whole_until for position in positions)
        self._health.positions = {number: one.next_offset for number, one in self._positions.items()}

    def _seek(self, partitions: Iterable[int]) -> None:
        for number in partitions:
            self._consumer.seek(TopicPartition(STATUS.name, number), self._positions[number].next_offset)

    async def _bounds(self, partitions: Iterable[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Where each partition begins and ends."""
        assigned = [TopicPartition(STATUS.name, number) for number in partitions]
        first, end = await self._consumer.beginning_offsets(assigned), await self._consumer.end_offsets(assigned)
        return {one.partition: first[one] for one in assigned}, {one.partition: end[one] for one in assigned}

    async def _read_whole(self, partitions: Iterable[int]) -> None:
        """Go back to where partitions begin. What is read again changes nothing: it is not above what is stored."""
        first, end = await self._bounds(partitions)
        becomes = {
            number: PartitionPosition(first[number], self._positions[number].mark, end[number]) for number in first
        }
        await rewind(self._projector.engine, STATUS.name, self._advances(becomes))
        self._positions |= becomes

    def _advances(self, becomes: Mapping[int, PartitionPosition]) -> dict[int, OffsetAdvance]:
        return {
            number: OffsetAdvance(self._positions[number].next_offset, position) for number, position in becomes.items()
        }

    async def step(self) -> int:
        """One batch, if there is one; how many records it had."""
        if self._consumer.partitions_for_topic(STATUS.name) != set(self._positions):
            raise AssignmentChanged(STATUS.name)
        fetched = await self._consumer.getmany(
            timeout_ms=POLL_MS, max_records=self._projector.settings.batch_max_records
        )
        records = [record for of_partition in fetched.values() for record in of_partition]
        if records:
            with self._metrics.batch.time():
                await self._project(records)
        elif time.monotonic() - self._checked_at >= CHECK_EVERY_S:
            await check_stands(self._projector.engine, STATUS.name, self._positions)
            self._checked_at = time.monotonic()
        await self._read_again()
        self._health.heartbeat.beat()
        return len(records)

    async def _project(self, records: list[KafkaRecord]) -> None:
        fetched, batch = FetchedRecords(self._positions, self._may_be_read_again()), Batch()
        taken = list(fetched.taken(records))
        async for part in breathing_between([*zip(taken, fetched.marks, strict=True)], BREATHE_EVERY):
            for record, mark in part:
                batch.take(record, mark)
        versions: dict[str, list[NewVersion]] = {}
        async for codes in breathing_between(batch.codes(), BREATHE_EVERY):
            for code in codes:
                versions[code] = batch.versions(code)
        await self._put_aside(batch.unreadable)
        before = self._positions
        moved = {n: one for n, one in fetched.positions.items() if one.next_offset != before[n].next_offset}
        statuses = (((record.key or b"").decode(errors="replace"), record.headers) for record in taken)
        traced = tracing.taking("projecting", statuses)
        with nullcontext() if traced is None else traced.first():
            refused = await self._commit(self._advances(moved), versions)
        self._positions |= moved
        self._stands()
        unreadable = [*batch.unreadable, *refused]
        if taken:
            self._health.poison_in_a_row = unreadable_in_a_row(taken, unreadable, self._health.poison_in_a_row)
            self._metrics.poison_in_a_row.set(self._health.poison_in_a_row)
        recorded = first_recorded(batch.read, unreadable, self._projector.counted)
        self._metrics.projected(len(batch.read), recorded, self._projector.clock())
        self._note(fetched.gaps)

    async def _commit(
        self, advances: dict[int, OffsetAdvance], versions: dict[str, list[NewVersion]]
    ) -> list[UnreadableRecord]:
        """All versions but those that the database cannot hold: these are put aside, and the others do not suffer."""
        refused: list[UnreadableRecord] = []
        while True:
            try:
                await project(self._projector.engine, STATUS.name, advances, versions)
            except Exception as wrong:
                if is_ours(wrong):
                    raise
                unstorable = await culprits(self._projector.engine, versions)
                if not unstorable:
                    raise
            else:
                return refused
            aside = [
                UnreadableRecord(one.record, MALFORMED, repr(why)) for one, why in unstorable if one.record is not None
            ]
            await self._put_aside(aside)
            refused += aside
            culpable = {id(one) for one, _ in unstorable}
            versions = {code: [one for one in given if id(one) not in culpable] for code, given in versions.items()}

    def _may_be_read_again(self) -> set[int]:
        """Not for ever anew: compaction makes gaps too, and they are innocent."""
        last, now = self._projector.read_again_at, time.monotonic()
        return {
            number for number in self._positions if now - last.get(number, -READ_AGAIN_EVERY_S) >= READ_AGAIN_EVERY_S
        }

    def _note(self, gaps: Mapping[int, tuple[int, LedgerMark]]) -> None:
        for number in gaps.keys() - self._projector.to_read_again:
            offset, mark = gaps[number]
            self._metrics.skips.inc()
            known = self._positions[number].mark
            log.warning("statuses_skipped", partition=number, offset=offset, ledger_events=mark.events, known=known)
        self._projector.to_read_again |= gaps.keys()

    async def _read_again(self) -> None:
        """Partitions where a mark jumped, from their beginning, as soon as that may be."""
        projector = self._projector
        if not (due := projector.to_read_again & self._may_be_read_again()):
            return
        projector.on_lost()
        await self._read_whole(due)
        self._seek(due)
        projector.read_again_at |= dict.fromkeys(due, time.monotonic())
        projector.to_read_again -= due

    async def _put_aside(self, unreadable: list[UnreadableRecord]) -> None:
        """Returns when the broker has every dead letter; a repeat after a crash names the same offset."""
        letters = []
        for one in unreadable:
            letter = dead_letter(one.record, reason=one.reason, detail=one.detail, failed_at=self._projector.clock())
            letters.append((letter.key, encode(letter)))
        await self._publisher.publish_by_key(DEAD_LETTERS.name, letters)
        for one in unreadable:
            self._metrics.dead_letters.labels(one.reason).inc()
            where = {"partition": one.record.partition, "offset": one.record.offset}
            log.warning("status_unreadable", reason=one.reason, detail=one.detail, **where)


def ended_by(trouble: Exception) -> str:
    """What ended a session, as the metric calls it."""
    match trouble:
        case OffsetsMoved():
            return "other_projector"
        case AssignmentChanged():
            return "partitions"
        case KafkaError() | TimeoutError():
            return "broker"
    return "database"


def _reached(position: PartitionPosition, first: int) -> int:
    """The furthest offset that the partition is known to have had."""
    next_offset = position.next_offset
    return next_offset if next_offset < first else max(next_offset, position.whole_until)


def gathering_s(records: int, since_s: float) -> float:
    """The pause before the next fetch: by how many records the last batch had, less the time since its own fetch began.

    Hardly at an office's pace, half a second in a flood: large batches are cheaper, for transactions are fewer, and of
    several snapshots of a dossier only the newest is counted.
    """
    if records == 0:
        return 0.0
    return max(0.0, min(LONGEST_S, max(SHORTEST_S, records * A_RECORD_S)) - since_s)
