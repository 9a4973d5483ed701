"""Alerts: every open dossier past a threshold gets its alert, however its events, the ticks
and the passing of time are interleaved."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.processing.changelog import Changelog
from services.processing.deadlines import Deadlines
from services.processing.index import StatusIndex
from services.processing.metrics import ProcessingMetrics
from services.processing.partition import Partition
from services.processing.processor import Processor
from shared.contract.envelope import CloudEvent, encode
from shared.contract.marks import number_header
from shared.contract.status import decode_alert
from shared.contract.topics import ALERTS, EVENTS, TICKS
from shared.service.clock import system_clock
from shared.service.publisher import NewRecord, Span
from tests.builders.times import at
from tests.processing.records import envelope

NOON, LONG_AGO = at("2023-12-31 12:00"), at("2023-12-08 16:00")
Step = tuple[str, dict[str, Any]]  # an event's name and data
OVERDUE, FAR = "2023-12-20T08:00:00+07:00", "2024-03-01T08:00:00+07:00"


@dataclass(slots=True)
class OnTopic:
    """A record as a consumer gets it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = 0


class Topics:
    """One partition of each topic, in memory: what the processor publishes, and the events that it is given."""

    def __init__(self) -> None:
        self.records: dict[str, list[OnTopic]] = defaultdict(list)

    def write(self, topic: str, record: NewRecord) -> None:
        written = self.records[topic]
        headers = record[2] if len(record) > 2 else ()
        written.append(OnTopic(topic, 0, len(written), record[0] or b"", record[1] or b"", list(headers)))

    async def publish(self, topic: str, by_partition: Mapping[int, Iterable[NewRecord]]) -> dict[int, list[Span]]:
        spans = {}
        for number, records in by_partition.items():
            first = len(self.records[topic])
            for record in records:
                self.write(topic, record)
            spans[number] = [Span(first, len(self.records[topic]) - first)]
        return spans

    async def publish_by_key(self, topic: str, records: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        for record in records:
            self.write(topic, record)

    def alerts(self) -> list[tuple[str, str]]:
        found = (decode_alert(record.value) for record in self.records[ALERTS.name])
        return [(alert.code, alert.threshold) for alert in found]


class Worker:
    """The processor and its deadlines over one partition, with no broker: batches are cut by the test."""

    def __init__(self, topics: Topics, *, ends_at: int, grace: timedelta = timedelta()) -> None:
        self.topics = topics
        self.clock = NOON
        self.partition = Partition(lambda: StatusIndex(timedelta(hours=24)))
        self.partition.catches_up_at = ends_at
        partitions = {0: self.partition}
        publisher: Any = topics
        changelog = Changelog({}, lambda: NOON, timedelta(days=30))
        self.processor = Processor(
            partitions,
            changelog=changelog,
            publisher=publisher,
            connection={},
            clock=lambda: self.clock,
            metrics=ProcessingMetrics(partitions),
            grace=grace,
            kafka_partitions=1,
        )
        self.deadlines = Deadlines(partitions, publisher, lambda: self.clock, grace=grace)
        self.read = {EVENTS.name: 0, TICKS.name: 0}

    def take(self, topic: str, most: int) -> list[OnTopic]:
        """The next records, at most so many."""
        found = self.topics.records[topic][self.read[topic] : self.read[topic] + most]
        self.read[topic] += len(found)
        return found

    async def handle(self, *batch: OnTopic) -> None:
        await self.processor.handle(batch)

    async def come_to_rest(self) -> None:
        """Read everything, pass time, and again until nothing happens."""
        sent = 1
        while sent:
            await self.handle(*self.take(EVENTS.name, 1000), *self.take(TICKS.name, 1000))
            sent = await self.deadlines.advance()


def put_on(topics: Topics, *events: CloudEvent, more: bool = False) -> None:
    for event in events:
        number = len(topics.records[EVENTS.name]) + 1
        topics.write(EVENTS.name, (event.subject.encode(), encode(event), number_header(number, more=more)))


def history(code: str, *steps: Step, recorded: datetime = LONG_AGO) -> list[CloudEvent]:
    """Events an hour apart."""
    return [
        envelope(code, number, name, f"2023-12-08 {7 + number:02d}:00", recordedtime=recorded, **data)
        for number, (name, data) in enumerate(steps, 1)
    ]


CODE = "H59.15-231208-0001"
RECEIVED: Step = ("received", {"due_at": OVERDUE})
STARTED: Step = ("processing_started", {})
PAUSED: Step = ("supplement_requested", {})
RESUMED: Step = ("supplemented", {"due_at": OVERDUE})


async def test_a_tick_that_is_read_while_its_dossier_is_paused_is_not_the_last_one() -> None:
    """Paused and resumed within one batch, with the tick in between:
    the dossier looks as before, and is still overdue."""
    topics = Topics()
    worker = Worker(topics, ends_at=0)
    received, started, paused, resumed = history(CODE, RECEIVED, STARTED, PAUSED, RESUMED)
    put_on(topics, received, started)
    await worker.handle(*worker.take(EVENTS.name, 2))
    assert await worker.deadlines.advance() == 1, "of the last threshold that was reached"
    put_on(topics, paused, resumed)
    await worker.handle(*worker.take(EVENTS.name, 1), *worker.take(TICKS.name, 1), *worker.take(EVENTS.name, 1))
    assert topics.alerts() == []
    await worker.come_to_rest()
    assert topics.alerts() == [(CODE, "overdue")]


async def test_a_tick_that_comes_before_its_time_announces_nothing_and_takes_nothing_from_the_true_one() -> None:
    """A stranger's, or one of a clock that ran ahead."""
    topics = Topics()
    worker = Worker(topics, ends_at=0)
    (received,) = history(CODE, ("received", {"due_at": FAR}))
    put_on(topics, received)
    for threshold in ("due_soon", "overdue"):
        topics.write(TICKS.name, (CODE.encode(), encode({"code": CODE, "threshold": threshold, "due_at": FAR})))
    await worker.come_to_rest()
    assert topics.alerts() == []
    worker.clock = datetime.fromisoformat(FAR) + timedelta(days=2)
    await worker.come_to_rest()
    assert topics.alerts() == [(CODE, "overdue")]


async def test_nothing_is_announced_of_what_closed_in_events_that_are_still_to_be_read() -> None:
    """A ledger that is derived anew meets every dossier open first, long after its deadline."""
    topics = Topics()
    closed = history(CODE, RECEIVED, ("resolved", {}))
    still_open = history("H59.15-231208-0002", RECEIVED, STARTED)
    put_on(topics, closed[0], still_open[0], still_open[1], closed[1])
    worker = Worker(topics, ends_at=4)
    topics.write(
        TICKS.name, (CODE.encode(), encode({"code": CODE, "threshold": "overdue", "due_at": OVERDUE}))
    )  # from before
    await worker.handle(*worker.take(EVENTS.name, 2), *worker.take(TICKS.name, 1))
    assert await worker.deadlines.advance() == 0
    await worker.come_to_rest()
    assert topics.alerts() == [("H59.15-231208-0002", "overdue")]


@pytest.mark.parametrize("more", [False, True], ids=["recorded long ago", "the relay says so"])
async def test_nothing_is_announced_while_more_events_are_expected(
    monkeypatch: pytest.MonkeyPatch, *, more: bool
) -> None:
    """An emptied topic that is filled again shows no end to catch up with;
    but its events are old, or more of them are on their way."""
    seconds = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    recorded = system_clock() if more else LONG_AGO
    topics = Topics()
    worker = Worker(topics, ends_at=0, grace=timedelta(seconds=10))
    received, resolved = history(CODE, RECEIVED, ("resolved", {}), recorded=recorded)
    (still_open,) = history("H59.15-231208-0002", RECEIVED, recorded=LONG_AGO)
    put_on(topics, still_open, received, more=more)
    await worker.handle(*worker.take(EVENTS.name, 2))
    seconds[0] = 8
    assert await worker.deadlines.advance() == 0
    put_on(topics, resolved, more=more)
    await worker.handle(*worker.take(EVENTS.name, 1))
    seconds[0] = 16
    assert await worker.deadlines.advance() == 0, "the last of them was eight seconds ago"
    seconds[0] = 25
    await worker.come_to_rest()
    assert topics.alerts() == [("H59.15-231208-0002", "overdue")]


async def test_an_event_that_is_new_and_the_last_ends_the_waiting() -> None:
    topics = Topics()
    worker = Worker(topics, ends_at=0, grace=timedelta(seconds=10))
    (overdue,), (new,) = (
        history(CODE, RECEIVED),
        history("H59.15-231208-0002", ("received", {"due_at": FAR}), recorded=system_clock()),
    )
    put_on(topics, overdue, more=True)
    await worker.come_to_rest()
    assert topics.alerts() == []
    put_on(topics, new)
    await worker.come_to_rest()
    assert topics.alerts() == [(CODE, "overdue")]


def test_whatever_the_interleaving_each_open_overdue_dossier_is_announced_once() -> None:
    for seed in range(600):
        announced, expected = _played(Random(seed))
        assert announced == expected, f"seed {seed}"


def _played(random: Random) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """A few dossiers with pauses, in batches cut anywhere:
    what was announced of those that end overdue, and what should have been."""
    topics, waiting = Topics(), []
    for serial in range(3):
        between = [step for _ in range(random.randrange(4)) for step in (PAUSED, RESUMED)]
        if random.random() < 0.3:
            between.append(("extended", {"due_at": FAR, "legal_ground": "Điều 19 Nghị định 61/2018/NĐ-CP"}))
        if random.random() < 0.3:
            between.append(("resolved", {}))
        elif random.random() < 0.2:
            between.append(PAUSED)
        waiting.append(history(f"H59.15-231208-{serial:04d}", RECEIVED, STARTED, *between))
    expected = sorted(
        (events_of_dossier[0].subject, "overdue") for events_of_dossier in waiting if _ends_overdue(events_of_dossier)
    )

    async def play() -> None:
        worker = Worker(topics, ends_at=random.randrange(sum(map(len, waiting))))
        while any(waiting):
            for _ in range(random.randrange(8)):
                events_of_dossier = random.choice([each for each in waiting if each] or [[]])
                put_on(topics, *events_of_dossier[:1])
                del events_of_dossier[:1]
            batch = [
                record
                for _ in range(random.randrange(16))
                for record in worker.take(random.choice((EVENTS.name, TICKS.name)), 1)
            ]
            await worker.handle(*batch)
            if random.random() < 0.5:
                await worker.deadlines.advance()
        await worker.come_to_rest()

    asyncio.run(play())
    return sorted(alert for alert in topics.alerts() if alert in expected), expected


def _ends_overdue(events_of_dossier: Sequence[CloudEvent]) -> bool:
    last = events_of_dossier[-1].type.split(".")[3]
    return last not in ("resolved", "supplement_requested", "extended")
