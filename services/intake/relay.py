"""The outbox: follows the log into Kafka, in order, at least once."""

import asyncio
import contextlib
import time
from collections import Counter as Tally
from collections.abc import AsyncIterator, Sequence
from operator import attrgetter
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import log
from services.intake.database import RELAY_LOCK, Database
from services.intake.desk import Row
from services.intake.metrics import Metrics
from services.intake.sender import Sender
from services.intake.settings import IntakeSettings
from services.intake.tail import Tail

RECORDED_AT = attrgetter("recorded_at")
TAIL_EVENTS = 20_000
POLL_SECONDS = 0.5  # other instances on the same database commit without waking this one
CURSOR_SECONDS = 1.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
BROKER_TROUBLE = (KafkaError, OSError, TimeoutError)
STORE_TROUBLE = (DBAPIError, PoolTimeout)
LOGGER = structlog.get_logger()


class Relay:
    """Sends every logged event after its cursor; the cursor moves only over what the broker has acknowledged.

    With several instances on PostgreSQL one relays at a time: it holds an advisory lock on the connection it reads with.
    """

    def __init__(self, settings: IntakeSettings, database: Database, metrics: Metrics) -> None:
        self._settings = settings
        self._database = database
        self._metrics = metrics
        self._tail = Tail(TAIL_EVENTS)
        self._wake = asyncio.Event()
        self._draining = False
        self._head = 0
        self._position = 0
        self._saved = 0
        self._saved_at = 0.0

    @property
    def position(self) -> int:
        """Everything up to here is in Kafka, as far as this instance knows."""
        return self._position

    def logged(self, rows: Sequence[Row]) -> None:
        """A commit added these to the log: send on."""
        self._tail.add(rows)
        self._moved(rows[-1].position)

    def _moved(self, head: int) -> None:
        self._head = max(self._head, head)
        self._observe()
        self._wake.set()

    def drain(self) -> None:
        """Send what is logged, then end."""
        self._draining = True
        self._wake.set()

    async def run(self) -> None:
        """Relay until drained; whatever the broker or the database do, try again and say so."""
        pause = FIRST_PAUSE_SECONDS
        while not self._draining or self._position < self._head:
            try:
                async with self._reading() as connection, Sender(self._settings) as sender:
                    pause = FIRST_PAUSE_SECONDS
                    await self._follow(connection, sender)
            except (*BROKER_TROUBLE, *STORE_TROUBLE) as trouble:
                LOGGER.warning("relay_interrupted", error=repr(trouble), retry_seconds=pause, backlog=self._head - self._position)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def save_cursor(self) -> None:
        """Remember how far it is, so that a restart resends little."""
        if self._position > self._saved:
            async with self._database.writer.begin() as connection:
                await log.move_cursor(connection, self._position)
            self._saved = self._position
        self._saved_at = time.monotonic()

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose owner is the one relay of this database, from where the last one stopped."""
        async with self._database.reader.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT") if self._database.is_postgresql else plain
            try:
                await self._become_the_relay(connection)
                self._saved = await log.relayed(connection)
                self._position = max(self._position, self._saved)
                self._moved(await log.head(connection))
                await self._release(connection)
                yield connection
            finally:
                if self._database.is_postgresql:
                    await connection.invalidate()  # closing it is what gives the lock back

    async def _become_the_relay(self, connection: AsyncConnection) -> None:
        if not self._database.is_postgresql:
            return
        while not (await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": RELAY_LOCK})).scalar():
            self._position, self._head = await log.relayed(connection), await log.head(connection)
            self._observe()
            if self._draining:
                self._head = self._position  # another instance relays the rest
                return
            await self._sleep_until_woken()

    async def _follow(self, connection: AsyncConnection, sender: Sender) -> None:
        while not self._draining or self._position < self._head:
            self._wake.clear()
            rows = await self._next(connection)
            if rows:
                await sender.send([(row.dossier, row.event) for row in rows])
                self._sent(rows)
            if time.monotonic() - self._saved_at >= CURSOR_SECONDS:
                await self.save_cursor()
            if not rows:
                await self._sleep_until_woken()

    async def _next(self, connection: AsyncConnection) -> Sequence[Any]:
        """What comes after the cursor: at hand while the relay keeps up, else from the log."""
        limit = self._settings.relay_batch_events
        rows: Sequence[Any] = self._tail.after(self._position, limit)
        if not rows:
            rows = await log.after(connection, self._position, limit)
            await self._release(connection)
        return rows

    def _sent(self, rows: Sequence[Any]) -> None:
        now = time.time()
        for recorded_at, events in Tally(map(RECORDED_AT, rows)).items():
            self._metrics.lag.observe(max(now - recorded_at, 0.0), events)
        self._position = rows[-1].position
        self._head = max(self._head, self._position)
        self._observe()

    def _observe(self) -> None:
        self._metrics.backlog.set(self._head - self._position)
        self._metrics.difference.set(self._head - self._position)

    async def _release(self, connection: AsyncConnection) -> None:
        """End SQLite's read transaction, so that the next read sees new commits and the log file can be checkpointed."""
        if not self._database.is_postgresql:
            await connection.rollback()

    async def _sleep_until_woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
