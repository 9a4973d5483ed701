"""The clock port: one per process, so that tests and the demo can say what time it is."""

from collections.abc import Callable
from datetime import datetime

from shared.domain.localtime import LOCAL, local

Clock = Callable[[], datetime]
SYSTEM = "system"


def system_clock() -> datetime:
    """Now, in local time."""
    return datetime.now(LOCAL)


def clock_from(setting: str) -> Clock:
    """The clock a setting names: `system`, or an ISO 8601 instant at which the clock stands still (the demo's year)."""
    if setting == SYSTEM:
        return system_clock
    fixed = local(datetime.fromisoformat(setting))
    return lambda: fixed
