"""What was published stands on a page, each with its digest and a way to the figures as they are now."""

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue import Catalogue
from tests.pages.office import NASTY, browser, pages_of, sign_in
from tests.pages.reading import read
from tests.reporting.published import NOW, published, reporting_of, small_office


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
