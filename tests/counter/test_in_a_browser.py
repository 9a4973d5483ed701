"""The counter in a real browser: by keyboard alone, and never two dossiers nor none, whatever breaks meanwhile."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.counter.browsing import NUMBER, Clerk, Counted, State, clerk
from tests.counter.desk import NOW
from tests.pages.chromium import PHONE, WIDE, chromium, needs_chromium
from tests.support.ports import free_port_base
from tests.support.service import service

pytestmark = [needs_chromium, pytest.mark.slow]
WITHIN_MS = 15_000
PEOPLE = ("Nguyễn Thị Hoa", "Trần Văn Ba")
REFRESHED = "document.body.dataset.seen = 'yes'"


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    folder: Path = tmp_path_factory.mktemp("counter")
    database = folder / "intake.db"
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "CLOCK": NOW.isoformat(),
        "APPLICANTS_KEY": base64.b64encode(bytes(32)).decode(),
    }
    with service("intake", free_port_base(1), environment, folder / "intake.log") as running:
        yield Counted(running, database)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def signed_in(browser: Browser, counted: Counted) -> State:
    """A browser that gave the key and received once, so that it knows its department."""
    with clerk(browser, counted.service.url) as opened:
        opened.at_the_counter().receives(PEOPLE[0])
        opened.page.locator("#saved").wait_for()
        return opened.page.context.storage_state()


@pytest.fixture
def hoa(browser: Browser, counted: Counted, signed_in: State) -> Iterator[Clerk]:
    with clerk(browser, counted.service.url, state=signed_in) as opened:
        yield opened.at_the_counter()


def test_twenty_in_a_row_by_keyboard_alone(browser: Browser, counted: Counted) -> None:
    before = counted.dossiers
    with clerk(browser, counted.service.url) as opened:
        addresses: list[str] = []
        opened.page.on("request", lambda request: addresses.append(request.url))
        opened.at_the_counter()
        codes: set[str] = set()
        for number in range(20):
            opened.types(f"Người thứ {number}", number=f"{NUMBER}{number}")
            expect(opened.page.locator("#deadline strong")).to_be_visible()
            opened.page.keyboard.press("Enter")
            saved = opened.page.locator("#saved a.code")
            expect(saved).not_to_have_text(max(codes, default=""))
            expect(opened.page.locator("#procedure")).to_be_focused()
            codes.add(saved.inner_text())
        assert len(codes) == 20
        expect(opened.page.locator(".latest a.code")).to_have_count(10)
        expect(opened.page.locator(".latest a.print").first).to_have_attribute("href", f"/print/01/{max(codes)}")
        assert [each for each in addresses if NUMBER in each or "Ng" in each] == []
        assert NUMBER not in opened.kept
    assert counted.dossiers == before + 20


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("luc trich", True),
        ("TRÍCH lục", True),
        ("ho tich ban sao", True),
        ("2.000635", True),
        ("000635", True),
        ("trich khong co", False),
    ],
)
def test_a_procedure_is_found_by_its_words_in_any_order(hoa: Clerk, asked: str, *, found: bool) -> None:
    hoa.page.keyboard.type(asked)
    first = hoa.page.locator("#procedure-options li").first
    expect(first).to_contain_text("Trích lục hộ tịch" if found else "Không có thủ tục nào khớp")


def test_a_double_click_is_one_dossier(hoa: Clerk, counted: Counted) -> None:
    before = counted.dossiers
    hoa.types(PEOPLE[0])
    hoa.page.locator("#save").dblclick()
    hoa.page.locator("#saved").wait_for()
    hoa.page.wait_for_load_state("networkidle")
    assert counted.dossiers == before + 1


def test_a_reload_while_it_is_saved_is_one_dossier(hoa: Clerk, counted: Counted) -> None:
    before = counted.dossiers

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()  # the server has it, and its answer does not come

    hoa.page.route("**/receive", lose)
    hoa.types(PEOPLE[0])
    with hoa.page.expect_request("**/receive"):
        hoa.page.keyboard.press("Enter")
    counted.wait_for(hoa.page, before + 1)
    hoa.page.reload()
    expect(hoa.page.locator("#unsent")).to_contain_text("Chưa gửi: 1")
    hoa.page.unroute("**/receive")
    expect(hoa.page.locator("#unsent")).to_contain_text(f"Đã gửi: Tiếp nhận hồ sơ – {PEOPLE[0]}", timeout=WITHIN_MS)
    assert counted.dossiers == before + 1
    assert "motcua-unsent" not in hoa.kept


def test_what_a_cut_network_kept_survives_a_restart_and_is_sent_once(browser: Browser, counted: Counted) -> None:
    with clerk(browser, counted.service.url) as opened:
        opened.at_the_counter()
        opened.page.context.set_offline(True)
        before = counted.dossiers
        for number, name in enumerate(PEOPLE, start=1):
            opened.receives(name)
            expect(opened.page.locator("#unsent")).to_contain_text(f"Chưa gửi: {number}", timeout=WITHIN_MS)
            expect(opened.page.locator("#procedure")).to_be_focused()
            expect(opened.page.locator("#name")).to_have_value("")
        kept = opened.kept
        assert kept.count("motcua-unsent:") == 2
        assert [each for each in (*PEOPLE, "Nguy", NUMBER) if each in kept] == [], "sealed"
        state = opened.page.context.storage_state()
    assert counted.dossiers == before
    with clerk(browser, counted.service.url, state=state) as again:
        again.open("/")
        expect(again.page.locator("#unsent a")).to_have_count(2, timeout=WITHIN_MS)
        assert "motcua-unsent" not in again.kept
    assert counted.dossiers == before + 2


def test_what_is_sent_later_was_received_when_the_clerk_saved_it(hoa: Clerk, counted: Counted) -> None:
    hoa.page.context.set_offline(True)
    hoa.page.evaluate("const now = Date.now; Date.now = () => now() - 3600 * 1000")
    hoa.receives(PEOPLE[0])
    expect(hoa.page.locator("#unsent")).to_contain_text("Chưa gửi: 1", timeout=WITHIN_MS)
    hoa.page.context.set_offline(False)
    hoa.page.locator("#unsent a").click()
    expect(hoa.page.locator(".facts")).to_contain_text("30/11/2026 09:0")  # an hour before the server's clock


def test_a_server_that_is_killed_and_comes_back_has_it_once(hoa: Clerk, counted: Counted) -> None:
    before = counted.dossiers
    counted.service.kill()
    hoa.receives(PEOPLE[0])
    expect(hoa.page.locator("#unsent")).to_contain_text("Chưa gửi: 1", timeout=WITHIN_MS)
    counted.service.start()
    expect(hoa.page.locator("#unsent a")).to_have_count(1, timeout=2 * WITHIN_MS)
    assert counted.dossiers == before + 1


def test_what_is_refused_later_is_told_and_can_be_mended(hoa: Clerk, counted: Counted) -> None:
    before = counted.dossiers
    hoa.page.context.set_offline(True)
    hoa.types(PEOPLE[1])
    hoa.page.locator("#received_at").fill("01/01/2090 08:00")
    hoa.page.keyboard.press("Enter")
    expect(hoa.page.locator("#unsent")).to_contain_text("Chưa gửi: 1", timeout=WITHIN_MS)
    hoa.page.context.set_offline(False)
    expect(hoa.page.locator("#unsent")).to_contain_text("Không được nhận", timeout=WITHIN_MS)
    assert "tương lai" in hoa.unsent
    hoa.page.get_by_role("button", name="Mở lại để sửa").click()
    expect(hoa.page.locator("#name")).to_have_value(PEOPLE[1])
    expect(hoa.page.locator("#received_at-mistake")).to_contain_text("tương lai")
    hoa.page.locator("#received_at").fill("")
    hoa.page.keyboard.press("Enter")
    hoa.page.locator("#saved").wait_for()
    assert counted.dossiers == before + 1


def test_a_session_that_is_over_keeps_the_form_until_its_clerk_is_back(hoa: Clerk, counted: Counted) -> None:
    before = counted.dossiers
    hoa.page.context.clear_cookies()
    hoa.receives(PEOPLE[0])
    expect(hoa.page.locator("#unsent")).to_contain_text("đăng nhập lại", timeout=WITHIN_MS)
    hoa.open("/")
    expect(hoa.page.locator("#unsent")).to_contain_text("Chưa gửi: 1")
    assert PEOPLE[0] not in hoa.page.content()
    hoa.sign_in()
    expect(hoa.page.locator("#unsent a")).to_have_count(1, timeout=WITHIN_MS)
    assert counted.dossiers == before + 1


def test_a_refusal_stands_at_its_field_and_the_form_stays(hoa: Clerk) -> None:
    page = hoa.page
    page.keyboard.press("Tab")
    page.keyboard.type(PEOPLE[0])
    page.keyboard.press("Enter")
    expect(page.locator("#procedure-mistake")).to_have_text("Hãy điền ô này.")
    expect(page.locator("#procedure")).to_be_focused()
    page.keyboard.type("trich")
    page.keyboard.press("Enter")
    page.locator("#received_at").fill("hôm qua")
    page.keyboard.press("Enter")
    expect(page.locator("#received_at-mistake")).to_contain_text("30/11/2026")
    expect(page.locator("#received_at")).to_be_focused()
    expect(page.locator("#name")).to_have_value(PEOPLE[0])
    expect(page.locator("#unsent")).to_be_hidden()


def test_two_counters_see_each_other(browser: Browser, counted: Counted, signed_in: State, hoa: Clerk) -> None:
    with clerk(browser, counted.service.url, state=signed_in) as other:
        other.open("/today")
        other.page.evaluate(REFRESHED)
        hoa.receives(PEOPLE[0])
        code = hoa.page.locator("#saved a.code").inner_text()
        expect(other.page.locator(f"#received_today-{code.replace('.', chr(92) + '.')}")).to_be_visible(
            timeout=WITHIN_MS
        )
        assert other.page.evaluate("document.body.dataset.seen") == "yes", "without a reload"


def test_a_dossier_is_carried_on_by_keyboard(hoa: Clerk) -> None:
    page = hoa.page
    hoa.receives(PEOPLE[0])
    page.locator("#saved a.code").click()
    page.get_by_text("Yêu cầu bổ sung, hoàn thiện hồ sơ (Mẫu 02)").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("bản sao giấy khai sinh")
    page.keyboard.press("Tab")
    page.keyboard.type("hôm nay")
    page.keyboard.press("Enter")
    expect(page.locator("#supplement_requested-due_at-mistake")).to_contain_text("30/11/2026")
    page.locator("#supplement_requested-due_at").fill("31/12/2026")
    page.keyboard.press("Enter")
    expect(page.locator(".saved")).to_have_text("Đã ghi: Yêu cầu bổ sung.")
    expect(page.get_by_role("link", name="In Mẫu 02")).to_be_visible()


def test_an_event_that_could_not_be_sent_is_noted_once_when_the_network_is_back(hoa: Clerk, counted: Counted) -> None:
    page = hoa.page
    hoa.receives(PEOPLE[0])
    page.locator("#saved a.code").click()
    page.get_by_text("Đã có kết quả giải quyết").click()
    page.context.set_offline(True)
    save = page.locator("details[open] button")
    save.click()
    expect(page.locator("#unsent")).to_contain_text("Chưa gửi: 1", timeout=WITHIN_MS)
    expect(save).to_be_disabled()
    page.context.set_offline(False)
    expect(page.locator(".saved")).to_have_text("Đã ghi: Xử lý xong.", timeout=WITHIN_MS)
    expect(page.locator("table.list tbody tr")).to_have_count(2)


def test_it_stands_without_scripts(browser: Browser, counted: Counted) -> None:
    before = counted.dossiers
    with clerk(browser, counted.service.url, scripts=False) as opened:
        page = opened.page
        opened.open("/")
        page.get_by_label("Khóa truy cập").fill("a-key-for-tests-only")
        page.get_by_role("button", name="Đăng nhập").click()
        page.locator("#of").select_option("H59.15")
        page.get_by_role("button", name="Chọn cơ quan").click()
        page.locator("#procedure").select_option("2.000635")
        page.locator("#name").fill(PEOPLE[0])
        page.locator("#save").click()
        expect(page.locator("#saved")).to_contain_text("Đã tiếp nhận hồ sơ")
        page.reload()
        assert counted.dossiers == before + 1
        code = page.locator("#saved a.code").inner_text()
        page.locator("#saved a.code").click()
        page.get_by_text("Đã có kết quả giải quyết").click()
        page.locator("details[open] button").click()
        expect(page.locator(".saved")).to_have_text("Đã ghi: Xử lý xong.")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Hồ sơ {code}")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_keeps_anybody_out_and_nothing_is_wider_than_the_window(
    browser: Browser, counted: Counted, size: tuple[int, int]
) -> None:
    with clerk(browser, counted.service.url, size) as opened:
        page, found = opened.page, {}
        opened.at_the_counter()
        page.keyboard.type("tr")
        page.locator("#procedure-options li").first.wait_for()
        found["searching"] = opened.barriers()
        page.keyboard.press("Escape")
        opened.receives(PEOPLE[0])
        page.locator("#saved").wait_for()
        code = page.locator("#saved a.code").inner_text()
        page.keyboard.type("tr")
        page.keyboard.press("Enter")
        expect(page.locator("#deadline strong")).to_be_visible()
        for path in (None, "/today", f"/dossiers/{code}", "/find"):
            if path is not None:
                opened.open(path)
            for each in page.locator("details").all():
                each.evaluate("part => { part.removeAttribute('name'); part.open = true; }")
            found[path or "/"] = opened.barriers()
            assert not opened.is_wider_than_the_window, path
    assert {path: barriers for path, barriers in found.items() if barriers} == {}
