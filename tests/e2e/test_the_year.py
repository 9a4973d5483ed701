"""The year, its beginning by two importers at once, while every service is killed:
exact figures, and no difference anywhere."""

import json
import os
import signal
import subprocess
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import StackClient
from tests.pages.chromium import CHROMIUM, chromium, tab
from tests.support.recount import TOTAL, recount
from tests.support.wait import wait_until

YEAR = date(2023, 1, 1), date(2023, 12, 31)
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


@pytest.mark.parametrize("part", [8, pytest.param(1, marks=pytest.mark.long)], ids=["an eighth", "whole"])
def test_the_year_is_exact_whatever_is_killed_and_however_often_it_is_sent(
    client: StackClient, tra_vinh_file: Path, tmp_path: Path, part: int
) -> None:
    year = [line for line in tra_vinh_file.read_bytes().splitlines(keepends=True) if serial(line) % part == 0]
    total = len(year)
    files = tmp_path / "year.ndjson", tmp_path / "again.ndjson"
    for file, lines in zip(files, (year, year[: total // 3]), strict=True):
        file.write_bytes(b"".join(lines))
    with ExitStack() as running:
        importers = [running.enter_context(client.running("import", file)) for file in files]
        for importer in importers:  # one that finds nobody when it begins does not wait
            wait_until(partial(is_connected, importer), 60, "each importer speaks with intake")

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
    found = client.figures(*map(str, YEAR), by="department")
    assert all(identity["holds"] for identity in found["identities"])
    counted = recount([json.loads(line) for line in year], *YEAR)
    expected = {of: without_acceptance(row) for of, row in counted.items()}
    assert of_total(found["total"], expected[TOTAL]) == expected.pop(TOTAL)
    rows = {row["key"]["department"]: row for row in found["rows"]}
    assert {department: of_total(rows[department], row) for department, row in expected.items()} == expected
    assert len(rows) == len(expected)
    if part == 1:
        assert len(rows) == 19
        assert {name: found["total"][name] for name in HEADLINE} == HEADLINE
    verified = client.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    if CHROMIUM is not None:
        assert_the_page_shows_it(client.stack.reporting, client.stack.key, found["total"])


def serial(line: bytes) -> int:
    """The last number of the code of the event's dossier, which tells dossiers of a day apart."""
    return int(json.loads(line)["subject"].rpartition("-")[2])


def without_acceptance(row: dict[str, int]) -> dict[str, int]:
    """Without the columns that rest on what intake computes: the file does not say until when to accept."""
    return {name: number for name, number in row.items() if "accept" not in name}


def of_total(row: dict[str, Any], expected: dict[str, int]) -> dict[str, int]:
    return {name: row[name] for name in expected}


def assert_the_page_shows_it(url: str, key: str, total: dict[str, Any]) -> None:
    """As a compiler reads it: the year's total, a number's dossiers, and why one of them was late."""
    late = total["resolved_overdue"]
    assert late > 0
    with chromium() as browser, tab(browser, url) as opened:
        page = opened.page
        opened.sign_in(key)
        page.get_by_role("textbox", name="Từ ngày").fill("1/1/2023")
        page.get_by_role("textbox", name="Đến ngày").fill("31/12/2023")
        page.get_by_role("button", name="Xem số liệu").click()
        expect(page.get_by_role("heading", level=2).first).to_have_text("Từ ngày 01/01/2023 đến ngày 31/12/2023")
        cells = page.locator("tr.total td")
        expect(cells.nth(1)).to_have_text(f"{total['received_total']:,}".replace(",", "."))
        expect(cells.nth(12)).to_have_text(f"{total['online_share'].replace('.', ',')}%")
        cells.nth(8).get_by_role("link", name=str(late), exact=True).click()
        listed = page.locator("table.list tbody tr")
        expect(listed).to_have_count(late)
        listed.first.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Vì sao có hạn trả và kết quả này")).to_be_visible()
        expect(page.get_by_role("row", name="Kết luận")).to_contain_text("quá hạn", ignore_case=True)


def has_logged(client: StackClient, events: int) -> bool:
    try:
        return client.events_logged() >= events
    except httpx.HTTPError:
        return False  # it was killed a moment ago


def is_connected(importer: "subprocess.Popen[str]") -> bool:
    ended = importer.poll()
    assert ended in (None, 0), importer.communicate()
    return ended == 0 or bool(psutil.Process(importer.pid).net_connections("tcp"))


def runs_again(client: StackClient, name: str, killed: int) -> bool:
    return service_pid(client, name) not in (0, killed)
