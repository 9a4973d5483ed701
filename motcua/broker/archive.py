"""Makes the archive of the broker's classes, at set-up: one trial run whose JVM writes it when it ends."""

import socket
import tempfile
from pathlib import Path

from motcua.broker.config import NodeConfig
from motcua.broker.launch import Launcher
from motcua.broker.node import prepare_with

WRITE_WITHIN_S = 60.0


def ensure_archive(launcher: Launcher) -> bool:
    """Whether the archive is there now; a Java that cannot write one is no error, its starts only take longer."""
    if launcher.archive.exists():
        return True
    with tempfile.TemporaryDirectory(prefix="archive-", dir=launcher.jars.parent) as scratch:
        draft = Path(scratch) / launcher.archive.name
        port, controller_port = _two_free_ports()
        node = prepare_with(launcher, NodeConfig(Path(scratch) / "kafka", port, controller_port), write_archive=draft)
        try:
            node.start()
        finally:
            node.stop(WRITE_WITHIN_S)
        if draft.exists():
            draft.rename(launcher.archive)
    return launcher.archive.exists()


def _two_free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]
