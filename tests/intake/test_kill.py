"""Killed in the middle of everything: what was answered is there, once, and intake goes on."""

import threading
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.intake.audited import audited
from tests.intake.sending import NDJSON, lines, received
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, service
from tests.support.wait import wait_until

WITHIN_S = 60.0
KILLED_AFTER = 200


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
    }
    answered: list[str] = []
    codes = [f"H59.15-231208-{number:04d}" for number in range(1, 2001)]
    with service("intake", free_port_base(), environment, tmp_path / "intake.log") as intake:
        senders = [
            threading.Thread(target=_post_until_it_breaks, args=(intake.url, codes[first::4], answered))
            for first in range(4)
        ]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(answered) >= KILLED_AFTER, WITHIN_S, "events are answered")
        intake.kill()
        for sender in senders:
            sender.join()
        intake.start()
        logged = [
            msgspec.json.decode(line)
            for line in httpx.get(f"{intake.url}/v1/log", headers=HEADERS, timeout=30).content.splitlines()
        ]
        assert set(answered) <= {entry["event"]["id"] for entry in logged}
        assert [entry["position"] for entry in logged] == list(range(1, len(logged) + 1))
        again = _send_all(intake.url, codes)
        assert (again["accepted"], again["duplicates"]) == (len(codes) - len(logged), len(logged))
        audit, log = (
            httpx.get(f"{intake.url}/v1/{name}", headers=HEADERS, timeout=30).content for name in ("audit", "log")
        )
        assert len(audited(audit, log)) > KILLED_AFTER // 4, "every commit has its entry, and none that was not made"
        assert intake.stop() == 0


def _receipt(code: str) -> bytes:
    return lines(received(code, event_id=f"receipt-of-{code}"))


def _post_until_it_breaks(url: str, codes: list[str], answered: list[str]) -> None:
    headers = HEADERS | {"content-type": "application/cloudevents+json"}
    with httpx.Client(base_url=url, headers=headers) as client:
        for code in codes:
            try:
                answer = client.post(f"/v1/dossiers/{code}/events", content=_receipt(code))
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            answered.append(answer.json()["id"])


def _send_all(url: str, codes: list[str]) -> dict[str, int]:
    body = b"\n".join(_receipt(code) for code in codes)
    answer = httpx.post(f"{url}/v1/events", content=body, headers=HEADERS | {"content-type": NDJSON}, timeout=60)
    counts: dict[str, int] = answer.json()
    return counts
