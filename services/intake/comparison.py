"""The events topic held against the log: it is a copy, and both can be lost, replaced or set back to an earlier state.

Each event in the topic carries its number among the log's events of its partition. So the highest number near the end of each partition
tells how much of the log the topic has, whatever broker it is on and whoever else wrote into it. The highest, not the last: a relay that
was frozen may send old events again behind newer ones when it wakes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contract.marks import number_that_fits
from shared.contract.topics import EVENTS
from shared.service.dead_letters import Unusable, usable_event
from shared.service.kafka import scan

LOOK_BACK_RECORDS = (200, 20_000)  # strangers may have written behind the last event; then everything is read
REQUEST_TIMEOUT_MS = 10_000  # a topic that was deleted is asked for that long before it counts as gone


@dataclass(frozen=True, slots=True)
class Last:
    """The event with the highest number near the end of a partition, of those with room for so many events before them."""

    number: int
    event_id: str
    dossier: str


class Found(Enum):
    """What the comparison says of topic and log."""

    AGREES = auto()
    TOPIC_LOST_EVENTS = auto()
    LOG_LOST_EVENTS = auto()


def compared(relayed: Sequence[int], last: Mapping[int, Last | None], is_logged: Callable[[Last], bool]) -> Found:
    """The topic has what was relayed and perhaps more, of what the log has; or one of the two lost something.

    `relayed` counts the events of each partition up to the relay's cursor. A relay that died may have sent more than its cursor says.
    """
    if any(event is not None and not is_logged(event) for event in last.values()):
        return Found.LOG_LOST_EVENTS
    return Found.TOPIC_LOST_EVENTS if lacking(relayed, last) else Found.AGREES


def lacking(relayed: Sequence[int], last: Mapping[int, Last | None]) -> int:
    """How many of the events that were relayed the topic does not have."""
    known = {partition: event.number for partition, event in last.items() if event is not None}
    return sum(max(count - known.get(partition, 0), 0) for partition, count in enumerate(relayed))


async def ends(connection: Mapping[str, Any]) -> dict[int, int]:
    """Where each partition of the events topic ends."""
    consumer = AIOKafkaConsumer(EVENTS.name, **connection, group_id=None, enable_auto_commit=False, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await consumer.start()
        found = await consumer.end_offsets(consumer.assignment())
    finally:
        await consumer.stop()
    return {tp.partition: end for tp, end in found.items()}


async def last_numbered(connection: Mapping[str, Any], ended: Mapping[int, int], relayed: Sequence[int]) -> dict[int, Last | None]:
    """The event with the highest number near the end of each partition, by where it ended; None where none is numbered.

    "Near" reaches as far back as it takes to find one that is not below what was `relayed`.
    """
    counts = dict(enumerate(relayed))
    found: dict[int, Last | None] = {}
    for back in (*LOOK_BACK_RECORDS, None):
        wanted = {partition: end for partition, end in ended.items() if partition not in found}
        starts = {partition: 0 if back is None else max(end - back, 0) for partition, end in wanted.items()}
        seen = await _last_of(connection, starts)
        for partition in wanted:
            event = seen.get(partition)
            if starts[partition] == 0 or (event is not None and event.number >= counts.get(partition, 0)):
                found[partition] = event
        if len(found) == len(ended):
            break
    return found


async def _last_of(connection: Mapping[str, Any], starts: Mapping[int, int]) -> dict[int, Last]:
    seen: dict[int, Last] = {}

    def take(record: Any) -> None:
        number = number_that_fits(record.headers, record.offset)
        if number is None:
            return
        try:
            event = usable_event(record.value)
        except Unusable:
            return
        if (before := seen.get(record.partition)) is None or number >= before.number:
            seen[record.partition] = Last(number, event.id, event.subject)

    await scan(connection, {TopicPartition(EVENTS.name, partition): start for partition, start in starts.items()}, take)
    return seen
