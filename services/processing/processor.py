"""One batch through the ledger. The order of effects is the whole guarantee:
decide, alerts and dead letters out, changelog, memory.

Only then does the ledger's position move on. Whatever dies in between, the batch comes again and ends in the same state
(docs/guarantees.md).
"""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.processing.changelog import Changelog
from services.processing.ledger import LedgerEntry, Tick, can_step, step, tick
from services.processing.metrics import ProcessingMetrics
from services.processing.numbering import MissingEvents, PastEvents, ReadRecord, check_is_of_the_log, count_number, read
from services.processing.partition import LedgerPosition, Partition
from shared.contract.envelope import CloudEvent, encode, event_name
from shared.contract.marks import mark_header, says_more
from shared.contract.status import AlertV1, DeadLetterV1
from shared.contract.topics import ALERTS, DEAD_LETTERS, EVENTS, STATUS
from shared.service import tracing
from shared.service.clock import Clock, system_clock
from shared.service.dead_letters import Unusable, dead_letter
from shared.service.publisher import NewRecord, Publisher, Span

LARGEST_STATUS_BYTES = 700_000  # what surely fits into a batch of the producer and a message of the broker
MOST_UNEXPECTED_IN_A_ROW = 20
MORE_WITHIN_SECONDS = 15.0  # of a relay that said that more events follow
log = structlog.get_logger()


class FaultIsOurs(RuntimeError):
    """Records in a row failed in a way nobody foresaw, and so does one that is known to be good: none is put aside."""


@dataclass(slots=True)
class Decisions:
    """What a batch decided: positions and entries over those in memory, everything to publish, and what to count."""

    positions: dict[int, LedgerPosition] = field(default_factory=dict)
    entries: dict[int, dict[str, LedgerEntry]] = field(default_factory=lambda: defaultdict(dict))
    changelog: dict[int, list[NewRecord]] = field(default_factory=lambda: defaultdict(list))
    stale_ticks: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))  # codes by partition
    latest: dict[int, tuple[Any, CloudEvent]] = field(
        default_factory=dict
    )  # the last event of each partition, with its record
    alerts: list[AlertV1] = field(default_factory=list)
    dead_letters: list[DeadLetterV1] = field(default_factory=list)
    processed: list[tuple[str, datetime]] = field(default_factory=list)
    poison_in_a_row: int = 0
    unexpected_in_a_row: int = 0


class Processor:
    """Handles batches of event and tick records, one after the other, over the partitions that this worker holds."""

    def __init__(
        self,
        partitions: dict[int, Partition],
        *,
        changelog: Changelog,
        publisher: Publisher,
        connection: Mapping[str, Any],
        clock: Clock,
        metrics: ProcessingMetrics,
        grace: timedelta,
        kafka_partitions: int,
    ) -> None:
        """An event that is read more than `grace` after it was recorded is late: those behind it may be, too."""
        self._grace = grace
        self._kafka_partitions = kafka_partitions
        self._partitions = partitions
        self._changelog = changelog
        self._missing = MissingEvents(partitions, changelog, connection)
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self.poison_in_a_row = 0

    async def handle(self, batch: Sequence[Any]) -> None:
        """Take the batch in; returns when everything it caused is durable and in memory.

        Raises Skipped when events before one of the batch were not read; nothing has been published then.
        Raises a KafkaError, OSError or TimeoutError when the broker does not take what was decided, FaultIsOurs
        when nothing can be decided.
        """
        began = time.perf_counter()
        taken = [(record, read(record, self._kafka_partitions)) for record in batch]
        past = await self._missing.look_for(taken)
        decided = Decisions(poison_in_a_row=self.poison_in_a_row)
        for record, content in taken:
            self._decide(record, content, past, decided)
        self._write_misplaced_again(decided)
        await self._publish_outputs(decided)
        spans = await self._publish_statuses(taken, decided)
        self._remember(decided)
        self._count(decided)
        await self._read_what_others_wrote(spans)
        self._metrics.batch.observe(time.perf_counter() - began)

    def _decide(
        self, record: Any, content: CloudEvent | Tick | Unusable, past: dict[int, PastEvents], decided: Decisions
    ) -> None:
        number = record.partition
        partition = self._partitions[number]
        if number not in decided.positions:
            decided.positions[number] = copy(partition.position)
        position = decided.positions[number]
        if record.topic == EVENTS.name:
            counted = count_number(record, content, partition, position)
        else:
            counted, position.next_tick = False, record.offset + 1
        try:
            if isinstance(content, Unusable):
                raise content  # noqa: TRY301 - it was met when the batch was read, and is put aside in its turn
            if isinstance(content, Tick):
                self._decide_tick(content, number, decided)
            else:
                if not counted:
                    check_is_of_the_log(record, content, self._entry(content.subject, number, decided), position)
                self._decide_event(content, number, past.get(number, {}), decided)
                decided.latest[number] = record, content
            decided.poison_in_a_row = decided.unexpected_in_a_row = 0
        except Unusable as unusable:
            if counted:
                position.put_aside()
            _put_aside(record, unusable.reason, unusable.detail, decided)
        except Exception as unforeseen:
            decided.unexpected_in_a_row += 1
            if decided.unexpected_in_a_row > MOST_UNEXPECTED_IN_A_ROW and not can_step():
                raise FaultIsOurs(
                    f"not even a good event passes, the last one failed with {unforeseen!r}"
                ) from unforeseen
            log.exception("record_failed", partition=number, offset=record.offset)
            if counted:
                position.put_aside()
            _put_aside(record, "unexpected", repr(unforeseen), decided)

    def _decide_event(self, envelope: CloudEvent, number: int, past: PastEvents, decided: Decisions) -> None:
        entry = self._entry(envelope.subject, number, decided)
        if past:
            for earlier in _between(past.get(envelope.subject, {}), entry, envelope):
                entry = self._take_in(entry, earlier, number, decided)
                self._metrics.repaired.inc()
        self._take_in(entry, envelope, number, decided)

    def _take_in(
        self, entry: LedgerEntry | None, envelope: CloudEvent, number: int, decided: Decisions
    ) -> LedgerEntry | None:
        after = step(entry, envelope)
        if after is None:
            return entry
        decided.positions[number].events += 1
        try:
            _change(after, number, decided)
        except Unusable:
            decided.positions[number].events -= 1
            raise
        decided.processed.append((event_name(envelope.type) or "unknown", after.recordedtime))
        return after

    def _decide_tick(self, reached: Tick, number: int, decided: Decisions) -> None:
        """Its dossier may be paused, closed or moved by now, or by an event that is still to be read;
        or a stranger wrote it, too early.

        Then time will tell again.
        """
        partition = self._partitions[number]
        more_until = self._more_until(*decided.latest[number]) if number in decided.latest else partition.more_until
        entry = self._entry(reached.code, number, decided)
        is_time = entry is not None and partition.index.has_reached(entry.dossier, reached.threshold, self._clock())
        alerted = tick(entry, reached) if is_time and not partition.is_behind(more_until) else None
        if alerted is None:
            decided.stale_ticks[number].add(reached.code)
        else:
            _change(alerted[0], number, decided)
            decided.alerts.append(alerted[1])

    def _entry(self, code: str, number: int, decided: Decisions) -> LedgerEntry | None:
        return decided.entries[number].get(code) or self._partitions[number].entries.get(code)

    def _write_misplaced_again(self, decided: Decisions) -> None:
        for number, position in decided.positions.items():
            partition = self._partitions[number]
            for code in (partition.misplaced & partition.entries.keys()) - decided.entries[number].keys():
                decided.changelog[number].append(_status_record(partition.entries[code], position))

    async def _publish_outputs(self, decided: Decisions) -> None:
        if decided.alerts:
            await self._publisher.publish_by_key(
                ALERTS.name, [(alert.department.encode(), encode(alert)) for alert in decided.alerts]
            )
        if decided.dead_letters:
            await self._publisher.publish_by_key(
                DEAD_LETTERS.name, [(letter.key, encode(letter)) for letter in decided.dead_letters]
            )

    async def _publish_statuses(self, taken: Sequence[ReadRecord], decided: Decisions) -> dict[int, list[Span]]:
        events = ((content.subject, record.headers) for record, content in taken if isinstance(content, CloudEvent))
        traced = tracing.taking("processing", events)
        if traced is None:
            return await self._publisher.publish(STATUS.name, decided.changelog)
        carrying: dict[int, list[NewRecord]] = {
            number: [
                (record[0], record[1], [*(record[2:] or ([],))[0], *traced.headers((record[0] or b"").decode())])
                for record in records
            ]
            for number, records in decided.changelog.items()
        }
        with traced.first():
            return await self._publisher.publish(STATUS.name, carrying)

    def _remember(self, decided: Decisions) -> None:
        now = self._clock()
        for number, position in decided.positions.items():
            partition = self._partitions[number]
            for code, entry in decided.entries[number].items():
                partition.put(code, entry, now)
            for code in decided.stale_ticks[number] & partition.entries.keys():
                partition.index.watch(partition.entries[code].dossier)
            if number in decided.latest:
                partition.more_until = self._more_until(*decided.latest[number])
            partition.position = position
            partition.highest = max(partition.highest, position.number)
            partition.misplaced.clear()
        self.poison_in_a_row = decided.poison_in_a_row

    def _more_until(self, record: Any, latest: CloudEvent) -> float:
        """As the relay says, or because the event was recorded long ago:
        so are those of a topic that is filled again."""
        if says_more(record.headers):
            return time.monotonic() + MORE_WITHIN_SECONDS
        assert latest.recordedtime is not None
        is_late = system_clock() - latest.recordedtime > self._grace
        return time.monotonic() + self._grace.total_seconds() if is_late else -math.inf

    async def _read_what_others_wrote(self, spans: Mapping[int, Sequence[Span]]) -> None:
        """Acknowledged offsets follow each other as long as nobody else writes into the partition."""
        foreign = {}
        for number, written in spans.items():
            partition = self._partitions[number]
            end = partition.changelog_end
            for span in written:
                if span.first != end:
                    foreign[number] = partition
                    break
                end = span.first + span.records
            else:
                partition.changelog_end = end
        if foreign:
            self._metrics.foreign_writes.inc(len(foreign))
            log.warning("another_writer", partitions=sorted(foreign))
            await self._changelog.catch_up(foreign)

    def _count(self, decided: Decisions) -> None:
        self._metrics.processed(decided.processed, system_clock())
        self._metrics.poison_in_a_row.set(self.poison_in_a_row)
        for letter in decided.dead_letters:
            self._metrics.dead_letters.labels(letter.reason).inc()
        for alert in decided.alerts:
            self._metrics.alerts.labels(alert.threshold).inc()


def _between(past: Mapping[int, CloudEvent], entry: LedgerEntry | None, envelope: CloudEvent) -> Sequence[CloudEvent]:
    """The events between what is known and this one, when all of them were found; none of them otherwise."""
    assert envelope.sequence is not None
    known = 0 if entry is None else entry.dossier.sequence
    if envelope.sequence == known + 1:
        return ()
    wanted = range(known + 1, envelope.sequence)
    return (
        [past[sequence] for sequence in wanted]
        if len(past) >= len(wanted) and all(sequence in past for sequence in wanted)
        else ()
    )


def _put_aside(record: Any, reason: str, detail: str, decided: Decisions) -> None:
    decided.poison_in_a_row += 1
    log.warning("dead_letter", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)
    decided.dead_letters.append(dead_letter(record, reason=reason, detail=detail, failed_at=system_clock()))


def _change(entry: LedgerEntry, number: int, decided: Decisions) -> None:
    record = _status_record(entry, decided.positions[number])
    if len(record[1] or b"") > LARGEST_STATUS_BYTES:
        raise Unusable(
            "status_too_large", f"{entry.dossier.code}: its status would be larger than {LARGEST_STATUS_BYTES} bytes"
        )
    decided.entries[number][entry.dossier.code] = entry
    decided.changelog[number].append(record)


def _status_record(entry: LedgerEntry, position: LedgerPosition) -> NewRecord:
    return entry.dossier.code.encode(), encode(entry.status()), mark_header(position.mark())
