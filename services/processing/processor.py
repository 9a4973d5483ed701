"""One batch through the ledger. The order of effects is the whole guarantee: decide, alerts and dead letters out, changelog, memory.

Only then is the batch acknowledged. Whatever dies in between, the batch comes again and ends in the same state (docs/guarantees.md).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from faust.types import EventT

from services.processing.ledger import Entry, Poison, read_event, read_tick, step, tick
from services.processing.metrics import ProcessingMetrics
from services.processing.store import LedgerStore, Partition
from shared.clock import Clock, system_clock
from shared.contract.codec import encode
from shared.contract.dead_letter import dead_letter
from shared.contract.envelope import event_name
from shared.contract.status import AlertV1, DeadLetterV1
from shared.contract.topics import ALERTS, DEAD_LETTERS, EVENTS
from shared.publisher import Publisher, Record

MOST_POISON_IN_A_ROW = 100
log = structlog.get_logger()


class TooMuchPoison(RuntimeError):
    """So many unusable records in a row that the fault is more likely ours."""


@dataclass(slots=True)
class Decided:
    """What a batch decided: entries over those in memory, everything to publish, and what to count."""

    entries: dict[int, dict[str, Entry]] = field(default_factory=lambda: defaultdict(dict))
    changelog: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    alerts: list[AlertV1] = field(default_factory=list)
    dead_letters: list[DeadLetterV1] = field(default_factory=list)
    processed: list[tuple[str, datetime]] = field(default_factory=list)


class Processor:
    """Handles batches of event and tick records, one after the other."""

    def __init__(self, store: LedgerStore, publisher: Publisher, clock: Clock, metrics: ProcessingMetrics) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._metrics = metrics
        self._poison_in_a_row = 0

    async def handle(self, batch: Iterable[EventT[bytes]]) -> None:
        """Take the batch in; returns when everything it caused is durable and in memory. Raises on anything unexpected."""
        decided = Decided()
        for event in batch:
            self._decide(event, decided)
        await self._publish_outputs(decided)
        ends = await self._publisher.publish(self._store.changelog, decided.changelog)
        self._remember(decided, ends)
        self._count(decided)

    def _decide(self, event: EventT[bytes], decided: Decided) -> None:
        message = event.message
        partition = self._store.partitions[message.partition]
        try:
            if message.topic == EVENTS.name:
                self._decide_event(message.value, message.partition, partition, decided)
            else:
                self._decide_tick(message.value, message.partition, partition, decided)
            self._poison_in_a_row = 0
        except Poison as poison:
            self._bury(event, poison, decided)

    def _decide_event(self, value: bytes | None, number: int, partition: Partition, decided: Decided) -> None:
        envelope = read_event(value)
        after = step(_entry(envelope.subject, number, partition, decided), envelope)
        if after is not None:
            _change(after, number, decided)
            decided.processed.append((event_name(envelope.type) or "unknown", after.recordedtime))

    def _decide_tick(self, value: bytes | None, number: int, partition: Partition, decided: Decided) -> None:
        reached = read_tick(value)
        alerted = tick(_entry(reached.code, number, partition, decided), reached)
        if alerted is not None:
            _change(alerted[0], number, decided)
            decided.alerts.append(alerted[1])

    def _bury(self, event: EventT[bytes], poison: Poison, decided: Decided) -> None:
        self._poison_in_a_row += 1
        if self._poison_in_a_row > MOST_POISON_IN_A_ROW:
            msg = f"{MOST_POISON_IN_A_ROW} records in a row could not be processed, the last for: {poison.reason}: {poison.detail}"
            raise TooMuchPoison(msg)
        message = event.message
        log.warning("dead_letter", topic=message.topic, partition=message.partition, offset=message.offset, reason=poison.reason)
        decided.dead_letters.append(dead_letter(message, reason=poison.reason, detail=poison.detail, failed_at=system_clock()))

    async def _publish_outputs(self, decided: Decided) -> None:
        if decided.alerts:
            await self._publisher.publish_by_key(ALERTS.name, [(alert.department.encode(), encode(alert)) for alert in decided.alerts])
        if decided.dead_letters:
            await self._publisher.publish_by_key(DEAD_LETTERS.name, [(letter.key, encode(letter)) for letter in decided.dead_letters])

    def _remember(self, decided: Decided, ends: dict[int, int]) -> None:
        now = self._clock()
        for number, entries in decided.entries.items():
            partition = self._store.partitions.get(number)
            if partition is None:
                continue  # revoked meanwhile: its new owner reads the changelog
            for code, entry in entries.items():
                partition.index.put(partition.entries.get(code), entry, now)
                partition.entries[code] = entry
            partition.persisted_offset = max(ends[number], partition.persisted_offset or 0)

    def _count(self, decided: Decided) -> None:
        self._metrics.processed(decided.processed, system_clock())
        for letter in decided.dead_letters:
            self._metrics.dead_letters.labels(letter.reason).inc()
        for alert in decided.alerts:
            self._metrics.alerts.labels(alert.threshold).inc()


def _entry(code: str, number: int, partition: Partition, decided: Decided) -> Entry | None:
    return decided.entries.get(number, {}).get(code) or partition.entries.get(code)


def _change(entry: Entry, number: int, decided: Decided) -> None:
    decided.entries[number][entry.dossier.code] = entry
    decided.changelog[number].append((entry.dossier.code.encode(), encode(entry.status())))
