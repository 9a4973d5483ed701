"""Debian's chromium, driven through the pages: what it complains of fails the test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here; Debian's is `apt-get install --no-install-recommends chromium`"
)
WIDE, PHONE = (1280, 900), (390, 844)
_EXPECTED = "the server responded with a status of"  # a page that says what is wrong comes with a status of its own


@dataclass
class Tab:
    """A page of the browser at a service's address, and what the browser complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and _EXPECTED not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def sign_in(self, key: str) -> None:
        self.open("/")
        self.page.get_by_label("Khóa truy cập").fill(key)
        self.page.keyboard.press("Enter")
        self.page.locator("#figures").wait_for()

    def with_charts(self) -> None:
        """Wait for every chart."""
        for chart in self.page.locator(".chart").all():
            chart.locator("figure").wait_for(timeout=60_000)

    @property
    def is_wider_than_the_window(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def barriers(self) -> list[str]:
        """What axe finds serious or critical."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, ended at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, url: str, size: tuple[int, int] = WIDE) -> Iterator[Tab]:
    """A tab with cookies of its own; the browser must not have complained when it is closed."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="vi-VN")
    opened = Tab(context.new_page(), url)
    opened.page.on("console", opened.hear)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    try:
        yield opened
    finally:
        context.close()
    assert opened.complaints == []
