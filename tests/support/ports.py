"""Free ports for servers that tests start."""

import random
import socket

STACK_PORTS = 6
FIRST, LAST = 20_000, 32_000  # below the range from which the kernel serves outgoing connections
ATTEMPTS = 500


def free_port_base(count: int = STACK_PORTS) -> int:
    """The first of so many neighbouring ports on which nobody listens; drawn at random, for suites may run side by side."""
    for _ in range(ATTEMPTS):
        base = random.randrange(FIRST, LAST, STACK_PORTS)
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
