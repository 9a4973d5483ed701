"""The calendar with the days that were announced late: asked of intake now and then, and never in the way of an answer."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec
import structlog
from pydantic import SecretStr

from services.reporting.following.announced import entries_of
from shared.catalogue import Catalogue
from shared.domain.errors import CalendarNotKnown
from shared.service.clock import Clock, system_clock

PATH = "/v1/calendar/announcements"
ASK_AGAIN_AFTER_S = 60.0
TIMEOUT_S = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KnownCalendar:
    """A catalogue, and when intake last said what was announced; None: it has not, so the catalogue's own days hold."""

    catalogue: Catalogue
    as_of: datetime | None = None


class CalendarFeed:
    """Keeps the announcements that intake last gave. Without an address the catalogue's own days are all there is."""

    def __init__(
        self,
        catalogue: Catalogue,
        intake_url: str | None,
        api_key: SecretStr,
        *,
        clock: Clock = system_clock,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = catalogue
        self.intake_url = intake_url
        self._key, self._clock, self._elapsed = api_key, clock, elapsed
        self._known = KnownCalendar(catalogue)
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def known(self) -> KnownCalendar:
        """What is known by now; at most once a minute that means a call, and at most two seconds of waiting."""
        async with self._asking:
            if self.intake_url is not None and (self._asked_at is None or self._elapsed() - self._asked_at >= ASK_AGAIN_AFTER_S):
                await self._ask(self.intake_url)
                self._asked_at = self._elapsed()
        return self._known

    async def _ask(self, url: str) -> None:
        """What goes wrong is logged, and the last announcements are kept."""
        try:
            async with asyncio.timeout(TIMEOUT_S), httpx.AsyncClient(base_url=url, trust_env=False) as client:
                answer = await client.get(PATH, headers={"Authorization": f"Bearer {self._key.get_secret_value()}"})
            catalogue = self._own.with_entries(entries_of(answer.raise_for_status().content))
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError, CalendarNotKnown) as wrong:
            log.warning("announcements_unknown", intake=url, error=repr(wrong), as_of=self._known.as_of)
            return
        self._known = KnownCalendar(catalogue, self._clock())
