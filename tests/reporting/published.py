"""An office whose events are recorded one by one, an intake that tells of them, and reporting that publishes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake.client import IntakeLog
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.publishing.freezing import Freezing
from services.reporting.publishing.publications import Publications
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.log import LogLine
from shared.contract.marks import LedgerMark, mark_header
from shared.domain.counting import RULES_VERSION
from shared.domain.localtime import LOCAL
from tests.reporting.bound import bound
from tests.reporting.delivery import Sent, Topic
from tests.reporting.logged import an_office, log_of
from tests.reporting.recorded import Recorded

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
PERIOD = {"from": "2023-01-20", "to": "2023-03-10"}
SETTLED = timedelta(seconds=2)  # after an event was recorded: its second is over


@dataclass
class SmallOffice:
    """`recorded` of the log's events have happened so far; all of them are counted unless told otherwise."""

    engine: AsyncEngine
    lines: list[LogLine]
    records: list[Sent]
    topic: Topic
    recorded: int = 0
    answers: bool = True
    tells: bool = True  # of dossiers
    asked: list[str] = field(default_factory=list)

    async def record(self, number: int, *, counted: bool = True) -> None:
        """The next events, up to so many."""
        if counted:
            await self.topic.deliver(self.records[self.topic.end : number], batch_size=7)
        self.recorded = number

    def now(self) -> datetime:
        """A while after the last event was recorded."""
        if not self.recorded:
            return NOW
        last = self.lines[self.recorded - 1].event.recordedtime
        assert last is not None
        return last + SETTLED

    def intake(self, request: httpx.Request) -> httpx.Response:
        """As intake answers."""
        assert request.headers["authorization"] == f"Bearer {KEY}"
        self.asked.append(request.url.path)
        if not self.answers:
            raise httpx.ConnectError("away")
        if request.url.path == "/v1/log/head":
            head = {"position": self.recorded, "events": self.recorded, "relayed": self.recorded}
            return httpx.Response(200, json=head)
        if not self.tells:
            raise httpx.ReadTimeout("too slow")
        code = request.url.path.removeprefix("/v1/dossiers/")
        events = [line.event for line in self.lines[: self.recorded] if line.event.subject == code]
        history = [
            {"event": one.type.split(".")[-2], "recorded_at": one.recordedtime, "sequence": one.sequence}
            for one in events
        ]
        return httpx.Response(200, content=encode({"code": code, "history": history}))


def small_office(engine: AsyncEngine, seed: int) -> SmallOffice:
    return office_of(engine, an_office(seed))


def office_of(engine: AsyncEngine, recorded: Recorded) -> SmallOffice:
    lines, records = log_of(recorded)
    marked = [
        replace(record, headers=mark_header(LedgerMark(number, number, 0, number, RULES_VERSION)))
        for number, record in enumerate(records, 1)
    ]
    return SmallOffice(engine, lines, marked, Topic(engine))


async def no_pause(_seconds: float) -> None:
    return None


@asynccontextmanager
async def reporting_of(
    office: SmallOffice, catalogue: Catalogue, *, knows_intake: bool = True, now: datetime = NOW, **limits: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Reporting over HTTP; its recording clock goes with the office, and waiting takes no time."""
    intake = IntakeLog("http://intake", SecretStr(KEY), httpx.MockTransport(office.intake)) if knows_intake else None
    gauges = FigureGauges(office.engine, lambda: now, None)
    freezing = Freezing(office.engine, catalogue, office.now, intake, counted_within_s=0.0, pause=no_pause)
    reporting = Reporting(
        office.engine,
        catalogue,
        lambda: now,
        SecretStr(KEY),
        ProjectorHealth(assigned=True),
        CollectorRegistry(),
        gauges,
        recording_clock=office.now,
        publications=Publications(office.engine, catalogue, lambda: now, office.now, freezing, **limits),
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    transport = httpx.ASGITransport(create_app(bound(reporting)))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting", headers=headers) as opened:
        yield opened


async def published(client: httpx.AsyncClient, **members: Any) -> dict[str, Any]:
    """A publication of the period."""
    answer = await client.post("/v1/publications", json=PERIOD | members)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def opened(client: httpx.AsyncClient, number: int, cell: str, limit: int = 7, **query: Any) -> list[str]:
    """The codes behind a published number, of all pages; the first page says as many."""
    codes: list[str] = []
    parameters: dict[str, Any] = {"cell": cell, "limit": limit, **query}
    while True:
        answer = await client.get(f"/v1/publications/{number}/dossiers", params=parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        codes += [one["code"] for one in page["dossiers"]]
        if "counted" in page:
            assert page["counted"] == page["published"]
        if page["cursor"] is None:
            assert len(codes) == page["published"]
            return codes
        parameters["cursor"] = page["cursor"]


def documents(body: bytes) -> Sequence[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in body.splitlines()]
