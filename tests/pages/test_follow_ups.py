"""The pages of slips: numbers that open their slips, one slip with its paper, and a form that keeps an answer."""

import re
from html import unescape

import httpx
import pytest

from services.reporting.read_model.sums import microseconds
from tests.builders.times import at
from tests.pages.office import Office, browser, sign_in
from tests.reporting.follow_up_office import a_slip, code
from tests.support.browser import OWN_PAGE

UNIT = "H59.15"
ADDRESS = f"/follow-ups/{UNIT}/2023/1"


@pytest.fixture
async def sent(office: Office) -> Office:
    """With a slip that was sent on 30 January."""
    await a_slip(
        office.reporting.engine, UNIT, made_at=microseconds(at("2023-01-30")), sent_at=microseconds(at("2023-01-30"))
    )
    return office


def texts(page: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


async def test_each_number_of_the_list_opens_its_slips(sent: Office, reader: httpx.AsyncClient) -> None:
    page = await reader.get("/follow-ups")
    assert page.status_code == httpx.codes.OK
    assert "Có chuyển biến trong 24 giờ 0 0,0% trên 1 phiếu đã gửi đủ 24 giờ" in texts(page)
    links = dict(re.findall(r'<a href="(/follow-ups\?which=(\w+))"', page.text))
    opened = {link: await reader.get(unescape(link)) for link in links}
    rows = {which: len(re.findall(r"<tr class", opened[link].text)) for link, which in links.items()}
    assert rows == {
        "made": 1, "sent": 1, "unsent": 0, "answered": 0, "unanswered": 1, "moved": 0, "judged": 1, "not_moved": 1,
        "under_way": 0,
    }  # fmt: skip


async def test_a_day_that_can_t_be_read_is_said_at_its_field(sent: Office, reader: httpx.AsyncClient) -> None:
    page = await reader.get("/follow-ups", params={"from": "hôm qua", "stage": "overdue"})
    assert page.status_code == 422
    assert 'id="from-mistake"' in page.text
    assert 'value="hôm qua"' in page.text
    assert (await reader.get("/follow-ups", params={"from": "01/02/2023"})).status_code == httpx.codes.OK
    assert (await reader.get("/follow-ups", params={"which": "late"})).status_code == 422


async def test_a_slip_is_printed_and_answered(sent: Office, reader: httpx.AsyncClient) -> None:
    page = await reader.get(ADDRESS)
    assert f"Mã hồ sơ {code(0)}" in texts(page)
    assert "Không chuyển biến" not in page.text
    paper = await reader.get(f"{ADDRESS}/slip")
    assert paper.content.startswith(b"%PDF")
    empty = await reader.post(f"{ADDRESS}/answer", data={"answer": ""}, headers=OWN_PAGE)
    assert (empty.status_code, 'id="answer-mistake"' in empty.text) == (422, True)
    for written in ("mai", "01/01/2023"):
        given = {"answer": "in_progress", "promised_on": written}
        wrong = await reader.post(f"{ADDRESS}/answer", data=given, headers=OWN_PAGE)
        assert (wrong.status_code, 'id="promised-mistake"' in wrong.text) == (422, True)
        assert f'value="{written}"' in wrong.text, "nothing typed is lost"
    given = {"answer": "in_progress", "promised_on": "03/02/2023"}
    kept = await reader.post(f"{ADDRESS}/answer", data=given, headers=OWN_PAGE, follow_redirects=True)
    assert "Đã lưu câu trả lời." in texts(kept)
    assert "Đang giải quyết (01/02/2023 09:00)" in texts(kept)
    assert "Dự kiến có kết quả ngày 03/02/2023" in texts(kept)


async def test_a_form_of_another_site_is_not_taken(sent: Office, reader: httpx.AsyncClient) -> None:
    answer = await reader.post(f"{ADDRESS}/answer", data={"answer": "done"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "chưa trả lời" in texts(await reader.get(ADDRESS))


async def test_who_may_only_read_sees_no_form(sent: Office) -> None:
    async with browser(sent.application) as compiler:
        await sign_in(compiler, f"compiler@{UNIT}")
        page = await compiler.get(ADDRESS)
        assert page.status_code == httpx.codes.OK
        assert '<form class="question" method="post"' not in page.text
        answer = await compiler.post(f"{ADDRESS}/answer", data={"answer": "done"}, headers=OWN_PAGE)
        assert answer.status_code == httpx.codes.FORBIDDEN
    async with browser(sent.application) as other:
        await sign_in(other, "officer@H59.02")
        assert (await other.get(ADDRESS)).status_code == httpx.codes.FORBIDDEN
        assert code(0) not in (await other.get("/follow-ups")).text


@pytest.mark.parametrize(
    "address", [f"/follow-ups/{UNIT}/2023/2", f"/follow-ups/{UNIT}/year/1", "/follow-ups/x/2023/1/slip"]
)
async def test_there_is_no_such_slip(sent: Office, reader: httpx.AsyncClient, address: str) -> None:
    assert (await reader.get(address)).status_code == httpx.codes.NOT_FOUND
