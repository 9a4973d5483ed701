"""The receive page: one dossier for one form, only what is offered, the deadline before and after, nobody's name in an
address."""

import re

import httpx
import pytest

from services.intake.pages.site import LOOK
from services.intake.pages.texts import TEXTS
from shared.pages.site import POLICY
from tests.counter.desk import EXTRACT, HEALTH, JUSTICE, KEY, NASTY, Desk, key_of, mistakes_of, options_of, typed
from tests.support.scraped import Page

SCRIPT = {"X-Counter": "1"}
BEARER = {"Authorization": f"Bearer {KEY}"}


async def test_a_form_is_a_dossier_and_leads_to_where_it_is_seen(desk: Desk) -> None:
    answer = await desk.receive()
    assert answer.status_code == 303
    code = answer.headers["location"].removeprefix("/?received=")
    page = await desk.page(answer.headers["location"])
    assert f'href="/print/01/{code}"' in page
    assert "5 ngày làm việc sau ngày tiếp nhận" in page
    assert await desk.head() == 1


@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["browser", "script"])
async def test_the_same_form_again_is_the_same_dossier(desk: Desk, headers: dict[str, str]) -> None:
    sent = typed() | {"key": await desk.form_key()}
    answers = [await desk.http.post("/receive", data=sent, headers=headers) for _ in range(3)]
    assert len({answer.headers.get("location") or answer.json()["to"] for answer in answers}) == 1
    assert await desk.head() == 1


async def test_a_form_with_another_content_under_a_used_key_is_told_so(desk: Desk) -> None:
    key = await desk.form_key()
    await desk.receive(key)
    again = await desk.receive(key, name="Trần Văn Ba")
    assert again.status_code == 422
    assert "đã lưu rồi với nội dung khác" in mistakes_of(again.text)[""]
    assert await desk.head() == 1


async def test_a_key_that_somebody_else_used_stands_in_nobodys_way(desk: Desk) -> None:
    async with desk.of(f"counter@{HEALTH}") as theirs, desk.of(f"counter@{JUSTICE}") as mine:
        other = await theirs.receive("k", department=HEALTH, procedure=options_of(await theirs.page(), "procedure")[0])
        assert other.status_code == 303, other.text
        first = await mine.receive("k")
        assert first.status_code == 303, first.text
        assert (await mine.receive("k")).headers["location"] == first.headers["location"]
    assert await desk.head() == 2


async def test_each_form_that_is_opened_has_a_key_of_its_own(desk: Desk) -> None:
    assert await desk.form_key() != await desk.form_key()
    without = await desk.http.post("/receive", data=typed())
    assert without.status_code == 422
    assert "mở lại trang" in without.text
    assert await desk.head() == 0


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"name": ""}, "name", "điền ô này"),
        ({"procedure": ""}, "procedure", "chọn thủ tục"),
        ({"procedure": "9.999999"}, "procedure", "không có hiệu lực"),
        ({"department": HEALTH}, "department", "không giải quyết thủ tục"),
        ({"channel": "teleport"}, "channel", "không có trong danh mục"),
        ({"online_level": "full"}, "online_level", "chỉ ghi cho hồ sơ nộp trực tuyến"),
        ({"received_at": "hôm qua"}, "received_at", "30/11/2026 08:31"),
        ({"received_at": "31/02/2026 08:00"}, "received_at", "30/11/2026 08:31"),
        ({"received_at": "01/01/2090 08:00"}, "received_at", "tương lai"),
        ({"id_number": "0" * 40}, "id_number", "32 chữ số"),
    ],
)
async def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(
    desk: Desk, changed: dict[str, str], field: str, said: str
) -> None:
    key = await desk.form_key()
    answer = await desk.receive(key, address="12 Trần Phú", **changed)
    assert answer.status_code == 422
    assert said in mistakes_of(answer.text)[field]
    assert 'value="12 Trần Phú"' in answer.text
    assert key_of(answer.text) == key
    by_script = await desk.http.post("/receive", data=typed(**changed) | {"key": key}, headers=SCRIPT)
    assert said in by_script.json()["mistakes"][field]
    assert await desk.head() == 0


async def test_what_a_refused_form_was_mended_to_is_taken_under_its_key(desk: Desk) -> None:
    key = await desk.form_key()
    assert (await desk.receive(key, procedure="9.999999")).status_code == 422
    assert (await desk.receive(key)).status_code == 303


async def test_only_what_a_department_handles_is_offered(desk: Desk) -> None:
    page = await desk.page(f"/?department={JUSTICE}")
    offered = options_of(page, "procedure")
    catalogue, day = desk.intake.catalogue, desk.intake.clock().date()
    assert offered == [each.code for each in catalogue.procedures_on(day) if catalogue.may_handle(each, JUSTICE, day)]
    assert EXTRACT in offered
    assert EXTRACT not in options_of(await desk.page(f"/receive/procedures?department={HEALTH}"), "procedure")
    assert options_of(await desk.page("/receive/procedures?department=nothing"), "procedure") == []


async def test_the_deadline_is_told_before_it_is_saved_by_the_code_that_gives_it(desk: Desk) -> None:
    asked = {"department": JUSTICE, "procedure": EXTRACT, "channel": "in_person", "received_at": "27/11/2026 08:31"}
    before = (await desk.http.get("/receive/deadline", params=asked)).text
    assert "04/12/2026 08:31" in before
    assert "thứ Bảy 28/11/2026" in before
    assert await desk.head() == 0
    code = await desk.received(received_at="27/11/2026 08:31")
    after = await desk.page(f"/dossiers/{code}")
    steps = re.findall(r"<li>(thứ [^<]+|Đến hạn[^<]+)</li>", before)
    assert len(steps) >= 5
    assert [step for step in steps if step not in after] == []


async def test_a_deadline_that_can_not_be_had_says_why(desk: Desk) -> None:
    asked = {"department": JUSTICE, "procedure": EXTRACT, "channel": "in_person", "received_at": "1/1/2090 08:31"}
    assert "tương lai" in (await desk.http.get("/receive/deadline", params=asked)).text
    assert "Chọn thủ tục" in (await desk.http.get("/receive/deadline")).text


async def test_a_counter_keeps_its_presets_and_its_last_codes_and_nobody_in_its_cookie(desk: Desk) -> None:
    code = await desk.received(channel="postal", received_by=HEALTH)
    page = await desk.page()
    for value in (JUSTICE, "postal", HEALTH):
        assert re.search(rf'<option value="{value}"[^>]* selected', page), value
    assert page.count(f'href="/dossiers/{code}"') == 1
    cookie = desk.http.cookies["motcua_counter"]
    assert code in cookie
    assert "Hoa" not in cookie
    assert "084180001234" not in cookie


async def test_a_forged_cookie_offers_nothing(desk: Desk) -> None:
    forged = f"{NASTY}|../x|||{NASTY}|H59.15-000000-0001"
    answer = await desk.http.get("/", headers={"Cookie": f"motcua_counter={forged}; {_session(desk)}"})
    assert answer.status_code == 200
    assert "alert(1)" not in answer.text


def _session(desk: Desk) -> str:
    return f"motcua_intake_session={desk.http.cookies['motcua_intake_session']}"


async def test_who_applied_goes_into_the_encrypted_table_and_no_page_says_it_unasked(desk: Desk) -> None:
    code = await desk.received(phone="0912 345 678", email="hoa@example.vn", address="12 Trần Phú")
    for path in ("/", f"/?received={code}", f"/dossiers/{code}", "/today"):
        page = await desk.page(path)
        assert [each for each in ("Nguyễn Thị Hoa", "084180001234", "0912", "hoa@") if each in page] == [], path
    shown = await desk.page(f"/dossiers/{code}/applicant")
    assert all(each in shown for each in ("Nguyễn Thị Hoa", "084180001234", "0912 345 678", "12 Trần Phú"))


async def test_names_are_never_taken_for_the_pages_own_text(desk: Desk) -> None:
    refused = await desk.receive(name=NASTY, procedure="9.999999", received_at=NASTY)
    assert "&lt;script&gt;" in refused.text
    code = await desk.received(name=NASTY)
    for said in (refused.text, await desk.page(f"/dossiers/{code}/applicant"), await desk.page("/today")):
        assert "<script>alert" not in said


@pytest.mark.parametrize("origin", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_from_elsewhere_is_refused(desk: Desk, origin: dict[str, str]) -> None:
    sent = typed() | {"key": await desk.form_key()}
    assert (await desk.http.post("/receive", data=sent, headers=origin)).status_code == 403
    code = await desk.received()
    closing = {"event": "resolved", "key": "k"}
    assert (await desk.http.post(f"/dossiers/{code}/events", data=closing, headers=origin)).status_code == 403
    assert (await desk.http.post("/find", data={"sought": code}, headers=origin)).status_code == 403
    assert await desk.head() == 1


@pytest.mark.parametrize("path", ["/", "/today", "/today/lists", "/find", "/moved", "/receive/deadline"])
async def test_every_page_is_for_who_signed_in_and_has_the_strict_policy(desk: Desk, path: str) -> None:
    async with desk.browser() as stranger:
        refused = await stranger.get(path)
    assert refused.status_code == 401
    answer = await desk.http.get(path)
    for each in (refused, answer):
        assert each.headers["content-security-policy"] == POLICY
        assert each.headers["cache-control"] == "no-store"
        assert " style=" not in each.text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=", each.text)


async def test_what_can_not_be_logged_now_is_told_to_be_sent_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await desk.form_key()
    desk.intake.committer.close()
    answer = await desk.http.post("/receive", data=typed() | {"key": key}, headers=SCRIPT)
    assert answer.status_code == 503


def test_every_text_stands_in_both_languages_with_the_same_values() -> None:
    assert [key for key, both in TEXTS.items() if not all(both)] == []
    values = {key: [set(re.findall(r"{(\w+)}", said)) for said in both] for key, both in TEXTS.items()}
    assert [key for key, (vietnamese, english) in values.items() if vietnamese != english] == []


async def test_the_language_is_a_switch(desk: Desk) -> None:
    assert "Receive a dossier" in await desk.page("/?lang=en")
    refused = await desk.receive(procedure="9.999999")
    assert "was not in force" in refused.text or "is not in the catalogue" in refused.text


async def test_assets_are_found(desk: Desk) -> None:
    for asset in re.findall(r'"(/static/[^"]+)"', await desk.page()):
        answer: httpx.Response = await desk.http.get(asset)
        assert answer.status_code == 200
    assert {"counter.js", "unsent.js", "page.css", "counter.css"} <= LOOK.static.keys()


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_a_clerk_is_told_of_no_header(desk: Desk, lang: str) -> None:
    """The page gives each form a key; that it was used with other content, or can't be one, is said of the form."""
    key = await desk.form_key()
    await desk.http.post(f"/receive?lang={lang}", data=typed() | {"key": key})
    for sent in (typed(name="Người khác") | {"key": key}, typed() | {"key": "x" * 300}):
        answer = await desk.http.post(f"/receive?lang={lang}", data=sent)
        assert answer.status_code in (409, 422), answer.text
        assert "Idempotency" not in answer.text
        assert ("mở lại trang" if lang == "vi" else "open the page again") in answer.text


async def test_a_refused_receipt_is_counted_once_like_one_of_the_calls(desk: Desk) -> None:
    """Also where the form itself is incomplete; what is only looked at, the deadline before saving, is not counted."""

    async def refused() -> dict[str, float]:
        series = Page(await desk.http.get("/metrics", headers=BEARER)).series("motcua_events_rejected_total")
        return {dict(labels)["reason"]: count for labels, count in series.items() if count}

    assert await refused() == {}
    await desk.page("/receive/deadline?department=H59.15&procedure=9.999999&channel=in_person")
    assert await refused() == {}
    for changed in ({"name": ""}, {"procedure": "9.999999"}, {"channel": "teleport"}, {"received_at": "yesterday"}):
        assert (await desk.receive(**changed)).status_code == 422
    assert await refused() == {"malformed": 2, "unknown_procedure": 1, "unknown_channel": 1}
