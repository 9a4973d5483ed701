"""Reporting's way to intake over HTTP: a client, how many events its log holds, and what happened to a dossier.

How it stands in gauges is never in the way of an answer; who publishes asks and waits.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import httpx
import msgspec
import structlog
from pydantic import SecretStr

from shared.contract.http.dossiers import DossierView
from shared.contract.http.log import LogHead
from shared.domain.localtime import Instant
from shared.language.languages import Language
from shared.service.acting import passed_on

LOG_FRESH_FOR_S = 10.0
LOG_QUIET_FOR_S = 30.0
ANSWERS_WITHIN_S = 2.0
AT_ONCE = 8  # dossiers asked for at the same time
UNANSWERED = (httpx.HTTPError, TimeoutError, msgspec.MsgspecError)

log = structlog.get_logger()


def intake_client(
    url: str, key: SecretStr, *, timeout_s: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client of intake with its key, by the id of the request that it asks for."""
    headers = {"Authorization": f"Bearer {key.get_secret_value()}", **passed_on()}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s, trust_env=False, transport=transport)


async def _get(url: str, key: SecretStr, path: str, transport: httpx.AsyncBaseTransport | None = None) -> bytes:
    """The body of an answer that comes in time, whatever the connection does."""
    async with (
        asyncio.timeout(ANSWERS_WITHIN_S),
        intake_client(url, key, timeout_s=ANSWERS_WITHIN_S, transport=transport) as client,
    ):
        return (await client.get(path)).raise_for_status().content


class DossierViews:
    """What intake tells of single dossiers; what it does not tell in time is left out."""

    def __init__(
        self, intake_url: str | None, key: SecretStr, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url, self._key, self._transport = intake_url, key, transport

    async def of(self, codes: Sequence[str], language: Language) -> dict[str, DossierView]:
        """Each dossier's view by its code, explained in a language; none without an address."""
        views: dict[str, DossierView] = {}
        if self._url is None or not codes:
            return views
        turns = asyncio.Semaphore(AT_ONCE)

        async def read(client: httpx.AsyncClient, code: str) -> None:
            async with turns:
                path, told = f"/v1/dossiers/{quote(code, safe='')}", {"Accept-Language": language.value}
                answer = (await client.get(path, headers=told)).raise_for_status()
            views[code] = msgspec.json.decode(answer.content, type=DossierView)

        try:
            async with (
                asyncio.timeout(ANSWERS_WITHIN_S),
                intake_client(self._url, self._key, timeout_s=ANSWERS_WITHIN_S, transport=self._transport) as client,
            ):
                results = await asyncio.gather(*(read(client, code) for code in codes), return_exceptions=True)
        except TimeoutError as late:
            results = [late]
        for wrong in results:
            if wrong is not None and not isinstance(wrong, UNANSWERED):
                raise wrong
        if missing := len(codes) - len(views):
            log.warning(
                "explanations_unknown", intake=self._url, dossiers=missing, error=repr(next(filter(None, results)))
            )
        return views


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
            head = msgspec.json.decode(await _get(url, self._key, "/v1/log/head", self._transport), type=LogHead)
        except UNANSWERED as wrong:
            log.warning("accepted_unknown", intake=url, error=repr(wrong))
            return None
        return head.events if head.relayed == head.position else None


class RecordedEvent(msgspec.Struct, frozen=True):
    """Of an event in a dossier's history, what happened and when intake took it."""

    event: str
    recorded_at: Instant


class RecordedHistory(msgspec.Struct, frozen=True):
    """Of `GET /v1/dossiers/{code}`, what is asked for here."""

    history: list[RecordedEvent]


@dataclass(frozen=True, slots=True)
class IntakeLog:
    """Questions that are asked when something is published, and whose answers it rests on."""

    url: str
    key: SecretStr
    transport: httpx.AsyncBaseTransport | None = None

    async def head(self) -> LogHead:
        """How far the log goes now. Raises one of UNANSWERED."""
        return msgspec.json.decode(await _get(self.url, self.key, "/v1/log/head", self.transport), type=LogHead)

    async def recorded_between(
        self, codes: Iterable[str], after: datetime, until: datetime, within_s: float
    ) -> dict[str, list[str]]:
        """By dossier, the events that were recorded in between; without those of which intake says nothing in time."""
        found: dict[str, list[str]] = {}
        waiting = iter(codes)

        async def ask(client: httpx.AsyncClient) -> None:
            for code in waiting:
                answer = await client.get(f"/v1/dossiers/{quote(code)}")
                if answer.is_success:
                    history = msgspec.json.decode(answer.content, type=RecordedHistory).history
                    found[code] = [one.event for one in history if after < one.recorded_at <= until]

        try:
            async with (
                asyncio.timeout(within_s),
                intake_client(self.url, self.key, timeout_s=ANSWERS_WITHIN_S, transport=self.transport) as client,
            ):
                await asyncio.gather(*(ask(client) for _ in range(AT_ONCE)))
        except UNANSWERED as wrong:
            log.warning("events_unknown", intake=self.url, error=repr(wrong))
        return found
