"""The part of reporting that follows up: it makes what is due once a while, and sends what waits."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.reporting.follow_up.planning import Planning
from services.reporting.follow_up.sending import Sending
from services.reporting.read_model.store import OldRules
from shared.service.pacing import Backoff, wait_until
from shared.service.sql import DATABASE_ERRORS, is_transient

LOOK_EVERY_S = 1.0
PLAN_EVERY_S = 15.0
log = structlog.get_logger()


@dataclass(slots=True)
class FollowUpService:
    """Runs beside the projector. While the read model is behind nothing is made of it: what was settled long ago may
    look overdue there."""

    planning: Planning
    sending: Sending
    is_current: Callable[[], bool]
    plan_every_s: float = PLAN_EVERY_S

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; then what is being sent is waited for. A database that is away is tried again."""
        backoff, planned_at = Backoff(), float("-inf")
        while not stopping.is_set():
            pause = LOOK_EVERY_S
            try:
                if self.is_current() and time.monotonic() - planned_at >= self.plan_every_s:
                    await self.planning.look()
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
        await self.sending.settle()
