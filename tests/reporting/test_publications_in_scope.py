"""Publications for callers who are bound to some departments: one about nothing else is theirs, any other is not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue import Catalogue
from shared.catalogue.units import ChangeKind, UnitChange
from tests.reporting.bound import application, reader
from tests.reporting.published import NOW, PERIOD, SmallOffice, published, refused, reporting_of, small_office

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)  # documents are decoded here, not in SQL
MINE, OTHER = "H59.15", "H59.02"
CELL = "total.received_total"
OF_ONE = (
    ("GET", "", None),
    ("GET", "/revisions", None),
    ("GET", "/notes", None),
    ("GET", f"/dossiers?cell={CELL}", None),
    ("GET", "/ii06a?format=json", None),
    ("GET", "/ii06a?format=csv", None),
    ("GET", "/ii06a?format=xlsx", None),
)
CHANGING = (("POST", "/revisions", None), ("POST", "/notes", {"cell": CELL, "text": "Xem sửa đổi."}))


@pytest.fixture
async def office(engine: AsyncEngine) -> SmallOffice:
    """With half of its events recorded."""
    made = small_office(engine, 21)
    await made.record(len(made.lines) // 2)
    return made


@pytest.fixture
async def client(office: SmallOffice, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    async with reporting_of(office, shipped) as reporting:
        yield reporting


def with_key(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def told(client: httpx.AsyncClient, key: str, path: str) -> httpx.Response:
    return await client.get(path, headers=with_key(key))


async def test_a_publication_of_the_province_can_neither_be_read_nor_opened_nor_changed(
    client: httpx.AsyncClient,
) -> None:
    await published(client)
    await published(client, department=[MINE, OTHER])
    for number in (1, 2):
        for method, path, body in (*OF_ONE, *CHANGING):
            url, headers = f"/v1/publications/{number}{path}", with_key(f"compiler@{MINE}")
            answer = await client.request(method, url, json=body, headers=headers)
            assert refused(answer) == (403, "forbidden"), (url, answer.text)
            detail = answer.json()["detail"]
            about = "every department" if number == 1 else OTHER
            assert detail.startswith(f"publication {number} is about {about}, and your key is bound to {MINE}: ")
            assert f"GET /v1/publications?department={MINE}" in detail
    assert (await client.get("/v1/publications/1/notes")).json()["notes"] == []


async def test_a_publication_inside_is_answered_as_to_everybody(office: SmallOffice, client: httpx.AsyncClient) -> None:
    await published(client, department=[MINE])
    await published(client, received_by=[OTHER])
    await office.record(len(office.lines))
    for number, key in ((1, f"officer@{MINE}"), (2, f"officer@received_by:{OTHER}")):
        for _, path, _ in OF_ONE:
            url = f"/v1/publications/{number}{path}"
            answer, whole = await told(client, key, url), await client.get(url)
            assert (answer.status_code, answer.content) == (200, whole.content), url
    revised = await client.post("/v1/publications/1/revisions", headers=with_key(f"compiler@{MINE}"))
    assert revised.status_code == 201, revised.text
    assert (await told(client, f"officer@{MINE}", "/v1/publications/1/revisions/1")).content == revised.content
    assert (await told(client, f"officer@{MINE}", "/v1/publications/3")).status_code == 404


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({}, 403),
        ({"department": [OTHER]}, 403),
        ({"received_by": [MINE]}, 403),
        ({"department": [MINE]}, 201),
        ({"department": [MINE], "received_by": [OTHER], "by": ["received_by"]}, 201),
    ],
)
async def test_a_compiler_publishes_their_own_departments(
    client: httpx.AsyncClient, members: dict[str, Any], status: int
) -> None:
    answer = await client.post("/v1/publications", json=PERIOD | members, headers=with_key(f"compiler@{MINE}"))
    assert answer.status_code == status, answer.text
    assert len((await client.get("/v1/publications")).json()["publications"]) == (status == 201)


async def test_a_list_is_asked_for_what_it_stays_within(client: httpx.AsyncClient) -> None:
    for members in ({}, {"department": [MINE]}, {"department": [MINE, OTHER]}, {"received_by": [MINE]}):
        await published(client, **members)
    await published(client, department=[MINE], by=["department"])

    async def numbers(key: str, query: str) -> list[int]:
        found: list[int] = []
        while True:
            page = (await told(client, key, f"/v1/publications?{query}")).json()
            found += [one["number"] for one in page["publications"]]
            if page["cursor"] is None:
                return found
            query = f"{query.partition('&cursor')[0]}&cursor={page['cursor']}"

    mine, both = f"officer@{MINE}", f"officer@{MINE},received_by:{MINE}"
    assert await numbers("admin@*", "limit=2") == [5, 4, 3, 2, 1]
    for key in (mine, both, "admin@*"):
        assert await numbers(key, f"department={MINE}&limit=1") == [5, 2]
    assert await numbers(both, f"department={MINE}&received_by={MINE}&limit=1") == [5, 4, 2]
    for key, query, said in (
        (mine, "", f"add department={MINE}"),
        (mine, f"?department={OTHER}", OTHER),
        (mine, f"?department={MINE}&received_by={MINE}", f"what {MINE} received"),
    ):
        answer = await told(client, key, f"/v1/publications{query}")
        assert refused(answer) == (403, "forbidden")
        assert said in answer.json()["detail"]


async def test_a_page_lists_what_its_reader_may_read(
    office: SmallOffice, client: httpx.AsyncClient, shipped: Catalogue
) -> None:
    await published(client, title="Toàn tỉnh")
    await published(client, title="Tư pháp", department=[MINE])
    pages = application(office.engine, shipped, lambda: NOW)
    async with reader(pages, f"officer@{MINE}") as mine, reader(pages, "officer@*") as everybody:
        own, all_of_them = [(await each.get("/publications")).text for each in (mine, everybody)]
    assert "Tư pháp" in own
    assert "Toàn tỉnh" not in own
    assert "Toàn tỉnh" in all_of_them


async def test_without_a_filter_nothing_under_v1_is_told_to_who_is_bound(client: httpx.AsyncClient) -> None:
    """By the API documents, so a route that comes later is refused too, or fails here."""
    await published(client)
    token = (await client.get("/v1/figures", params=PERIOD)).json()["tokens"]["total.received_total"]
    paths = [path for path, methods in (await client.get("/openapi.json")).json()["paths"].items() if "get" in methods]
    asked = [path for path in paths if path.startswith("/v1/")]
    assert len(asked) > 15
    for path in asked:
        since = "?as_known_at=2023-01-20T00:00:00Z" if path == "/v1/figures/changes" else ""
        url = path.format(token=token, number=1, revision=1, department=OTHER, year=2023) + since
        answer = await told(client, f"admin@{MINE}", url)
        assert refused(answer) == (403, "forbidden"), url


async def test_of_units_as_another_catalogue_organised_them_nobody_knows_whose_dossiers_they_are(
    office: SmallOffice, client: httpx.AsyncClient, shipped: Catalogue
) -> None:
    await published(client, department=[MINE], organised="now")
    merged = UnitChange(date(2023, 2, 1), ChangeKind.MERGE, (OTHER,), MINE, "NQ")
    async with reporting_of(office, replace(shipped, unit_changes=(merged,))) as later:
        await published(later, department=[MINE], organised="now")
        for number, key, status in ((1, MINE, 403), (1, "*", 200), (2, MINE, 403), (2, f"{MINE},{OTHER}", 200)):
            answer = await told(later, f"officer@{key}", f"/v1/publications/{number}")
            assert answer.status_code == status, (number, key)
    assert (await told(client, f"officer@{MINE}", "/v1/publications/1")).status_code == 200
