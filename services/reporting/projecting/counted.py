"""Which events reach the figures for the first time: what is read again, whatever was lost, is not late once more.

How far that is stands in the read model's marks, and beside them with the broker, as the offsets of a consumer group:
a read model that is lost, or put back older, has lost its marks too. Reading never begins from what stands there.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.reporting.projecting.records import Headed, PartitionPosition, UnreadableRecord
from shared.contract.marks import LedgerMark
from shared.contract.topics import STATUS
from shared.service.kafka import BROKER_ERRORS, dropped_work_is_trouble, let_go
from shared.service.pacing import wait_until

GROUP = "motcua-reporting-v1"
KEEP_EVERY_S = 1.0
KEEP_ANEW_EVERY_S = 3600.0  # a broker forgets the offsets of a group that nobody commits for
TRY_AGAIN_AFTER_S = 60.0
ANSWERS_WITHIN_S, LAST_WITHIN_S = 5.0, 2.0
log = structlog.get_logger()


@dataclass(slots=True)
class CountedEvents:
    """How many of the ledger's events of a partition have ever been in the figures.

    Nobody knows it of events that were recorded before `unknown_before`: they are counted in silence.
    """

    events: int = 0
    unknown_before: datetime | None = None

    def takes(self, recorded: datetime, mark: LedgerMark | None) -> bool:
        """Whether a record that was read brings an event for the first time, and that is known; it has been read now.

        A version without a new event has the mark of the version before it.
        """
        if mark is None or mark.events <= self.events:
            return False
        self.events = mark.events
        return self.unknown_before is None or recorded >= self.unknown_before


def counted_so_far(
    before: CountedEvents | None, stored: PartitionPosition, kept: "KeptCount | None", now: datetime
) -> CountedEvents:
    """What is known when a partition is taken up: by this process, by the read model, and by the broker (`kept`).

    A read model that was still being filled knows of a part only. Where nobody knows anything, it begins `now`: the
    topic may still be empty, for intake is sending its whole log into it again.
    """
    held = max(0 if stored.mark is None else stored.mark.events, 0 if kept is None else kept.events)
    if before is not None:
        return CountedEvents(max(before.events, held), before.unknown_before)
    if kept is not None:
        return CountedEvents(held, kept.unknown_before)
    is_whole = 0 < stored.next_offset >= stored.whole_until
    return CountedEvents(held, None if is_whole else now)


def recalled(
    before: Mapping[int, CountedEvents],
    stored: Mapping[int, PartitionPosition],
    kept: Mapping[int, "KeptCount"],
    now: datetime,
) -> dict[int, CountedEvents]:
    """What is known of all partitions; nothing by who knew another number of them: other events were in each."""
    if before.keys() != stored.keys():
        before = {}
    if kept.keys() != stored.keys():
        kept = {}
    return {
        number: counted_so_far(before.get(number), position, kept.get(number), now)
        for number, position in stored.items()
    }


def first_recorded(
    read: Iterable[Headed], unreadable: Iterable[UnreadableRecord], counted: Mapping[int, CountedEvents]
) -> list[datetime]:
    """When the events were recorded that are in the figures now and never were before; records in their order."""
    aside = {(one.record.partition, one.record.offset) for one in unreadable}
    return [
        head.recorded_at
        for head, record, mark in read
        if counted[record.partition].takes(head.recorded_at, mark)
        and not (aside and (record.partition, record.offset) in aside)
    ]


class KeptCount(NamedTuple):
    """What the broker is told of a partition: how far it is read, and as `CountedEvents`, in words of its own."""

    next_offset: int
    events: int
    unknown_before: datetime | None = None

    @property
    def words(self) -> str:
        """Without spaces, a number alone is what earlier releases wrote."""
        return str(self.events) if self.unknown_before is None else f"{self.events} {self.unknown_before.isoformat()}"


def kept_count(next_offset: int, words: str) -> KeptCount | None:
    """What the broker was told; None where it was told nothing that can be read."""
    events, _, unknown_before = words.partition(" ")
    try:
        instant = datetime.fromisoformat(unknown_before) if unknown_before else None
        return KeptCount(next_offset, int(events), instant) if events.isdecimal() else None
    except ValueError:
        return None


async def kept_counts(connection: Mapping[str, Any], partitions: Iterable[int]) -> dict[int, KeptCount]:
    """What the broker was told last of each partition; without those of which it can't say."""
    wanted = [TopicPartition(STATUS.name, number) for number in partitions]
    admin = AIOKafkaAdminClient(**connection)
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await admin.start()
            committed = await admin.list_consumer_group_offsets(GROUP, partitions=wanted)
    except BROKER_ERRORS as trouble:
        log.info("counted_unknown", group=GROUP, error=repr(trouble))
        return {}
    finally:
        await let_go(admin.close)
    said = {place.partition: kept_count(one.offset, one.metadata or "") for place, one in committed.items()}
    return {number: kept for number, kept in said.items() if kept is not None}


Counts = Callable[[], Mapping[int, KeptCount]]


@asynccontextmanager
async def keeping_counts(
    connection: Mapping[str, Any], partitions: Iterable[int], counts: Counts
) -> AsyncIterator[None]:
    """Tell the broker beside the work, every second in which something was counted; only the end waits for it."""
    places = [TopicPartition(STATUS.name, number) for number in partitions]
    ended = asyncio.Event()
    task = asyncio.create_task(_keep(connection, places, counts, ended), name="keeping counts")
    try:
        yield
        ended.set()
        await asyncio.wait({task}, timeout=LAST_WITHIN_S)
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _keep(
    connection: Mapping[str, Any], places: list[TopicPartition], counts: Counts, ended: asyncio.Event
) -> None:
    while not ended.is_set():
        try:
            with dropped_work_is_trouble():
                await _keep_until_trouble(connection, places, counts, ended)
        except BROKER_ERRORS as trouble:
            log.warning("counted_not_kept", group=GROUP, error=repr(trouble), retry_seconds=TRY_AGAIN_AFTER_S)
        except Exception:
            log.exception("counted_not_kept")  # a bug here ends nothing that counts
        await wait_until(ended, TRY_AGAIN_AFTER_S)


async def _keep_until_trouble(
    connection: Mapping[str, Any], places: list[TopicPartition], counts: Counts, ended: asyncio.Event
) -> None:
    consumer = AIOKafkaConsumer(**connection, group_id=GROUP, enable_auto_commit=False)
    kept: dict[int, KeptCount] = {}
    anew_at = 0.0
    is_last = False
    try:
        await consumer.start()
        consumer.assign(places)
        consumer.pause(*places)  # it reads nothing: the group is there for its offsets alone
        while not is_last:
            is_last, now = ended.is_set(), time.monotonic()
            if now >= anew_at:
                kept, anew_at = {}, now + KEEP_ANEW_EVERY_S
            if changed := {number: one for number, one in counts().items() if kept.get(number) != one}:
                offsets = {
                    TopicPartition(STATUS.name, number): (one.next_offset, one.words) for number, one in changed.items()
                }
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    await consumer.commit(offsets)
                kept |= changed
            await wait_until(ended, KEEP_EVERY_S)
    finally:
        await consumer.stop()
