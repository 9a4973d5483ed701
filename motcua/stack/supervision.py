"""Keeps the children of a stack running, says what keeps them from being ready, and stops them in order.

What ends is started again, after pauses that grow; the rest of the stack goes on meanwhile.
"""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from motcua.failure import Failure
from motcua.stack.child import Child
from motcua.stack.failures import Ended

LOOK_AGAIN_S = 0.1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0  # whoever ran so long begins with the first pause again
FULL_BYTES = 16 << 20  # a broker and databases can't go on with less
READY_FOR_S = 0.5  # all at once and for so long: a part that dies again and again is ready now and then
REASON_AFTER_S = 5.0
SILENT_AFTER_S = 120.0
ANSWER_WITHIN_S = 2.0
NO_ANSWER = "it does not answer"
NO_REASON = frozenset({NO_ANSWER, "not ready", "it has ended"})  # whoever ends is told by who starts it again
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
        self._watchers.append(
            asyncio.create_task(keep_running(child, self._say, restart=self._restart, prepare=prepare))
        )

    async def failure(self) -> None:
        """Wait, for ever if all goes well; raises when a child keeps dying."""
        done, _ = await asyncio.wait(self._watchers, return_when=asyncio.FIRST_COMPLETED)
        for watcher in done:
            watcher.result()

    async def or_failure(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The work's result, unless a child keeps dying meanwhile."""
        return await first_of(work, self.failure())

    async def stop(self, stages: Sequence[Mapping[str, float]], hurry: asyncio.Event) -> None:
        """SIGTERM to one stage after the other, all of it at once; SIGKILL when its seconds are over or at `hurry`."""
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        for stage in stages:
            there = {name: within for name, within in stage.items() if name in self.children}
            await asyncio.gather(
                *(self._stop(self.children.pop(name), within, hurry) for name, within in there.items())
            )

    async def _stop(self, child: Child, within: float, hurry: asyncio.Event) -> None:
        if not child.is_running():
            return
        deadline = time.monotonic() + within
        child.signal(signal.SIGTERM)
        while child.is_running() and time.monotonic() < deadline and not hurry.is_set():  # noqa: ASYNC110 - none tells
            await asyncio.sleep(LOOK_AGAIN_S)
        if child.is_running():
            self._say(
                f"{child.name} did not end in time and is killed: "
                "nothing it acknowledged is lost, the next start goes on from there"
            )
            child.kill()
        elif child.exit_code not in {0, 128 + signal.SIGTERM}:  # a JVM that was asked to end reports the signal
            self._say(f"{child.name} ended with {described(child.exit_code or 0)}; its log: {child.log}")


async def keep_running(child: Child, say: Say, *, restart: bool, prepare: Prepare | None = None) -> None:
    """Start it again whenever it ends, told when the pause has grown; without `restart` its end raises `Ended`, and so
    do settings that can't be used at the first start: another one would not help.

    `prepare` is done before each start: what a start needs may have gone with what ended the child.
    """
    pause, told_pause, is_first_start = FIRST_PAUSE_S, 0.0, True
    while True:
        started = time.monotonic()
        while (code := child.exit_code) is None:
            child.rotate()
            await asyncio.sleep(LOOK_AGAIN_S)
        if not restart or (is_first_start and code == os.EX_CONFIG):
            raise Ended(child.name, described(code), child.log, child.tail())
        is_first_start = False
        if time.monotonic() - started >= STEADY_S:
            pause, told_pause = FIRST_PAUSE_S, 0.0
        if pause > told_pause:
            again = f"starting it again in {pause:.0f} s, the rest goes on"
            say(f"{child.name} ended ({described(code)}); {again}. {last_words(child)}")
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


class _Health(Struct):
    detail: str | None = None
    status: str | int | None = None


class _Part:
    """What was seen of one service and what was said about it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready_pid: int | None = None
        self.since = time.monotonic()  # since when it is as it is
        self.is_ready = False
        self.said_reason: str | None = None

    def seen(self, *, ready: bool) -> None:
        if ready != self.is_ready:
            self.is_ready, self.since = ready, time.monotonic()

    @property
    def for_seconds(self) -> float:
        return time.monotonic() - self.since


class Readiness:
    """Asks each service again and again; `all_ready` is set once all have been ready together."""

    def __init__(self, urls: Mapping[str, str], children: Mapping[str, Child], say: Say) -> None:
        self.all_ready = asyncio.Event()
        self._urls, self._children, self._say = urls, children, say
        self._parts = [_Part(name) for name in urls]

    async def follow(self) -> None:
        """Look until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_WITHIN_S) as client:
            while True:
                await asyncio.gather(*(self._look(client, part) for part in self._parts))
                if all(part.is_ready and part.for_seconds >= READY_FOR_S for part in self._parts):
                    self.all_ready.set()
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _look(self, client: httpx.AsyncClient, part: _Part) -> None:
        child = self._children.get(part.name)
        pid = child.pid if child is not None and child.is_running() else None
        reason = "it has ended" if pid is None else await _reason(client, self._urls[part.name])
        if reason is not None:
            part.seen(ready=False)
            self._explain(part, reason)
            return
        if part.ready_pid not in (None, pid):
            part.seen(ready=False)  # it died and came back between two looks
        part.seen(ready=True)
        if part.ready_pid not in (None, pid) or part.said_reason is not None:
            self._say(f"{part.name} is back")
        part.ready_pid, part.said_reason = pid, None

    def _explain(self, part: _Part, reason: str) -> None:
        """A reason that the service gives is told after a moment, and that it gives none after a long one."""
        child = self._children.get(part.name)
        given = reason not in NO_REASON
        if (
            reason == part.said_reason
            or part.for_seconds < (REASON_AFTER_S if given else SILENT_AFTER_S)
            or child is None
        ):
            return
        part.said_reason = reason
        self._say(f"{part.name} is not ready: {reason}; its log: {child.log}")


async def _reason(client: httpx.AsyncClient, url: str) -> str | None:
    """Why it is not ready, in its own words; None when it is."""
    try:
        answer = await client.get(f"{url}/healthz/ready")
    except httpx.HTTPError:
        return NO_ANSWER
    if answer.status_code == httpx.codes.OK:
        return None
    try:
        health = msgspec.json.decode(answer.content, type=_Health)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"it answers {answer.status_code}"
    return health.detail or str(health.status)
