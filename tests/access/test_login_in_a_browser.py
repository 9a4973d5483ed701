"""Log-in at a provider of another site, in a real browser: under the content policy and with the strict cookie."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from shared.catalogue import Catalogue
from shared.service.oidc.configuration import Oidc, OidcClient
from shared.service.run import Server
from tests.access.login_site import site_with
from tests.pages.chromium import chromium, needs_chromium, tab
from tests.support.npm import needs_node
from tests.support.oidc_provider import PAGES, SECRET, running_provider
from tests.support.ports import free_port_base
from tests.support.wait import wait_until

pytestmark = [needs_chromium, needs_node, pytest.mark.slow]


@pytest.fixture
def address(shipped: Catalogue) -> Iterator[str]:
    """Pages at an address, and a provider at a name: two sites to the browser."""
    port = free_port_base(1)
    url = f"http://127.0.0.1:{port}"
    with running_provider(url, host="localhost") as real:
        client = OidcClient(client_id=PAGES, secret=SECRET, public_url=url)
        site = site_with(Oidc(issuer=real.issuer, client=client, name="Danh tính"), shipped, url)
        server = Server(site.application, host="127.0.0.1", port=port, grace_seconds=1)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
        thread.start()
        try:
            wait_until(lambda: server.started, 30, "the pages listen")
            yield url
        finally:
            server.should_exit = True
            thread.join()


def test_in_and_out_again(address: str) -> None:
    with chromium() as browser, tab(browser, address) as opened:
        page = opened.page
        opened.open("/")
        page.get_by_role("link", name="Đăng nhập bằng Danh tính").click()
        page.get_by_label("Name").fill("thu")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_have_text("oidc:thu is here")
        assert page.url == f"{address}/"
        (cookie,) = (one for one in page.context.cookies(address) if one["name"] == "motcua_reporting_session")
        assert (cookie["sameSite"], cookie["httpOnly"]) == ("Strict", True)
        page.get_by_role("button", name="Đăng xuất").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Đã đăng xuất")
        assert not opened.barriers()
        page.get_by_role("link", name="Đăng xuất cả khỏi Danh tính").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Khóa truy cập")).to_be_visible()
        assert page.url == f"{address}/"
        assert not opened.barriers()
