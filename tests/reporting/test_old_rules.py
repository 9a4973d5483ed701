"""After an upgrade whose rules count otherwise no figure is told until the read model has been
made anew from the log."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake.client import intake_client
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine, snapshot
from services.reporting.read_model.tables import dossiers, model, sums
from services.reporting.rebuild.automatic import AutomaticRebuild
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.log import LogLine
from shared.domain.counting import RULES_VERSION
from shared.domain.localtime import LOCAL
from shared.service.sql import writing
from tests.reporting.delivery import Topic
from tests.reporting.logged import an_office, log_of
from tests.support.wait import wait_until_async

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
YEAR = "/v1/figures?from=2023-01-01&to=2023-12-31"
ANSWERS = (
    YEAR,
    "/v1/reports/ii06a?from=2023-01-01&to=2023-12-31",
    "/v1/attention",
    "/v1/figures/definitions?from=2023-01-01&to=2023-12-31",
)


@pytest.fixture
async def log(engine: AsyncEngine) -> list[LogLine]:
    """The log of an office whose read model earlier rules made: one sum of theirs is not what this version counts."""
    lines, records = log_of(an_office(21))
    await Topic(engine).deliver(records)
    async with writing(engine) as connection:
        await connection.execute(update(model).values(rules=RULES_VERSION - 1))
        await connection.execute(update(sums).values(amount=sums.c.amount + 1))
    return lines


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    registry, gauges = CollectorRegistry(), FigureGauges(engine, lambda: NOW, None)
    registry.register(gauges)
    app = create_app(
        Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), ProjectorHealth(assigned=True), registry, gauges)
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers
    ) as opened:
        yield opened


def intake(lines: list[LogLine]) -> httpx.MockTransport:
    """An intake that has the log, and gives few lines at once."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/log"
        assert request.headers["authorization"] == f"Bearer {KEY}"
        after = int(request.url.params["after"])
        return httpx.Response(200, content=b"\n".join([encode(line) for line in lines if line.position > after][:30]))

    return httpx.MockTransport(answer)


def own_rebuild(engine: AsyncEngine, transport: httpx.MockTransport) -> AutomaticRebuild:
    url = "http://intake"
    connect = partial(intake_client, url, SecretStr(KEY), timeout_s=5.0, transport=transport)
    return AutomaticRebuild(engine, url, connect, lambda: NOW, look_again_s=0.01)


async def test_figures_lists_and_gauges_wait_for_a_rebuild(client: httpx.AsyncClient, log: list[LogLine]) -> None:
    for path in ANSWERS:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "old_rules"), path
        assert "motcua rebuild" in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
    page = await client.get("/metrics")
    assert (page.status_code, "motcua_read_model_current 0.0" in page.text) == (200, True)
    assert "motcua_dossiers_received{" not in page.text
    assert (await client.get("/healthz/ready")).status_code == 200
    assert len((await client.get("/v1/dossiers")).text.splitlines()) == 40


async def test_a_rebuild_sets_the_rules(client: httpx.AsyncClient, log: list[LogLine]) -> None:
    path = (await client.post("/v1/rebuilds")).headers["Location"]
    await client.post(f"{path}/events?after=0", content=b"\n".join(encode(line) for line in log))
    await client.post(f"{path}/settled")
    assert (await client.post(f"{path}/swap")).json()["swapped"]
    answer = await client.get(YEAR)
    assert (answer.status_code, answer.json()["total"]["received_total"] > 0) == (200, True)


async def test_reporting_rebuilds_by_itself_from_intakes_log(
    engine: AsyncEngine, client: httpx.AsyncClient, log: list[LogLine]
) -> None:
    await own_rebuild(engine, intake(log)).run(asyncio.Event())
    found = (await client.get(YEAR)).json()
    assert all(identity["holds"] for identity in found["identities"])
    assert (
        found["total"]["received_total"]
        == found["total"]["received_in_person_or_postal"] + found["total"]["received_online"]
    )
    assert (await client.get("/v1/consistency")).text.splitlines()[-1].endswith('"differences":0}')


@pytest.mark.parametrize(("earlier", "differing"), [(True, True), (False, False)], ids=["lost", "new"])
async def test_a_model_that_was_lost_gets_back_what_was_known_when(
    engine: AsyncEngine, client: httpx.AsyncClient, log: list[LogLine], *, earlier: bool, differing: bool
) -> None:
    """It is of today's rules and filled from the topic since;
    only a log with events from before its start makes it anew."""
    await own_rebuild(engine, intake(log)).run(asyncio.Event())
    first = log[0].event.recordedtime
    assert first is not None
    before = await generation(engine)
    again = own_rebuild(engine, intake(log))
    again.lost_before = first + timedelta(seconds=1) if earlier else first
    await again.run(asyncio.Event())
    assert (await generation(engine) != before) is differing


async def test_a_lost_model_is_filled_before_it_is_made_anew(
    engine: AsyncEngine, client: httpx.AsyncClient, log: list[LogLine]
) -> None:
    await own_rebuild(engine, intake(log)).run(asyncio.Event())
    before, left = await generation(engine), iter([True, True, True])
    again = own_rebuild(engine, intake(log))
    again.lost_before = NOW
    seen: list[int] = []

    def fills() -> bool:
        seen.append(1)
        return next(left, False)

    again.fills = fills
    await again.run(asyncio.Event())
    assert (len(seen), await generation(engine)) == (4, before + 1)


async def generation(engine: AsyncEngine) -> int:
    async with snapshot(engine) as connection:
        return int((await connection.execute(select(model.c.generation))).scalar_one())


async def test_an_intake_that_is_away_or_of_another_office_changes_nothing(
    engine: AsyncEngine, log: list[LogLine]
) -> None:
    asked = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(503) if asked % 2 else httpx.Response(200, content=b"")

    stopping = asyncio.Event()
    running = asyncio.create_task(own_rebuild(engine, httpx.MockTransport(answer)).run(stopping))

    async def tried() -> bool:
        return asked > 4 or running.done()

    await wait_until_async(tried, 30, "it has tried again")
    assert not running.done()
    stopping.set()
    await running
    async with snapshot(engine) as connection:
        assert len((await connection.execute(dossiers.select())).all()) == 40


async def test_a_model_of_the_release_before_keeps_the_rules_that_made_it(database_url: str) -> None:
    engine = open_engine(database_url)
    await migrate(engine, "0002")
    async with writing(engine) as connection:
        version = "3, 3, 'H59.15', '2.000635', 1, 20230103, NULL, NULL, 2, 1, 1, :blob, :blob"
        for code in ("a", "b"):
            await connection.execute(
                text(f"INSERT INTO dossiers VALUES ('{code}', {version}, NULL, :blob)"), {"blob": b"[]"}
            )
        await connection.execute(text(f"INSERT INTO history VALUES ('a', {version}, 2, 2)"), {"blob": b"[]"})
        await connection.execute(text("CREATE TABLE rebuild_state (number BIGINT)"))
    await migrate(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(model.select())).one().rules == 1
        assert (await connection.execute(text("SELECT code, sequence, known_until FROM history"))).all() == [
            ("a", 3, 2)
        ]
    async with writing(engine) as connection:
        await connection.execute(delete(dossiers))
    await migrate(engine)
    async with engine.connect() as connection:
        assert (await connection.execute(model.select())).one().rules == RULES_VERSION
    await engine.dispose()
