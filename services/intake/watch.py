"""What intake looks at every few seconds, whether anybody posts or not: its log, its relay, who has fallen silent."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.intake.accepting.committer import Committer
from services.intake.log import calendar, event_log
from services.intake.log.calendar import Announcements
from services.intake.log.database import Database
from services.intake.log.metrics import STAGE, Metrics
from services.intake.log.silence import LastAccepted
from services.intake.relaying.relay import Relay
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.service.broker_watch import BrokerWatch
from shared.service.clock import system_clock
from shared.service.database_watch import DatabaseWatch
from shared.service.exposition import Rendered
from shared.service.metric_catalogue import CALENDAR_KNOWN_UNTIL, COMMIT_WAITING, RELAY_OLDEST_AGE
from shared.service.pacing import wait_until
from shared.service.ready_parts import ReadyParts
from shared.service.settings import ServiceSettings
from shared.service.sql import DATABASE_ERRORS, connected
from shared.service.stage_progress import StageProgress

LOOK_EVERY_S = 5.0
LOOK_WITHIN_S = 10.0
log = structlog.get_logger()


class IntakeWatch(Collector):
    """Its parts, and what was last seen of the log."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        database: Database,
        announcements: Announcements,
        committer: Committer,
        relay: Relay,
        metrics: Metrics,
    ) -> None:
        self._database, self._announcements = database, announcements
        self._committer, self._relay = committer, relay
        self.broker, self.database = BrokerWatch(settings), DatabaseWatch(database.reader)
        self.progress, self._last_accepted = StageProgress(STAGE), LastAccepted()
        self._oldest: tuple[int, float] | None = None  # the first position that waits, and when it was recorded
        self._refusal: str | None = None
        self._silence = silence(self._last_accepted, announcements.catalogue, system_clock())
        ready = ReadyParts(
            {
                "database": lambda: self.database.is_answering,
                "log": lambda: self._refusal is None and committer.trouble is None and not committer.closed,
                "broker": lambda: self.broker.is_heard,
            }
        )
        for part in (self, ready, self.broker, self.database, self.progress):
            metrics.registry.register(part)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`, or cancelled."""
        async with asyncio.TaskGroup() as watching:
            watching.create_task(self.broker.run(stopping))
            watching.create_task(self.database.run(stopping))
            watching.create_task(self._look_on(stopping))

    async def _look_on(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                async with asyncio.timeout(LOOK_WITHIN_S):
                    await self.look()
            except DATABASE_ERRORS as trouble:
                log.warning("log_not_looked_at", error=repr(trouble))
            except Exception:
                log.exception("log_not_looked_at")  # a bug in watching ends nothing that is watched
            await wait_until(stopping, LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once. What other instances logged and announced is seen here too."""
        async with connected(self._database.reader) as connection:
            heads, cursor = await event_log.heads(connection), await event_log.cursor(connection)
            relayed = max(cursor.position, self._relay.position)
            self._refusal = heads.refusal
            await self._look_at_oldest(connection, relayed + 1, heads.position)
            self._relay.saw_head(heads.position)
            self.progress.look({0: relayed}, {0: heads.position})
            await calendar.follow(connection, self._announcements, heads.announcement)
            await self._last_accepted.follow(connection, heads.position)
        self._silence = await asyncio.to_thread(
            silence, self._last_accepted, self._announcements.catalogue, system_clock()
        )

    async def _look_at_oldest(self, connection: Any, waiting: int, head: int) -> None:
        if waiting > head:
            self._oldest = None
        elif self._oldest is None or self._oldest[0] != waiting:
            recorded_at = await event_log.recorded_at(connection, waiting)
            self._oldest = None if recorded_at is None else (waiting, recorded_at)

    def collect(self) -> Iterator[Metric]:
        oldest = self._oldest
        waits = oldest is not None and oldest[0] > self._relay.position
        yield RELAY_OLDEST_AGE.family(max(0.0, time.time() - oldest[1]) if waits and oldest is not None else 0.0)
        yield COMMIT_WAITING.family(self._committer.waiting)
        until = datetime.combine(self._announcements.catalogue.calendar_last_day + ONE_DAY, datetime.min.time(), LOCAL)
        yield CALENDAR_KNOWN_UNTIL.family(until.timestamp())
        yield self._silence


def silence(last_accepted: LastAccepted, catalogue: Catalogue, now: datetime) -> Rendered:
    """Who has sent nothing for how long, written."""
    return Rendered(last_accepted.families(catalogue, now))
