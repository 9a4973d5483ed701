"""The database is away, stands still or holds what an earlier version wrote: every answer says so, in time."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.read_model.contributions import decode_contributions, encode_contributions
from services.reporting.read_model.store import migrate, open_engine
from services.reporting.read_model.tables import dossiers, offsets
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from shared.service.sql import is_transient, writing
from tests.builders.events import CODE, event, received
from tests.reporting.delivery import Topic, statuses
from tests.support.ports import free_port_base

pytestmark = pytest.mark.slow

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 2, 1, 9, tzinfo=LOCAL)
YEAR = "/v1/figures?from=2023-01-01&to=2023-12-31"


def client_of(engine: AsyncEngine, shipped: Catalogue) -> httpx.AsyncClient:
    registry, gauges = CollectorRegistry(), FigureGauges(engine, lambda: NOW, None)
    registry.register(gauges)
    PipelineMetrics(registry)
    app = create_app(
        Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), ProjectorHealth(assigned=True), registry, gauges)
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://reporting", headers=headers)


@pytest.fixture(params=["refused", "silent"])
async def away(request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    """A PostgreSQL whose port is closed, and one that takes connections and says nothing, as when it is frozen."""
    port = free_port_base(1)
    connected: list[asyncio.StreamWriter] = []
    silent = None
    if request.param == "silent":
        silent = await asyncio.start_server(lambda _reader, writer: connected.append(writer), "127.0.0.1", port)
    engine = open_engine(f"postgresql+asyncpg://u:p@127.0.0.1:{port}/motcua")
    yield engine
    await engine.dispose()
    if silent is not None:
        silent.close()
        for writer in connected:
            writer.close()
            await writer.wait_closed()


async def test_reads_say_that_it_is_away_and_when_to_ask_again(away: AsyncEngine, shipped: Catalogue) -> None:
    async with client_of(away, shipped) as client:
        for path in (YEAR, "/v1/attention", "/v1/reports/ii06a", "/v1/dossiers", "/v1/consistency"):
            answer = await client.get(path)
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text


async def test_readiness_and_metrics_answer_in_time_without_the_gauges(away: AsyncEngine, shipped: Catalogue) -> None:
    async with client_of(away, shipped) as client:
        started = time.monotonic()
        assert (await client.get("/healthz/ready")).status_code == 503
        assert time.monotonic() - started < 4
        page = await client.get("/metrics")
    assert page.status_code == 200
    assert "motcua_poison_in_a_row 0.0" in page.text
    assert "motcua_dossiers_received{" not in page.text


async def test_a_dossier_that_an_earlier_version_stored_against_itself_is_named(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    await Topic(engine).deliver(statuses(CODE, (received(), event("resolved", "2023-01-09 10:00"))))
    async with writing(engine) as connection:
        entry = decode_contributions((await connection.execute(select(dossiers.c.contributions))).scalar_one())
        entry.deltas.extend(entry.deltas)
        await connection.execute(update(dossiers).values(contributions=encode_contributions(entry)))
    async with client_of(engine, shipped) as client:
        token = (await client.get(YEAR)).json()["tokens"]["total.resolved_total"]
        answer = await client.get(f"/v1/figures/{token}/dossiers")
    assert (answer.status_code, answer.json()["code"], answer.json()["dossier"]) == (500, "broken_dossier", CODE)
    assert "motcua rebuild" in answer.json()["detail"]


async def test_contributions_that_nobody_can_read_are_named_where_they_are_asked_for(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    await Topic(engine).deliver(statuses(CODE, (received(),)))
    async with writing(engine) as connection:
        await connection.execute(update(dossiers).values(contributions=b"["))
    async with client_of(engine, shipped) as client:
        answer = await client.get(YEAR, params={"as_known_at": "2022-01-01T00:00:00+07:00"})
        assert (answer.status_code, answer.json()["code"], answer.json()["dossier"]) == (500, "broken_dossier", CODE)
        token = (await client.get(YEAR)).json()["tokens"]["total.received_total"]
        answer = await client.get(f"/v1/figures/{token}/dossiers")
    assert (answer.status_code, answer.json()["dossier"]) == (500, CODE)


async def test_a_snapshot_that_an_earlier_version_stored_and_nobody_can_read_is_named(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    await Topic(engine).deliver(statuses(CODE, (received(),)))
    async with writing(engine) as connection:
        await connection.execute(update(dossiers).values(snapshot=b"[" * 100_000))
    async with client_of(engine, shipped) as client:
        answer = await client.get("/v1/attention")
    assert (answer.status_code, answer.json()["dossier"]) == (500, CODE)


@pytest.mark.postgres
async def test_a_reporting_that_stands_still_in_a_transaction_lets_go_of_its_locks(postgres_url: str) -> None:
    """The other one waits ten seconds at most, not until somebody wakes it."""
    frozen, other = open_engine(postgres_url), open_engine(postgres_url)
    await migrate(frozen)
    await Topic(frozen).deliver(statuses(CODE, (received(),)))
    async with frozen.connect() as connection:
        await connection.execute(select(offsets).with_for_update())
        started = time.monotonic()
        await _until_it_passes(Topic(other, end=1))
        assert time.monotonic() - started < 25
        with pytest.raises(DBAPIError) as ended:
            await connection.execute(select(offsets))
        assert is_transient(ended.value)
    await frozen.dispose()
    await other.dispose()


async def _until_it_passes(topic: Topic) -> None:
    """As the projector does: what passes is tried again."""
    while True:
        try:
            await topic.deliver(statuses("H59.15-230103-0002", (received(),)))
        except DBAPIError as error:
            if not is_transient(error):
                raise
        else:
            return
