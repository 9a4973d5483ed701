"""Trà Vinh's year 2023 over the application: the same numbers in JSON, XLSX, PDF and DOCX, and lists behind them."""

import io
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import docx
import httpx
import openpyxl
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from shared.catalogue import Catalogue
from shared.contract.envelope import decode_envelope, event_of
from shared.domain.columns import OF_FORM
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL
from shared.domain.transitions import apply
from shared.language.languages import Language
from shared.language.numbers import count
from shared.papers.heading import Heading
from tests.reporting.delivery import Sent, Topic, snapshot

KEY = "a-key-for-this-test-only"
NOW = datetime(2024, 1, 2, 9, tzinfo=LOCAL)
HEADLINE = {
    "3": 80_121,
    "4": 50_353,
    "5": 28_520,
    "6": 1_248,
    "7": 78_784,
    "8": 19_409,
    "9": 59_369,
    "10": 6,
    "11": 1_337,
}


def last_statuses(file: Path) -> Iterator[Sent]:
    """Each dossier as it stood at the year's end, which is what a compacted topic keeps."""
    dossiers: dict[str, Dossier] = {}
    with file.open("rb") as lines:
        for line in lines:
            envelope = decode_envelope(line)
            code = envelope.subject
            dossiers[code] = apply(dossiers.get(code), code, event_of(envelope), envelope.time)
    return (snapshot(dossier, NOW) for dossier in dossiers.values())


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue, tra_vinh_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    await Topic(engine).deliver(last_statuses(tra_vinh_file))
    registry, gauges = CollectorRegistry(), FigureGauges(engine, lambda: NOW, None)
    progress, heading = ProjectorHealth(assigned=True), Heading(office="Trung tâm", place="Trà Vinh")
    app = create_app(
        Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), progress, registry, gauges, heading=heading)
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers, timeout=60
    ) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_file_has_the_years_figures(client: httpx.AsyncClient) -> None:
    form = (await asked(client, "json")).json()
    rows = [[row[column.key] for column in OF_FORM.values()] for row in (*form["lines"], form["total"])]
    assert {number: form["total"][form["columns"][number]] for number in HEADLINE} == HEADLINE
    assert len(rows) > 10

    workbook = await asked(client, "xlsx")
    assert workbook.headers["content-disposition"] == 'attachment; filename="II.06a_2023-01-01_2023-12-31.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(workbook.content), data_only=True).worksheets[0]
    start = next(cell.row for cell in sheet["A"] if cell.value == "(1)") + 1
    assert [[cell.value for cell in row] for row in sheet.iter_rows(start, start + len(rows) - 1, 3, 13)] == rows

    told = [[count(number, Language.VIETNAMESE) for number in row] for row in rows]
    assert told[-1][0] == "80.121"
    reader = PdfReader(io.BytesIO((await asked(client, "pdf")).content))
    text = " ".join(word for page in reader.pages for word in page.extract_text().split())
    assert [row for row in told if f" {' '.join(row)} " not in text] == []

    report = docx.Document(io.BytesIO((await asked(client, "docx")).content))
    assert [[cell.text for cell in row.cells][2:] for row in report.tables[-2].rows][-len(told) :] == told
    assert any("80.121 hồ sơ" in each.text and "62,8%" in each.text for each in report.paragraphs)

    charts = [shape._inline.docPr.get("descr") for shape in report.inline_shapes]
    assert charts == ["Hồ sơ tiếp nhận theo tháng và kênh", "Giải quyết đúng hạn theo đơn vị"]
    assert all(title in text for title in charts)

    await numbers_open_their_lists(client, sheet)


async def numbers_open_their_lists(client: httpx.AsyncClient, sheet: Any) -> None:
    """The five smallest numbers with a link: each list is as long as its number says."""
    linked = [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert len(linked) > 50
    for cell in sorted(linked, key=lambda cell: cell.value)[:5]:
        token = parse_qs(urlsplit(cell.hyperlink.target).query)["token"][0]
        answer = await client.get(f"/v1/figures/{token}/dossiers")
        assert len(answer.json()["dossiers"]) == cell.value


async def asked(client: httpx.AsyncClient, wanted: str) -> httpx.Response:
    answer = await client.get(f"/v1/reports/ii06a?from=2023-01-01&to=2023-12-31&format={wanted}")
    assert answer.status_code == 200, answer.text
    return answer
