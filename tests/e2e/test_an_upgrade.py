"""A folder made by the version before goes on under this one:
figures stay true, and are never told while they are not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import StackClient
from tests.support.ports import free_port_base
from tests.support.stack import RunningStack, start_stack
from tests.support.wait import wait_until

ROOT = Path(__file__).parents[2]
BEFORE = (
    pytest.param("ae50ff8", marks=pytest.mark.long),  # the last commit whose ledger and read model know no rules
    "c38b7d5",  # the last one without the column refused
)
YEAR = {"from": "2023-01-01", "to": "2023-12-31"}
DOSSIERS, REFUSED = 60, 7
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", params=BEFORE)
def version_before(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product as it was."""
    folder = tmp_path_factory.mktemp("before")
    archive = subprocess.run(
        ["git", "archive", request.param, "motcua", "services", "shared"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode != 0:
        pytest.skip(
            f"this checkout does not have the history that the version before is in ({request.param}): fetch it whole"
        )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


def event(code: str, name: str, time: str, **data: Any) -> dict[str, Any]:
    about = {"specversion": "1.0", "id": f"{code}/{name}", "source": "/tests", "type": f"vn.motcua.dossier.{name}.v1"}
    return about | {"subject": code, "time": time, "data": data}


def lives() -> list[dict[str, Any]]:
    """Dossiers of many kinds; every one is open to a late event."""
    events = []
    for number in range(1, DOSSIERS + 1):
        code = f"H59.15-230605-{number:04d}"
        department = {
            "department": "H59.15",
            "procedure": "2.000635",
            "due_at": f"2023-06-{10 + number % 10}T08:00:00+07:00",
        }
        online = {"channel": "online", "online_level": "full"} if number % 3 else {"channel": "in_person"}
        events.append(event(code, "received", "2023-06-05T08:00:00+07:00", **department, **online))
        if number % 4:
            events.append(event(code, "processing_started", "2023-06-06T08:00:00+07:00", officer=f"o-{number % 5}"))
        if number % 5:
            outcome = "refused" if number % 7 == 0 else "granted"
            events.append(event(code, "resolved", f"2023-06-{9 + number % 12:02d}T09:00:00+07:00", outcome=outcome))
    return events


def late() -> list[dict[str, Any]]:
    codes = [f"H59.15-230605-{number:04d}" for number in range(1, DOSSIERS + 1)]
    return [event(code, "fee_paid", "2023-07-03T08:00:00+07:00", amount_vnd=50_000) for code in codes]


def post(stack: RunningStack, events: list[dict[str, Any]]) -> dict[str, Any]:
    lines = "\n".join(json.dumps(each) for each in events)
    headers = stack.headers | {"Content-Type": "application/x-ndjson"}
    answer = httpx.post(f"{stack.intake}/v1/events", content=lines, headers=headers, timeout=60).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def total(client: StackClient) -> dict[str, Any]:
    found: dict[str, Any] = client.figures(YEAR["from"], YEAR["to"])["total"]
    return found


def test_a_folder_of_the_version_before_gives_the_same_figures_and_never_others(
    version_before: Path, tmp_path: Path
) -> None:
    data_dir, port_base = tmp_path / "stack", free_port_base()
    old = start_stack(data_dir, port_base, command=[sys.executable, "-m", "motcua.cli"], folder=version_before)
    try:
        assert post(old, lives())["rejected"] == 0
        StackClient(old).settle()
        before = total(StackClient(old))
        assert old.stop() == 0
    finally:
        old.kill()
    assert before["received_total"] == DOSSIERS

    new = start_stack(data_dir, port_base)
    try:
        client, seen = StackClient(new), []

        def figures_are_served() -> bool:
            """Until the read model is of today's rules, none are;
            what is served is never anything else than the truth."""
            answer = httpx.get(f"{new.reporting}/v1/figures", params=YEAR, headers=new.headers, timeout=60)
            if answer.status_code != httpx.codes.OK:
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
                assert "motcua rebuild" in answer.json()["detail"]
                return False
            seen.append({column: answer.json()["total"][column] for column in before})
            return True

        wait_until(figures_are_served, 60, "figures are served under the new rules")
        assert seen == [before]
        assert post(new, lives())["duplicates"] == len(lives())
        assert post(new, late())["accepted"] == DOSSIERS
        client.settle()
        assert {column: total(client)[column] for column in before} == before
        assert total(client)["refused"] == REFUSED
        verified = client.motcua("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert new.stop() == 0
    finally:
        new.kill()
