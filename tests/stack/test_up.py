"""`motcua up` as a person meets it: one line when ready, a clean end, and everything still there the next time."""

import json
import signal
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.stack import RunningStack, start_stack
from tests.support.wait import wait_until

pytestmark = [pytest.mark.broker, pytest.mark.e2e]

DOSSIER = {
    "department": "H59.15",
    "procedure": "2.000635",
    "channel": "online",
    "received_at": "2023-12-08T08:31:00+07:00",
}


def receive(stack: RunningStack) -> str:
    answer = httpx.post(f"{stack.intake}/v1/dossiers", json=DOSSIER, headers=stack.headers)
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def received_in_2023(stack: RunningStack) -> int:
    answer = httpx.get(
        f"{stack.reporting}/v1/figures", params={"from": "2023-01-01", "to": "2023-12-31"}, headers=stack.headers
    )
    assert answer.status_code == 200, answer.text
    total: int = answer.json()["total"]["received_total"]
    return total


def all_gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)


def test_a_stack_started_again_continues_where_it_was(stack: RunningStack) -> None:
    written = json.loads((stack.data_dir / "stack.json").read_text())
    assert written == {
        "pid": stack.process.pid,
        "intake": stack.intake,
        "processing": stack.processing,
        "reporting": stack.reporting,
        "broker": stack.broker,
        "key": stack.key,
    }
    assert stack.intake == f"http://127.0.0.1:{stack.port_base + 1}"
    receive(stack)
    wait_until(lambda: received_in_2023(stack) == 1, 60, "the dossier is in the figures")
    children = [child.pid for child in psutil.Process(stack.process.pid).children()]
    assert len(children) == 4
    shared = [
        path
        for path in (stack.data_dir, *stack.data_dir.rglob("*"))
        if path.name[:3] != "up." and path.stat().st_mode & 0o077
    ]
    assert shared == []
    working = {
        Path(process.cwd())
        for process in psutil.Process(stack.process.pid).children()
        if "services" in str(process.cmdline())
    }
    assert working == {stack.data_dir / "run" / name for name in ("intake", "processing", "reporting")}
    assert stack.stop(signal.SIGTERM) == 0
    assert all_gone(children)
    assert not (stack.data_dir / "stack.json").exists()

    again = start_stack(stack.data_dir, stack.port_base)
    try:
        assert again.key == stack.key
        assert received_in_2023(again) == 1
        receive(again)
        wait_until(
            lambda: received_in_2023(again) == 2,
            60,
            "the second dossier is in the figures, the first is not counted twice",
        )
        assert again.stop(signal.SIGINT) == 0
    finally:
        again.kill()


def test_a_killed_part_is_started_again_and_a_killed_runner_leaves_nothing_behind(stack: RunningStack) -> None:
    children = psutil.Process(stack.process.pid).children()
    intake = next(child for child in children if "services.intake" in child.cmdline())
    intake.kill()
    wait_until(lambda: "intake ended (signal 9)" in (stack.data_dir / "up.err").read_text(), 20, "the end is told")
    wait_until(lambda: answers(f"{stack.intake}/healthz/ready"), 60, "intake is ready again")
    receive(stack)

    pids = [child.pid for child in psutil.Process(stack.process.pid).children()]
    stack.kill()
    wait_until(lambda: all_gone(pids), 20, "the runner's children are gone")
    again = start_stack(stack.data_dir, stack.port_base)
    try:
        wait_until(lambda: received_in_2023(again) == 1, 60, "what was accepted is counted")
        assert again.stop() == 0
    finally:
        again.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1, verify=False).status_code == 200
    except httpx.TransportError:
        return False
