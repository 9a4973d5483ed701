"""How long a service waits: between two tries, until something happens, and while records in a row can't be used."""

import asyncio
from dataclasses import dataclass, field

UNPAUSED_POISON, LONGEST_POISON_PAUSE_S = 100, 5.0


@dataclass(slots=True)
class Backoff:
    """The pauses between tries: each twice as long as the one before, up to the longest, until one succeeds."""

    first_s: float = 0.1
    longest_s: float = 5.0
    _failures: int = field(default=0, init=False)

    def next_s(self) -> float:
        """The pause after one more failure."""
        pause = min(self.first_s * 2.0 ** min(self._failures, 30), self.longest_s)
        self._failures += 1
        return pause

    def reset(self) -> None:
        """A try succeeded: the next pause is the shortest again."""
        self._failures = 0


async def wait_until(event: asyncio.Event, at_most_s: float) -> None:
    """Wait until the event is set, or for so long."""
    if at_most_s <= 0 or event.is_set():
        return
    try:
        async with asyncio.timeout(at_most_s):
            await event.wait()
    except TimeoutError:
        return


def poison_pause_s(unusable_in_a_row: int) -> float:
    """The pause after a batch of which records became dead letters.

    So many in a row may mean that this reader is wrong: somebody gets time to look before the dead letters fill.
    """
    return 0.0 if unusable_in_a_row <= UNPAUSED_POISON else min(LONGEST_POISON_PAUSE_S, unusable_in_a_row / 1000)
