"""Waiting for a condition with a deadline: the one way tests wait, for nobody knows how long a machine takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

LOOK_AGAIN_S = 0.02
LOOK_AGAIN_SHARE = 0.05  # of the time waited so far: a long wait takes no time from what it waits for
Answer = TypeVar("Answer")


def wait_until(condition: Callable[[], Answer], within: float, what: str) -> Answer:
    """The condition's first true answer; AssertionError with `what` when there is none in time."""
    began = time.monotonic()
    while not (answer := condition()):
        waited = time.monotonic() - began
        assert waited < within, f"not within {within} s: {what} (last answer: {answer!r})"
        time.sleep(max(LOOK_AGAIN_S, LOOK_AGAIN_SHARE * waited))
    return answer


async def wait_until_async(condition: Callable[[], Awaitable[Answer]], within: float, what: str) -> Answer:
    """As `wait_until`, for conditions to await, and where the test's event loop must go on meanwhile."""
    began = time.monotonic()
    while not (answer := await condition()):
        waited = time.monotonic() - began
        assert waited < within, f"not within {within} s: {what} (last answer: {answer!r})"
        await asyncio.sleep(max(LOOK_AGAIN_S, LOOK_AGAIN_SHARE * waited))
    return answer
