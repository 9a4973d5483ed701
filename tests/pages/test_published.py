"""What was published stands on pages: its numbers as they were, each with exactly the dossiers that it counted then."""

import html
import io
import re
from collections.abc import AsyncIterator

import httpx
import openpyxl
import pytest
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue import Catalogue
from tests.pages.office import NASTY, browser, pages_of, sign_in
from tests.pages.reading import Element, read
from tests.reporting.bound import reader
from tests.reporting.published import NOW, SmallOffice, opened, published, reporting_of, small_office

EVERY = ["department", "field", "channel", "level", "procedure", "month", "received_by"]


@pytest.fixture
async def office(engine: AsyncEngine) -> SmallOffice:
    made = small_office(engine, 21)
    await made.record(len(made.lines) // 2)
    return made


@pytest.fixture
async def api(office: SmallOffice, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    async with reporting_of(office, shipped) as client:
        yield client


@pytest.fixture
async def pages(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    application, _ = pages_of(engine, shipped, lambda: NOW)
    async with browser(application) as client:
        await sign_in(client)
        yield client


async def listed(pages: httpx.AsyncClient, link: str) -> list[str]:
    """The codes of a list's pages, in their order."""
    codes: list[str] = []
    following: str | None = link
    while following:
        page = await pages.get(following)
        assert page.status_code == 200, page.text
        codes += [row[0].said for row in read(page.text, "list").rows]
        after = re.search(r'<a href="([^"]+)" rel="next">', page.text)
        following = None if after is None else html.unescape(after[1])
    return codes


def numbers_of(text: str, of_class: str = "figures") -> list[Element]:
    """The numbers of a table that open something."""
    return [cell for row in read(text, of_class).rows for cell in row if cell.link]


async def _page(engine: AsyncEngine, shipped: Catalogue, path: str = "/publications") -> httpx.Response:
    application, _ = pages_of(engine, shipped, lambda: NOW)
    async with browser(application) as client:
        await sign_in(client)
        return await client.get(path)


async def test_the_newest_publication_comes_first(engine: AsyncEngine, shipped: Catalogue) -> None:
    assert "Chưa công bố số liệu nào." in (await _page(engine, shipped)).text
    office = small_office(engine, 21)
    await office.record(len(office.lines))
    async with reporting_of(office, shipped) as client:
        documents = [await published(client, title=title) for title in ("Lần một", NASTY)]
        digests = [one["sha256"] for one in (await client.get("/v1/publications")).json()["publications"]]
    assert len(documents) == 2
    page = await _page(engine, shipped)
    rows = read(page.text, "list").rows
    assert [row[0].said for row in rows] == ["2", "1"]
    assert [row[1].said for row in rows] == [NASTY, "Lần một"]
    assert [row[6].said for row in rows] == digests
    assert "<script>alert" not in page.text
    link = str(rows[0][2].link)
    assert "Từ ngày 20/01/2023 đến ngày 10/03/2023" in (await _page(engine, shipped, link)).text
    assert [
        row[0].said for row in read((await _page(engine, shipped, "/publications?before=2")).text, "list").rows
    ] == ["1"]


async def test_each_published_number_opens_the_dossiers_it_counted_whatever_follows(
    api: httpx.AsyncClient, pages: httpx.AsyncClient, office: SmallOffice
) -> None:
    document = await published(api, by=EVERY)
    await office.record(len(office.lines))
    for by, table in zip(EVERY, document["tables"], strict=True):
        page = await pages.get(f"/publications/1?by={by}")
        assert page.status_code == 200, page.text
        rows = read(page.text).rows
        assert (table["by"], len(rows)) == (by, 1 + len(table["rows"]))
        assert rows[0][2].said == f"{document['total']['received_total']}"
        numbers = numbers_of(page.text)
        assert len(numbers) > 10, by
        for number in numbers[:: max(len(numbers) // 6, 1)]:
            cell = httpx.URL(str(number.link)).params["cell"]
            codes = await listed(pages, str(number.link))
            assert len(codes) == int(number.said), cell
            assert codes == await opened(api, 1, cell)


async def test_numbers_beside_the_form_open_too(api: httpx.AsyncClient, pages: httpx.AsyncClient) -> None:
    total = (await published(api))["total"]
    others = re.findall(r'<a href="([^"]+cell=total[^"]+)">([\d.]+)</a>', (await pages.get("/publications/1")).text)
    assert len(others) > 12
    for link, said in others:
        column = httpx.URL(html.unescape(link)).params["cell"].removeprefix("total.")
        assert int(said) == total[column] == len(await listed(pages, html.unescape(link))), column


async def test_a_revision_says_which_numbers_and_which_dossiers_it_differs_by(
    api: httpx.AsyncClient, pages: httpx.AsyncClient, office: SmallOffice
) -> None:
    await published(api)
    assert "chưa số nào khác đi" in (await pages.get("/publications/1/since")).text
    await office.record(len(office.lines) * 3 // 4)
    since = (await pages.get("/publications/1/since")).text
    revision = (await api.post("/v1/publications/1/revisions")).json()
    assert f"{len(revision['changes'])} số đã khác, {len(revision['moved'])} hồ sơ đã chuyển" in since
    note = {"cell": "total.received_total", "text": NASTY, "author": "cb-0417"}
    assert (await api.post("/v1/publications/1/notes", json=note)).status_code == 201
    page = (await pages.get("/publications/1?revision=1")).text
    changes, moved = read(page, "changes").rows, read(page, "moved").rows
    shown = [one for one in revision["changes"] if one["cell"].startswith(("total.", "department."))]
    assert [(row[1].said, row[2].said) for row in changes] == [(str(one["before"]), str(one["after"])) for one in shown]
    assert 0 < len(shown) < len(revision["changes"]), "those of the table that is shown"
    assert [row[0].said for row in moved] == [one["code"] for one in revision["moved"]]
    assert [bool(row[1].said) for row in moved] == [bool(one["left"]) for one in revision["moved"]]
    assert html.escape(NASTY, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
    assert "<script>alert" not in page
    for number in numbers_of(page)[:40:9]:
        cell = httpx.URL(str(number.link)).params["cell"]
        assert await listed(pages, str(number.link)) == await opened(api, 1, cell, revision=1)
    first = read((await pages.get("/publications/1")).text).rows[0]
    assert first[2].said != read(page).rows[0][2].said, "the first version has its own numbers"


async def test_what_is_not_there_is_said_in_words(api: httpx.AsyncClient, pages: httpx.AsyncClient) -> None:
    await published(api)
    for path in ("2", "x", "1?revision=7", "1/dossiers", "1/dossiers?cell=total.nothing", "99999999999999999999/since"):
        page = await pages.get(f"/publications/{path}")
        assert (page.status_code, "Không có công bố, bản đính chính hoặc con số này" in page.text) == (404, True), path
    assert (await pages.get("/publications/1?by=nothing")).status_code == 200
    assert (await pages.get("/publications/1/download?format=nothing")).status_code == 422


async def test_who_is_bound_to_less_is_refused_every_page_of_it(
    api: httpx.AsyncClient, engine: AsyncEngine, shipped: Catalogue
) -> None:
    document = await published(api, by=["department"])
    department = document["tables"][0]["rows"][0]["key"]["department"]
    await published(api, by=["department"], department=[department])
    application, _ = pages_of(engine, shipped, lambda: NOW)
    paths = ("", "/since", "/dossiers?cell=total.received_total", "/download?format=csv")
    async with reader(application, f"officer@{department}") as bound:
        assert [(await bound.get(f"/publications/1{path}")).status_code for path in paths] == [403] * len(paths)
        assert [(await bound.get(f"/publications/2{path}")).status_code for path in paths] == [200] * len(paths)


async def test_numbers_of_its_workbook_lead_to_their_dossiers(api: httpx.AsyncClient, pages: httpx.AsyncClient) -> None:
    await published(api)
    file = await pages.get("/publications/1/download?format=xlsx&by=field")
    linked = [
        (cell.hyperlink.target, cell.value)
        for sheet in openpyxl.load_workbook(io.BytesIO(file.content)).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink and isinstance(cell.value, int)
    ]
    assert len(linked) > 20
    for target, value in linked[::17]:
        assert len(await listed(pages, target.removeprefix("http://reporting"))) == value


async def test_a_number_that_is_none_by_todays_rules_says_so(
    api: httpx.AsyncClient, pages: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    number = (await published(api))["total"]["received_total"]
    async with engine.begin() as connection:
        for table in ("history", "dossiers", "sums"):
            await connection.execute(sql(f"DELETE FROM {table}"))
    page = (await pages.get("/publications/1/dossiers?cell=total.received_total")).text
    assert f"{number} hồ sơ trong công bố số 1" in page
    assert "tính số này là 0; danh sách là của 0 hồ sơ đó" in page
