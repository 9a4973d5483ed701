"""`GET /v1/consistency`: a read model that was written by the projector agrees with itself,
and every damage to a row of it is named."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.sums import MONTH, YEAR
from services.reporting.read_model.tables import dossiers, sums
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from shared.service.sql import writing
from tests.reporting.delivery import Topic
from tests.reporting.logged import an_office, log_of

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
PATH = "/v1/consistency"
of = dossiers.c


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
async def counted(engine: AsyncEngine) -> AsyncEngine:
    """A read model of an office, projected in many transactions."""
    await Topic(engine).deliver(log_of(an_office(31))[1], batch_size=29)
    return engine


async def lines(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get(PATH)
    assert answer.status_code == 200, answer.text
    return [msgspec.json.decode(line) for line in answer.content.splitlines()]


async def found(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The differences; the last line says how many there are."""
    found_lines = await lines(client)
    differences = [line for line in found_lines if "about" in line]
    assert found_lines[-1]["differences"] == len(differences)
    return differences


async def run(engine: AsyncEngine, statement: Any) -> None:
    async with writing(engine) as connection:
        assert (await connection.execute(statement)).rowcount == 1


async def a_closed_dossier(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return str((await connection.execute(select(func.min(of.code)).where(of.closed_day.is_not(None)))).scalar_one())


async def test_what_the_projector_wrote_agrees_with_itself(client: httpx.AsyncClient, counted: AsyncEngine) -> None:
    async with counted.connect() as connection:
        sizes = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (dossiers, sums)
        ]
    *progress, end = await lines(client)
    assert all(sizes)
    assert end == {"dossiers": sizes[0], "sums": sizes[1], "differences": 0}
    assert progress[-1] == {"looked_at": sum(sizes), "of": sum(sizes)}


async def test_one_look_at_a_time(client: httpx.AsyncClient, counted: AsyncEngine) -> None:
    answers = await asyncio.gather(*(client.get("/v1/consistency") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
    assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 503} == {"30"}
    assert (await client.get("/v1/consistency")).status_code == 200


async def test_an_empty_model_agrees_with_itself(client: httpx.AsyncClient) -> None:
    assert await lines(client) == [{"dossiers": 0, "sums": 0, "differences": 0}]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"closed_day": of.closed_day + 1}, "counted otherwise (closed_day)"),
        ({"received_day": of.received_day - 1}, "counted otherwise (received_day)"),
        ({"returned_day": 20230101}, "counted otherwise (returned_day)"),
        ({"flags": of.flags + 1}, "counted otherwise (flags)"),
        ({"department": "H59.99"}, "counted otherwise (department)"),
        ({"procedure": "9.999999"}, "counted otherwise (procedure)"),
        ({"channel": 4}, "counted otherwise (channel)"),
        ({"contributions": b'["H59.15","2.000635",1,[]]'}, "counted otherwise (contributions)"),
        ({"contributions": b"no JSON"}, "counted otherwise (contributions)"),
        ({"due_at": 1}, "was listed otherwise"),
        ({"listed": b"[]"}, "was listed otherwise"),
        ({"version": of.version + 1}, "its snapshot is of another version"),
        ({"sequence": of.sequence + 1}, "its snapshot is of another sequence"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_a_row_of_a_dossier_that_its_snapshot_does_not_say_is_named(
    client: httpx.AsyncClient, counted: AsyncEngine, planted: dict[str, Any], said: str
) -> None:
    code = await a_closed_dossier(counted)
    await run(counted, update(dossiers).where(of.code == code).values(planted))
    assert await found(client) == [{"about": code, "detail": said}]


async def test_a_snapshot_that_cannot_be_read_is_named_and_its_sums_are_not(
    client: httpx.AsyncClient, counted: AsyncEngine
) -> None:
    code = await a_closed_dossier(counted)
    await run(counted, update(dossiers).where(of.code == code).values(snapshot=b"{}"))
    (one,) = await found(client)
    assert (one["about"], one["detail"].startswith("its snapshot cannot be read: ")) == (code, True)
    await run(counted, update(dossiers).where(of.code == code).values(contributions=b"no JSON"))
    (detail,) = [line["detail"] for line in await found(client) if line["about"] == code]
    assert "; what it adds cannot be read: " in detail


A_DAY, A_MONTH, A_YEAR = (
    sums.c.span % MONTH > 0,
    (sums.c.span % MONTH == 0) & (sums.c.span % YEAR > 0),
    sums.c.span % YEAR == 0,
)
OF_A_PROCEDURE, OF_A_DEPARTMENT, OF_ALL = (
    sums.c.procedure > "",
    (sums.c.procedure == "") & (sums.c.department > ""),
    sums.c.department == "",
)


async def a_sum(engine: AsyncEngine, *where: Any) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(select(sums).where(*where).order_by(*sums.primary_key).limit(1))).one()


def at(row: Any) -> list[Any]:
    return [column == getattr(row, column.name) for column in sums.primary_key]


@pytest.mark.parametrize("whose", [OF_A_PROCEDURE, OF_A_DEPARTMENT, OF_ALL], ids=["procedure", "department", "all"])
@pytest.mark.parametrize("when", [A_DAY, A_MONTH, A_YEAR], ids=["day", "month", "year"])
async def test_a_sum_of_any_level_that_says_one_too_many_or_is_gone_is_named(
    client: httpx.AsyncClient, counted: AsyncEngine, when: Any, whose: Any
) -> None:
    row = await a_sum(counted, when, whose, sums.c.measure == 1)
    await run(counted, update(sums).where(*at(row)).values(amount=sums.c.amount + 1))
    (one,) = await found(client)
    assert one["detail"] == f"says {row.amount + 1}, its dossiers make {row.amount}"
    about = one["about"]
    assert int(about["span"].replace("-", "").ljust(8, "0")) == row.span
    assert [about[name] for name in ("department", "procedure")] == [row.department or None, row.procedure or None]
    assert [about[name] for name in ("measure", "definition", "off_by")] == ["received", None, 1]
    await run(counted, delete(sums).where(*at(row)))
    assert [line["detail"] for line in await found(client)] == [f"says 0, its dossiers make {row.amount}"]


@pytest.mark.parametrize("span", [19010203, 29990000, 20231300])
async def test_a_sum_of_days_that_no_dossier_knows_is_named_even_when_its_numbers_mean_nothing(
    client: httpx.AsyncClient, counted: AsyncEngine, span: int
) -> None:
    stray = {
        "span": span,
        "procedure": "",
        "department": "",
        "channel": 9,
        "measure": 99,
        "received_by": "",
        "amount": 2,
    }
    await run(counted, sums.insert().values(stray))
    (one,) = await found(client)
    assert (one["about"]["channel"], one["about"]["measure"], one["about"]["off_by"]) == ("9", "99", 2)


async def test_a_dossier_that_is_gone_leaves_sums_that_nobody_makes(
    client: httpx.AsyncClient, counted: AsyncEngine
) -> None:
    await run(counted, delete(dossiers).where(of.code == await a_closed_dossier(counted)))
    differences = await found(client)
    assert {line["about"]["span"].count("-") for line in differences} == {0, 1, 2}
    assert sum(line["about"]["off_by"] for line in differences if line["about"]["measure"] == "received") == 9


async def test_without_the_key_nothing_is_told_and_a_parameter_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH, headers={"Authorization": "Bearer other"})).status_code == 401
    assert (await client.get(f"{PATH}?department=H59.15")).status_code == 422
