"""Whether the broker answers, and where its topics end: asked every few seconds, also when nobody posts anything.

A broker that dies at night would otherwise be noticed by the first event of the morning.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from shared.contract.topics import DEAD_LETTERS, TOPICS
from shared.service.kafka import BROKER_ERRORS, connection, dropped_work_is_trouble, let_go
from shared.service.metric_catalogue import BROKER_HEARD, DEAD_LETTERS_IN_TOPIC, TOPIC_RECORDS
from shared.service.pacing import Backoff, wait_until
from shared.service.settings import ServiceSettings

LOOK_EVERY_S = 5.0
SOON_S = 1.0  # while topics are still to be made
ANSWERS_WITHIN_S = 5.0
SILENT_AFTER_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 5.0
log = structlog.get_logger()


class PartitionBounds(NamedTuple):
    """Where a partition begins and ends."""

    first: int
    end: int


ByPartition = Mapping[int, PartitionBounds]


class BrokerWatch(Collector):
    """What the broker last said, and when. `on_look` is called after each answer."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self.on_look: Callable[[], None] = lambda: None
        self._heard_at: float | None = None  # monotonic
        self._heard_on: float | None = None  # the system's clock
        self._topics: Mapping[str, ByPartition] = {}

    @property
    def is_heard(self) -> bool:
        """Whether the broker answered lately."""
        return self._heard_at is not None and time.monotonic() - self._heard_at < SILENT_AFTER_S

    def ends(self, topic: str) -> Mapping[int, int] | None:
        """Where each partition of a topic ends; None when the broker does not say, or has no such topic."""
        bounds = self._topics.get(topic) if self.is_heard else None
        return None if bounds is None else {number: bound.end for number, bound in bounds.items()}

    def collect(self) -> Iterator[Metric]:
        heard = BROKER_HEARD.family(self._heard_on)
        sizes, letters = TOPIC_RECORDS.family(), DEAD_LETTERS_IN_TOPIC.family()
        if self.is_heard:
            for topic, bounds in sorted(self._topics.items()):
                records = sum(bound.end - bound.first for bound in bounds.values())
                sizes.add_metric([topic], records)
                if topic == DEAD_LETTERS.name:
                    letters.add_metric([], records)
        yield from (heard, sizes, letters)

    @property
    def _has_all_topics(self) -> bool:
        return self._topics.keys() == {topic.name for topic in TOPICS}

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; a broker that is away is asked again."""
        backoff, said = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S), False
        while not stopping.is_set():
            try:
                with dropped_work_is_trouble():
                    async with self._asking() as consumer:
                        while not stopping.is_set():
                            await self._look(consumer)
                            backoff.reset()
                            said = False
                            await wait_until(stopping, LOOK_EVERY_S if self._has_all_topics else SOON_S)
            except BROKER_ERRORS as trouble:
                if not said:
                    log.warning("broker_not_heard", error=repr(trouble))
                said = True
            except Exception:
                log.exception("broker_not_heard")  # a bug in watching ends nothing that is watched
            await wait_until(stopping, backoff.next_s())

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            group_id=None,
            enable_auto_commit=False,
            request_timeout_ms=int(ANSWERS_WITHIN_S * 1000),
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await let_go(consumer.stop)

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Ask only for topics that are there: to ask for another one would make it, on brokers that make them so."""
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            there = await consumer.topics()
            wanted = [topic.name for topic in TOPICS if topic.name in there]
            if any(consumer.partitions_for_topic(topic) is None for topic in wanted):
                await consumer.end_offsets([TopicPartition(topic, 0) for topic in wanted])  # it learns of them by that
            places = [
                TopicPartition(topic, number)
                for topic in wanted
                for number in sorted(consumer.partitions_for_topic(topic) or ())
            ]
            first = await consumer.beginning_offsets(places) if places else {}
            end = await consumer.end_offsets(places) if places else {}
        self.heard({place: PartitionBounds(first[place], end[place]) for place in places})

    def heard(self, bounds: Mapping[TopicPartition, PartitionBounds]) -> None:
        """The broker answered."""
        topics: dict[str, dict[int, PartitionBounds]] = {}
        for place, bound in bounds.items():
            topics.setdefault(place.topic, {})[place.partition] = bound
        self._topics, self._heard_at, self._heard_on = topics, time.monotonic(), time.time()
        self.on_look()
