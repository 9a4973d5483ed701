"""Delivery: sessions with the broker, one after the other. Whatever goes wrong with the broker ends one; the next one reads again."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from mode import Service

from services.processing.processor import FaultIsOurs
from services.processing.session import STOPS_WITHIN_SECONDS, Session, SessionParts
from shared.service.kafka import BROKER_ERRORS, dropped_work_is_trouble, ensure_topics
from shared.service.pacing import Backoff

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
log = structlog.get_logger()


class Delivery(Service):
    """A service of the Faust application. What nobody foresaw goes to `on_bug`, which ends the process."""

    def __init__(self, parts: SessionParts, on_bug: Callable[[BaseException], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parts = parts
        self._on_bug = on_bug
        self._running: asyncio.Task[None] | None = None
        self._session: Session | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the partitions that the worker was given are recovered and it takes their events."""
        return self._session is not None and self._session.is_settled

    def begin_anew(self) -> None:
        """End this session, so that the next one makes topics that are gone and takes everything over again."""
        if self._session is not None:
            self._session.is_over = True

    async def on_start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="delivery")

    async def on_stop(self) -> None:
        if self._running is not None:
            _, late = await asyncio.wait([self._running], timeout=STOPS_WITHIN_SECONDS)
            if late:
                self._running.cancel()

    async def _run(self) -> None:
        backoff = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        try:
            while not self.should_stop:
                began = time.monotonic()
                try:
                    with dropped_work_is_trouble():
                        await self._one_session()
                except (*BROKER_ERRORS, FaultIsOurs) as trouble:
                    if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                        backoff.reset()
                    pause = backoff.next_s()
                    log.warning("session_ended", error=repr(trouble), again_in_seconds=pause)
                    self._parts.metrics.sessions_ended.inc()
                    await self.sleep(pause)
        except Exception as bug:  # noqa: BLE001 - handed on: it ends the process
            self._on_bug(bug)

    async def _one_session(self) -> None:
        await ensure_topics(self._parts.settings)
        session = Session(self._parts, lambda: self.should_stop)
        try:
            await session.start()
            self._session = session
            await session.follow()
        finally:
            self._session = None
            await session.stop()
            self._parts.partitions.clear()
