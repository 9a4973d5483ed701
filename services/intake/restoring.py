"""Bringing back into the log what only the event topic still has: the log was restored from a backup that is older than the topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from services.intake import log
from services.intake.comparison import ends
from services.intake.database import Database, take_commit_lock
from services.intake.desk import Row
from shared.contract.marks import added_of, number_of
from shared.contract.topics import EVENTS
from shared.scan import scan
from shared.usable import Unusable, usable_event

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


async def restore(database: Database, connection: Mapping[str, Any]) -> Restored:
    """Append to the log what the topic has and the log lacks, each dossier's in their order, all in one transaction.

    With a conflict nothing is appended. Afterwards the relay sends everything again, and instances accept again once it has compared.
    """
    in_topic = await _events_of_topic(connection)
    async with database.writer.begin() as writing:
        await take_commit_lock(writing)
        logged = await _logged(writing, in_topic)
        missing = [event for event in in_topic if event.event_id not in logged]
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


async def _logged(connection: Any, events: Sequence[TopicEvent]) -> set[str]:
    logged: set[str] = set()
    for first in range(0, len(events), ASKED_AT_ONCE):
        logged |= (await log.logged_events(connection, [event.event_id for event in events[first : first + ASKED_AT_ONCE]])).keys()
    return logged


async def _events_of_topic(connection: Mapping[str, Any]) -> list[TopicEvent]:
    """Every event that a relay numbered, once, in the order of its partition."""
    events: dict[str, TopicEvent] = {}

    def take(record: Any) -> None:
        if number_of(record.headers) is None:
            return
        try:
            event = usable_event(record.value)
        except Unusable:
            return
        assert event.sequence is not None
        assert event.recordedtime is not None
        recorded_at = event.recordedtime.timestamp()
        added = added_of(record.headers)
        events.setdefault(event.id, TopicEvent(event.id, event.subject, event.sequence, added, recorded_at, record.value))

    await scan(connection, {TopicPartition(EVENTS.name, partition): 0 for partition in await ends(connection)}, take)
    return list(events.values())
