"""The calendar of the follow-up list: the catalogue's days with those announced late,
folded from the topic of announcements."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.reporting.settings import ReportingSettings
from shared.catalogue import CalendarEntry, Catalogue
from shared.contract.announcements import AnnouncementV1
from shared.contract.envelope import encode
from shared.contract.topics import ANNOUNCEMENTS, DEAD_LETTERS
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import local_date
from shared.service.clock import Clock
from shared.service.dead_letters import Unusable, dead_letter, usable_announcement
from shared.service.kafka import BROKER_ERRORS, connection, dropped_work_is_trouble, ensure_topics
from shared.service.pacing import Backoff, wait_until
from shared.service.publisher import Publisher

LOOK_EVERY_S = 1.0
READ_AGAIN_EVERY_S = 60.0  # a topic that was remade may end where the former one did
REQUEST_TIMEOUT_MS = 10_000
PARTITION = TopicPartition(ANNOUNCEMENTS.name, 0)
RECORDS_AT_ONCE = 500
ByNumber = Mapping[int, AnnouncementV1]
Refused = tuple[Any, Unusable]  # a consumer's record, and why nobody can read it

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KnownCalendar:
    """A catalogue with what was announced, and when that was last known to be complete; None: never."""

    catalogue: Catalogue
    as_of: datetime | None = None


def announced_entries(announcements: ByNumber) -> Iterable[CalendarEntry]:
    """The announced days in the order in which they took effect: of two for one day and place the later holds."""
    for _, one in sorted(announcements.items()):
        announced = local_date(one.announced_at)
        for day, works, name in one.each_day():
            yield CalendarEntry(day, works, name, one.source, one.applies_to, announced)


@dataclass(slots=True)
class AnnouncementFold:
    """One reading of the topic from its beginning to its end: of each number the last record that can be read."""

    announcements: dict[int, AnnouncementV1] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    _claimed: set[int] = field(default_factory=set)  # numbers of records that could not be read

    def take(self, record: Any) -> Refused | None:
        """The next record, given back with the reason when it can't be read:
        what its number said before it then still holds."""
        key = record.key or b""
        number = int(key) if key.isdigit() and len(key) < 17 else None  # noqa: PLR2004 - no longer than the largest number
        if record.value is None:
            if number is not None:
                self.announcements.pop(number, None)
                self.withdrawn.add(number)
                self._claimed.discard(number)
            return None
        try:
            announcement = usable_announcement(record.key, record.value)
        except Unusable as unusable:
            if number is not None:
                self._claimed.add(number)
            return record, unusable
        self.announcements[announcement.number] = announcement
        self.withdrawn.discard(announcement.number)
        return None

    def lacking(self, known: ByNumber) -> set[int]:
        """Numbers that must be somewhere and are not in the topic:
        below another one, written over, or known from before."""
        lacking = ((known.keys() - self.withdrawn) | self._claimed) - self.announcements.keys()
        first_gap = next(number for number in count(1) if number not in self.announcements)
        return lacking | {first_gap} if first_gap < max(self.announcements, default=0) else lacking


class CalendarFeed:
    """Follows the topic of announcements, for ever; what it knows is there at once, however long ago a broker answered.

    The topic is small, so it is read from its beginning whenever it has moved, and once a minute. An announcement that
    the topic has lost is kept, for it is in force: intake says it again. Only one that intake withdrew goes.
    """

    def __init__(
        self,
        settings: ReportingSettings,
        catalogue: Catalogue,
        clock: Clock,
        on_unreadable: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self.known = KnownCalendar(catalogue)
        self._settings, self._catalogue, self._clock, self._on_unreadable = settings, catalogue, clock, on_unreadable
        self._announcements: dict[int, AnnouncementV1] = {}
        self._put_aside: set[tuple[int, int]] = set()  # offset and timestamp of records whose dead letters are written
        self._is_complete = False
        self._end, self._read_at = -1, 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. A broker that is away is tried again."""
        backoff = Backoff()
        while not stopping.is_set():
            try:
                with dropped_work_is_trouble():
                    async with self._session() as (consumer, publisher):
                        while not stopping.is_set():
                            await self._look(consumer, publisher)
                            backoff.reset()
                            await wait_until(stopping, LOOK_EVERY_S)
            except BROKER_ERRORS as trouble:
                pause = backoff.next_s()
                log.warning("announcements_unknown", error=repr(trouble), as_of=self.known.as_of, retry_seconds=pause)
                await wait_until(stopping, pause)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[tuple[AIOKafkaConsumer, Publisher]]:
        await ensure_topics(self._settings, [ANNOUNCEMENTS, DEAD_LETTERS])
        async with AsyncExitStack() as stack:
            publisher = Publisher(connection(self._settings))
            stack.push_async_callback(publisher.stop)
            await publisher.start()
            consumer = AIOKafkaConsumer(
                **connection(self._settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                request_timeout_ms=REQUEST_TIMEOUT_MS,
            )
            stack.push_async_callback(consumer.stop)
            await consumer.start()
            consumer.assign([PARTITION])
            self._end = -1
            yield consumer, publisher

    async def _look(self, consumer: AIOKafkaConsumer, publisher: Publisher) -> None:
        began_at = self._clock()
        end = (await consumer.end_offsets([PARTITION]))[PARTITION]
        if end != self._end or time.monotonic() - self._read_at >= READ_AGAIN_EVERY_S:
            self._take(await self._read(consumer, publisher, end))
            self._end, self._read_at = end, time.monotonic()
        if self._is_complete:
            self.known = KnownCalendar(self.known.catalogue, began_at)

    async def _read(self, consumer: AIOKafkaConsumer, publisher: Publisher, end: int) -> AnnouncementFold:
        """The topic from its beginning to where it ended;
        raises TimeoutError when the broker gives nothing for a while."""
        fold = AnnouncementFold()
        await consumer.seek_to_beginning(PARTITION)
        while (before := await consumer.position(PARTITION)) < end:
            refused: list[Refused] = []
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                while await consumer.position(PARTITION) == before:
                    fetched = await consumer.getmany(PARTITION, timeout_ms=200, max_records=RECORDS_AT_ONCE)
                    refused += [one for record in fetched.get(PARTITION, ()) if (one := fold.take(record)) is not None]
            await self._write_letters(publisher, refused)
        return fold

    def _take(self, fold: AnnouncementFold) -> None:
        lacking = fold.lacking(self._announcements)
        kept = {number: one for number, one in self._announcements.items() if number not in fold.withdrawn}
        announcements = kept | fold.announcements
        self._is_complete = not lacking
        if lacking:
            log.warning("announcements_missing", numbers=sorted(lacking)[:20], as_of=self.known.as_of)
        if announcements == self._announcements:
            return
        try:
            catalogue = self._catalogue.with_entries(announced_entries(announcements))
        except CalendarNotKnown as wrong:
            self._is_complete = False
            log.warning("announcements_unknown", error=repr(wrong), as_of=self.known.as_of)
            return
        self._announcements = announcements
        self.known = KnownCalendar(catalogue, self.known.as_of)

    async def _write_letters(self, publisher: Publisher, refused: Iterable[Refused]) -> None:
        """A letter for each record, once in the life of this process;
        it names the same offset when it is written again."""
        new = {(record.offset, record.timestamp): (record, why) for record, why in refused}
        new = {place: one for place, one in new.items() if place not in self._put_aside}
        letters = [
            dead_letter(record, reason=why.reason, detail=why.detail, failed_at=self._clock())
            for record, why in new.values()
        ]
        await publisher.publish_by_key(DEAD_LETTERS.name, [(letter.key, encode(letter)) for letter in letters])
        self._put_aside |= new.keys()
        for letter in letters:
            self._on_unreadable(letter.reason)
            log.warning("announcement_unreadable", offset=letter.offset, reason=letter.reason, detail=letter.detail)
