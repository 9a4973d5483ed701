"""Pages for readers who are bound to some departments: what they ask by themselves, offer and say, and what they
refuse."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import Request
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Filters
from services.reporting.http.events import READING, FigureEvents
from services.reporting.intake.client import DossierViews
from shared.access.roles import Principal
from shared.catalogue import Catalogue
from shared.catalogue.units import ChangeKind, UnitChange
from shared.domain.fields import CorrectableField
from tests.builders.events import Dated, event, received
from tests.builders.times import at
from tests.pages.office import CODES, KEY, NOW, Office, browser, open_office, sign_in
from tests.pages.reading import read
from tests.reporting.bound import caller, first_part, reader
from tests.reporting.delivery import statuses

MINE, OTHER = "H59.15", "H59.02"
OF_MINE, OF_OTHER = CODES[:5], CODES[5:]
MOVED = "H59.15-230103-0100"
PAGES = (
    "/",
    "/late",
    "/definitions",
    "/follow-up?within=40d",
    "/download?format=csv",
    "/open?bucket=late.1",
    "/late/file?format=office-csv",
)


def codes_on(page: httpx.Response) -> set[str]:
    return {code for code in (*CODES, MOVED) if code in page.text}


def moved(to: str, back: str) -> list[Dated]:
    """A dossier that one department received and that a correction gave to another."""
    given = {"field": CorrectableField.DEPARTMENT, "old_value": back, "new_value": to, "reason": "nhập nhầm"}
    return [received(department=back, due_at=at("2023-01-10")), event("corrected", "2023-01-25 08:00", **given)]


@pytest.fixture
def asked_at_intake() -> list[str]:
    return []


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue, asked_at_intake: list[str]) -> Office:
    """Whose intake tells nothing, and remembers of which dossiers it was asked."""

    def intake(request: httpx.Request) -> httpx.Response:
        asked_at_intake.append(request.url.path.rpartition("/")[2])
        return httpx.Response(404)

    views = DossierViews("http://intake", SecretStr(KEY), httpx.MockTransport(intake))
    return await open_office(engine, shipped, views=views)


@pytest.fixture
async def mine(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with reader(office.application, f"officer@{MINE}") as client:
        yield client


async def test_a_page_asks_for_its_readers_departments_offers_those_and_says_so(mine: httpx.AsyncClient) -> None:
    page = await mine.get("/")
    assert page.status_code == 200
    assert f"Bạn được xem: Sở Tư pháp ({MINE})" in page.text
    assert "tất cả của tôi" in page.text
    offered = re.search(r'<select id="department".*?</select>', page.text, re.DOTALL)
    assert offered is not None
    assert re.findall(r'value="([^"]*)"', offered[0]) == ["", MINE]
    assert f'data-live="/v1/events?department={MINE}"' in page.text
    assert f"Cơ quan: Sở Tư pháp ({MINE})" in page.text
    assert {row[1].said for row in read(page.text).rows[1:]} == {"Sở Tư pháp"}
    english = await mine.get("/?lang=en")
    assert f"You may see: Sở Tư pháp ({MINE})" in english.text


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_of_its_readers_departments_alone(mine: httpx.AsyncClient, path: str) -> None:
    page = await mine.get(path)
    assert page.status_code == 200
    assert not codes_on(page) & set(OF_OTHER)
    with_other = f"{path}{'&' if '?' in path else '?'}department={OTHER}"
    refused = await mine.get(with_other)
    assert refused.status_code == 403
    assert not codes_on(refused)
    assert f"Câu hỏi này gồm {OTHER}, còn khóa của bạn chỉ dùng cho {MINE}" in html.unescape(refused.text)
    in_english = await mine.get(f"{with_other}&lang=en")
    assert f"This is about {OTHER}, and your key is bound to {MINE}: ask for department={MINE}" in in_english.text


async def test_two_readers_of_one_question_have_charts_of_their_own(office: Office) -> None:
    charts = []
    for key in (f"officer@{MINE}", f"officer@{OTHER}", "officer@*"):
        async with reader(office.application, key) as client:
            charts.append((await client.get("/charts/deadline")).text)
    assert len(set(charts)) == len(charts)


async def test_a_dossier_of_another_department_is_refused_before_intake_is_asked(
    mine: httpx.AsyncClient, asked_at_intake: list[str]
) -> None:
    assert (await mine.get(f"/dossiers/{OF_MINE[0]}")).status_code == 200
    assert asked_at_intake == [OF_MINE[0]]
    refused = await mine.get(f"/dossiers/{OF_OTHER[0]}?lang=en")
    assert refused.status_code == 403
    assert f"{OF_OTHER[0]} is of {OTHER}, and your key is bound to {MINE}" in refused.text
    assert "Chứng thực" not in refused.text
    assert asked_at_intake == [OF_MINE[0]]
    assert (await mine.get("/dossiers/H59.15-230103-9999")).status_code == 404


async def test_a_list_of_another_ones_number_is_refused(office: Office, mine: httpx.AsyncClient) -> None:
    async with caller(office.application) as everybody:
        found = (await everybody.get("/v1/figures?from=2022-12-01&by=department")).json()
    for name, status in (("total", 403), ("rows.0", 403), ("rows.1", 200)):
        listed = await mine.get("/dossiers", params={"token": found["tokens"][f"{name}.received_total"]})
        assert listed.status_code == status
        assert codes_on(listed) == (set(OF_MINE) if status == 200 else set())


async def test_an_old_list_holds_a_dossier_that_has_moved_since_which_opens_by_what_it_is_now(
    office: Office, mine: httpx.AsyncClient, asked_at_intake: list[str]
) -> None:
    before, after = statuses(MOVED, moved(OTHER, MINE))
    await office.topic.deliver([before])
    async with caller(office.application, f"officer@{MINE}") as client:
        found = (await client.get(f"/v1/figures?department={MINE}")).json()
        await office.topic.deliver([after])
        old = (await client.get(f"/v1/figures/{found['tokens']['total.received_total']}/dossiers")).json()
        now = (await client.get(f"/v1/figures?department={MINE}")).json()
    assert MOVED in {one["code"] for one in old["dossiers"]}
    assert now["total"]["received_total"] == found["total"]["received_total"] - 1
    assert (await mine.get(f"/dossiers/{MOVED}")).status_code == 403
    await mine.get("/late")
    assert MOVED not in asked_at_intake
    async with reader(office.application, f"officer@{OTHER}") as other:
        assert (await other.get(f"/dossiers/{MOVED}")).status_code == 200


async def test_who_is_bound_to_a_place_of_receipt_sees_what_it_received(office: Office) -> None:
    taken_in = received(department=OTHER, procedure="1.004616", received_by="H59.01", due_at=at("2023-01-20"))
    await office.topic.deliver(statuses(MOVED, [taken_in]))
    async with reader(office.application, "officer@received_by:H59.01") as clerk:
        for path in PAGES[:4]:
            page = await clerk.get(path)
            assert page.status_code == 200, path
            assert codes_on(page) <= {MOVED}, path
        assert codes_on(await clerk.get("/follow-up")) == {MOVED}
        assert "tiếp nhận" in (await clerk.get("/")).text
        assert 'data-live="/v1/events?received_by=H59.01"' in (await clerk.get("/")).text
        assert (await clerk.get(f"/?department={OTHER}")).status_code == 403
        assert (await clerk.get("/?received_by=H59.15")).status_code == 403
        assert (await clerk.get(f"/dossiers/{MOVED}")).status_code == 200


async def test_who_is_bound_to_both_chooses(office: Office) -> None:
    taken_in = received(department=OTHER, procedure="1.004616", received_by="H59.01")
    await office.topic.deliver(statuses(MOVED, [taken_in]))
    async with reader(office.application, f"officer@{MINE},received_by:H59.01") as both:
        counted = [
            read((await both.get(path)).text).rows[0][2].said
            for path in ("/?period=2023", "/?period=2023&received_by=H59.01")
        ]
    assert counted == [str(len(OF_MINE)), "1"]


async def test_events_are_of_the_departments_that_they_are_asked_for(office: Office) -> None:
    key = f"officer@{MINE}"
    for path, status in (("/v1/events", 403), (f"/v1/events?department={OTHER}", 403)):
        assert (await first_part(office.application, path, key))[0] == status
    status, part = await first_part(office.application, f"/v1/events?department={MINE}", key)
    _, whole = await first_part(office.application, "/v1/events", KEY)
    assert status == 200
    assert f'"received_total":{len(OF_MINE)}' in part.decode()
    assert f'"received_total":{len(CODES)}' in whole.decode()


async def test_after_a_merger_a_reader_needs_what_its_unit_took_over_from(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    """As organised now the heir's figures hold the dossiers of the department that ended."""
    merged = UnitChange((NOW - timedelta(days=5)).date(), ChangeKind.MERGE, (OTHER,), MINE, "NQ")
    office = await open_office(engine, replace(shipped, unit_changes=(merged,)))
    for places, status, ended in ((MINE, 403, False), (f"{MINE},{OTHER}", 200, True)):
        async with reader(office.application, f"officer@{places}") as client:
            assert (await client.get("/")).status_code == 200
            now = await client.get("/?organised=now&lang=en")
            assert now.status_code == status
            assert ("As organised now this is about H59.02" in now.text) is not ended


async def test_the_key_from_the_settings_sees_everything_as_before(office: Office) -> None:
    async with browser(office.application) as client:
        await sign_in(client)
        page = await client.get("/")
    assert page.status_code == 200
    assert "Bạn được xem" not in page.text
    assert 'data-live="/v1/events"' in page.text


async def test_a_stream_ends_when_its_readers_key_does(office: Office) -> None:
    access, key = office.application.state.access, f"officer@{MINE}"
    told: list[bytes] = []
    principal_of = access.principal_of

    async def revoked(token: str) -> Principal | None:
        return None if told else await principal_of(token)

    access.principal_of = revoked
    moving = FigureEvents(office.reporting.engine, office.reporting.catalogue, lambda: NOW, heartbeat_s=0.0)
    request = Request(
        {
            "type": "http",
            "app": office.application,
            "method": "GET",
            "headers": [(b"authorization", f"Bearer {key}".encode())],
            "state": {},
        }
    )
    stream = moving.stream(Filters(frozenset([MINE])), lambda: READING.still_holds(request))
    async with asyncio.timeout(30):
        async for part in stream:
            told.append(part)  # noqa: PERF401 - the key is revoked by what was told
    assert len(told) == 1
