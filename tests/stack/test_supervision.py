"""A part that ends is started again; a part that keeps ending ends the stack with its last words."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from motcua.child import Child
from motcua.stack import supervision
from motcua.stack.crew import Crew
from motcua.stack.errors import KeepsDying
from motcua.stack.supervision import MOST_DEATHS, keep_running
from tests.support.wait import wait_until_async


def python(tmp_path: Path, script: str) -> Child:
    return Child("counter", [sys.executable, "-S", "-c", script], tmp_path / "counter.log")


async def test_a_child_that_ends_is_started_again_and_its_end_is_told(tmp_path: Path) -> None:
    child, said = python(tmp_path, "import signal; signal.pause()"), list[str]()
    crew = Crew(said.append, restart=True)
    crew.add(child)
    crew.watch(child)
    first = child.pid
    child.signal(signal.SIGKILL)
    await wait_until_async(lambda: asyncio.sleep(0, child.is_running() and child.pid != first), 20, "another process runs")
    assert "counter ended (signal 9); starting it again" in said[0]
    await crew.stop({"counter": 5.0}, asyncio.Event())
    assert not child.is_running()


async def test_a_child_that_keeps_ending_ends_the_stack_with_the_end_of_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "LONGEST_DELAY_S", 0.0)
    child, said = python(tmp_path, "import sys; sys.exit('no catalogue there')"), list[str]()
    child.start()
    with pytest.raises(
        KeepsDying, match=rf"ended {MOST_DEATHS + 1} times within a minute \(at last: exit code 1\)(.|\n)*no catalogue there"
    ):
        await keep_running(child, said.append, restart=True)
    assert len(said) == MOST_DEATHS


async def test_without_restart_the_first_end_is_the_last(tmp_path: Path) -> None:
    child = python(tmp_path, "raise SystemExit(3)")
    child.start()
    with pytest.raises(KeepsDying, match=r"counter ended \(exit code 3\)"):
        await keep_running(child, print, restart=False)


async def test_a_child_that_does_not_stop_is_killed_when_its_time_is_over_or_somebody_hurries(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\nwhile True: signal.pause()"
    child, said, hurry = python(tmp_path, stubborn), list[str](), asyncio.Event()
    crew = Crew(said.append, restart=True)
    crew.add(child)
    await wait_until_async(lambda: asyncio.sleep(0, "deaf" in child.tail()), 20, "it ignores SIGTERM")
    hurry.set()
    await crew.stop({"counter": 60.0}, hurry)
    assert child.exit_code == -signal.SIGKILL
    assert "is killed" in said[0]
