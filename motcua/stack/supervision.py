"""Keeps the children of a stack running, and stops them in order.

What ends is started again, after pauses that grow; the rest of the stack goes on meanwhile.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from motcua.failure import Failure
from motcua.stack.child import Child
from motcua.stack.failures import Ended

LOOK_AGAIN_S = 0.1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0  # whoever ran so long begins with the first pause again
FULL_BYTES = 16 << 20  # a broker and databases can't go on with less
Say = Callable[[str], None]
Prepare = Callable[[], object]
Result = TypeVar("Result")


class Interrupted(Exception):
    """What was to be done was overtaken by the interruption."""


class Supervisor:
    """The running children by name, and a watcher for each."""

    def __init__(self, say: Say, *, restart: bool) -> None:
        self.children: dict[str, Child] = {}
        self._watchers: list[asyncio.Task[None]] = []
        self._say, self._restart = say, restart

    def add(self, child: Child) -> None:
        """Start a child; it is not watched yet, so its end is not yet a reason to start it again."""
        child.start()
        self.children[child.name] = child

    def watch(self, child: Child, prepare: Prepare | None = None) -> None:
        """From now on, prepare and start it again when it ends."""
        self._watchers.append(asyncio.create_task(keep_running(child, self._say, restart=self._restart, prepare=prepare)))

    async def failure(self) -> None:
        """Wait, for ever if all goes well; raises when a child keeps dying."""
        done, _ = await asyncio.wait(self._watchers, return_when=asyncio.FIRST_COMPLETED)
        for watcher in done:
            watcher.result()

    async def or_failure(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The work's result, unless a child keeps dying meanwhile."""
        return await first_of(work, self.failure())

    async def stop(self, stages: Sequence[Mapping[str, float]], hurry: asyncio.Event) -> None:
        """SIGTERM to one stage after the other, all of a stage at once; SIGKILL when its seconds are over, or hurry set."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        for stage in stages:
            there = {name: within for name, within in stage.items() if name in self.children}
            await asyncio.gather(*(self._stop(self.children.pop(name), within, hurry) for name, within in there.items()))

    async def _stop(self, child: Child, within: float, hurry: asyncio.Event) -> None:
        if not child.is_running():
            return
        deadline = time.monotonic() + within
        child.signal(signal.SIGTERM)
        while child.is_running() and time.monotonic() < deadline and not hurry.is_set():  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(LOOK_AGAIN_S)
        if child.is_running():
            self._say(f"{child.name} did not end in time and is killed: nothing it acknowledged is lost, the next start goes on from there")
            child.kill()
        elif child.exit_code not in {0, 128 + signal.SIGTERM}:  # a JVM that was asked to end reports the signal
            self._say(f"{child.name} ended with {described(child.exit_code or 0)}; its log: {child.log}")


async def keep_running(child: Child, say: Say, *, restart: bool, prepare: Prepare | None = None) -> None:
    """Start it again whenever it ends, told when the pause has grown; without `restart` its end raises `Ended`.

    `prepare` is done before each start: what a start needs may have gone with what ended the child.
    """
    pause, told_pause = FIRST_PAUSE_S, 0.0
    while True:
        started = time.monotonic()
        while (code := child.exit_code) is None:  # noqa: ASYNC110 - a process ending is no event
            await asyncio.sleep(LOOK_AGAIN_S)
        if not restart:
            raise Ended(child.name, described(code), child.log, child.tail())
        if time.monotonic() - started >= STEADY_S:
            pause, told_pause = FIRST_PAUSE_S, 0.0
        if pause > told_pause:
            say(f"{child.name} ended ({described(code)}); starting it again in {pause:.0f} s, the rest goes on. {last_words(child)}")
            told_pause = pause
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)
        if prepare is not None:
            try:
                await asyncio.to_thread(prepare)
            except (Failure, OSError) as failure:
                say(f"{child.name} can't be prepared: {failure}")
        child.start()


async def first_of(work: Awaitable[Result], interruption: Awaitable[Any]) -> Result:
    """The work's result; an interruption that comes first cancels it and raises Interrupted, or its own error."""
    working, interrupting = asyncio.ensure_future(work), asyncio.ensure_future(interruption)
    try:
        await asyncio.wait({working, interrupting}, return_when=asyncio.FIRST_COMPLETED)
        if interrupting.done():
            interrupting.result()
            raise Interrupted
        return working.result()
    finally:
        for task in (working, interrupting):
            task.cancel()
        await asyncio.gather(working, interrupting, return_exceptions=True)


def described(code: int) -> str:
    """An exit code as people say it."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def last_words(child: Child) -> str:
    """The last line of its log and where that is; first of all, that the disk is full."""
    lines = child.tail(1)
    log = f"Its log, {child.log}, ends: {lines}" if lines else f"Its log, {child.log}, is empty"
    return f"{full} {log}" if (full := disk_is_full(child.log.parent)) else log


def disk_is_full(folder: Path) -> str | None:
    """The sentence that says so; None while there is room."""
    free = shutil.disk_usage(folder).free
    return f"The disk of {folder} is full ({free:,} bytes free): make room." if free < FULL_BYTES else None
