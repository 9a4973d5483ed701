"""The part of reporting that follows up: it makes what is due once a while, and sends what waits."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up.metrics import FollowUpMetrics
from services.reporting.follow_up.planning import Failing, Planning, Timetable
from services.reporting.follow_up.schedule import rounds_of, weekly_of
from services.reporting.follow_up.sending import Sending
from services.reporting.follow_up.ways import Smtp
from services.reporting.intake.calendar import KnownCalendar
from services.reporting.read_model.store import OldRules
from services.reporting.settings import ReportingSettings
from shared.service.clock import Clock
from shared.service.pacing import Backoff, wait_until
from shared.service.sql import DATABASE_ERRORS, is_transient

LOOK_EVERY_S = 1.0
PLAN_EVERY_S = 15.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FollowUpParts:
    """What follow-up needs of the service that it is a part of."""

    engine: AsyncEngine
    known: Callable[[], KnownCalendar]
    clock: Clock
    metrics: FollowUpMetrics
    is_current: Callable[[], bool]


@dataclass(slots=True)
class FollowUp:
    """Runs beside the projector. While the read model is behind nothing is made of it: what was settled long ago may
    look overdue there."""

    planning: Planning
    sending: Sending
    is_current: Callable[[], bool]
    plan_every_s: float = PLAN_EVERY_S
    _failing: Failing = field(default_factory=dict, init=False)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; then what is being sent is waited for. A database that is away is tried again."""
        backoff, planned_at = Backoff(), float("-inf")
        while not stopping.is_set():
            pause = LOOK_EVERY_S
            try:
                if self.is_current() and time.monotonic() - planned_at >= self.plan_every_s:
                    self._note(await self.planning.look())
                    planned_at = time.monotonic()
                await self.sending.look()
                backoff.reset()
            except OldRules as waits:
                log.info("follow_up_waits", reason=str(waits))
                planned_at = time.monotonic()
            except (*DATABASE_ERRORS, TimeoutError) as away:
                if not (isinstance(away, TimeoutError) or is_transient(away)):
                    raise
                pause = backoff.next_s()
                log.warning("follow_up_waits", reason=repr(away), retry_seconds=pause)
            await wait_until(stopping, pause)
        await self.sending.end()

    def _note(self, failing: Failing) -> None:
        for department, bug in failing.items():
            if repr(bug) != repr(self._failing.get(department)):
                log.error("follow_up_cannot_be_made", department=department, exc_info=bug)
        self._failing = failing
        self.sending.metrics.units_failing.set(len(failing))


def follow_up_of(settings: ReportingSettings, parts: FollowUpParts) -> FollowUp | None:
    """The part as the settings have it; None where no recipients are named."""
    if not settings.recipients:
        return None
    timetable = Timetable(
        rounds_of(settings.follow_up_rounds),
        weekly_of(settings.follow_up_digest),
        timedelta(hours=settings.follow_up_due_soon_hours),
    )
    engine, clock = parts.engine, parts.clock
    planning = Planning(engine, parts.known, settings.recipients, timetable, clock, settings.public_url)
    sending = Sending(
        engine,
        settings.recipients,
        _smtp(settings),
        clock,
        parts.metrics,
        settings.follow_up_timeout_seconds,
        timedelta(hours=settings.follow_up_give_up_hours),
    )
    return FollowUp(planning, sending, parts.is_current)


def _smtp(settings: ReportingSettings) -> Smtp | None:
    if settings.smtp_host is None or settings.smtp_sender is None:
        return None
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_sender,
        starttls=settings.smtp_security == "starttls",
        context=settings.smtp_tls(),
        username=settings.smtp_username,
        password=settings.smtp_password,
    )
