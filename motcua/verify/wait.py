"""Waiting for what the services do on their own: a condition, a deadline, growing pauses."""

import time
from collections.abc import Callable

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


def wait_until(reached: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition held before the deadline; it is asked at least once."""
    give_up_at = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while not reached():
        left = give_up_at - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    return True
