"""Files of a publication: its stored numbers, its number and its hash, whatever has been counted since."""

import io
from collections.abc import AsyncIterator
from typing import Any

import docx
import httpx
import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.documents.formats import FORMATS
from shared.catalogue import Catalogue
from shared.domain.columns import OF_FORM
from shared.language.languages import Language
from shared.language.numbers import count
from tests.reporting.databases import on_sqlite
from tests.reporting.published import PERIOD, SmallOffice, published, reporting_of, small_office


@pytest.fixture
async def office(engine: AsyncEngine) -> SmallOffice:
    made = small_office(engine, 21)
    await made.record(len(made.lines) // 2)
    return made


@pytest.fixture
async def client(office: SmallOffice, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    async with reporting_of(office, shipped) as reporting:
        yield reporting


async def form(client: httpx.AsyncClient, wanted: str, **given: Any) -> bytes:
    answer = await client.get("/v1/publications/1/ii06a", params={"format": wanted, **given})
    assert answer.status_code == 200, answer.text
    return answer.content


def texts(wanted: str, content: bytes) -> str:
    if wanted == "pdf":
        parts = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    elif wanted == "xlsx":
        sheets = openpyxl.load_workbook(io.BytesIO(content), data_only=True).worksheets
        parts = [str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row]
    else:
        made = docx.Document(io.BytesIO(content))
        feet = [each.text for section in made.sections for each in section.footer.paragraphs]
        parts = feet + [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return " ".join(" ".join(parts).split())


async def test_the_stored_figures_and_their_hash_are_in_every_file(
    client: httpx.AsyncClient, office: SmallOffice
) -> None:
    document = await published(client)
    before = (await client.get("/v1/reports/ii06a", params=PERIOD | {"format": "json"})).json()
    await office.record(len(office.lines))
    after = (await client.get("/v1/reports/ii06a", params=PERIOD | {"format": "json"})).json()
    assert after["total"] != before["total"], "later facts have moved the figures"
    answer = await client.get("/v1/publications/1/ii06a")
    assert (answer.json()["total"], answer.json()["lines"]) == (before["total"], before["lines"])
    total = [document["total"][column.key] for column in OF_FORM.values()]
    assert answer.json()["publication"] == {"number": 1, "sha256": document["sha256"]}
    for wanted in ("csv", "office-csv", "text"):
        file = await client.get("/v1/publications/1/ii06a", params={"format": wanted})
        assert file.headers["Motcua-Sha256"] == document["sha256"]
        assert (document["sha256"] in file.text) == (wanted != "csv"), "the columns of one for programs are fixed"
    for wanted in ("xlsx", "pdf", "docx"):
        said = texts(wanted, await form(client, wanted))
        assert "Công bố số 1, " in said
        assert document["sha256"] in said
        numbers = [str(each) if wanted == "xlsx" else count(each, Language.VIETNAMESE) for each in total]
        assert set(numbers) <= set(said.split())


async def test_a_revision_has_its_own(client: httpx.AsyncClient, office: SmallOffice) -> None:
    first = await published(client)
    await office.record(len(office.lines))
    revision = (await client.post("/v1/publications/1/revisions")).json()
    said = texts("pdf", await form(client, "pdf", revision=1))
    assert revision["sha256"] in said
    assert first["sha256"] not in said
    assert (await client.get("/v1/publications/1/ii06a?revision=1")).json()["total"] == revision["total"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("2/ii06a", 404),
        ("1/ii06a?revision=3", 404),
        ("1/ii06a?format=ods", 422),
        ("1/ii06a?by=channel", 422),
        ("1/ii06a?from=2023-01-01", 422),
    ],
)
@on_sqlite
async def test_what_there_is_none_of_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    await published(client)
    assert (await client.get(f"/v1/publications/{path}")).status_code == status


@pytest.mark.parametrize("wanted", FORMATS)
@on_sqlite
async def test_every_format_is_made_of_a_publication_by_field_too(client: httpx.AsyncClient, wanted: str) -> None:
    await published(client)
    assert await form(client, wanted, by="field")
