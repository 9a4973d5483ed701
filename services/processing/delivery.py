"""Delivery: sessions with the broker, one after the other;
each a membership and a reader that is only ever at the ledger's positions.

Whatever goes wrong with the broker ends a session; the next one reads again.

Faust's consumer resumes partitions before it seeks and acknowledges the hole that this leaves, so the order is kept
here: take over what was assigned, catch up with the changelog, find the position, seek, read, hand over
(docs/decisions/0011-nothing-is-skipped.md).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service

from services.processing.changelog import Changelog
from services.processing.membership import Membership
from services.processing.metrics import ProcessingMetrics
from services.processing.numbering import Skipped
from services.processing.partition import LedgerPosition, Partition
from services.processing.processor import FaultIsOurs
from services.processing.settings import ProcessingSettings
from shared.contract.topics import EVENTS, TICKS
from shared.domain.counting import RULES_VERSION
from shared.service.kafka import BROKER_ERRORS, check_partitions, connection, dropped_work_is_trouble, ensure_topics
from shared.service.pacing import Backoff, poison_pause_s
from shared.service.publisher import Publisher

FETCH_MAX_WAIT_MS = 20  # while a fetch waits, a partition that was just drained is not asked for
POLL_MS = 200
FLOOD = 100  # records at once; fewer are handled as they come
COMMIT_EVERY_SECONDS = 1.0
STOPS_WITHIN_SECONDS = 10.0
NOWHERE = -1
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
log = structlog.get_logger()


class SessionOver(KafkaError):
    """The session is of no more use."""


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session works with. `handle` takes a batch into the ledger and returns when
    everything it caused is durable."""

    settings: ProcessingSettings
    partitions: dict[int, Partition]
    new_partition: Callable[[], Partition]
    changelog: Changelog
    publisher: Publisher
    metrics: ProcessingMetrics
    handle: Callable[[Sequence[Any]], Awaitable[None]]
    poison_in_a_row: Callable[[], int]


class Session:
    """From joining the group to leaving it. `stopping` says when to end."""

    def __init__(self, parts: SessionParts, stopping: Callable[[], bool]) -> None:
        settings = parts.settings
        broker = connection(settings)
        self._parts = parts
        self._stopping = stopping
        self._turn = asyncio.Lock()
        self._membership = Membership(settings, broker, self._turn)
        self._reader = AIOKafkaConsumer(
            **broker,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            max_partition_fetch_bytes=4 << 20,
        )
        self.is_over = False
        self._epoch = 0
        self._committed_at = 0.0
        self._holes: set[tuple[int, int]] = set()

    async def start(self) -> None:
        """Connect and join."""
        await self._parts.publisher.start()
        await self._check_partitions()
        await self._reader.start()
        await self._membership.start()

    async def stop(self) -> None:
        """Say how far it is, leave, disconnect; each as far as the broker lets it."""
        for part in (self._membership.stop, self._reader.stop, self._parts.publisher.stop):
            try:
                with dropped_work_is_trouble():
                    await asyncio.wait_for(part(), STOPS_WITHIN_SECONDS)
            except BROKER_ERRORS as trouble:
                log.warning("not_stopped_cleanly", error=repr(trouble))

    @property
    def is_settled(self) -> bool:
        """Whether what was assigned last is taken over."""
        return self._epoch > 0 and self._epoch == self._membership.epoch

    async def follow(self) -> None:
        """Until the service stops; raises what ends the session."""
        while not self._stopping():
            if self.is_over:
                raise SessionOver("the ticks could not be sent")
            await self._membership.check()
            if not self.is_settled:
                await self._take_over()
            elif batch := await self._next_batch():
                await self._hand_over(batch)
            await self._commit_now_and_then()
        async with self._turn:
            await self._membership.commit(self._positions())

    async def _check_partitions(self) -> None:
        """A dossier's events, ticks and status must share a partition, so the topics must agree,
        and with the setting."""
        for topic in (EVENTS, TICKS):
            check_partitions(self._parts.settings, topic.name, await self._parts.publisher.partitions(topic.name))

    async def _take_over(self) -> None:
        """Make the ledger's partitions those assigned, each as its changelog has it now,
        and read on from where each stands."""
        epoch, wanted = self._membership.epoch, self._membership.assigned
        if epoch == 0:
            await asyncio.sleep(POLL_MS / 1000)
            return
        partitions = self._parts.partitions
        for gone in partitions.keys() - wanted:
            del partitions[gone]
        for new in wanted - partitions.keys():
            partitions[new] = self._parts.new_partition()
        await self._parts.changelog.catch_up(partitions)
        await self._use_commits(wanted)
        if epoch == self._membership.epoch:
            await self._seek()
            self._epoch = epoch

    async def _use_commits(self, wanted: frozenset[int]) -> None:
        """What was committed for just this content may lie further:
        behind the last status stand events that changed nothing."""
        for number, (mark, next_tick) in (await self._membership.committed(wanted)).items() if wanted else ():
            partition = self._parts.partitions[number]
            position = partition.position
            position.next_tick = max(position.next_tick, next_tick)
            if mark is None or mark.rules != RULES_VERSION:
                continue
            partition.highest = max(partition.highest, mark.number)
            if (
                mark.events == position.events
                and mark.next_offset > position.next_offset
                and mark.number >= position.number
            ):
                position.continue_from(mark, partition.highest)

    async def _seek(self) -> None:
        """The reader to the ledger's positions;
        one that the topic does not have (it was made anew) is its beginning."""
        starts: dict[TopicPartition, int] = {}
        for number, partition in self._parts.partitions.items():
            starts[TopicPartition(EVENTS.name, number)] = partition.position.next_offset
            starts[TopicPartition(TICKS.name, number)] = partition.position.next_tick
        if not starts:
            self._reader.unsubscribe()
            return
        self._reader.assign(list(starts))
        first, end = await self._reader.beginning_offsets(list(starts)), await self._reader.end_offsets(list(starts))
        for tp, start in starts.items():
            if not first[tp] <= start <= end[tp]:
                log.warning(
                    "place_not_in_topic",
                    topic=tp.topic,
                    partition=tp.partition,
                    position=start,
                    beginning=first[tp],
                    end=end[tp],
                )
                self._begin_at(tp, first[tp])
            self._reader.seek(tp, start if first[tp] <= start <= end[tp] else first[tp])
            if tp.topic == EVENTS.name:
                self._parts.partitions[tp.partition].catches_up_at = end[tp]

    def _begin_at(self, tp: TopicPartition, offset: int) -> None:
        position = self._parts.partitions[tp.partition].position
        if tp.topic == EVENTS.name:
            position.restart()
            position.next_offset = offset
        else:
            position.next_tick = offset

    async def _next_batch(self) -> list[Any]:
        """What there is to read; in a flood with a moment for company, for large batches are cheaper."""
        if not self._parts.partitions:
            await asyncio.sleep(POLL_MS / 1000)
            return []
        most = self._parts.settings.batch_max_events
        records = _records(await self._reader.getmany(timeout_ms=POLL_MS, max_records=most))
        if FLOOD <= len(records) < most and self._parts.settings.batch_linger_ms:
            await asyncio.sleep(self._parts.settings.batch_linger_ms / 1000)
            records += _records(await self._reader.getmany(timeout_ms=0, max_records=most - len(records)))
        return records

    async def _hand_over(self, batch: list[Any]) -> None:
        """Give the batch to the ledger, unless the partitions were reassigned meanwhile:
        then their new owner reads it."""
        partitions = self._parts.partitions
        async with self._turn:
            if not self.is_settled:
                return
            following, read_to = self._in_place(batch)
            try:
                await self._parts.handle(following)
            except Skipped as skipped:
                log.warning("events_skipped", error=str(skipped))
                self._parts.metrics.skips.inc()
                partitions[skipped.partition].read_again(skipped.number)
            if any(not self._stands_at(number, offset) for number, offset in read_to.items()):
                await self._seek()
        await asyncio.sleep(poison_pause_s(self._parts.poison_in_a_row()))

    def _stands_at(self, number: int, offset: int) -> bool:
        """Whether the reader's offset is the ledger's position,
        in a ledger that was not made anew since its reading began."""
        partition = self._parts.partitions[number]
        return partition.position.next_offset == offset and partition.catches_up_at is not None

    def _in_place(self, batch: list[Any]) -> tuple[list[Any], dict[int, int]]:
        """The records that follow on their partition's position, and up to where that reads each;
        what was read before is left out.

        Events that follow a hole in the offsets are left out too, once: the reader is then set back to before the
        hole. A hole that is still there belongs to the topic (somebody deleted records), and the events' own numbers
        tell whether that matters.
        """
        read_to = {number: partition.position.next_offset for number, partition in self._parts.partitions.items()}
        following, broken_off = [], set()
        for record in batch:
            number = record.partition
            if record.topic == EVENTS.name:
                expected = read_to[number]
                if record.offset < expected or number in broken_off:
                    continue
                if record.offset > expected and (number, expected) not in self._holes:
                    self._holes.add((number, expected))
                    broken_off.add(number)
                    continue
                read_to[number] = record.offset + 1
            following.append(record)
        return following, read_to | dict.fromkeys(broken_off, NOWHERE)

    async def _commit_now_and_then(self) -> None:
        if time.monotonic() - self._committed_at < COMMIT_EVERY_SECONDS:
            return
        async with self._turn:
            if self.is_settled:
                await self._membership.commit(self._positions())
        self._committed_at = time.monotonic()

    def _positions(self) -> Mapping[int, LedgerPosition]:
        return {number: partition.position for number, partition in self._parts.partitions.items()}


def _records(by_partition: Mapping[TopicPartition, Sequence[Any]]) -> list[Any]:
    return [record for records in by_partition.values() for record in records]


class Delivery(Service):
    """A service of the Faust application. What nobody foresaw goes to `on_bug`, which ends the process."""

    def __init__(self, parts: SessionParts, on_bug: Callable[[BaseException], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parts = parts
        self._on_bug = on_bug
        self._running: asyncio.Task[None] | None = None
        self._session: Session | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the partitions that the worker was given are recovered and it takes their events."""
        return self._session is not None and self._session.is_settled

    def begin_anew(self) -> None:
        """End this session, so that the next one makes topics that are gone and takes everything over again."""
        if self._session is not None:
            self._session.is_over = True

    async def on_start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="delivery")

    async def on_stop(self) -> None:
        if self._running is not None:
            _, late = await asyncio.wait([self._running], timeout=STOPS_WITHIN_SECONDS)
            if late:
                self._running.cancel()

    async def _run(self) -> None:
        backoff = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        try:
            while not self.should_stop:
                began = time.monotonic()
                try:
                    with dropped_work_is_trouble():
                        await self._one_session()
                except (*BROKER_ERRORS, FaultIsOurs) as trouble:
                    if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                        backoff.reset()
                    pause = backoff.next_s()
                    log.warning("session_ended", error=repr(trouble), again_in_seconds=pause)
                    self._parts.metrics.sessions_ended.inc()
                    await self.sleep(pause)
        except Exception as bug:  # noqa: BLE001 - handed on: it ends the process
            self._on_bug(bug)

    async def _one_session(self) -> None:
        await ensure_topics(self._parts.settings)
        session = Session(self._parts, lambda: self.should_stop)
        try:
            await session.start()
            self._session = session
            await session.follow()
        finally:
            self._session = None
            await session.stop()
            self._parts.partitions.clear()
