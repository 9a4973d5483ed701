"""What reporting asks intake over HTTP, never in the way of an answer: days announced late, the length of its log."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import httpx
import msgspec
import structlog
from pydantic import SecretStr

from shared.catalogue import CalendarEntry, Catalogue
from shared.domain.errors import CalendarNotKnown
from shared.service.clock import Clock, system_clock

CALENDAR_FRESH_FOR_S = 60.0
LOG_FRESH_FOR_S = 10.0
LOG_QUIET_FOR_S = 30.0
ANSWERS_WITHIN_S = 2.0

log = structlog.get_logger()


def intake_client(url: str, key: SecretStr, *, timeout_s: float, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client of intake with its key."""
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s, trust_env=False, transport=transport)


async def _get(url: str, key: SecretStr, path: str, transport: httpx.AsyncBaseTransport | None = None) -> bytes:
    """The body of an answer that comes in time, whatever the connection does."""
    async with (
        asyncio.timeout(ANSWERS_WITHIN_S),
        intake_client(url, key, timeout_s=ANSWERS_WITHIN_S, transport=transport) as client,
    ):
        return (await client.get(path)).raise_for_status().content


class _AnnouncedDay(msgspec.Struct, frozen=True):
    day: date
    works: bool
    name: str


class _Announcement(msgspec.Struct, frozen=True):
    source: str
    announced: date
    days: tuple[_AnnouncedDay, ...]
    applies_to: tuple[str, ...] = ()


_decode_announcements = msgspec.json.Decoder(tuple[_Announcement, ...]).decode


def announced_entries(answer: bytes) -> list[CalendarEntry]:
    """The announced days in the order in which they took effect: of two for one day and place the later holds."""
    return [
        CalendarEntry(day.day, day.works, day.name, one.source, one.applies_to, one.announced)
        for one in _decode_announcements(answer)
        for day in one.days
    ]


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
        self.intake_url = intake_url
        self._catalogue, self._key, self._clock, self._elapsed = catalogue, api_key, clock, elapsed
        self._known = KnownCalendar(catalogue)
        self._refreshed_at: float | None = None
        self._refreshing = asyncio.Lock()

    async def known(self) -> KnownCalendar:
        """What is known by now; at most once a minute that means a call, and at most two seconds of waiting."""
        async with self._refreshing:
            fresh = self._refreshed_at is not None and self._elapsed() - self._refreshed_at < CALENDAR_FRESH_FOR_S
            if self.intake_url is not None and not fresh:
                await self._refresh(self.intake_url)
                self._refreshed_at = self._elapsed()
        return self._known

    async def _refresh(self, url: str) -> None:
        """What goes wrong is logged, and the last announcements are kept."""
        try:
            entries = announced_entries(await _get(url, self._key, "/v1/calendar/announcements"))
            self._known = KnownCalendar(self._catalogue.with_entries(entries), self._clock())
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError, CalendarNotKnown) as wrong:
            log.warning("announcements_unknown", intake=url, error=repr(wrong), as_of=self._known.as_of)


class _LogHead(msgspec.Struct):
    position: int
    events: int
    relayed: int


class AcceptedEvents:
    """How many events intake's log holds, once it has been quiet: what was accepted just now may be on its way."""

    def __init__(
        self,
        intake_url: str | None,
        key: SecretStr,
        elapsed: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url, self._key, self._elapsed, self._transport = intake_url, key, elapsed, transport
        self._events: int | None = None
        self._refreshed_at = -LOG_FRESH_FOR_S
        self._since = 0.0

    async def quiet(self) -> int | None:
        """None without an address, while the log grows or is relayed, and when intake does not answer."""
        now = self._elapsed()
        if self._url is not None and now - self._refreshed_at >= LOG_FRESH_FOR_S:
            self._refreshed_at = now
            events = await self._relayed_events(self._url)
            if events != self._events:
                self._events, self._since = events, now
        return self._events if now - self._since >= LOG_QUIET_FOR_S else None

    async def _relayed_events(self, url: str) -> int | None:
        try:
            head = msgspec.json.decode(await _get(url, self._key, "/v1/log/head", self._transport), type=_LogHead)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as wrong:
            log.warning("accepted_unknown", intake=url, error=repr(wrong))
            return None
        return head.events if head.relayed == head.position else None
