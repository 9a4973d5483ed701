"""Reporting makes its read model anew by itself from intake's log: after an upgrade of the rules, and when it was lost.

A lost model fills from the status topic too, and counts rightly from it, but what was known when is only in the log.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import rules_of, snapshot
from services.reporting.rebuild import progress
from services.reporting.rebuild.fold import UnreadableLogLine, read_lines
from services.reporting.rebuild.progress import RebuildProgress, UnknownRebuild
from services.reporting.rebuild.swap import swap
from shared.contract.http.log import LogLine
from shared.domain.counting import RULES_VERSION
from shared.service.clock import Clock
from shared.service.pacing import wait_until
from shared.service.sql import is_transient

PART_EVENTS = 2000
LOOK_AGAIN_S = 10.0
FILLING_S = 0.2  # between two looks whether the model is filled

log = structlog.get_logger()


class NothingToRebuildFrom(Exception):
    """The log is empty and the read model is not: that is another intake's log."""


@dataclass(slots=True)
class AutomaticRebuild:
    """Goes on until the model was made by this version's rules, by whomever, and knows what the log knows.

    `intake` makes a client of it with its key. `lost_before`: when this process started and the model was empty; a log
    with earlier events knows more than it. While the model still `fills` from the status topic that waits: figures come
    first, then what was known when.
    """

    engine: AsyncEngine
    intake_url: str
    intake: Callable[[], httpx.AsyncClient]
    clock: Clock
    lost_before: datetime | None = None
    fills: Callable[[], bool] = lambda: False
    look_again_s: float = LOOK_AGAIN_S

    _requested: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: RebuildProgress | None = None  # somebody else's rebuild, at the last look

    def request(self) -> None:
        """Statuses were lost: the model counts rightly all the same, but the log knows more of what was known when."""
        self.lost_before = self.clock()
        self._requested.set()

    async def serve(self, stopping: asyncio.Event) -> None:
        """At the start and whenever it is requested."""
        while not stopping.is_set():
            self._requested.clear()
            await self.run(stopping)
            waiting = {asyncio.create_task(event.wait()) for event in (self._requested, stopping)}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()

    async def run(self, stopping: asyncio.Event) -> None:
        """What passes is tried again; a rebuild that somebody else has begun and that moves is left alone."""
        self._seen = None
        while not stopping.is_set():
            try:
                if await self._is_current():
                    if self.lost_before is not None and self.fills():
                        await wait_until(stopping, FILLING_S)
                        continue
                    if not await self._knows_less_than_the_log():
                        return
                if await self._is_free():
                    await self._rebuild()
                    continue
            except (UnknownRebuild, progress.PositionMoved) as another:
                log.info("rebuild_taken_over", rebuild=str(another))
            except (httpx.HTTPError, UnreadableLogLine, NothingToRebuildFrom) as wrong:
                log.warning("rebuild_fails", intake=self.intake_url, error=repr(wrong))
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("rebuild_fails", error=repr(error))
            await wait_until(stopping, self.look_again_s)

    async def _is_current(self) -> bool:
        async with snapshot(self.engine) as connection:
            return await rules_of(connection) == RULES_VERSION

    async def _knows_less_than_the_log(self) -> bool:
        if self.lost_before is None:
            return False
        async with self.intake() as intake:
            first = await _lines(intake, 0, 1)
        recordedtime = first[0].event.recordedtime if first else None
        if recordedtime is not None and recordedtime < self.lost_before:
            return True
        self.lost_before = None
        return False

    async def _is_free(self) -> bool:
        """Whether nobody rebuilds, or whoever began has not moved since the last look."""
        async with snapshot(self.engine) as connection:
            before, self._seen = self._seen, await progress.unfinished(connection)
        return self._seen is None or self._seen == before

    async def _rebuild(self) -> None:
        lost_before = self.lost_before
        async with self.intake() as intake:
            begun = await progress.start(self.engine, self.clock())
            log.info("rebuild_begins", rebuild=begun.number, rules=RULES_VERSION)
            position = await self._send_the_log(intake, begun.number, 0)
            if position == 0:
                raise NothingToRebuildFrom(self.intake_url)
            await progress.settle(self.engine, begun.number)
            await self._send_the_log(intake, begun.number, position)
            result = await swap(self.engine, begun.number)
        if self.lost_before == lost_before:  # else it was requested again meanwhile
            self.lost_before = None
        counts = {"dossiers": result.dossiers, "events": result.events, "differing": len(result.differences)}
        log.info("rebuild_done", **counts, rules=RULES_VERSION)

    async def _send_the_log(self, intake: httpx.AsyncClient, number: int, position: int) -> int:
        """Everything after the position; where the log ended."""
        while lines := await _lines(intake, position):
            _, uncounted = await progress.take(self.engine, number, position, lines)
            for one in uncounted:
                log.warning("event_not_counted", position=one.position, dossier=one.code, detail=one.detail)
            position = lines[-1].position
        return position


async def _lines(intake: httpx.AsyncClient, after: int, limit: int = PART_EVENTS) -> list[LogLine]:
    answer = await intake.get("/v1/log", params={"after": after, "limit": limit})
    return read_lines(answer.raise_for_status().content, after)
