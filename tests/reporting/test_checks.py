"""`POST /v1/reports/check`: the answer in the language wanted, refusals that say why, and no need of a database."""

import asyncio
import io
import shutil
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from random import Random

import httpx
import msgspec
import openpyxl
import pytest
from jsonschema import Draft202012Validator
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http import checks
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import open_engine
from shared.catalogue import Catalogue
from shared.checking.reading import MOST_BYTES, TableForm
from shared.checking.report import check_bytes
from shared.contract.envelope import encode
from shared.contract.http.checks import CheckAnswer
from shared.contract.schemas import read_golden
from shared.domain.localtime import LOCAL
from tests.checking.tables import HABITS, as_csv, as_json, as_toml, as_xlsx, true_table, typed
from tests.reporting.delivery import Topic
from tests.reporting.logged import an_office, log_of

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 2, 20, 9, 15, tzinfo=LOCAL)
GOLDEN = read_golden()["http.check.v1"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PRINTED = (Path(__file__).parents[2] / "examples" / "reports" / "tra-vinh-2023.toml").read_bytes()


@pytest.fixture
async def client(shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    engine = open_engine("sqlite+aiosqlite://")
    async with _client(engine, shipped) as opened:
        yield opened
    await engine.dispose()


@pytest.fixture
async def full_client(tmp_path: Path, empty_read_model: Path, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    """Reporting with an office's figures."""
    engine = open_engine(f"sqlite+aiosqlite:///{shutil.copy(empty_read_model, tmp_path)}")
    _, records = log_of(an_office(21))
    await Topic(engine).deliver(records)
    async with _client(engine, shipped) as opened:
        yield opened
    await engine.dispose()


def _client(engine: AsyncEngine, shipped: Catalogue) -> httpx.AsyncClient:
    gauges = FigureGauges(engine, lambda: NOW, None)
    health = ProjectorHealth(assigned=True)
    app = create_app(Reporting(engine, shipped, lambda: NOW, SecretStr(KEY), health, CollectorRegistry(), gauges))
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers)


async def posted(
    client: httpx.AsyncClient, body: bytes, media_type: str = "application/toml", query: str = "", **headers: str
) -> httpx.Response:
    return await client.post(f"/v1/reports/check{query}", content=body, headers={"Content-Type": media_type, **headers})


def message(answer: httpx.Response) -> CheckAnswer:
    assert answer.status_code == 200, answer.text
    Draft202012Validator(GOLDEN).validate(answer.json())
    decoded = msgspec.json.decode(answer.content, type=CheckAnswer)
    assert encode(decoded) == answer.content
    return decoded


async def test_the_answer_is_its_message_with_vietnamese_sentences_unless_another_language_is_wanted(
    client: httpx.AsyncClient,
) -> None:
    answer = await posted(client, PRINTED)
    said = message(answer)
    assert answer.headers["content-language"] == said.language == "vi"
    assert said.findings[0].sentence == (
        "Dòng tổng: không thỏa 3=4+5+6: cột 3 (nhận giải quyết) ghi 80.121, "
        "nhưng 50.353 + 28.538 + 1.248 = 80.139, thiếu 18."
    )
    english = message(await posted(client, PRINTED, query="?lang=en"))
    assert english.findings[0].sentence == (
        "Total: 3=4+5+6 does not hold: column 3 (to handle, in all) is 80,121, "
        "but 50,353 + 28,538 + 1,248 = 80,139: 18 less."
    )
    accepted = await posted(client, PRINTED, **{"Accept-Language": "en-GB, vi;q=0.5"})
    assert message(accepted) == english


@pytest.mark.parametrize("form", [True, False], ids=["form", "all columns"])
async def test_a_true_table_is_good_in_every_format(client: httpx.AsyncClient, *, form: bool) -> None:
    sheet = typed(true_table(7), Random(7).choice(HABITS), form=form)
    headings = "both" if form else "keys"
    bodies = [("text/csv; charset=utf-8", as_csv(sheet, headings)), (XLSX, as_xlsx(sheet, headings, numbers=True))]
    if not form:
        bodies += [("application/json", as_json(sheet)), ("application/toml", as_toml(sheet))]
    for media_type, body in bodies:
        said = message(await posted(client, body, media_type))
        assert said.good
        assert said.unchecked == [] or {each.code for each in said.unchecked} == {"no_percentage"}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("figures", "application/json"),
        ("figures?by=department", "application/json"),
        ("figures?by=channel", "application/json"),
        ("figures?by=month&from=2023-01-01", "application/json"),
        ("figures?by=statutory_month&period=2023-Q1", "application/json"),
        ("figures?by=statutory_quarter&period=2023", "application/json"),
        ("figures?by=department,statutory_month&period=2023-Q1", "application/json"),
        ("figures?by=department,month&period=2023-Q1", "application/json"),
        ("figures?by=procedure,channel&tokens=none", "application/json"),
        ("reports/ii06a", "application/json"),
        ("reports/ii06a?by=field&sections=level", "application/json"),
        ("reports/ii06a?format=csv", "text/csv"),
        ("reports/ii06a?format=csv&by=field&sections=level&lang=en", "text/csv"),
        ("reports/ii06a?format=csv&by=field&sections=level&period=2023-02&against=previous", "text/csv"),
        ("reports/ii06a?period=2023-02&against=previous", "application/json"),
        ("reports/ii06a?format=office-csv", "text/csv"),
        ("reports/ii06a?format=office-csv&by=field&sections=level&period=2023-02&against=previous", "text/csv"),
        ("reports/ii06a?format=office-csv&by=field&sections=level&lang=vi", "text/csv"),
        ("reports/ii06a?format=xlsx&lang=en", XLSX),
        ("reports/ii06a?format=xlsx&by=field&sections=level", XLSX),
        ("reports/ii06a?format=xlsx&by=field&sections=level&period=2023-02&against=previous", XLSX),
        ("reports/ii06a?format=office-csv&by=field&sections=level&lang=en&period=2023-02&against=previous", "text/csv"),
    ],
)
async def test_our_own_answers_are_good(full_client: httpx.AsyncClient, path: str, media_type: str) -> None:
    ours = await full_client.get(f"/v1/{path}")
    assert ours.status_code == 200, ours.text
    said = message(await posted(full_client, ours.content, media_type, "?lang=en"))
    assert said.good, [each.sentence for each in said.findings]
    assert "3=7+11" in {each.rule for each in said.holding}


@pytest.mark.parametrize("query", ["", "&lang=en", "&period=2023-02&against=previous"])
async def test_our_own_workbook_is_checked_by_the_sheet_of_the_form(full_client: httpx.AsyncClient, query: str) -> None:
    ours = await full_client.get(f"/v1/reports/ii06a?format=xlsx&by=field&sections=level{query}")
    book = openpyxl.load_workbook(io.BytesIO(ours.content), data_only=True)
    assert len(book.sheetnames) == (3 if "against" in query else 2)
    book["II.06a"]["D15"] = 999
    changed = io.BytesIO()
    book.save(changed)
    said = message(await posted(full_client, changed.getvalue(), XLSX))
    assert said.sheets == book.sheetnames[:2], "the second has all the figures"
    assert {finding.sheet for finding in said.findings} == {"II.06a"}
    assert "D15" in {cell.cell for finding in said.findings for cell in finding.of}
    assert [each.rule for each in said.unchecked if each.code == "other_sheet"] == book.sheetnames[2:]


async def test_a_body_that_cannot_be_read_is_refused_in_the_language_wanted(client: httpx.AsyncClient) -> None:
    for query, start in (
        ("", "báo cáo không phải JSON"),
        ("?lang=en", "the report is not JSON"),
    ):
        answer = await posted(client, b"{", "application/json", query)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert answer.json()["code"] == "unreadable_report"
        assert answer.json()["detail"].startswith(start)


async def test_what_is_too_long_or_of_another_kind_is_refused(client: httpx.AsyncClient) -> None:
    assert (await posted(client, b" " * (MOST_BYTES + 1))).status_code == 413
    assert (await posted(client, b"<a/>", "application/xml")).status_code == 415
    assert (await posted(client, PRINTED, query="?lang=fr")).status_code == 422
    assert (await posted(client, PRINTED, query="?language=vi")).status_code == 422


async def test_a_check_needs_the_key(client: httpx.AsyncClient) -> None:
    assert (await posted(client, PRINTED, Authorization="Bearer another")).status_code == 401


async def test_others_are_answered_while_a_table_is_checked(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def slow(body: bytes, form: TableForm | None) -> CheckAnswer:
        assert answered.wait(30), "nobody else was answered"
        return check_bytes(body, form)

    monkeypatch.setattr(checks, "check_bytes", slow)
    checking = asyncio.create_task(posted(client, PRINTED))
    assert (await client.get("/openapi.json")).status_code == 200
    answered.set()
    assert not message(await checking).good
