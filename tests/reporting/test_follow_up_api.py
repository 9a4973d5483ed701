"""`/v1/follow-ups` from outside: slips and their numbers, each of which opens exactly its slips; answers; one page of
paper; and nobody's but one's own units'."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import httpx
import pypdf
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up import outbox
from services.reporting.follow_up.figures import SlipFate
from services.reporting.follow_up.outbox import Outgoing, Way
from shared.catalogue import Catalogue
from shared.papers.heading import Heading
from tests.builders.events import event
from tests.builders.times import at
from tests.reporting.bound import application, caller
from tests.reporting.databases import on_sqlite
from tests.reporting.follow_up_office import OTHER, UNIT, FollowedOffice, a_slip, by_mail, code, waiting
from tests.reporting.test_audit import kept as audit_of

pytestmark = on_sqlite
HEADING = Heading("Ủy ban nhân dân tỉnh Trà Vinh", "Trung tâm Phục vụ hành chính công", "Trà Vinh")


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue) -> FollowedOffice:
    """Of the first unit three slips of one morning: one dossier moved, one did so too late, one not; a fourth slip of
    the second day, and one of another unit that was not sent."""
    office = FollowedOffice(engine, shipped, by_mail(UNIT, OTHER))
    await office.begin()
    first = [waiting("2023-02-07 09:00"), waiting("2023-02-07 10:00"), waiting("2023-02-07 11:00")]
    rest = [waiting("2023-02-08 16:00"), waiting("2023-02-07 09:00", OTHER)]
    await office.deliver(*first, *rest)
    await office.look_at("2023-02-06 13:30")
    for row in await office.deliveries():
        if row.department == UNIT:
            await outbox.sent(engine, Outgoing(row.id, UNIT, Way.MAIL, office.now, b""), office.now)
    office.now = at("2023-02-07 13:29")
    moved = (*first[0], event("processing_started", "2023-02-07 13:29"))
    await office.deliver(moved, *first[1:], *rest)
    await office.planning.look()
    await office.deliver(moved, (*first[1], event("resolved", "2023-02-07 13:31")), first[2], *rest)
    await office.look_at("2023-02-08 07:30")
    return office


@pytest.fixture
def app(office: FollowedOffice) -> FastAPI:
    return application(office.engine, office.catalogue, office.clock, heading=HEADING)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(app) as opened:
        yield opened


@pytest.fixture
async def plain(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    """With one slip and nothing else."""
    await a_slip(engine, UNIT)
    async with caller(application(engine, shipped, lambda: at("2023-02-08 09:00"))) as opened:
        yield opened


async def listed(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/follow-ups", params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_number_opens_exactly_its_slips(client: httpx.AsyncClient) -> None:
    for department in (UNIT, OTHER, None):
        query = {} if department is None else {"department": department}
        counts = (await listed(client, **query))["counts"]
        for which in SlipFate:
            found = await listed(client, which=which.value, **query)
            assert (len(found["follow_ups"]), found["counts"]) == (counts[which.value], counts), which
        assert counts["made"] == counts["sent"] + counts["unsent"]
        assert counts["sent"] == counts["answered"] + counts["unanswered"] == counts["under_way"] + counts["judged"]
        assert counts["judged"] == counts["moved"] + counts["not_moved"]


async def test_what_moved_within_24_hours_is_told_with_its_denominator(client: httpx.AsyncClient) -> None:
    counts = (await listed(client, department=UNIT))["counts"]
    assert (counts["sent"], counts["judged"], counts["moved"], counts["moved_share"]) == (3, 3, 1, "33.3")
    moved = {
        one["slip"]["code"]: one["moved_within_24h"]
        for one in (await listed(client, department=UNIT, which="sent"))["follow_ups"]
    }
    assert moved == {code(0): True, code(1): False, code(2): False}


async def test_24_hours_are_not_over_before_they_are(client: httpx.AsyncClient, office: FollowedOffice) -> None:
    office.now = at("2023-02-07 13:29")
    counts = (await listed(client, department=UNIT, which="sent"))["counts"]
    assert (counts["judged"], counts["moved_share"], counts["under_way"]) == (0, None, 3)


async def test_pages_of_the_list_hold_each_slip_once(client: httpx.AsyncClient) -> None:
    whole = [one["id"] for one in (await listed(client))["follow_ups"]]
    paged: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found = await listed(client, limit=2, **cursor)
        paged += [one["id"] for one in found["follow_ups"]]
        if found["cursor"] is None:
            break
        cursor = {"cursor": found["cursor"]}
    assert paged == whole
    assert len(whole) == len(set(whole)) == 8


async def test_an_answer_is_kept_and_a_later_one_takes_its_place(
    client: httpx.AsyncClient, office: FollowedOffice
) -> None:
    address = f"/v1/follow-ups/{UNIT}/2023/1"
    before = (await client.get(address)).json()
    assert (before["answer"], before["answered_at"]) == (None, None)
    promise = {"answer": "in_progress", "promised_on": "2023-02-10"}
    answer = await client.post(f"{address}/answer", json=promise)
    assert answer.status_code == httpx.codes.OK, answer.text
    kept = (await client.get(address)).json()
    assert kept == answer.json() == before | promise | {"answered_at": office.now.isoformat()}
    assert (await listed(client, department=UNIT))["counts"]["answered_share"] == "33.3"
    await client.post(f"{address}/answer", json={"answer": "done"})
    again = (await client.get(address)).json()
    assert (again["answer"], again["promised_on"]) == ("done", None)
    first, second = (await audit_of(office.engine))[-2:]
    assert (first["act"], first["subject"], first["details"]) == (
        "follow_up_answered", f"follow-up {UNIT}/2023/1", promise,
    )  # fmt: skip
    assert second["details"] == {"answer": "done", "promised_on": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"answer": "soon"}, "answer"),
        ({}, "answer"),
        ({"answer": "done", "promised_on": "2023-02-07"}, "promised_on"),
        ({"answer": "done", "promised_on": "tomorrow"}, "promised_on"),
        ({"answer": "done", "text": "Nguyễn Văn A"}, "text"),
    ],
)
async def test_a_wrong_answer_is_refused_by_its_field(
    plain: httpx.AsyncClient, body: dict[str, str], field: str
) -> None:
    answer = await plain.post(f"/v1/follow-ups/{UNIT}/2023/1/answer", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("which=late", "which"),
        ("stage=late", "stage"),
        ("department=H59.99", "department"),
        ("from=yesterday", "from"),
        ("to=9999-12-31", "to"),
        ("cursor=x", "cursor"),
        ("answered=yes", "answered"),
    ],
)
async def test_a_wrong_parameter_is_named(plain: httpx.AsyncClient, query: str, parameter: str) -> None:
    answer = await plain.get(f"/v1/follow-ups?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, parameter), answer.text


async def test_days_and_stages_narrow_the_list(client: httpx.AsyncClient) -> None:
    assert (await listed(client, **{"from": "2023-02-08"}))["counts"]["made"] == 4
    assert (await listed(client, to="2023-02-06"))["counts"]["made"] == 4
    assert (await listed(client, stage="overdue", department=UNIT))["counts"]["made"] == 2


async def test_the_slip_is_one_page_that_says_what_waits(client: httpx.AsyncClient) -> None:
    address = f"/v1/follow-ups/{UNIT}/2023/1"
    answer = await client.get(f"{address}/slip")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="phieu-don-doc-H59.15-2023-1.pdf"'
    (page,) = pypdf.PdfReader(BytesIO(answer.content)).pages
    said = " ".join(page.extract_text().split())
    for part in (
        "ỦY BAN NHÂN DÂN TỈNH TRÀ VINH",
        "Số: 1/2023/PĐĐ",
        "Trà Vinh, ngày 06 tháng 02 năm 2023",
        "PHIẾU ĐÔN ĐỐC GIẢI QUYẾT HỒ SƠ",
        f"Mã hồ sơ: {code(0)}",
        "Kính gửi: Sở Tư pháp (H59.15)",
        "Thời hạn trả kết quả: 09 giờ 00 phút, ngày 07 tháng 02 năm 2023",
        "Tình trạng: Sắp đến hạn, còn 1 ngày làm việc",
    ):
        assert part in said
    assert (await client.get(f"{address}/slip")).content == answer.content, "the same slip is the same bytes"
    await client.post(f"{address}/answer", json={"answer": "waits_for_agency", "promised_on": "2023-02-10"})
    (page,) = pypdf.PdfReader(BytesIO((await client.get(f"{address}/slip")).content)).pages
    assert "Trả lời của đơn vị: Chờ cơ quan phối hợp" in " ".join(page.extract_text().split())


async def test_there_is_no_such_slip(plain: httpx.AsyncClient) -> None:
    for address in (f"{UNIT}/2023/99", f"{UNIT}/2022/1", "H59.99/2023/1"):
        answer = await plain.get(f"/v1/follow-ups/{address}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_follow_up")


async def test_nobody_sees_or_answers_for_another_unit(app: FastAPI) -> None:
    async with caller(app, f"officer@{OTHER}") as officer:
        assert (await officer.get("/v1/follow-ups")).status_code == httpx.codes.FORBIDDEN
        own = await listed(officer, department=OTHER)
        assert {one["slip"]["department"] for one in own["follow_ups"]} == {OTHER}
        assert own["counts"]["made"] == len(own["follow_ups"]) > 0
        assert (await officer.get("/v1/follow-ups", params={"department": UNIT})).status_code == httpx.codes.FORBIDDEN
        for method, path in (("GET", ""), ("GET", "/slip"), ("POST", "/answer")):
            body = {"answer": "done"} if method == "POST" else None
            answer = await officer.request(method, f"/v1/follow-ups/{UNIT}/2023/1{path}", json=body)
            assert answer.status_code == httpx.codes.FORBIDDEN, path
        answer = await officer.post(f"/v1/follow-ups/{OTHER}/2023/1/answer", json={"answer": "done"})
        assert answer.status_code == httpx.codes.OK
    async with caller(app, f"compiler@{UNIT}") as compiler:
        answer = await compiler.post(f"/v1/follow-ups/{UNIT}/2023/1/answer", json={"answer": "done"})
        assert answer.status_code == httpx.codes.FORBIDDEN
