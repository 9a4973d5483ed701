"""Waiting for a condition with a deadline: the one way tests wait, for nobody knows how long a machine takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

LOOK_AGAIN_S = 0.02
Answer = TypeVar("Answer")


def wait_until(condition: Callable[[], Answer], within: float, what: str) -> Answer:
    """The condition's first true answer; AssertionError with `what` when there is none in time."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {what} (last answer: {answer!r})"
        time.sleep(LOOK_AGAIN_S)
    return answer


async def wait_until_async(condition: Callable[[], Awaitable[Answer]], within: float, what: str) -> Answer:
    """As `wait_until`, for conditions to await, and where the test's event loop must go on meanwhile."""
    deadline = time.monotonic() + within
    while not (answer := await condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {what} (last answer: {answer!r})"
        await asyncio.sleep(LOOK_AGAIN_S)
    return answer
