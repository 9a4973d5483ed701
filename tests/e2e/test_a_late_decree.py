"""A decree announced late moves an open dossier everywhere: in intake, in the processor, in what reporting counts."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import StackClient
from tests.support.wait import wait_until

RECEIPT = {"department": "H59.15", "procedure": "2.000635", "channel": "online"}
DECREE = 'source = "Quyết định 99/QĐ-TTg"\n[[days]]\nday = {day}\nworks = false\nname = "Nghỉ bão"\n'
WITHIN_S = 60.0


def deadlines(client: StackClient) -> list[str]:
    """The deadlines of the only dossier, as reporting holds them; none before it has the dossier."""
    answer = httpx.get(f"{client.stack.reporting}/v1/dossiers", headers=client.stack.headers, timeout=60)
    found = [json.loads(line) for line in answer.raise_for_status().text.splitlines()]
    return [each["due_at"] for dossier in found for each in dossier["deadlines"]]


def at_intake(client: StackClient, code: str) -> dict[str, Any]:
    answer = httpx.get(f"{client.stack.intake}/v1/dossiers/{code}", headers=client.stack.headers, timeout=60)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


@pytest.mark.long
def test_a_day_off_announced_within_a_term_moves_the_deadline_that_is_counted(
    client: StackClient, tmp_path: Path
) -> None:
    opened = client.post("/v1/dossiers", json=RECEIPT).json()
    due = opened["due_at"]
    wait_until(lambda: deadlines(client) == [due], WITHIN_S, "reporting has the dossier")
    decree = tmp_path / "decree.toml"
    decree.write_text(DECREE.format(day=datetime.fromisoformat(due).date()))
    announced = client.motcua("calendar", "announce", decree, "--yes")
    assert announced.returncode == 0, announced.stdout + announced.stderr
    assert "1 moved" in announced.stdout
    moved = at_intake(client, opened["code"])
    assert moved["due_original"] == due
    assert datetime.fromisoformat(moved["due_at"]) > datetime.fromisoformat(due)
    assert (moved["history"][-1]["event"], moved["history"][-1]["data"]["legal_ground"]) == (
        "extended",
        "Quyết định 99/QĐ-TTg",
    )
    wait_until(
        lambda: deadlines(client) == [due, moved["due_at"]], WITHIN_S, "reporting has the deadline before and after"
    )
    verified = client.motcua("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
