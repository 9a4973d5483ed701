"""A small office's read model and its application with pages, for tests that read pages and those that click."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import report
from services.reporting.http.app import Reporting, create_app
from services.reporting.pages.routes import add_pages
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.publishing import chain
from services.reporting.publishing.documents import members_of
from shared.catalogue import Catalogue
from shared.contract.http.published_documents import PUBLICATION, CountedLog
from shared.domain.fields import Channel
from shared.domain.localtime import LOCAL
from tests.builders.events import Dated, event, received
from tests.builders.times import at
from tests.reporting.bound import bound
from tests.reporting.delivery import Topic, statuses
from tests.support.browser import OWN_PAGE

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 2, 1, 9, tzinfo=LOCAL)
NASTY = "<script>alert(1)</script>"
HISTORIES: tuple[tuple[Dated, ...], ...] = (
    (received(at("2022-12-20"), due_at=at("2023-01-27")),),
    (received(), event("resolved", "2023-01-09 10:00")),
    (received(), event("assigned", "2023-01-04 08:00", officer=NASTY), event("resolved", "2023-01-10 16:00")),
    (
        received(channel=Channel.POSTAL),
        event("apologised", "2023-01-11 07:00", reason="hồ sơ phức tạp"),
        event("resolved", "2023-01-12 07:00"),
    ),
    (received(), event("resolved", "2023-01-20 16:00")),
    (received(department="H59.02", procedure="1.004616"), event("supplement_requested", "2023-01-09 08:00")),
    (received(at("2023-01-30"), department="H59.02", procedure="1.004616", due_at=at("2023-02-02")),),
)
CODES = [f"H59.15-230103-{number:04}" for number in range(len(HISTORIES))]
APOLOGISED, LATEST = CODES[3], CODES[0]


@dataclass(frozen=True, slots=True)
class Office:
    """The application, and the topic through which its figures move."""

    application: FastAPI
    reporting: Reporting
    topic: Topic

    async def receive(self, code: str) -> None:
        """One more dossier is received."""
        await self.topic.deliver(statuses(code, [received(at("2023-01-31"), due_at=at("2023-02-10"))]))


async def open_office(
    engine: AsyncEngine,
    shipped: Catalogue,
    clock: Callable[[], datetime] = lambda: NOW,
    **more: Any,
) -> Office:
    """An office whose second department has a name that a page must not take for its own text."""
    names = dict(shipped.departments)
    names["H59.02"] = replace(names["H59.02"], name=NASTY)
    topic = Topic(engine)
    records = [record for code, history in zip(CODES, HISTORIES, strict=True) for record in statuses(code, history)]
    await topic.deliver(records)
    application, reporting = pages_of(engine, replace(shipped, departments=names), clock, **more)
    return Office(application, reporting, topic)


def pages_of(
    engine: AsyncEngine, catalogue: Catalogue, clock: Callable[[], datetime], **more: Any
) -> tuple[FastAPI, Reporting]:
    """Reporting's application with its pages, over a read model."""
    gauges = FigureGauges(engine, clock, None)
    reporting = Reporting(
        engine, catalogue, clock, SecretStr(KEY), ProjectorHealth(assigned=True), CollectorRegistry(), gauges, **more
    )
    return add_pages(create_app(bound(reporting)), reporting), reporting


def browser(application: FastAPI, base_url: str = "http://reporting") -> httpx.AsyncClient:
    """A client that keeps cookies."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=base_url, headers=OWN_PAGE)


async def sign_in(client: httpx.AsyncClient, key: str = KEY, to: str = "/") -> httpx.Response:
    """Give the key as the form does."""
    return await client.post("/session", data={"key": key, "to": to})


async def publish(office: Office) -> None:
    """The figures of its year are published, whatever intake would say."""
    reporting = office.reporting
    by = (Dimension.DEPARTMENT,)
    query = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=NOW, known_at=NOW, by=by)
    members = members_of(
        [await report(reporting.engine, query, reporting.catalogue)],
        0,
        CountedLog(events=1, position=1, set_aside=0),
        reporting.catalogue,
    )
    note = {"cell": "total.received_total", "count": 0, "text": NASTY, "author": None}
    members |= {"title": "Năm 2023", "provisional": False, "notes": [note]}
    await chain.append(reporting.engine, PUBLICATION, members, NOW)
