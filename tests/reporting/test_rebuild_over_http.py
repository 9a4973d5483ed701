"""The rebuild's routes from outside, on the pool that answers figures:
what is asked before, during and after a swap."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.tables import dossiers, history, sums
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.log import LogLine
from shared.domain.localtime import LOCAL
from shared.service.sql import writing
from tests.reporting.delivery import Topic
from tests.reporting.logged import an_office, log_of

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
ASKED = "/v1/figures?from=2023-01-20&to=2023-03-10&by=department"


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    gauges = FigureGauges(engine, lambda: NOW, None)
    app = create_app(
        Reporting(
            engine, shipped, lambda: NOW, SecretStr(KEY), ProjectorHealth(assigned=True), CollectorRegistry(), gauges
        )
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers
    ) as opened:
        yield opened


@pytest.fixture
async def log(engine: AsyncEngine) -> list[LogLine]:
    lines, records = log_of(an_office(21))
    await Topic(engine).deliver(records)
    return lines


def body(lines: list[LogLine]) -> bytes:
    return b"\n".join(encode(line) for line in lines)


async def sent(client: httpx.AsyncClient, lines: list[LogLine]) -> str:
    """A rebuild that has taken the lines and is settled; its path."""
    begun = await client.post("/v1/rebuilds")
    assert begun.status_code == 201, begun.text
    path = begun.headers["Location"]
    taken = await client.post(f"{path}/events?after=0", content=body(lines))
    assert (taken.status_code, taken.json()["position"], taken.json()["refused"]) == (200, len(lines), []), taken.text
    assert (await client.post(f"{path}/settled")).json()["settled"] is True
    return str(path)


async def figures(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get(ASKED)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert all(identity["holds"] for identity in found["identities"])
    return found


async def test_figures_are_the_same_on_both_sides_of_a_swap_and_old_tokens_are_gone(
    client: httpx.AsyncClient, log: list[LogLine]
) -> None:
    path = await sent(client, log)
    before = await figures(client)
    swapped = await client.post(f"{path}/swap")
    assert (swapped.status_code, swapped.json()["swapped"], swapped.json()["differences"]) == (200, True, []), (
        swapped.text
    )
    after = await figures(client)
    assert (after["total"], after["rows"]) == (before["total"], before["rows"])
    old, new = before["tokens"]["total.received_total"], after["tokens"]["total.received_total"]
    assert (await client.get(f"/v1/figures/{old}/dossiers")).status_code == 410
    listed = await client.get(f"/v1/figures/{new}/dossiers?limit=10000")
    assert len(listed.json()["dossiers"]) == after["total"]["received_total"] > 0


async def test_a_query_during_a_swap_sees_one_model_or_the_other(
    client: httpx.AsyncClient, engine: AsyncEngine, log: list[LogLine]
) -> None:
    """The live model is emptied first, so that a mix of both would break an identity or be a third answer."""
    path = await sent(client, log)
    whole = (await figures(client))["total"]["received_total"]
    async with writing(engine) as connection:
        for table in (dossiers, history, sums):
            await connection.execute(delete(table))
    swap = asyncio.create_task(client.post(f"{path}/swap"))
    seen: list[tuple[int, int]] = []
    while not swap.done():
        found = await asyncio.gather(*(figures(client) for _ in range(4)))
        seen += [(one["total"]["received_total"], sum(row["received_total"] for row in one["rows"])) for one in found]
    assert (await swap).json()["dossiers_differing"] == len({line.event.subject for line in log})
    assert set(seen) <= {(0, 0), (whole, whole)}
    assert (await figures(client))["total"]["received_total"] == whole


async def test_a_rebuild_that_is_over_is_not_found(client: httpx.AsyncClient, log: list[LogLine]) -> None:
    path = await sent(client, log)
    assert (await client.delete(path)).status_code == 204
    for call in (
        client.delete(path),
        client.post(f"{path}/swap"),
        client.post(f"{path}/settled"),
        client.post(f"{path}/events?after=0"),
    ):
        answer = await call
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert "POST /v1/rebuilds" in answer.json()["detail"]


async def test_a_part_sent_again_is_told_where_to_go_on(client: httpx.AsyncClient, log: list[LogLine]) -> None:
    path = await sent(client, log[:10])
    again = await client.post(f"{path}/events?after=0", content=body(log[:10]))
    assert (again.status_code, again.json()["position"]) == (409, 10)
    assert (await client.post(f"{path}/events?after=10", content=body(log[10:]))).status_code == 200


async def test_a_swap_before_the_live_model_had_time_is_refused(client: httpx.AsyncClient) -> None:
    path = (await client.post("/v1/rebuilds")).headers["Location"]
    answer = await client.post(f"{path}/swap")
    assert answer.status_code == 409
    assert f"{path}/settled" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sent_body", "said"),
    [
        (b"{this is no JSON", "line 1 is not a line of the log"),
        (b'{"position": 1}', "line 1 is not a line of the log"),
        (b'{"position":\xff}', "line 1 is not a line of the log"),
    ],
)
async def test_what_is_not_the_log_is_refused_with_its_line(
    client: httpx.AsyncClient, sent_body: bytes, said: str
) -> None:
    path = (await client.post("/v1/rebuilds")).headers["Location"]
    answer = await client.post(f"{path}/events?after=0", content=sent_body)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text


async def test_lines_out_of_order_are_refused(client: httpx.AsyncClient, log: list[LogLine]) -> None:
    path = (await client.post("/v1/rebuilds")).headers["Location"]
    answer = await client.post(f"{path}/events?after=0", content=body([log[1], log[0]]))
    assert (answer.status_code, "line 2 has position 1 after 2" in answer.json()["detail"]) == (422, True)


async def test_without_the_key_nothing_is_rebuilt(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/rebuilds", headers={"Authorization": "Bearer other"})).status_code == 401
