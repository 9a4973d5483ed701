"""How often somebody may guess at a key: each peer for itself, so that nobody keeps others from signing in."""

import math
import time
from collections import OrderedDict, deque

from fastapi import Request

from shared.service.peers import peer_of

MOST_WRONG, WITHIN_S = 20, 60.0
MOST_PEERS = 4_096


class WrongKeys:
    """The wrong keys of the last minute, by peer.

    Only the last `MOST_PEERS` peers are remembered, so memory is bounded: whoever guesses from more addresses than that
    still guesses at a key of 16 characters at least.
    """

    def __init__(self) -> None:
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def must_wait_s(self, request: Request) -> int:
        """How long no key that could be guessed is looked at from there; 0 for not at all."""
        at = self._at.get(peer_of(request).site)
        if at is None or len(at) < MOST_WRONG:
            return 0
        return max(0, math.ceil(at[0] + WITHIN_S - time.monotonic()))

    def count(self, request: Request) -> None:
        """One was given."""
        site = peer_of(request).site
        self._at.setdefault(site, deque(maxlen=MOST_WRONG)).append(time.monotonic())
        self._at.move_to_end(site)
        while len(self._at) > MOST_PEERS:
            self._at.popitem(last=False)

    def __len__(self) -> int:
        return len(self._at)
