"""Sends logged events to their topic, numbered, in the order of each dossier through retries and failures."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from types import TracebackType
from typing import Self

from services.intake.settings import IntakeSettings
from shared.contract.marks import Headers, number_header
from shared.contract.topics import EVENTS
from shared.service.kafka import check_partitions, connection, ensure_topics, partition_of
from shared.service.publisher import REQUEST_TIMEOUT_MS, NewRecord, Publisher

SEND_SECONDS = 30.0
STOP_SECONDS = REQUEST_TIMEOUT_MS / 1000 + 2  # what a broker that is gone never acknowledges expires first


class TopicRemade(Exception):
    """The events topic is not the one it was: it has to be compared with the log again."""


class Sender:
    """Publishes to the events topic and remembers what was acknowledged. After a failure its successor resends."""

    def __init__(self, settings: IntakeSettings) -> None:
        self._settings = settings
        self._publisher = Publisher(
            connection(settings), acknowledged_within_s=SEND_SECONDS, stops_within_s=STOP_SECONDS
        )
        self._offsets: dict[int, int] = {}
        self.partitions = 0
        """How many the events topic has."""

    async def __aenter__(self) -> Self:
        await ensure_topics(self._settings)
        try:
            await self._publisher.start()
            self.partitions = await self._publisher.partitions(EVENTS.name)
            check_partitions(self._settings, EVENTS.name, self.partitions)
        except BaseException:
            await self._publisher.stop()
            raise
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._publisher.stop()

    async def send(
        self,
        events: Iterable[tuple[str, bytes, str]],
        numbers: Sequence[int],
        *,
        more: bool,
        carried: Sequence[Headers] = (),
    ) -> list[int]:
        """Send (dossier code, event, fields that intake added) in order per dossier; returns when the broker has
        acknowledged them all.

        `numbers` counts the events of each partition before these; returned is the count after them. `more`: the log
        goes on behind them. `carried` are headers of each event beside its number. Raises TopicRemade when the broker
        puts an event where it had put an earlier one, TimeoutError when it does not answer.
        """
        counts = list(numbers)
        partitions = len(counts)
        records: list[list[NewRecord]] = [[] for _ in counts]
        for (code, event, added), beside in zip(events, carried or repeat([]), strict=False):
            key = code.encode()
            partition = partition_of(key, partitions)
            counts[partition] += 1
            headers = number_header(counts[partition], added, more=more)
            if beside:
                headers.extend(beside)
            records[partition].append((key, event, headers))
        by_partition = {partition: of_one for partition, of_one in enumerate(records) if of_one}
        for partition, spans in (await self._publisher.publish(EVENTS.name, by_partition)).items():
            for span in spans:
                self._acknowledged(partition, span.first)
        return counts

    def _acknowledged(self, partition: int, offset: int) -> None:
        before = self._offsets.get(partition, -1)
        if 0 <= offset <= before:
            raise TopicRemade(
                f"partition {partition} of {EVENTS.name} is shorter than it was: {offset} came after {before}"
            )
        self._offsets[partition] = offset

    def check_ends(self, ends: Mapping[int, int]) -> None:
        """Raises TopicRemade when a partition ends before what the broker acknowledged."""
        for partition, offset in self._offsets.items():
            if ends.get(partition, 0) <= offset:
                raise TopicRemade(
                    f"partition {partition} of {EVENTS.name} ends before offset {offset}, which was acknowledged"
                )
