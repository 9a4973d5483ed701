"""The public look-up in a real browser: by the slip's QR code, by keyboard, without scripts; wide and on a phone."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from services.intake.__main__ import create_app
from services.intake.papers.slip import slip_of
from services.intake.settings import IntakeSettings
from shared.service.run import Server
from tests.intake.sending import CODE, KEY, NDJSON, cloud_event, lines, received
from tests.pages.chromium import PHONE, WIDE, chromium, needs_chromium, tab
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

pytestmark = [needs_chromium, pytest.mark.slow]
SETTINGS: dict[str, Any] = {"api_key": KEY, "kafka_bootstrap": "127.0.0.1:1", "drain_seconds": 0.0}
SLIP = slip_of(CODE, IntakeSettings(**SETTINGS).key_of_slips)
WAITS = "Hồ sơ đang chờ bổ sung giấy tờ."


@dataclass
class Heard:
    """An application, and what a server or a proxy in front could write into its log."""

    application: ASGIApp
    lines: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.lines.append(f"{scope['method']} {scope['path']} {scope['query_string']!r} {scope['headers']!r}")
        await self.application(scope, receive, send)


@dataclass
class Served:
    url: str
    heard: Heard


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    database: Path = tmp_path_factory.mktemp("intake") / "intake.db"
    port = free_port_base(1)
    settings = IntakeSettings(**SETTINGS, database_url=f"sqlite+aiosqlite:///{database}", office="Trung tâm Trà Vinh")
    heard = Heard(create_app(settings))
    server = Server(heard, host="127.0.0.1", port=port, grace_seconds=5, lifespan="on")
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    url = f"http://127.0.0.1:{port}"
    asked = cloud_event(
        "supplement_requested", "2023-12-11T09:00", missing="bản sao giấy khai sinh", due_at="2023-12-29T17:00:00+07:00"
    )
    try:
        wait_until(lambda: server.started, 30, "intake listens")
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": NDJSON}
        answer = httpx.post(f"{url}/v1/events", content=lines(received(), asked), headers=headers)
        assert answer.json()["accepted"] == 2
        yield Served(url, heard)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_the_qr_code_opens_the_dossier_and_leaves_no_secret_behind(browser: Browser, served: Served) -> None:
    with tab(browser, "", PHONE) as page:
        page.open(SLIP.content(served.url))
        expect(page.page.get_by_role("status")).to_have_text(WAITS)
        assert page.page.url == f"{served.url}/look-up"
        expect(page.page.get_by_text("17 giờ 00 phút, ngày 29 tháng 12 năm 2023")).to_be_visible()
        page.page.get_by_role("link", name="Tra cứu hồ sơ khác").click()
        expect(page.page.get_by_label("Mã tra cứu")).to_have_value("")
        page.page.evaluate(f"location.hash = '#{CODE}/{SLIP.secret}'")  # a second slip in the same tab
        expect(page.page.get_by_role("status")).to_have_text(WAITS)
    assert len(served.heard.lines) > 5
    assert not [line for line in served.heard.lines if SLIP.secret in line or SLIP.grouped in line]


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_pages_have_no_barriers_and_fit_the_window(browser: Browser, served: Served, size: tuple[int, int]) -> None:
    with tab(browser, served.url, size) as page:
        for path in (
            "/look-up",
            "/look-up?lang=en",
            f"/look-up?lang=vi#{CODE}/33333",
            f"/look-up#{CODE}/{SLIP.secret}",
        ):
            page.open("/healthz/live")
            page.open(path)
            if "#" in path:
                expect(page.page.get_by_role("alert").or_(page.page.get_by_role("status"))).to_be_visible()
            assert not page.is_wider_than_the_window
            assert page.barriers() == []


def test_it_is_used_by_keyboard_and_a_mistake_is_said(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as page:
        page.open("/look-up")
        page.page.get_by_label("Mã hồ sơ").focus()
        page.page.keyboard.type(f" {CODE.lower()}")
        page.page.keyboard.press("Tab")
        page.page.keyboard.type("33333-33333")
        page.page.keyboard.press("Enter")
        expect(page.page.get_by_role("alert")).to_contain_text("Không có hồ sơ với mã hồ sơ và mã tra cứu này.")
        page.page.get_by_label("Mã hồ sơ").fill(f"000.00.15.{CODE.replace('.15', '')}")
        page.page.get_by_label("Mã tra cứu").fill(SLIP.grouped.lower())
        page.page.keyboard.press("Enter")
        expect(page.page.get_by_role("status")).to_have_text(WAITS)


def test_it_works_without_scripts(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/look-up")
    page.get_by_label("Mã hồ sơ").fill(CODE)
    page.get_by_label("Mã tra cứu").fill(SLIP.grouped)
    page.get_by_role("button", name="Tra cứu").click()
    expect(page.get_by_role("status")).to_have_text(WAITS)
    context.close()
