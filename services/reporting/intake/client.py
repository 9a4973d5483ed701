"""Reporting's way to intake over HTTP: a client, how many events its log holds, and what happened to a dossier.

How it stands in gauges is never in the way of an answer; who publishes asks and waits.
"""

import asyncio
import time
from collections import deque
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
LEAST_OF_S = 180.0
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
    """Events that intake's log holds, less those that the ledger has read, told while events come in too.

    The log is asked after the ledger was, so what is on its way only adds to the difference: the least of some minutes
    is the truth wherever nothing was on its way at one look, and 0 or less needs no more. More than 0 is told once the
    log has been quiet, and from then on as long as no look refutes it.
    """

    def __init__(
        self,
        intake_url: str | None,
        key: SecretStr,
        elapsed: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url, self._key, self._elapsed, self._transport = intake_url, key, elapsed, transport
        self._looked_at = -LOG_FRESH_FOR_S
        self._head: LogHead | None = None
        self._quiet_since = 0.0
        self._looks: deque[tuple[float, int]] = deque()
        self._told: int | None = None

    async def less(self, read: int | None) -> int | None:
        """What is accepted less what the ledger has `read`, as it was counted just before; None where that can't be
        known: without an address, when intake does not answer, while that may be on its way."""
        now = self._elapsed()
        if self._url is None or now - self._looked_at < LOG_FRESH_FOR_S:
            return self._told
        self._looked_at = now
        head = None if read is None else await self._asked(self._url)
        if head is None or read is None:
            self._looks.clear()
            self._told = self._head = None
        else:
            self._told = self._known(now, head, head.events - read)
        return self._told

    def _known(self, now: float, head: LogHead, difference: int) -> int | None:
        if head != self._head:
            self._head, self._quiet_since = head, now
        self._looks.append((now, difference))
        while self._looks[0][0] < now - LEAST_OF_S:
            self._looks.popleft()
        least = min(looked for _, looked in self._looks)
        if least <= 0:
            return least
        if head.relayed == head.position and now - self._quiet_since >= LOG_QUIET_FOR_S:
            return difference
        return self._told if self._told is not None and 0 < self._told <= least else None

    async def _asked(self, url: str) -> LogHead | None:
        try:
            return msgspec.json.decode(await _get(url, self._key, "/v1/log/head", self._transport), type=LogHead)
        except UNANSWERED as wrong:
            log.warning("accepted_unknown", intake=url, error=repr(wrong))
            return None


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
