"""Intake numbers the events of each partition, and of each dossier, without gaps:
what is not of its log, and what is missing.

A gap in a dossier's sequence is never a reason to go on without looking: this worker skipped events, or its ledger is
behind. It reads the topic again; only what is truly not there becomes a dead letter.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import TopicPartition

from services.processing.changelog import Changelog
from services.processing.ledger import LedgerEntry, Tick, usable_tick
from services.processing.partition import LedgerPosition, Partition
from shared.contract.envelope import CloudEvent
from shared.contract.marks import number_of
from shared.contract.topics import EVENTS
from shared.service.dead_letters import Unusable, usable_event
from shared.service.kafka import partition_of, scan

NOT_OF_THE_LOG = "not_of_the_log"
MOST_SEARCHED = 10_000
WAITS_SECONDS, LOOKS_EVERY_SECONDS = 15.0, 0.5  # for a relay that finds the topic emptied and sends the log again
PastEvents = dict[str, dict[int, CloudEvent]]  # by dossier code and sequence
ReadRecord = tuple[Any, CloudEvent | Tick | Unusable]  # a record and what it holds
log = structlog.get_logger()


class Skipped(Exception):
    """The number of an event jumps: events before it were not read."""

    def __init__(self, partition: int, last: int, number: int) -> None:
        super().__init__(f"partition {partition}: event number {number} came after {last}")
        self.partition = partition
        self.number = number


def read(record: Any, partitions: int) -> CloudEvent | Tick | Unusable:
    """What a record of the events or the ticks holds, or why it is put aside."""
    try:
        if record.topic != EVENTS.name:
            return usable_tick(record.value)
        event = usable_event(record.value)
        if (home := partition_of(event.subject.encode(), partitions)) != record.partition:
            return Unusable(
                NOT_OF_THE_LOG, f"dossier {event.subject}: its events stand in partition {home}; post events to intake"
            )
    except Unusable as unusable:
        return unusable
    return event


def count_number(record: Any, content: object, partition: Partition, position: LedgerPosition) -> bool:
    """Move on in the events; whether the record is a numbered event that was not read before. Raises Skipped."""
    event_number = number_of(record.headers)
    if isinstance(content, Unusable) and content.reason == NOT_OF_THE_LOG:
        event_number = None
    if event_number is not None and event_number > position.number + 1:
        if isinstance(content, Unusable):
            event_number = None  # nothing of intake's: its number says nothing
        elif event_number > partition.searched_until:
            raise Skipped(record.partition, position.number, event_number)
        else:
            log.error("events_missing", partition=record.partition, after=position.number, before=event_number)
    position.next_offset = record.offset + 1
    if event_number is None or event_number <= position.number:
        return False
    position.reach(event_number)
    return True


def check_is_of_the_log(record: Any, envelope: CloudEvent, entry: LedgerEntry | None, position: LedgerPosition) -> None:
    """An event that is not beyond those read was missing, is known, or is of a log without numbers (before 0.3.0);
    raises Unusable."""
    event_number = number_of(record.headers)
    is_possible = position.number == 0 if event_number is None else position.is_missing(event_number)
    if is_possible and event_number is not None:
        position.find(event_number)
    known = 0 if entry is None else entry.dossier.sequence
    if (envelope.sequence or 0) > known and not is_possible:
        raise Unusable(
            NOT_OF_THE_LOG,
            f"dossier {envelope.subject}: the event has no number of intake's log; post events to intake",
        )


class MissingEvents:
    """Looks for what a batch shows to be missing, before the batch is decided."""

    def __init__(
        self, partitions: Mapping[int, Partition], changelog: Changelog, connection: Mapping[str, Any]
    ) -> None:
        self._partitions = partitions
        self._changelog = changelog
        self._connection = connection

    async def look_for(self, read: Sequence[ReadRecord]) -> dict[int, PastEvents]:
        """Where an event follows with a gap, forgotten dossiers come back first,
        then the topic is searched for what is still missing."""
        if not (gaps := self._gaps(read)):
            return {}
        for number, codes in gaps.items():
            if self._partitions[number].has_forgotten:
                await self._changelog.recall(
                    number, self._partitions[number], codes - self._partitions[number].entries.keys()
                )
        past: dict[int, PastEvents] = defaultdict(dict)
        for number, codes in self._gaps(read, past).items():
            log.warning("ledger_behind", partition=number, dossiers=sorted(codes)[:10], count=len(codes))
            await self._search(number, codes, read, past)
        return past

    async def _search(
        self, number: int, codes: set[str], read: Sequence[ReadRecord], past: dict[int, PastEvents]
    ) -> None:
        """Events of intake's that are not there may be on their way: its relay notices a topic that lost some.
        Waited for once in vain."""
        partition, deadline = self._partitions[number], time.monotonic() + WAITS_SECONDS
        searched: dict[str, int] = {code: partition.searched[code] for code in codes if code in partition.searched}
        numbered = any(_may_be_of_the_log(record, partition) for record, content in read if _code(content) in codes)
        while True:
            await search(
                self._connection, number, codes, past[number], searched, only_numbered=partition.position.number > 0
            )
            codes = self._gaps(read, past).get(number, set())
            if not codes or not numbered or partition.has_waited or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOKS_EVERY_SECONDS)
        partition.has_waited = numbered and bool(codes)
        partition.searched = {code: end for code, end in searched.items() if code not in past[number]}

    def _gaps(self, read: Sequence[ReadRecord], past: dict[int, PastEvents] | None = None) -> dict[int, set[str]]:
        """Codes by partition whose event comes after one that is not known,
        or is an old one of a dossier that is not in memory.

        With `past`, what was found by a search: only those that it does not lead up to.
        """
        gaps: dict[int, set[str]] = defaultdict(set)
        known: dict[str, int] = {}
        for record, content in read:
            if not isinstance(content, CloudEvent) or content.sequence is None:
                continue
            partition, code = self._partitions[record.partition], content.subject
            if (before := known.get(code, 0)) == 0:
                before = 0 if (entry := partition.entries.get(code)) is None else entry.dossier.sequence
            if past is None:
                is_gap = content.sequence > before + 1 or (
                    before == 0 and partition.has_forgotten and self._was_read(record, partition)
                )
            else:
                there = past.get(record.partition, {}).get(code, {})
                is_gap = not all(sequence in there for sequence in range(before + 1, content.sequence))
            if is_gap:
                gaps[record.partition].add(code)
            known[code] = max(before, content.sequence)
        return gaps

    @staticmethod
    def _was_read(record: Any, partition: Partition) -> bool:
        number = number_of(record.headers)
        return number is None or number <= max(partition.highest, partition.position.number)


def _may_be_of_the_log(record: Any, partition: Partition) -> bool:
    number = number_of(record.headers)
    return number is not None and (number > partition.position.number or partition.position.is_missing(number))


def _code(content: CloudEvent | Tick | Unusable) -> str | None:
    return content.subject if isinstance(content, CloudEvent) else None


async def search(
    connection: Mapping[str, Any],
    number: int,
    codes: Iterable[str],
    past: PastEvents,
    searched: dict[str, int],
    *,
    only_numbered: bool = False,
) -> None:
    """Add to `past` the dossiers' events that stand in the partition, those behind the gap too:
    the relay may be sending the log again.

    `searched` remembers up to where dossiers were looked for of which nothing was found. With `only_numbered` those
    that are not of intake's log are left out, which is right where the log's are numbered.
    """
    wanted = set(codes)

    def take(record: Any) -> None:
        if record.key is None or record.key.decode(errors="replace") not in wanted:
            return
        if only_numbered and number_of(record.headers) is None:
            return
        try:
            envelope = usable_event(record.value)
        except Unusable:
            return
        if envelope.subject in wanted and envelope.sequence is not None:
            past.setdefault(envelope.subject, {}).setdefault(envelope.sequence, envelope)

    tp = TopicPartition(EVENTS.name, number)
    ends = await scan(connection, {tp: min(searched.get(code, 0) for code in wanted)}, take)
    if len(searched) > MOST_SEARCHED:
        searched.clear()
    searched.update((code, ends[tp]) for code in wanted)
