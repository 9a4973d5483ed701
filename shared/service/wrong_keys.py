"""How often somebody may guess at a key: each peer for itself, so that nobody keeps others from signing in."""

import ipaddress
import math
import time
from collections import OrderedDict, deque

from fastapi import Request

MOST_WRONG, WITHIN_S = 20, 60.0
MOST_PEERS = 4_096
_NETWORK_BITS = 64  # of IPv6: what one subscriber has


class WrongKeys:
    """The wrong keys of the last minute, by peer.

    Only the last `MOST_PEERS` peers are remembered: memory is bounded, and whoever guesses from more addresses than
    that still meets a key that can't be guessed (16 characters at least).
    """

    def __init__(self) -> None:
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def must_wait_s(self, request: Request) -> int:
        """How long no key that can be guessed is looked at from there; 0 for not at all."""
        at = self._at.get(_peer(request))
        if at is None or len(at) < MOST_WRONG:
            return 0
        return max(0, math.ceil(at[0] + WITHIN_S - time.monotonic()))

    def count(self, request: Request) -> None:
        """One was given."""
        peer = _peer(request)
        self._at.setdefault(peer, deque(maxlen=MOST_WRONG)).append(time.monotonic())
        self._at.move_to_end(peer)
        while len(self._at) > MOST_PEERS:
            self._at.popitem(last=False)

    def __len__(self) -> int:
        return len(self._at)


def _peer(request: Request) -> str:
    """Its address, for IPv6 its network."""
    host = "" if request.client is None else request.client.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))
