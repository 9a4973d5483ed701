"""The pages in a real browser: by mouse and by keyboard, wide and on a phone, printed, read aloud, and as they move."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from services.reporting.read_model.store import open_engine
from services.reporting.read_model.sums import microseconds
from shared import catalogue
from shared.service.run import Server
from tests.pages.chromium import PHONE, WIDE, Tab, chromium, needs_chromium, tab
from tests.pages.office import CODES, KEY, NOW, Office, open_office, publish
from tests.reporting.follow_up_office import a_slip
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

pytestmark = [needs_chromium, pytest.mark.slow]

PAGES = [
    "/",
    "/?by=field&sections=level",
    "/?from=31/02/2023",
    "/late",
    "/follow-up",
    "/follow-ups",
    "/follow-ups/H59.15/2023/1",
    "/definitions",
    "/publications",
    "/publications/1",
    "/publications/1/dossiers?cell=total.received_total",
    f"/dossiers/{CODES[3]}",
]
WITHIN_MS = 30_000


@dataclass
class Served:
    """An office served from a thread of its own."""

    url: str
    offices: list[Office] = field(default_factory=list)
    loops: list[asyncio.AbstractEventLoop] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)

    def receive(self, code: str) -> None:
        """One more dossier."""
        asyncio.run_coroutine_threadsafe(self.offices[0].receive(code), self.loops[0]).result(30)


async def _serve(file: Path, port: int, served: Served) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{file}")
    office = await open_office(engine, catalogue.load())
    await a_slip(engine, "H59.15", made_at=microseconds(NOW))
    await publish(office)
    server = Server(office.application, host="127.0.0.1", port=port, grace_seconds=10)
    served.offices.append(office)
    served.loops.append(asyncio.get_running_loop())
    served.servers.append(server)
    await server.serve()
    await engine.dispose()


@pytest.fixture
def served(tmp_path: Path, empty_read_model: Path) -> Iterator[Served]:
    file, port = Path(shutil.copy(empty_read_model, tmp_path / "reporting.db")), free_port_base(1)
    service = Served(f"http://127.0.0.1:{port}")
    thread = threading.Thread(target=lambda: asyncio.run(_serve(file, port, service)))
    thread.start()
    try:
        wait_until(lambda: service.servers and service.servers[0].started, 30, "reporting listens")
        yield service
    finally:
        service.loops[0].call_soon_threadsafe(service.offices[0].reporting.stopping.set)
        service.servers[0].should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def reader(browser: Browser, served: Served) -> Iterator[Tab]:
    with tab(browser, served.url) as opened:
        opened.sign_in(KEY)
        yield opened


def test_a_number_opens_its_dossiers_and_each_its_history(reader: Tab) -> None:
    page = reader.page
    total = page.locator("tr.total td").nth(1)
    number = int(total.inner_text())
    total.get_by_role("link").click()
    rows = page.locator("table.list tbody tr")
    expect(rows).to_have_count(number)
    code = rows.first.get_by_role("link").inner_text()
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hồ sơ {code}")


def test_the_api_documents_show_themselves_under_their_strict_policy(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as opened:
        opened.open("/docs")
        expect(opened.page.locator(".opblock").first).to_be_visible()
        opened.page.locator(".opblock-summary-control").first.click()
        expect(opened.page.locator(".opblock-body").first).to_be_visible()
    assert opened.complaints == []


def test_the_keyboard_is_enough(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as opened:
        keys, page = opened.page.keyboard, opened.page
        opened.open("/")
        expect(page.get_by_label("Khóa truy cập")).to_be_focused()
        keys.type(KEY)
        keys.press("Enter")
        page.locator("#figures").wait_for()
        keys.press("Tab")
        expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
        keys.press("Enter")
        keys.press("Tab")
        expect(page.get_by_label("Kỳ báo cáo")).to_be_focused()
        keys.press("Tab")
        keys.type("1/1/2023")
        keys.press("Tab")
        keys.type("31/1/2023")
        keys.press("Enter")
        expect(page.get_by_role("heading", level=2, name="Từ ngày 01/01/2023 đến ngày 31/01/2023")).to_be_visible()
        expect(page.get_by_label("Kỳ báo cáo")).to_have_value("days")
        page.locator("tr.total").get_by_role("link").first.focus()
        keys.press("Enter")
        expect(page.locator("table.list")).to_be_visible()


def test_a_long_name_without_a_blank_stays_in_its_column(browser: Browser, served: Served) -> None:
    for size in (WIDE, PHONE):
        with tab(browser, served.url, size) as opened:
            opened.sign_in(KEY)
            name = opened.page.locator("table.figures tbody th.name").last
            name.evaluate("cell => { cell.textContent = 'x'.repeat(180) }")
            assert name.evaluate("cell => cell.scrollWidth <= cell.clientWidth"), size


def test_wrong_days_keep_what_was_typed_and_take_the_reader_to_them(reader: Tab) -> None:
    page = reader.page
    page.get_by_role("textbox", name="Từ ngày").fill("31/02/2023")
    page.get_by_role("textbox", name="Đến ngày").fill("1/3/2023")
    page.get_by_role("button", name="Xem số liệu").click()
    expect(page.locator("#mistakes")).to_be_focused()
    expect(page.get_by_role("textbox", name="Từ ngày")).to_have_value("31/02/2023")
    expect(page.get_by_role("textbox", name="Đến ngày")).to_have_value("1/3/2023")
    page.locator("#mistakes").get_by_role("link").click()
    expect(page.get_by_role("textbox", name="Từ ngày")).to_be_focused()


def test_a_period_and_written_days_stand_in_place_of_each_other(reader: Tab) -> None:
    page = reader.page
    page.get_by_role("textbox", name="Từ ngày").fill("1/1/2023")
    expect(page.get_by_label("Kỳ báo cáo")).to_have_value("days")
    page.get_by_label("Kỳ báo cáo").select_option("last-month")
    expect(page.get_by_role("textbox", name="Từ ngày")).to_have_value("")


def test_the_language_is_a_switch(reader: Tab) -> None:
    reader.page.get_by_role("link", name="English").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Dossiers received and resolved")
    assert reader.page.locator("html").get_attribute("lang") == "en"
    reader.page.get_by_role("link", name="Late dossiers").click()
    expect(reader.page.get_by_role("heading", level=1)).to_have_text("Late dossiers")


def test_charts_come_after_the_page_and_lead_to_dossiers(reader: Tab) -> None:
    reader.with_charts()
    assert reader.page.locator(".chart svg").count() == 5
    reader.page.locator(".chart svg a").first.click()
    expect(reader.page.locator("table.list")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_keeps_anybody_out_and_nothing_is_wider_than_the_window(
    browser: Browser, served: Served, size: tuple[int, int]
) -> None:
    with tab(browser, served.url, size) as opened:
        opened.open("/")
        found = {"sign in": opened.barriers()}
        opened.sign_in(KEY)
        for path in PAGES:
            opened.open(path)
            opened.with_charts()
            for each in opened.page.locator("details").all():
                each.evaluate("part => { part.open = true; }")
            found[path] = opened.barriers()
            assert not opened.is_wider_than_the_window, path
        link = opened.page.url
        opened.open("/")
        opened.page.locator("tr.total").get_by_role("link").first.click()
        opened.page.locator("table.list").wait_for()
        assert opened.page.url != link
        found["list"] = opened.barriers()
        assert not opened.is_wider_than_the_window
    assert {path: barriers for path, barriers in found.items() if barriers} == {}


def test_figures_follow_what_happens(served: Served, reader: Tab) -> None:
    total = reader.page.locator("tr.total td").nth(1)
    expect(total).to_have_text(str(len(CODES)))
    served.receive("H59.15-230131-0001")
    expect(total).to_have_text(str(len(CODES) + 1), timeout=WITHIN_MS)
    expect(reader.page.get_by_role("status")).to_contain_text("Số liệu mới", timeout=WITHIN_MS)


def test_figures_do_not_move_under_the_hands_of_somebody_who_types(served: Served, reader: Tab) -> None:
    page = reader.page
    page.get_by_role("textbox", name="Từ ngày").press_sequentially("01/0")
    served.receive("H59.15-230131-0001")
    expect(page.get_by_role("link", name="Có số liệu mới. Tải lại")).to_be_visible(timeout=WITHIN_MS)
    expect(page.get_by_role("textbox", name="Từ ngày")).to_have_value("01/0")
    expect(page.locator("tr.total td").nth(1)).to_have_text(str(len(CODES)))


def test_the_printed_report_is_its_figures_and_charts(reader: Tab) -> None:
    reader.with_charts()
    reader.page.emulate_media(media="print")
    for hidden in ("header.top", "form.question", ".downloads", ".skip"):
        expect(reader.page.locator(hidden)).to_be_hidden()
    expect(reader.page.locator("table.figures")).to_be_visible()
    expect(reader.page.locator(".chart svg").first).to_be_visible()
    paper = reader.page.pdf(prefer_css_page_size=True)
    assert b"/MediaBox [0 0 841" in paper, "A4 on its side"


def test_the_pages_stand_without_scripts(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Khóa truy cập").fill(KEY)
    page.get_by_role("button", name="Đăng nhập").click()
    page.get_by_role("textbox", name="Từ ngày").fill("1/1/2023")
    page.get_by_role("button", name="Xem số liệu").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Từ ngày 01/01/2023 đến ngày 01/02/2023")
    context.close()
