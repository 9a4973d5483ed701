"""What is in the dead letters' topic, held against what was done about it: those that are still open, and one by one.

A letter's id is a digest of its bytes, so it names the same letter wherever the topic is made anew, and never another.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.intake.log.database import Database
from services.intake.log.handled_letters import handled
from services.intake.relaying.topic import ends
from services.intake.settings import IntakeSettings
from shared.contract.status import DeadLetterV1, decode_dead_letter
from shared.contract.topics import DEAD_LETTERS
from shared.service.kafka import BROKER_ERRORS, connection, dropped_work_is_trouble, scan
from shared.service.metric_catalogue import DEAD_LETTERS_OPEN
from shared.service.pacing import Backoff
from shared.service.sql import connected, is_transient

LOOK_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 60.0
ID_DIGITS = 16
LOGGER = structlog.get_logger()


class ReadLetter(NamedTuple):
    """A record of the topic; `letter` is None where a stranger wrote what is none."""

    id: str
    letter: DeadLetterV1 | None
    written_ms: int


class DeadLetterBox(Collector):
    """Follows the topic; what it exports is there once it has looked, and stays while the broker is away."""

    def __init__(self, settings: IntakeSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._turn = asyncio.Lock()
        self._next: dict[int, int] = {}
        self._open: dict[str, tuple[int, int]] = {}  # partition and offset by id, in the order of reading
        self.letters = 0
        """How many the topic has."""
        self.has_looked = False

    @property
    def open(self) -> int:
        """How many nobody has dealt with."""
        return len(self._open)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield DEAD_LETTERS_OPEN.family(self.open if self.has_looked else None)

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        backoff = Backoff(longest_s=LONGEST_PAUSE_SECONDS)
        while True:
            pause = LOOK_SECONDS
            try:
                with dropped_work_is_trouble():
                    await self.look()
                backoff.reset()
            except Exception as trouble:
                if not (isinstance(trouble, BROKER_ERRORS) or is_transient(trouble)):
                    raise
                pause = max(pause, backoff.next_s())
                LOGGER.info("dead_letters_not_read", error=repr(trouble), retry_seconds=pause)
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Read what came since, and drop what was dealt with, here or through another instance."""
        async with self._turn:
            ended = await self._ends()
            if ended.keys() != self._next.keys() or any(end < self._next[number] for number, end in ended.items()):
                self._open, self._next, self.letters = {}, dict.fromkeys(ended, 0), 0  # the topic is another one
            if ended != self._next:
                self._next |= await self._read(self._next, self._take)
            async with connected(self._database.reader) as reading:
                for letter in await handled(reading, self._open):
                    del self._open[letter]
            self.has_looked = True

    def _take(self, record: Any) -> None:
        self.letters += 1
        self._open[letter_id(record)] = (record.partition, record.offset)

    async def newest(self, most: int, is_wanted: Callable[[bool], bool]) -> list[ReadLetter]:
        """The newest letters, the newest first; `is_wanted` is asked with whether a letter is open."""
        kept: deque[ReadLetter] = deque(maxlen=most)

        def take(record: Any) -> None:
            read = _read(record)
            if is_wanted(read.id in self._open):
                kept.append(read)

        newest: list[ReadLetter] = []
        for number in self._next:
            kept.clear()
            await self._read({number: 0}, take)
            newest += kept
        return sorted(newest, key=lambda read: read.written_ms, reverse=True)[:most]

    async def named(self, ids: Collection[str]) -> dict[str, ReadLetter]:
        """Those letters of the ids that are in the topic, open ones or not."""
        wanted, found = set(ids), dict[str, ReadLetter]()

        def take(record: Any) -> None:
            if letter_id(record) in wanted:
                read = _read(record)
                found[read.id] = read

        await self._read(dict.fromkeys(self._next, 0), take)
        return found

    async def _ends(self) -> dict[int, int]:
        try:
            return await ends(connection(self._settings), DEAD_LETTERS.name)
        except UnknownTopicOrPartitionError:
            return {}  # nothing was ever put aside on this broker

    async def _read(self, starts: dict[int, int], take: Callable[[Any], None]) -> dict[int, int]:
        partitions = {TopicPartition(DEAD_LETTERS.name, number): start for number, start in starts.items()}
        ended = await scan(connection(self._settings), partitions, take)
        return {partition.partition: end for partition, end in ended.items()}


def letter_id(record: Any) -> str:
    """The id of the letter that a record of the topic is."""
    return sha256(record.value or b"").hexdigest()[:ID_DIGITS]


def _read(record: Any) -> ReadLetter:
    try:
        letter = decode_dead_letter(record.value or b"")
    except Exception:  # noqa: BLE001 - whatever a stranger wrote there is no letter
        letter = None
    return ReadLetter(letter_id(record), letter, record.timestamp)
