"""A part that ends is started again, for as long as it takes, and what keeps it from being ready is said."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from motcua.failure import Failure
from motcua.stack import supervision
from motcua.stack.child import Child
from motcua.stack.failures import Ended
from motcua.stack.supervision import Readiness, Supervisor, keep_running
from tests.cli.recording_intake import serving
from tests.support.wait import wait_until_async


def python(tmp_path: Path, script: str) -> Child:
    return Child("counter", [sys.executable, "-S", "-c", script], tmp_path / "counter.log")


async def test_a_child_that_ends_is_started_again_and_its_end_is_told(tmp_path: Path) -> None:
    child, messages = python(tmp_path, "import signal; signal.pause()"), list[str]()
    supervisor = Supervisor(messages.append, restart=True)
    supervisor.add(child)
    supervisor.watch(child)
    first = child.pid
    child.signal(signal.SIGKILL)
    await wait_until_async(
        lambda: asyncio.sleep(0, child.is_running() and child.pid != first), 20, "another process runs"
    )
    assert "counter ended (signal 9); starting it again" in messages[0]
    await supervisor.stop([{"counter": 5.0}], asyncio.Event())
    assert not child.is_running()


async def test_a_child_that_keeps_ending_is_started_again_after_growing_pauses_told_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervision, "LONGEST_PAUSE_S", 0.04)
    marks = tmp_path / "starts"
    script = f"open({str(marks)!r}, 'a').write('x'); import sys; sys.exit('no catalogue there')"
    child, messages, prepared = python(tmp_path, script), list[str](), list[int]()
    child.start()

    def prepare() -> None:
        prepared.append(len(marks.read_text()))
        if len(prepared) == 1:
            raise Failure("nothing to start with")

    keeping = asyncio.create_task(keep_running(child, messages.append, restart=True, prepare=prepare))
    await wait_until_async(
        lambda: asyncio.sleep(0, len(marks.read_text() if marks.exists() else "") > 6), 30, "it was started seven times"
    )
    assert not keeping.done()
    keeping.cancel()
    child.kill()
    assert prepared[:6] == [1, 2, 3, 4, 5, 6], "before each start"
    assert [message for message in messages if "prepared" in message] == [
        "counter can't be prepared: nothing to start with"
    ]
    messages = [message for message in messages if "prepared" not in message]
    assert len(messages) == 3
    assert all(f"Its log, {child.log}, ends: no catalogue there" in message for message in messages)


async def test_a_full_disk_is_said_with_the_end_of_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FULL_BYTES", 1 << 62)
    assert supervision.last_words(python(tmp_path, "")).startswith(f"The disk of {tmp_path} is full")


def test_a_long_log_is_kept_once_when_its_child_starts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motcua.stack.child.MOST_LOG_BYTES", 10)
    child = python(tmp_path, "print('new words')")
    for old in ("much that was said before\n", "later words\n"):
        child.log.write_text(old)
        child.start()
        child.stop(20)
        assert child.log.with_name("counter.log.old").read_text() == old
        assert "before" not in child.log.read_text()


class Health:
    """Answers /healthz/ready as it is told to."""

    def __init__(self) -> None:
        self.status, self.body = 503, b'{"detail": "run motcua restore"}'

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(b"content-length", str(len(self.body)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": self.body})


async def test_what_keeps_a_part_from_being_ready_is_said_and_that_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "REASON_AFTER_S", 0.0)
    child, messages, health = python(tmp_path, "import signal; signal.pause()"), list[str](), Health()
    child.start()
    with serving(health) as url:
        following = Readiness({"intake": url}, {"intake": child}, messages.append)
        task = asyncio.create_task(following.follow())
        await wait_until_async(lambda: asyncio.sleep(0, messages), 20, "the reason is said")
        assert messages == [f"intake is not ready: run motcua restore; its log: {child.log}"]
        assert not following.all_ready.is_set()
        health.status = 200
        await asyncio.wait_for(following.all_ready.wait(), 20)
        assert messages[1:] == ["intake is back"]
        child.kill()
        child.start()
        await wait_until_async(lambda: asyncio.sleep(0, len(messages) > 2), 20, "that it is back is said")
        assert messages[2:] == ["intake is back"]
        task.cancel()
        child.kill()


async def test_without_restart_the_first_end_is_the_last(tmp_path: Path) -> None:
    child = python(tmp_path, "raise SystemExit(3)")
    child.start()
    with pytest.raises(Ended, match=r"counter ended \(exit code 3\)"):
        await keep_running(child, print, restart=False)


async def test_settings_that_cannot_be_used_end_the_first_start_and_none_that_ran_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a broken file of the catalogue does to a stack that runs is no reason to end the rest of it."""
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)
    child = python(tmp_path, "raise SystemExit(78)")
    child.start()
    with pytest.raises(Ended, match=r"counter ended \(exit code 78\)"):
        await keep_running(child, print, restart=True)

    marks, messages = tmp_path / "starts", list[str]()
    script = (
        f"f = open({str(marks)!r}, 'a+'); f.seek(0); n = len(f.read()); f.write('x'); raise SystemExit(78 if n else 1)"
    )
    later = python(tmp_path, script)
    later.start()
    keeping = asyncio.create_task(keep_running(later, messages.append, restart=True))
    await wait_until_async(
        lambda: asyncio.sleep(0, marks.exists() and len(marks.read_text()) > 2), 30, "it starts again"
    )
    assert not keeping.done()
    keeping.cancel()
    later.kill()


async def test_a_child_that_does_not_stop_is_killed_when_its_time_is_over_or_somebody_hurries(tmp_path: Path) -> None:
    stubborn = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
        "while True: signal.pause()"
    )
    child, messages, hurry = python(tmp_path, stubborn), list[str](), asyncio.Event()
    supervisor = Supervisor(messages.append, restart=True)
    supervisor.add(child)
    await wait_until_async(lambda: asyncio.sleep(0, "deaf" in child.tail()), 20, "it ignores SIGTERM")
    hurry.set()
    await supervisor.stop([{"counter": 60.0}], hurry)
    assert child.exit_code == -signal.SIGKILL
    assert "is killed" in messages[0]


async def test_the_log_of_a_part_that_runs_for_long_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("motcua.stack.child.MOST_LOG_BYTES", 5_000)
    script = "import sys, time\nfor n in range(10**9):\n    print(n, 'x' * 40, flush=True)\n    time.sleep(0.0002)"
    child = python(tmp_path, script)
    child.start()
    keeping = asyncio.create_task(keep_running(child, lambda _said: None, restart=True))
    older = child.log.with_name("counter.log.old")

    def turned() -> int:
        return int(older.read_text().split()[0]) if older.exists() and older.read_text() else 0

    await wait_until_async(lambda: asyncio.sleep(0, turned() > 0), 20, "the second older log replaced the first")
    keeping.cancel()
    assert child.is_running(), "it writes on, at the end of the same file"
    child.kill()
    assert not child.log.read_bytes().startswith(b"\0"), "nothing stands in front"
