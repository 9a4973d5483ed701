"""The whole year, its first third by two importers at once, while every service is killed:
exact figures, and no difference anywhere."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.e2e.conftest import StackClient
from tests.pages.chromium import CHROMIUM, chromium, tab
from tests.support.wait import wait_until

HEADLINE = {
    "received_total": 80121,
    "received_online": 50353,
    "received_in_person_or_postal": 28520,
    "carried_over": 1248,
    "resolved_total": 78784,
    "resolved_early": 19409,
    "resolved_on_time": 59369,
    "resolved_overdue": 6,
    "in_progress_total": 1337,
    "in_progress_within": 1337,
    "in_progress_overdue": 0,
    "online_share": "62.8",
    "online_share_of_period": "63.8",
    "early_share": "24.636",
    "on_time_share": "75.356",
    "overdue_share": "0.008",
}


def service_pid(client: StackClient, name: str) -> int:
    """The process that listens on the service's port."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_service(entry, name, str(client.stack.data_dir)):
            return int(entry.name)
    return 0


def is_service(process: Path, name: str, data_dir: str) -> bool:
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        parent = (process / "environ").read_bytes()
    except OSError:
        return False
    key = (Path(data_dir) / "key").read_bytes().strip()
    return f"services.{name}".encode() in command and key in parent


def test_the_year_is_exact_whatever_is_killed_and_however_often_it_is_sent(
    client: StackClient, tra_vinh_file: Path, tmp_path: Path
) -> None:
    year = tra_vinh_file.read_bytes().splitlines(keepends=True)
    total = len(year)
    second = tmp_path / "again.ndjson"
    second.write_bytes(b"".join(year[: total // 3]))
    importers = [client.starts("import", file) for file in (tra_vinh_file, second)]

    for number, name in enumerate(("intake", "processing", "reporting", "intake", "processing", "reporting"), 1):
        wait_until(partial(has_logged, client, number * total // 8), 240, f"{number}/8 of the year is logged")
        victim = wait_until(partial(service_pid, client, name), 60, f"{name} is running")
        os.kill(victim, signal.SIGKILL)
        wait_until(partial(runs_again, client, name, victim), 60, f"{name} is started again")

    for importer in importers:
        output, _ = importer.communicate(timeout=300)
        assert importer.returncode == 0, output
    client.settle()
    assert client.events_logged() == total
    assert_headline(client)
    verified = client.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    if CHROMIUM is not None:
        assert_the_page_shows_it(client.stack.reporting, client.stack.key)


def assert_the_page_shows_it(url: str, key: str) -> None:
    """As a compiler reads it: the year's total, a number's dossiers, and why one of them was late."""
    with chromium() as browser, tab(browser, url) as opened:
        page = opened.page
        opened.sign_in(key)
        page.get_by_role("textbox", name="Từ ngày").fill("1/1/2023")
        page.get_by_role("textbox", name="Đến ngày").fill("31/12/2023")
        page.get_by_role("button", name="Xem số liệu").click()
        expect(page.get_by_role("heading", level=2).first).to_have_text("Từ ngày 01/01/2023 đến ngày 31/12/2023")
        total = page.locator("tr.total td")
        expect(total.nth(1)).to_have_text("80.121")
        expect(total.nth(12)).to_have_text("62,8%")
        total.nth(8).get_by_role("link", name="6", exact=True).click()
        late = page.locator("table.list tbody tr")
        expect(late).to_have_count(6)
        late.first.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Vì sao có hạn trả và kết quả này")).to_be_visible()
        expect(page.get_by_role("row", name="Kết luận")).to_contain_text("quá hạn", ignore_case=True)


def has_logged(client: StackClient, events: int) -> bool:
    try:
        return client.events_logged() >= events
    except httpx.HTTPError:
        return False  # it was killed a moment ago


def runs_again(client: StackClient, name: str, killed: int) -> bool:
    return service_pid(client, name) not in (0, killed)


def assert_headline(client: StackClient) -> None:
    found = client.figures("2023-01-01", "2023-12-31", by="department")
    assert {name: found["total"][name] for name in HEADLINE} == HEADLINE
    assert all(identity["holds"] for identity in found["identities"])
    overdue = {row["key"]["department"]: row["resolved_overdue"] for row in found["rows"] if row["resolved_overdue"]}
    assert sorted(overdue.values()) == [1, 5], json.dumps(overdue)
    assert len(found["rows"]) == 19
