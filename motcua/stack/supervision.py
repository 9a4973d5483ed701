"""Keeps a child running: what ends is started again, after pauses that grow; the rest of the stack goes on meanwhile."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from motcua.child import Child
from motcua.failure import Failure
from motcua.stack.errors import Ended

LOOK_AGAIN_S = 0.1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 60.0  # whoever ran so long begins with the first pause again
FULL_BYTES = 16 << 20  # a broker and databases can't go on with less
Say = Callable[[str], None]
Prepare = Callable[[], object]


async def keep_running(child: Child, say: Say, *, restart: bool, prepare: Prepare | None = None) -> None:
    """Start it again whenever it ends, told when the pause has grown; without `restart` its end raises `Ended`.

    `prepare` is done before each start: what a start needs may have gone with what ended the child.
    """
    pause, told = FIRST_PAUSE_S, 0.0
    while True:
        started = time.monotonic()
        code = await exit_code(child)
        if not restart:
            raise Ended(child.name, described(code), child.log, child.tail())
        if time.monotonic() - started >= STEADY_S:
            pause, told = FIRST_PAUSE_S, 0.0
        if pause > told:
            say(f"{child.name} ended ({described(code)}); starting it again in {pause:.0f} s, the rest goes on. {last_words(child)}")
            told = pause
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)
        if prepare is not None:
            try:
                await asyncio.to_thread(prepare)
            except (Failure, OSError) as failure:
                say(f"{child.name} can't be prepared: {failure}")
        child.start()


async def exit_code(child: Child) -> int:
    """Wait until the child ends."""
    while (code := child.exit_code) is None:  # noqa: ASYNC110 - a process ending is no event
        await asyncio.sleep(LOOK_AGAIN_S)
    return code


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
