"""Free ports for servers that tests start."""

import os
import random
import socket

STACK_PORTS = 6
FIRST, LAST = 20_000, 32_000  # below the range from which the kernel serves outgoing connections
WORKERS = 8  # of a run; each has ports of its own, for what another one is about to start listens nowhere yet
SLOTS = (LAST - FIRST) // WORKERS // STACK_PORTS


class _Slots:
    """A worker's slots of six ports, one after the other:
    a server that is down for a moment finds its port free when it comes back."""

    def __init__(self) -> None:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
        self._first = FIRST + worker * SLOTS * STACK_PORTS
        self._next = random.randrange(SLOTS)  # runs may go side by side

    def take(self, count: int) -> int:
        """The first port of so many neighbouring slots."""
        if self._next + count > SLOTS:
            self._next = 0
        port = self._first + self._next * STACK_PORTS
        self._next += count
        return port


_slots = _Slots()


def free_port_base(count: int = STACK_PORTS) -> int:
    """The first of so many neighbouring ports on which nobody listens."""
    for _ in range(SLOTS):
        base = _slots.take(-(-count // STACK_PORTS))
        if all(_free(port) for port in range(base, base + count)):
            return base
    message = f"no {count} neighbouring free ports between {FIRST} and {LAST}"
    raise RuntimeError(message)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
