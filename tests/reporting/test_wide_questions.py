"""One question never takes reporting down:
too many rows are refused, what is many is gathered in parts and answered one by one."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures import range_sums
from services.reporting.figures.gauges import FigureGauges
from services.reporting.figures.grouping import TooManyRows
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import not_yet_known, pinned
from services.reporting.figures.report import gathered, report
from services.reporting.http import figures
from services.reporting.http.app import Reporting, create_app
from services.reporting.http.figures import TOKENS_COST, FigureRoutes
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model import snapshots
from services.reporting.read_model.store import snapshot
from shared.catalogue import Catalogue
from shared.domain.counting import Measure
from shared.domain.localtime import LOCAL
from shared.service.problems import Problem
from tests.builders.events import received
from tests.builders.times import at
from tests.reporting.delivery import Topic, statuses
from tests.reporting.logged import an_office, log_of

KEY = "a-key-for-this-test-only"
NOW = datetime(2999, 12, 31, 12, tzinfo=LOCAL)
ALWAYS = "from=1900-01-01&to=2999-12-31"
EVERYTHING = f"/v1/figures?{ALWAYS}&by=department,channel,field,procedure,level,month"
MOST = 150


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    _, records = log_of(an_office(5, size=60))
    await Topic(engine).deliver(records)
    async with client_at(engine, shipped, NOW) as opened:
        yield opened


def client_at(engine: AsyncEngine, shipped: Catalogue, now: datetime) -> httpx.AsyncClient:
    gauges = FigureGauges(engine, lambda: now, None)
    reporting = Reporting(
        engine, shipped, lambda: now, SecretStr(KEY), ProjectorHealth(assigned=True), CollectorRegistry(), gauges
    )
    app = create_app(replace(reporting, figures_max_rows=MOST))
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers)


async def test_more_rows_than_one_answer_may_have_are_refused_with_what_to_leave_out(client: httpx.AsyncClient) -> None:
    for tokens, most in (("all", MOST // TOKENS_COST), ("none", MOST)):
        answer = await client.get(f"{EVERYTHING}&tokens={tokens}")
        assert (answer.status_code, answer.json()["parameter"]) == (422, "by"), answer.text
        assert f"more than {most} rows" in answer.json()["detail"]
        assert "leave a dimension out" in answer.json()["detail"]


async def test_what_is_below_the_limit_is_answered_and_adds_up(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/v1/figures?{ALWAYS}&by=department,channel")
    found = answer.json()
    assert all(identity["holds"] for identity in found["identities"])
    assert 1 < len(found["rows"]) <= MOST // TOKENS_COST
    assert sum(row["received_total"] for row in found["rows"]) == found["total"]["received_total"]


async def test_a_millennium_by_month_has_a_row_only_where_something_is_to_tell(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    _, records = log_of(an_office(5, size=60))
    await Topic(engine).deliver(records)
    query = FigureQuery(
        first=date(1900, 1, 1), last=date(2023, 6, 30), as_of=NOW, by=(Dimension.DEPARTMENT, Dimension.MONTH)
    )
    whole = (await report(engine, query, shipped)).rows
    short = (await report(engine, replace(query, first=date(2023, 1, 1)), shipped)).rows
    assert [(row.key, row.figures) for row in whole] == [(row.key, row.figures) for row in short]
    assert {row.key[1] for row in whole} <= {f"2023-{month:02}" for month in range(1, 7)}


async def test_rows_are_refused_while_they_are_gathered(engine: AsyncEngine, shipped: Catalogue) -> None:
    _, records = log_of(an_office(5, size=60))
    await Topic(engine).deliver(records)
    query = FigureQuery(
        first=date(1900, 1, 1), last=date(2999, 12, 31), as_of=NOW, by=(Dimension.PROCEDURE, Dimension.MONTH)
    )
    with pytest.raises(TooManyRows):
        await gathered(engine, query, shipped, 2)


async def test_wide_questions_take_turns_and_one_that_waits_too_long_is_told_to_come_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = asyncio.Semaphore(0)
    monkeypatch.setattr(figures, "TURN_WITHIN_S", 0.01)
    with pytest.raises(Problem) as refused:
        async with figures._turn(held):
            pass
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
    assert (await client.get(f"/v1/figures?{ALWAYS}&by=department")).status_code == 200


@pytest.mark.parametrize(
    ("path", "takes"),
    [
        ("/v1/figures?period=2023-Q1", False),
        ("/v1/figures?period=2023-Q1&as_known_at=2023-03-01T00:00:00%2B07:00", True),
        ("/v1/figures/changes?period=2023-Q1&as_known_at=2023-03-01T00:00:00%2B07:00", True),
        ("/v1/figures/definitions?period=2023-Q1", True),
    ],
)
async def test_questions_that_take_long_take_turns_too(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, *, takes: bool
) -> None:
    turns, taken = list[asyncio.Semaphore](), figures._turn

    def noted(wide: asyncio.Semaphore) -> Any:
        turns.append(wide)
        return taken(wide)

    monkeypatch.setattr(figures, "_turn", noted)
    assert (await client.get(path)).status_code == 200
    assert bool(turns) is takes


def test_what_can_have_many_rows_is_wide() -> None:
    query = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=NOW)
    wide = [by for by in Dimension if figures.is_wide(replace(query, by=(by,)))]
    assert wide == [Dimension.PROCEDURE]
    assert figures.is_wide(replace(query, by=(Dimension.DEPARTMENT, Dimension.MONTH)))
    assert FigureRoutes.__dataclass_fields__["most_rows"].default == figures.MOST_ROWS


async def overdue(engine: AsyncEngine, numbers: range) -> None:
    opened = (received(at("2023-01-03"), due_at=at("2023-01-10")),)
    await Topic(engine, end=numbers.start).deliver(
        record for number in numbers for record in statuses(f"H59.15-230103-{number:05}", opened)
    )


async def peak(asked: Awaitable[object]) -> int:
    """The most memory that Python held while it was answered."""
    tracemalloc.start()
    try:
        await asked
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_the_length_of_the_follow_up_list_costs_no_memory(
    engine: AsyncEngine, shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times as many dossiers; each has a snapshot of half a kilobyte, and was held several times over."""
    monkeypatch.setattr(snapshots, "READ_AT_ONCE", 100)
    async with client_at(engine, shipped, at("2023-01-20")) as client:
        await overdue(engine, range(300))
        await client.get("/v1/attention?limit=5")  # what is made once is made
        few = await peak(client.get("/v1/attention?limit=5"))
        await overdue(engine, range(300, 3000))
        many = await peak(client.get("/v1/attention?limit=5"))
        found = (await client.get("/v1/attention?limit=5")).json()
    assert many - few < 2700 * 100
    assert found["total"] == {"overdue": 3000, "due": 0}
    assert len(found["dossiers"]) == 5


async def test_what_was_known_before_costs_no_memory_for_each_day(
    engine: AsyncEngine, shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything became known later, so all of it is taken back:
    as many numbers as there are groups, not as there are days."""
    monkeypatch.setattr(range_sums, "VERSIONS_AT_ONCE", 50)
    monkeypatch.setattr(range_sums, "CELLS_AT_ONCE", 100)
    opened = [(number, at("2023-01-03") + timedelta(days=number)) for number in range(300)]
    records = (
        record
        for number, day in opened
        for record in statuses(f"H59.15-230103-{number:05}", (received(day, due_at=day + timedelta(days=9)),), [day])
    )
    await Topic(engine).deliver(records)
    query = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=NOW, known_at=at("2023-01-01"))
    async with snapshot(engine) as connection:
        taken_back = await not_yet_known(connection, query, await pinned(connection, query.known_at))
    (received_in_all,) = [one for one in taken_back if one.measure is Measure.RECEIVED]
    assert received_in_all.amount == -300
    assert len(taken_back) == len({one.measure for one in taken_back})
    assert not any((await report(engine, query, shipped)).total.values())
