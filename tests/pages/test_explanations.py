"""What reporting asks of intake for its pages: explanations and reasons; the page stands without them."""

import html
from collections.abc import Callable

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.intake.client import DossierViews
from services.reporting.read_model.store import open_engine
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.dossiers import DossierView, HistoryItem, Step
from shared.language.languages import Language
from tests.builders.times import at
from tests.pages.office import APOLOGISED, KEY, LATEST, browser, open_office, sign_in
from tests.pages.reading import read

Handler = Callable[[httpx.Request], httpx.Response]


def _view(code: str) -> DossierView:
    apology = HistoryItem(
        sequence=2,
        id="1",
        event="apologised",
        occurred_at=at("2023-01-11"),
        recorded_at=at("2023-01-11"),
        source="/here",
        data={"reason": "hồ sơ <phức tạp>"},
    )
    steps = [Step(step="start", at=at("2023-01-03"), text="Received; the clock starts.")]
    return DossierView(
        code=code, state="resolved", allowed=[], sequence=2, department="H59.15", department_name=None,
        procedure="2.000635", procedure_name=None, field=None, channel="postal", online_level=None, submitted_at=None,
        received_at=at("2023-01-03"), term=None, due_original=None, due_at=None, definition="by-date/1",
        timeliness="overdue", deadline_corrected_after_closing=False, closed_at=None, closed_as=None, returned_at=None,
        suspensions=[], hops=[], history=[apology], explanation=steps,
    )  # fmt: skip


def _intake(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-language"] == "vi"
    code = request.url.path.rpartition("/")[2]
    return httpx.Response(200, content=encode(_view(code))) if code == APOLOGISED else httpx.Response(404)


def _silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def _views(handler: Handler) -> DossierViews:
    return DossierViews("http://intake", SecretStr(KEY), httpx.MockTransport(handler))


async def _pages(engine: AsyncEngine, shipped: Catalogue, handler: Handler, *paths: str) -> list[str]:
    office = await open_office(engine, shipped, views=_views(handler))
    async with browser(office.application) as client:
        await sign_in(client)
        answers = [await client.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


async def test_a_dossier_has_its_explanation_and_its_history(engine: AsyncEngine, shipped: Catalogue) -> None:
    (page,) = await _pages(engine, shipped, _intake, f"/dossiers/{APOLOGISED}")
    assert "Received; the clock starts." in page
    assert "hồ sơ &lt;phức tạp&gt;" in page
    assert "Xin lỗi, hẹn lại ngày trả" in page


async def test_a_late_dossier_has_the_reason_that_its_apology_gave(engine: AsyncEngine, shipped: Catalogue) -> None:
    (page,) = await _pages(engine, shipped, _intake, "/late")
    reasons = {row[0].said: row[7].said for row in read(page, "list").rows}
    assert reasons[APOLOGISED] == "hồ sơ <phức tạp>"
    assert reasons[LATEST] == "–"


async def test_without_intake_the_pages_say_what_reporting_knows(engine: AsyncEngine, shipped: Catalogue) -> None:
    dossier, late = await _pages(engine, shipped, _silent, f"/dossiers/{APOLOGISED}", "/late")
    assert "MOTCUA_REPORTING_INTAKE_URL" in dossier
    assert "10/01/2023 08:31" in html.unescape(dossier)
    assert len(read(late, "list").rows) == 3


async def test_a_database_that_is_away_is_said_and_tried_again(shipped: Catalogue, engine: AsyncEngine) -> None:
    office = await open_office(engine, shipped)
    async with browser(office.application) as client:
        await sign_in(client)
        away = open_engine("postgresql+asyncpg://u:p@127.0.0.1:1/motcua")
        object.__setattr__(office.reporting, "engine", away)
        answer = await client.get("/late")
        await away.dispose()
    assert answer.status_code == 503
    assert "Trang sẽ tự thử lại" in answer.text
    assert "data-retries" in answer.text


@pytest.mark.parametrize("code", ["H59.15-230103-0003", "a/../b?c"])
async def test_a_code_stays_one_part_of_the_address(code: str) -> None:
    asked: list[bytes] = []

    def remember(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(404)

    assert await _views(remember).of([code], Language.VIETNAMESE) == {}
    assert asked[0].count(b"/") == 3
    assert b"?" not in asked[0]
