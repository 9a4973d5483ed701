"""Killed in the middle of moving: the next start goes on by itself, and every dossier has moved once."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.intake.sending import NDJSON, lines, received
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, Service, service
from tests.support.wait import wait_until

DOSSIERS = 3000
WITHIN_S = 60.0
PATH = "/v1/calendar/announcements"
BODY = {"id": "storm", "source": "decree", "days": [{"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}]}


def announcement(intake: Service) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{intake.url}{PATH}/storm", headers=HEADERS, timeout=30).json()
    return found


def moves_logged(intake: Service) -> list[str]:
    log = httpx.get(f"{intake.url}/v1/log", params={"limit": 100_000}, headers=HEADERS, timeout=60).content.splitlines()
    events = [msgspec.json.decode(line)["event"] for line in log]
    return [event["subject"] for event in events if event["source"] == "/intake/calendar"]


@pytest.mark.slow
def test_kill_9_in_the_middle_of_moving_moves_every_dossier_once(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "CLOCK": "2023-12-11T09:00:00+07:00",
    }
    with service("intake", free_port_base(1), environment, tmp_path / "intake.log") as intake:
        body = lines(*(received(f"H59.15-231208-{number:04d}") for number in range(1, DOSSIERS + 1)))
        httpx.post(
            f"{intake.url}/v1/events", content=body, headers=HEADERS | {"content-type": NDJSON}, timeout=60
        ).raise_for_status()
        announced = httpx.post(f"{intake.url}{PATH}", json=BODY, headers=HEADERS, timeout=60).json()
        assert (announced["state"], announced["to_move"]) == ("moving", DOSSIERS)
        wait_until(lambda: announcement(intake)["moved"] > 0, WITHIN_S, "the first have moved")
        intake.kill()
        with closing(sqlite3.connect(tmp_path / "intake.db")) as database:
            ((moved_before,),) = database.execute("SELECT count(*) FROM event_log WHERE event_id LIKE 'calendar:%'")
        assert 0 < moved_before < DOSSIERS
        intake.start()
        wait_until(lambda: announcement(intake)["state"] == "done", WITHIN_S, "all have moved")
        moved = moves_logged(intake)
        assert (len(moved), len(set(moved)), announcement(intake)["moved"]) == (DOSSIERS, DOSSIERS, DOSSIERS)
        assert intake.stop() == 0
