"""A clerk at the counter in a real browser, and the service that the browser talks to."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, expect

from tests.counter.desk import EXTRACT, JUSTICE
from tests.pages.chromium import WIDE, Tab
from tests.support.service import KEY, Service

NUMBER = "084180001234"
CUT = ("net::ERR_", "htmx:sendError", "htmx:sendAbort", "htmx:afterRequest")
"""What a browser says of every request that a cut network takes, or a page that was left."""
State = StorageState


@dataclass
class Clerk(Tab):
    """A tab of the counter; what it asked for is remembered."""

    def sign_in(self, key: str = KEY) -> None:
        self.page.get_by_label("Khóa truy cập").fill(key)
        self.page.keyboard.press("Enter")
        self.page.locator("#receipt, #lists").wait_for()

    def at_the_counter(self) -> "Clerk":
        """Signed in, the department chosen, the cursor at the procedure."""
        self.open("/")
        if self.page.get_by_label("Khóa truy cập").count():
            self.sign_in()
        if self.page.locator("#department").input_value() != JUSTICE:
            self.page.locator("#department").select_option(JUSTICE)
            self.page.locator(f"#procedure-value option[value='{EXTRACT}']").wait_for(state="attached")
            self.page.locator("#procedure").focus()
        expect(self.page.locator("#procedure")).to_be_focused()
        return self

    def types(self, name: str, *, asked: str = "luc trich", number: str = NUMBER) -> None:
        """A receipt by keyboard, from the procedure on, up to where Enter saves it."""
        keys = self.page.keyboard
        keys.type(asked)
        keys.press("Enter")
        keys.type(name)
        keys.press("Tab")
        keys.type(number)

    def receives(self, name: str) -> None:
        self.types(name)
        self.page.keyboard.press("Enter")

    @property
    def unsent(self) -> str:
        return self.page.locator("#unsent").inner_text()

    @property
    def kept(self) -> str:
        """All that the browser keeps of this service."""
        kept: str = self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        return kept


@dataclass(frozen=True, slots=True)
class Counted:
    """Intake as a process, and how many dossiers its database has."""

    service: Service
    database: Path

    @property
    def dossiers(self) -> int:
        with sqlite3.connect(self.database) as connection:
            found: int = connection.execute("SELECT count(*) FROM dossiers").fetchone()[0]
        return found

    def wait_for(self, page: Page, dossiers: int) -> None:
        """Until there are so many; and there must not be more."""
        for _ in range(100):
            if self.dossiers >= dossiers:
                break
            page.wait_for_timeout(100)
        assert self.dossiers == dossiers


@contextmanager
def clerk(
    browser: Browser, url: str, size: tuple[int, int] = WIDE, *, state: State | None = None, scripts: bool = True
) -> Iterator[Clerk]:
    """A browser of a clerk's own; with the `state` of one that was closed it is that one, started again."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="vi-VN",
        storage_state=state,
        java_script_enabled=scripts,
    )
    opened = Clerk(context.new_page(), url)
    opened.page.on("console", opened.hear)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    try:
        yield opened
    finally:
        context.close()
    complaints = [each for each in opened.complaints if not any(cut in each for cut in CUT)]
    assert complaints == [], complaints
