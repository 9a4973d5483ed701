"""Counts that must agree although nobody made one from the other: the ledger's marks, the stored dossiers, the sums, intake's log."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import structlog
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.measures import MEASURE_CODES
from services.reporting.rollup import ALL
from services.reporting.spans import FIRST_DAY, LAST_DAY, covering
from services.reporting.tables import dossiers, offsets, sums
from shared.contract.topics import STATUS
from shared.domain.counting import Measure

FIGURES, SUMS, ACCEPTED = "figures", "sums", "accepted"
WORK_SHARE = 100  # the count of all dossiers' events may take a hundredth of the time
QUIET_FOR_S = 30.0
ASK_EVERY_S = 10.0
ASK_WITHIN_S = 2.0

log = structlog.get_logger()


async def received_less_counted(connection: AsyncConnection) -> int:
    """Received dossiers that are stored, less those that the figures count."""
    stored = select(func.count(dossiers.c.received_day)).scalar_subquery()
    of_all = (sums.c.procedure == ALL, sums.c.department == ALL, sums.c.measure == MEASURE_CODES[Measure.RECEIVED])
    counted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(sums.c.span.in_(covering(FIRST_DAY, LAST_DAY)), *of_all)
    return int((await connection.execute(select(stored - counted.scalar_subquery()))).scalar_one())


@dataclass(frozen=True, slots=True)
class Marked:
    """Over all partitions, what the ledger's furthest marks say: events held, and events of the log read."""

    events: int
    numbers: int


async def marked(connection: AsyncConnection) -> Marked | None:
    """None where it can't be known: a partition without a mark, or one that is being read from its beginning."""
    rows: Sequence[Any] = (await connection.execute(select(offsets).where(offsets.c.topic == STATUS.name))).all()
    if any((row.next_offset and row.events is None) or row.next_offset < row.whole_until for row in rows):
        return None
    return Marked(sum(row.events or 0 for row in rows), sum(row.number or 0 for row in rows))


class StoredEvents:
    """The ledger's events less those of all stored dossiers, counted one by one; seldom, for that reads the whole table."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._known: int | None = None
        self._again_at = 0.0

    async def missing(self, connection: AsyncConnection, by_marks: Marked | None) -> int | None:
        """None where it can't be known; both counts are of the connection's one state."""
        started = self._elapsed()
        if by_marks is None:
            self._known, self._again_at = None, 0.0
        elif started >= self._again_at:
            stored = (await connection.execute(select(func.coalesce(func.sum(dossiers.c.sequence), 0)))).scalar_one()
            self._known, ended = by_marks.events - int(stored), self._elapsed()
            self._again_at = ended + WORK_SHARE * (ended - started)
        return self._known


class _Head(msgspec.Struct):
    position: int
    events: int
    relayed: int


class AcceptedEvents:
    """How many events intake's log holds, told once it has been quiet: what was accepted just now may be on its way."""

    def __init__(
        self,
        intake_url: str | None,
        key: SecretStr,
        elapsed: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url, self._key, self._elapsed, self._transport = intake_url, key, elapsed, transport
        self._events: int | None = None
        self._asked_at = -ASK_EVERY_S
        self._since = 0.0

    async def quiet(self) -> int | None:
        """None without an address, while the log grows or is relayed, and when intake does not answer."""
        now = self._elapsed()
        if self._url is not None and now - self._asked_at >= ASK_EVERY_S:
            self._asked_at = now
            events = await self._ask(self._url)
            if events != self._events:
                self._events, self._since = events, now
        return self._events if now - self._since >= QUIET_FOR_S else None

    async def _ask(self, url: str) -> int | None:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"}
        try:
            async with (
                asyncio.timeout(ASK_WITHIN_S),
                httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, transport=self._transport) as client,
            ):
                head = msgspec.json.decode((await client.get("/v1/log/head")).raise_for_status().content, type=_Head)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError) as wrong:
            log.warning("accepted_unknown", intake=url, error=repr(wrong))
            return None
        return head.events if head.relayed == head.position else None
