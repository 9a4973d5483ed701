"""Bringing back into the log what only the event topic still has: the log was restored from a backup that is older than the topic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import log
from services.intake.comparison import ends
from services.intake.database import Database, committing
from services.intake.desk import Row
from shared.contract.envelope import CloudEvent
from shared.contract.marks import added_of, number_that_fits
from shared.contract.topics import EVENTS
from shared.service.dead_letters import Unusable, usable_event
from shared.service.kafka import scan

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
class Restored:
    """What became of the topic's events: how many came back, and those that can't, for the log has something else in their place."""

    restored: int = 0
    conflicts: list[TopicEvent] = field(default_factory=list)


async def missing_events(database: Database, connection: Mapping[str, Any]) -> list[TopicEvent]:
    """What the topic has and the log lacks, once each, in the order of its partition. It is read twice: only what is missing is kept."""
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


async def restore(database: Database, found_missing: Sequence[TopicEvent]) -> Restored:
    """Append to the log what it lacks, each dossier's events in their order, all in one transaction.

    With a conflict nothing is appended. Afterwards the relay sends everything again, and instances accept again once it has compared.
    """
    async with committing(database) as writing:
        logged = await _logged(writing, [event.event_id for event in found_missing])  # another restore may have been quicker
        missing = [event for event in found_missing if event.event_id not in logged]
        known = await log.latest_sequences(writing, {event.dossier for event in missing})
        head, found, rows = await log.head(writing), Restored(), list[Row]()
        for event in missing:
            if event.sequence != known.get(event.dossier, 0) + 1:
                found.conflicts.append(event)
                continue
            known[event.dossier] = event.sequence
            position = head + len(rows) + 1
            rows.append(Row(position, event.event_id, event.dossier, event.sequence, event.added, event.recorded_at, event.event))
        if not found.conflicts:
            if rows:
                await log.bring_back(writing, rows)
            found.restored = len(rows)
            await log.set_back(writing)
            await log.refuse(writing, None)
    return found


async def _logged(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    logged: set[str] = set()
    for first in range(0, len(ids), ASKED_AT_ONCE):
        logged |= (await log.logged_events(connection, ids[first : first + ASKED_AT_ONCE])).keys()
    return logged


async def _events_of_topic(connection: Mapping[str, Any], take: Callable[[Any, CloudEvent], None]) -> None:
    """Give every event that stands where a relay numbered it to `take`, with its record, in the order of its partition."""

    def read(record: Any) -> None:
        if number_that_fits(record.headers, record.offset) is None:
            return
        try:
            event = usable_event(record.value)
        except Unusable:
            return
        take(record, event)

    await scan(connection, {TopicPartition(EVENTS.name, partition): 0 for partition in await ends(connection)}, read)
