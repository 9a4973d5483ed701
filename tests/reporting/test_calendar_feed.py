"""Days announced late reach the follow-up list from a real intake, and nothing that happens to intake keeps the list from being given."""

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake import CALENDAR_FRESH_FOR_S, CalendarFeed
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from shared.catalogue import Catalogue
from tests.builders.events import received
from tests.builders.times import at
from tests.reporting.delivery import Topic, statuses
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, Service, service

WEDNESDAY = at("2026-11-18 15:00")
THURSDAY_OFF = {"day": "2026-11-19", "works": False, "name": "Nghỉ bão"}
PATH = "/v1/calendar/announcements"


@dataclass
class Timer:
    """A monotonic clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Service]:
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "CLOCK": WEDNESDAY.isoformat(),
        "DRAIN_SECONDS": "0",
    }
    with service("intake", free_port_base(1), environment, tmp_path / "intake.log") as running:
        yield running


def announce(intake: Service, **body: Any) -> None:
    answer = httpx.post(f"{intake.url}{PATH}", json={"source": "Công điện 12/CĐ-UBND", "days": [THURSDAY_OFF]} | body, headers=HEADERS)
    assert answer.status_code == httpx.codes.CREATED, answer.text


def feed(catalogue: Catalogue, url: str | None, timer: Timer, key: str = KEY) -> CalendarFeed:
    return CalendarFeed(catalogue, url, SecretStr(key), clock=lambda: WEDNESDAY, elapsed=timer)


async def works(asked: CalendarFeed, department: str = "H59.15", day: date = date(2026, 11, 19)) -> bool:
    return (await asked.known()).catalogue.calendar(department).is_working_day(day)


async def test_an_announced_day_is_known_a_minute_later(intake: Service, shipped: Catalogue) -> None:
    timer = Timer()
    asked = feed(shipped, intake.url, timer)
    assert await works(asked)
    announce(intake, applies_to=["H59.15"])
    assert await works(asked), "intake is not asked again within the minute"
    timer.now += CALENDAR_FRESH_FOR_S
    assert not await works(asked)
    assert await works(asked, "H59.02"), "it was announced for one department"
    assert (await asked.known()).as_of == WEDNESDAY


async def test_of_two_announcements_for_a_day_the_later_holds(intake: Service, shipped: Catalogue) -> None:
    announce(intake)
    announce(intake, days=[THURSDAY_OFF | {"works": True, "name": "Bão tan"}])
    assert await works(feed(shipped, intake.url, Timer()))


async def test_what_intake_said_last_is_kept_when_it_is_gone(intake: Service, shipped: Catalogue) -> None:
    timer = Timer()
    asked = feed(shipped, intake.url, timer)
    announce(intake)
    assert not await works(asked)
    intake.kill()
    for _ in range(2):
        timer.now += CALENDAR_FRESH_FOR_S
        assert not await works(asked)
    intake.start()
    announce(intake, days=[{"day": "2026-11-20", "works": False, "name": "Nghỉ bão"}])
    timer.now += CALENDAR_FRESH_FOR_S
    assert not await works(asked, day=date(2026, 11, 20))


async def test_an_intake_that_never_answered_leaves_the_catalogue_as_it_is(intake: Service, shipped: Catalogue) -> None:
    announce(intake)
    for asked in (
        feed(shipped, intake.url, Timer(), "another-key-than-intake"),
        feed(shipped, f"{intake.url}/elsewhere", Timer()),
        feed(shipped, f"http://127.0.0.1:{free_port_base(1)}", Timer()),
        feed(shipped, None, Timer()),
    ):
        known = await asked.known()
        assert (known.catalogue, known.as_of) == (shipped, None)


async def test_an_intake_that_does_not_answer_is_not_waited_for(shipped: Catalogue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        known = await feed(shipped, f"http://127.0.0.1:{silent.getsockname()[1]}", Timer()).known()
    assert (known.catalogue, known.as_of) == (shipped, None)


@pytest.fixture
async def read_model(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/reporting.db")
    await migrate(engine)
    yield engine
    await engine.dispose()


async def test_the_list_reaches_further_over_an_announced_day_off(intake: Service, read_model: AsyncEngine, shipped: Catalogue) -> None:
    friday = statuses("H59.15-261116-0001", (received(at("2026-11-16"), due_at=at("2026-11-20 14:00")),))
    monday = statuses("H59.15-261116-0002", (received(at("2026-11-16"), due_at=at("2026-11-23 14:00")),))
    await Topic(read_model).deliver([*friday, *monday])
    announce(intake)
    registry, gauges = CollectorRegistry(), FigureGauges(read_model, lambda: WEDNESDAY, None)
    wired = Reporting(read_model, shipped, lambda: WEDNESDAY, SecretStr(KEY), ProjectorHealth(assigned=True), registry, gauges, intake.url)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(wired)), base_url="http://reporting", headers=HEADERS) as client:
        found = (await client.get("/v1/attention?within=2d")).json()
    assert [(one["days"], one["working_hours"]) for one in found["dossiers"]] == [(1, "7.00"), (2, "15.00")]
    assert found["departments"][0]["until"] == at("2026-11-23 15:00").isoformat()
    assert found["calendar"]["source"] == "intake"
    assert datetime.fromisoformat(found["calendar"]["as_of"]).tzinfo is not None
