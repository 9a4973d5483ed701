"""The events topic held against the log: it is a copy, and both can be lost, replaced or set back to an earlier state.

Each event in the topic carries its number among the log's events of its partition. So the highest number near the end
of each partition tells how much of the log the topic has, whatever broker it is on and whoever else wrote into it. The
highest, not the last: a relay that was frozen may send old events again behind newer ones when it wakes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.accepting.accounted import sealing
from services.intake.log import event_log, standings
from services.intake.log.database import Database, audit_of, committing
from services.intake.log.history import LogRow
from shared.auditing.entries import Act, AuditEntry
from shared.contract.envelope import CloudEvent
from shared.contract.marks import added_of, number_that_fits
from shared.contract.topics import EVENTS
from shared.service.dead_letters import Unusable, usable_event
from shared.service.kafka import let_go, scan

LOOK_BACK_RECORDS = (200, 20_000)  # strangers may have written behind the last event; then everything is read
REQUEST_TIMEOUT_MS = 10_000  # a topic that was deleted is looked for that long before it counts as gone


@dataclass(frozen=True, slots=True)
class LastNumbered:
    """The event with the highest number near a partition's end, of those with room for so many before them."""

    number: int
    event_id: str
    dossier: str


class LogAndTopic(Enum):
    """What the comparison says of topic and log."""

    AGREES = auto()
    TOPIC_LOST_EVENTS = auto()
    LOG_LOST_EVENTS = auto()


def compared(
    relayed: Sequence[int], last: Mapping[int, LastNumbered | None], is_logged: Callable[[LastNumbered], bool]
) -> LogAndTopic:
    """The topic has what was relayed and perhaps more, of what the log has; or one of the two lost something.

    `relayed` counts the events of each partition up to the relay's cursor. A relay that died may have sent more than
    its cursor says.
    """
    if any(event is not None and not is_logged(event) for event in last.values()):
        return LogAndTopic.LOG_LOST_EVENTS
    return LogAndTopic.TOPIC_LOST_EVENTS if lacking(relayed, last) else LogAndTopic.AGREES


def lacking(relayed: Sequence[int], last: Mapping[int, LastNumbered | None]) -> int:
    """How many of the events that were relayed the topic does not have."""
    known = {partition: event.number for partition, event in last.items() if event is not None}
    return sum(max(count - known.get(partition, 0), 0) for partition, count in enumerate(relayed))


async def ends(connection: Mapping[str, Any], topic: str = EVENTS.name) -> dict[int, int]:
    """Where each partition of the topic ends."""
    consumer = AIOKafkaConsumer(
        topic, **connection, group_id=None, enable_auto_commit=False, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    try:
        await consumer.start()
        offsets = await consumer.end_offsets(consumer.assignment())
    finally:
        await let_go(consumer.stop)
    return {tp.partition: end for tp, end in offsets.items()}


async def last_numbered(
    connection: Mapping[str, Any], ended: Mapping[int, int], relayed: Sequence[int]
) -> dict[int, LastNumbered | None]:
    """The event with the highest number near the end of each partition, by where it ended; None where none is numbered.

    "Near" reaches as far back as it takes to find one that is not below what was `relayed`.
    """
    counts = dict(enumerate(relayed))
    last: dict[int, LastNumbered | None] = {}
    for back in (*LOOK_BACK_RECORDS, None):
        wanted = {partition: end for partition, end in ended.items() if partition not in last}
        starts = {partition: 0 if back is None else max(end - back, 0) for partition, end in wanted.items()}
        seen = await _last_of(connection, starts)
        for partition in wanted:
            event = seen.get(partition)
            if starts[partition] == 0 or (event is not None and event.number >= counts.get(partition, 0)):
                last[partition] = event
        if len(last) == len(ended):
            break
    return last


async def _last_of(connection: Mapping[str, Any], starts: Mapping[int, int]) -> dict[int, LastNumbered]:
    seen: dict[int, LastNumbered] = {}

    def take(record: Any) -> None:
        number = number_that_fits(record.headers, record.offset)
        if number is None:
            return
        try:
            event = usable_event(record.value)
        except Unusable:
            return
        if (before := seen.get(record.partition)) is None or number >= before.number:
            seen[record.partition] = LastNumbered(number, event.id, event.subject)

    await scan(connection, {TopicPartition(EVENTS.name, partition): start for partition, start in starts.items()}, take)
    return seen


ASKED_AT_ONCE = 1000
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class TopicEvent:
    """An event of the topic that intake wrote."""

    event_id: str
    dossier: str
    sequence: int
    added: str
    recorded_at: float
    event: bytes


@dataclass(slots=True)
class RestoreResult:
    """How many of the topic's events came back, and those that can't: the log has something else in their place."""

    restored: int = 0
    conflicts: list[TopicEvent] = field(default_factory=list)


async def missing_events(database: Database, connection: Mapping[str, Any]) -> list[TopicEvent]:
    """What the topic has and the log lacks, once each, in order; read twice, so that only what is missing is kept."""
    ids: dict[str, None] = {}

    def note(_record: Any, event: CloudEvent) -> None:
        ids[event.id] = None

    await _events_of_topic(connection, note)
    async with database.reader.connect() as reading:
        logged = await _logged(reading, list(ids))
    lacking = ids.keys() - logged
    missing: dict[str, TopicEvent] = {}

    def keep(record: Any, event: CloudEvent) -> None:
        if event.id in lacking and event.id not in missing:
            assert event.sequence is not None
            assert event.recordedtime is not None
            recorded_at, added = event.recordedtime.timestamp(), added_of(record.headers)
            missing[event.id] = TopicEvent(event.id, event.subject, event.sequence, added, recorded_at, record.value)

    if lacking:
        await _events_of_topic(connection, keep)
    return list(missing.values())


async def restore(database: Database, lacking_events: Sequence[TopicEvent]) -> RestoreResult:
    """Append to the log what it lacks, each dossier's events in their order, all in one transaction.

    With a conflict nothing is appended. Afterwards the relay sends everything again, and instances accept again once it
    has compared.
    """
    async with committing(database) as writing:
        logged = await _logged(
            writing, [event.event_id for event in lacking_events]
        )  # another restore may have been quicker
        missing = [event for event in lacking_events if event.event_id not in logged]
        known = await event_log.latest_sequences(writing, {event.dossier for event in missing})
        head, result, rows = await event_log.head(writing), RestoreResult(), list[LogRow]()
        for event in missing:
            if event.sequence != known.get(event.dossier, 0) + 1:
                result.conflicts.append(event)
                continue
            known[event.dossier] = event.sequence
            position = head + len(rows) + 1
            rows.append(
                LogRow(
                    position, event.event_id, event.dossier, event.sequence, event.added, event.recorded_at, event.event
                )
            )
        if not result.conflicts:
            if rows:
                await event_log.bring_back(writing, rows)
                await standings.put_again(writing, sorted({row.dossier for row in rows}))
            await audit_of(database).write(writing, AuditEntry(Act.LOG_RESTORED, details=sealing(rows)))
            result.restored = len(rows)
            await event_log.set_back(writing)
            await event_log.refuse(writing, None)
    return result


async def _logged(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    logged: set[str] = set()
    for first in range(0, len(ids), ASKED_AT_ONCE):
        logged |= (await event_log.logged_events(connection, ids[first : first + ASKED_AT_ONCE])).keys()
    return logged


async def _events_of_topic(connection: Mapping[str, Any], take: Callable[[Any, CloudEvent], None]) -> None:
    """Give every event that stands where a relay numbered it to `take`, with its record, in order."""

    def read(record: Any) -> None:
        if number_that_fits(record.headers, record.offset) is None:
            return
        try:
            event = usable_event(record.value)
        except Unusable:
            return
        take(record, event)

    await scan(connection, {TopicPartition(EVENTS.name, partition): 0 for partition in await ends(connection)}, read)
