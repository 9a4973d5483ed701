"""Which records are of intake's log: it numbers the events of each partition without gaps, and a dossier's stand in one partition."""

from typing import Any

import structlog

from services.processing.ledger import Entry, Tick, usable_tick
from services.processing.partition import Partition
from services.processing.place import Place
from shared.contract.envelope import CloudEvent
from shared.contract.marks import number_of
from shared.contract.topics import EVENTS
from shared.service.dead_letters import Unusable, usable_event
from shared.service.kafka import partition_of

NOT_OF_THE_LOG = "not_of_the_log"
log = structlog.get_logger()


class Skipped(Exception):
    """The number of an event jumps: events before it were not read."""

    def __init__(self, partition: int, last: int, found: int) -> None:
        super().__init__(f"partition {partition}: event number {found} came after {last}")
        self.partition = partition
        self.found = found


def read(record: Any, partitions: int) -> CloudEvent | Tick | Unusable:
    """What a record of the events or the ticks holds, or why it is put aside."""
    try:
        if record.topic != EVENTS.name:
            return usable_tick(record.value)
        event = usable_event(record.value)
        if (home := partition_of(event.subject.encode(), partitions)) != record.partition:
            return Unusable(NOT_OF_THE_LOG, f"dossier {event.subject}: its events stand in partition {home}; post events to intake")
    except Unusable as unusable:
        return unusable
    return event


def count_number(record: Any, content: object, partition: Partition, place: Place) -> bool:
    """Move on in the events; whether the record is a numbered event that was not read before. Raises Skipped."""
    event_number = number_of(record.headers)
    if isinstance(content, Unusable) and content.reason == NOT_OF_THE_LOG:
        event_number = None
    if event_number is not None and event_number > place.number + 1:
        if isinstance(content, Unusable):
            event_number = None  # nothing of intake's: its number says nothing
        elif event_number > partition.searched_until:
            raise Skipped(record.partition, place.number, event_number)
        else:
            log.error("events_missing", partition=record.partition, after=place.number, before=event_number)
    place.next_offset = record.offset + 1
    if event_number is None or event_number <= place.number:
        return False
    place.number = event_number
    return True


def check_is_of_the_log(record: Any, envelope: CloudEvent, entry: Entry | None, place: Place) -> None:
    """What tells news has the next number, or one passed over before, or none as all events of intake before 0.3.0."""
    known = 0 if entry is None else entry.dossier.sequence
    if (envelope.sequence or 0) <= known:
        return
    is_possible = place.number == 0 if number_of(record.headers) is None else place.has_gaps
    if not is_possible:
        raise Unusable(NOT_OF_THE_LOG, f"dossier {envelope.subject}: the event has no number of intake's log; post events to intake")
