"""The outbox: follows the log into Kafka, in order, at least once, until the topic has what the log has."""

import asyncio
import contextlib
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.database import RELAY_LOCK, Database, end_frozen, leave_when_idle, write
from services.intake.log.history import LogRow, RecentRows
from services.intake.log.metrics import Metrics
from services.intake.relaying.sender import Sender, TopicRemade
from services.intake.relaying.topic import LastNumbered, LogAndTopic, compared, ends, lacking, last_numbered
from services.intake.settings import IntakeSettings
from shared.contract.topics import EVENTS
from shared.service import tracing
from shared.service.kafka import BROKER_ERRORS, WrongPartitions, dropped_work_is_trouble
from shared.service.kafka import connection as reach
from shared.service.pacing import Backoff, wait_until
from shared.service.sql import connected, is_transient

RECORDED_AT = attrgetter("recorded_at")
SENT = attrgetter("dossier", "event", "added")
RECENT_EVENTS = 20_000
POLL_SECONDS = 0.5  # other instances on the same database commit without waking this one
CURSOR_SECONDS = 1.0
LOOK_AT_TOPIC_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 2.0
LOGGER = structlog.get_logger()


class CursorSetBack(Exception):
    """Somebody asked for the log to be sent again: read the cursor anew."""


class LogBehindTopic(Exception):
    """The topic has an event that the log does not: the log is older than it was, a backup that was restored."""

    def __init__(self, missing: Sequence[LastNumbered]) -> None:
        example = missing[0]
        super().__init__(
            f"the event topic holds what the log does not have (event {example.event_id} of dossier "
            f"{example.dossier}, for one): the log is older than the topic, as after a backup was restored. "
            "Run `motcua restore`, which brings the missing events back"
        )


class Relay:
    """Sends every logged event after its cursor; the cursor moves only over what the broker has acknowledged.

    Before it sends anything it holds the topic against the log. A topic that lost events gets the whole log again; a
    log that lost events is a refusal: no instance accepts anything until `motcua restore` brought them back. With
    several instances on PostgreSQL one relays at a time: it holds an advisory lock on the connection it reads with.
    """

    def __init__(self, settings: IntakeSettings, database: Database, metrics: Metrics) -> None:
        self._settings = settings
        self._database = database
        self._metrics = metrics
        self._recent = RecentRows(RECENT_EVENTS)
        self._wake = asyncio.Event()
        self._draining = False
        self._head = 0
        self._cursor = event_log.RelayCursor()
        self._saved_at = 0.0
        self._furthest = 0  # what was sent before is not late when it is sent again
        self._ends_seen: Mapping[int, int] = {}
        self.is_compared = False
        """Whether topic and log were compared since this instance started, by it or by the one that relays."""
        self.is_relaying = False
        """Whether this instance is the relay and found that the log has what the topic has."""
        self.has_looked = asyncio.Event()
        """Set when that was tried: a broker that is away does not keep intake from accepting."""

    @property
    def position(self) -> int:
        """Everything up to here is in Kafka, as far as this instance knows."""
        return self._cursor.position

    def logged(self, rows: Sequence[LogRow]) -> None:
        """A commit added these to the log: send on."""
        self._recent.add(rows)
        self._moved(rows[-1].position)

    def _moved(self, head: int) -> None:
        self._head = max(self._head, head)
        self._observe()
        self._wake.set()

    def saw_head(self, head: int) -> None:
        """The log goes this far, by whatever instance: while the broker is away nobody here reads it."""
        self._head = max(self._head, head)
        self._observe()

    def look_again(self) -> None:
        """The cursor was set back, or the log was mended: do not wait for the next look."""
        self._wake.set()

    def drain(self) -> None:
        """Send what is logged, then end."""
        self._draining = True
        self._wake.set()

    async def run(self) -> None:
        """Relay until drained; whatever the broker or the database do, try again and say so."""
        backoff = Backoff(longest_s=LONGEST_PAUSE_SECONDS)
        while not self._is_drained():
            try:
                with dropped_work_is_trouble():
                    async with self._reading() as connection:
                        if connection is None:
                            return  # another instance relays the rest
                        async with Sender(self._settings) as sender:
                            await self._compare(connection, sender)
                            backoff.reset()
                            await self._follow(connection, sender)
            except CursorSetBack:
                LOGGER.info("relay_sends_again")
            except LogBehindTopic as behind:
                LOGGER.critical("log_behind_topic", detail=str(behind))
                await self._refuse(str(behind))
                if self._draining:
                    return
                self._wake.clear()
                await wait_until(self._wake, LOOK_AT_TOPIC_SECONDS)
            except WrongPartitions as wrong:
                self.has_looked.set()
                LOGGER.critical("wrong_partitions", detail=str(wrong), backlog=self._head - self.position)
                if self._draining:
                    return
                self._wake.clear()
                await wait_until(self._wake, LOOK_AT_TOPIC_SECONDS)
            except Exception as trouble:
                if not (isinstance(trouble, (*BROKER_ERRORS, TopicRemade)) or is_transient(trouble)):
                    raise
                self.has_looked.set()
                pause = backoff.next_s()
                LOGGER.warning(
                    "relay_interrupted", error=repr(trouble), retry_seconds=pause, backlog=self._head - self.position
                )
                await asyncio.sleep(pause)

    def _is_drained(self) -> bool:
        return self._draining and self.position >= self._head

    async def save_cursor(self) -> None:
        """Remember how far it is, so that a restart resends little. Raises CursorSetBack when somebody set it back."""
        async with self._database.reader.connect() as connection:
            await self._save_cursor(connection)

    async def _save_cursor(self, connection: AsyncConnection) -> None:
        """Asked over the relay's connection, it also shows that the relay still holds its lock."""
        self._saved_at = time.monotonic()
        position, numbers, resends = self._cursor
        stored = await event_log.cursor(connection)
        await self._release(connection)
        if stored.resends != resends:
            raise CursorSetBack
        if numbers is not None and position > stored.position:
            await write(self._database, lambda writing: event_log.move_cursor(writing, position, numbers, resends))

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection | None]:
        """A connection that makes this instance the one relay, from where the last one stopped; None if not needed."""
        async with connected(self._database.reader) as plain:
            connection = (
                await plain.execution_options(isolation_level="AUTOCOMMIT") if self._database.is_postgresql else plain
            )
            try:
                if not await self._became_the_relay(connection):
                    yield None
                    return
                self._cursor = await event_log.cursor(connection)
                self._head = await event_log.head(connection)
                self._furthest = max(self._furthest, self.position)
                self._observe()
                await self._release(connection)
                yield connection
            finally:
                self.is_relaying = False
                if self._database.is_postgresql:
                    await connection.invalidate()  # closing it is what gives the lock back

    async def _became_the_relay(self, connection: AsyncConnection) -> bool:
        """Wait for the lock; False when this instance is to stop, for then another one relays the rest."""
        if not self._database.is_postgresql:
            return True
        while not (await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": RELAY_LOCK})).scalar():
            self._cursor, self._head = await event_log.cursor(connection), await event_log.head(connection)
            self._observe()
            self.is_compared = True
            self.has_looked.set()
            if self._draining:
                return False
            await end_frozen(connection, RELAY_LOCK)
            await wait_until(self._wake, POLL_SECONDS)
        await leave_when_idle(connection)
        return True

    async def _compare(self, connection: AsyncConnection, sender: Sender) -> None:
        """Begin again from the first event where the topic lost some or nobody counted; raises LogBehindTopic."""
        numbers = self._cursor.numbers
        counted = numbers is not None and len(numbers) == sender.partitions
        relayed = numbers if numbers is not None and counted else (0,) * sender.partitions
        last = await last_numbered(reach(self._settings), await ends(reach(self._settings)), relayed)
        events = [event for event in last.values() if event is not None]
        logged = await event_log.logged_events(connection, [event.event_id for event in events])
        await self._release(connection)
        comparison = compared(relayed, last, lambda event: event.event_id in logged)
        if comparison is LogAndTopic.LOG_LOST_EVENTS:
            raise LogBehindTopic([event for event in events if event.event_id not in logged])
        await self._refuse(None)
        self.is_compared = self.is_relaying = True
        if comparison is LogAndTopic.TOPIC_LOST_EVENTS:
            LOGGER.error(
                "topic_lost_events",
                relayed=relayed,
                topic=[event.number if event else 0 for _, event in sorted(last.items())],
            )
            self._metrics.refills.inc()
        if comparison is LogAndTopic.TOPIC_LOST_EVENTS or not counted:
            await self._begin_again(sender.partitions)
        self._metrics.difference.set(0)

    async def _refuse(self, why: str | None) -> None:
        self.has_looked.set()
        await write(self._database, lambda writing: event_log.refuse(writing, why))

    async def _begin_again(self, partitions: int) -> None:
        """In the database first: whoever goes on after this instance must not skip what it did not send any more."""

        async def set_back(writing: AsyncConnection) -> None:
            if (await event_log.cursor(writing)).resends != self._cursor.resends:
                raise CursorSetBack
            await event_log.set_back(writing, (0,) * partitions)
            self._cursor = await event_log.cursor(writing)

        await write(self._database, set_back)

    async def _follow(self, connection: AsyncConnection, sender: Sender) -> None:
        looked_at, was_woken = time.monotonic(), False
        while not self._is_drained():
            self._wake.clear()
            rows = await self._next(connection, may_be_behind=not was_woken)
            if rows:
                assert self._cursor.numbers is not None, "the comparison counted"
                self._sent(rows, await self._send(sender, rows, self._cursor.numbers))
            if time.monotonic() - self._saved_at >= CURSOR_SECONDS:
                await self._save_cursor(connection)
            if not rows:
                await wait_until(self._wake, POLL_SECONDS)
                was_woken = self._wake.is_set()
                if time.monotonic() - looked_at >= LOOK_AT_TOPIC_SECONDS:
                    looked_at = time.monotonic()
                    await self._look_at_topic(sender)

    async def _send(self, sender: Sender, rows: Sequence[Any], numbers: Sequence[int]) -> list[int]:
        sending, more = map(SENT, rows), rows[-1].position < self._head
        ids = [getattr(row, "event_id", "") for row in rows] if tracing.is_on() else []  # at hand only where it is new
        traced = tracing.sending("relay", ids)
        if traced is None:
            return await sender.send(sending, numbers, more=more)
        with traced.first():
            return await sender.send(sending, numbers, more=more, carried=[traced.headers(one) for one in ids])

    async def _look_at_topic(self, sender: Sender) -> None:
        """While nothing is sent nobody would notice that the topic was emptied."""
        ended = await ends(reach(self._settings))
        sender.check_ends(ended)
        if ended != self._ends_seen:
            relayed = self._cursor.numbers or ()
            lost = lacking(relayed, await last_numbered(reach(self._settings), ended, relayed))
            self._metrics.difference.set(lost)
            if lost:
                raise TopicRemade(f"{EVENTS.name} lacks {lost} events that it had")
            self._ends_seen = ended

    async def _next(self, connection: AsyncConnection, *, may_be_behind: bool) -> Sequence[Any]:
        """What comes after the cursor: at hand while the relay keeps up, else from the log."""
        limit = self._settings.relay_batch_events
        rows: Sequence[Any] = self._recent.after(self.position, limit)
        if not rows and (may_be_behind or self.position < self._head):
            rows = await event_log.after(connection, self.position, limit)
            await self._release(connection)
        return rows

    def _sent(self, rows: Sequence[Any], numbers: Sequence[int]) -> None:
        now = time.time()
        new = rows if rows[0].position > self._furthest else [row for row in rows if row.position > self._furthest]
        for recorded_at, events in Tally(map(RECORDED_AT, new)).items():
            self._metrics.lag.observe(now - recorded_at, events)
        self._furthest = max(self._furthest, rows[-1].position)
        self._cursor = self._cursor._replace(position=rows[-1].position, numbers=tuple(numbers))
        self._head = max(self._head, self.position)
        self._observe()

    def _observe(self) -> None:
        self._metrics.backlog.set(self._head - self.position)
        self._metrics.events.set(self._head)

    async def _release(self, connection: AsyncConnection) -> None:
        """End SQLite's read transaction: the next read sees new commits, and the log file can be checkpointed."""
        if not self._database.is_postgresql:
            await connection.rollback()
