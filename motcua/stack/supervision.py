"""Keeps a child running: what ends is started again, and what keeps ending ends the stack."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from motcua.child import Child
from motcua.stack.errors import KeepsDying

LOOK_AGAIN_S = 0.1
MOST_DEATHS = 5
WITHIN_S = 60.0
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
Say = Callable[[str], None]


async def keep_running(child: Child, say: Say, *, restart: bool) -> NoReturn:
    """Start it again whenever it ends; raises when that happened too often within a minute."""
    deaths: deque[float] = deque()
    while True:
        code = await exit_code(child)
        deaths.append(time.monotonic())
        while deaths[0] < deaths[-1] - WITHIN_S:
            deaths.popleft()
        if not restart or len(deaths) > MOST_DEATHS:
            raise KeepsDying(child.name, _fact(code, len(deaths)), child.log, child.tail())
        delay = min(FIRST_DELAY_S * 2 ** (len(deaths) - 1), LONGEST_DELAY_S)
        say(f"{child.name} ended ({described(code)}); starting it again in {delay:.1f} s; its log: {child.log}")
        await asyncio.sleep(delay)
        child.start()


async def exit_code(child: Child) -> int:
    """Wait until the child ends."""
    while (code := child.exit_code) is None:  # noqa: ASYNC110 - a process ending is no event
        await asyncio.sleep(LOOK_AGAIN_S)
    return code


def described(code: int) -> str:
    """An exit code as people say it."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _fact(code: int, deaths: int) -> str:
    return f"ended ({described(code)})" if deaths == 1 else f"ended {deaths} times within a minute (at last: {described(code)})"
