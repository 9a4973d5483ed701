"""The announcements on their way to Kafka: their topic is brought to what the table says, whatever became of either."""

import asyncio
import time
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from services.intake.log import calendar, event_log
from services.intake.log.database import Database
from services.intake.relaying.relay import Relay
from services.intake.relaying.topic import ends
from services.intake.settings import IntakeSettings
from shared.contract.envelope import encode
from shared.contract.topics import ANNOUNCEMENTS
from shared.service.kafka import BROKER_ERRORS, connection, dropped_work_is_trouble, ensure_topics, scan
from shared.service.pacing import Backoff, wait_until
from shared.service.publisher import Publisher
from shared.service.sql import is_transient

LOOK_SECONDS = 10.0  # other instances announce without waking this one, and a topic may be emptied under it
READ_AGAIN_SECONDS = 60.0  # a topic that forgets, or was made anew and written by others, may end where it did
UNCOMPARED_SECONDS = 0.5
LOGGED_BYTES = 2000
PARTITION = 0  # the only one: what is in force is one small list
LOGGER = structlog.get_logger()
_Records = dict[bytes, bytes | None]  # by key, what the topic says last


class AnnouncementRelay:
    """Publishes every announcement under its number and withdraws what the table does not have.

    It reads the topic first and the table after it. So what the topic has and the table lacks was never announced, or
    is gone from a database that was put back; and an instance that was frozen in between can do no more than say again
    what is in force. Each instance looks, and says at once what was announced through it. Only the one that relays
    withdraws: it has seen that the database is not older than the events topic, for then the topic's announcements are
    the last copies there are.
    """

    def __init__(self, settings: IntakeSettings, database: Database, relay: Relay) -> None:
        self._settings = settings
        self._database = database
        self._relay = relay
        self._wake = asyncio.Event()
        self._agreed: tuple[int, int] | None = (
            None  # where the topic ended and the newest number, when both last agreed
        )
        self._read_at = 0.0

    @property
    def has_agreed(self) -> bool:
        """Whether topic and table agreed at the last look that brought them together."""
        return self._agreed is not None

    def look_again(self) -> None:
        """Something was announced: do not wait for the next look."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. A broker or a database that is away is tried again."""
        backoff = Backoff(longest_s=LOOK_SECONDS)
        while True:
            self._wake.clear()
            try:
                with dropped_work_is_trouble():
                    pause = LOOK_SECONDS if await self._look() else UNCOMPARED_SECONDS
                backoff.reset()
            except Exception as trouble:
                if not (isinstance(trouble, BROKER_ERRORS) or is_transient(trouble)):
                    raise
                pause = backoff.next_s()
                LOGGER.warning("announcements_not_relayed", error=repr(trouble), retry_seconds=pause)
            await wait_until(self._wake, pause)

    async def _look(self) -> bool:
        """Bring the topic to the table's state;
        False while topic and log are not compared, or nothing may be accepted."""
        if not self._relay.is_compared:
            return False
        async with self._database.reader.connect() as reading:
            heads = await event_log.heads(reading)
        if heads.refusal is not None:
            return False
        try:
            end = (await ends(connection(self._settings), ANNOUNCEMENTS.name)).get(PARTITION, 0)
        except UnknownTopicOrPartitionError:
            await ensure_topics(
                self._settings, [ANNOUNCEMENTS]
            )  # an events topic made here would be filled before it is compared
            end = 0
        if self._agreed != (end, heads.announcement) or time.monotonic() - self._read_at >= READ_AGAIN_SECONDS:
            await self._bring_up_to_date()
        return True

    async def _bring_up_to_date(self) -> None:
        published, end = await self._published()
        async with self._database.reader.connect() as reading:
            announced = await calendar.announced(reading)
        wanted: _Records = {b"%d" % stored.number: encode(stored.message()) for stored in announced}
        foreign = [key for key, value in published.items() if key not in wanted and value is not None]
        withdrawn = foreign if self._relay.is_relaying else []
        missing = [(key, value) for key, value in wanted.items() if published.get(key) != value]
        for key in withdrawn:
            record = (published[key] or b"")[:LOGGED_BYTES].decode(errors="replace")
            LOGGER.warning("announcement_withdrawn", key=key.decode(errors="replace"), record=record)
        if changes := [*((key, None) for key in withdrawn), *missing]:
            publisher = Publisher(connection(self._settings))
            try:
                await publisher.start()
                (spans,) = (await publisher.publish(ANNOUNCEMENTS.name, {PARTITION: changes})).values()
            finally:
                await publisher.stop()
            LOGGER.info("announcements_relayed", published=len(missing), withdrawn=len(withdrawn))
            end = spans[-1].first + spans[-1].records
        if withdrawn == foreign:
            self._agreed, self._read_at = (end, announced[-1].number if announced else 0), time.monotonic()

    async def _published(self) -> tuple[_Records, int]:
        """What the topic says last under each key, and where it ended."""
        records: _Records = {}

        def take(record: Any) -> None:
            if record.key is not None:
                records[record.key] = record.value

        partition = TopicPartition(ANNOUNCEMENTS.name, PARTITION)
        return records, (await scan(connection(self._settings), {partition: 0}, take))[partition]
