"""The running children of a stack: each watched, all stopped in an order."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from motcua.child import Child
from motcua.stack.supervision import LOOK_AGAIN_S, Prepare, Say, described, keep_running

Result = TypeVar("Result")


class Crew:
    """Children by name, and a watcher for each."""

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
        """SIGTERM to one stage after the other, to all of a stage at once; SIGKILL when one's seconds are over or when hurry is set."""
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
        while child.is_running() and time.monotonic() < deadline and not hurry.is_set():  # noqa: ASYNC110 - a process ending is no event
            await asyncio.sleep(LOOK_AGAIN_S)
        if child.is_running():
            self._say(f"{child.name} did not end in time and is killed: nothing it acknowledged is lost, the next start goes on from there")
            child.kill()
        elif child.exit_code not in {0, 128 + signal.SIGTERM}:  # a JVM that was asked to end reports the signal
            self._say(f"{child.name} ended with {described(child.exit_code or 0)}; its log: {child.log}")


async def first_of(work: Awaitable[Result], interruption: Awaitable[Any]) -> Result:
    """The work's result; when the interruption comes first, the work is cancelled and CancelledError (or its error) raised."""
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


class Interrupted(Exception):
    """What was to be done was overtaken by the interruption."""
