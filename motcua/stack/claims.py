"""What a stack claims before it starts: its data folder, its ports and its key."""

import asyncio
import fcntl
import os
import secrets
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from motcua.stack.errors import DataDirInUse, DataDirUnusable, PortInUse
from motcua.stack.layout import HOST

PORT_FREE_WITHIN_S = 2.0
LOOK_AGAIN_S = 0.1
KEY_BYTES = 24


def lock_folder(lock_file: Path) -> TextIO:
    """Hold the folder until the file is closed or this process is gone: a killed stack leaves nothing to clean up."""
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        held = lock_file.open("a+")
    except OSError as error:
        raise DataDirUnusable(lock_file.parent, error) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        holder = held.read().strip()
        held.close()
        raise DataDirInUse(lock_file.parent, holder) from None
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held


async def claim_ports(ports: Mapping[str, int]) -> None:
    """Refuse a port somebody listens on; what a killed stack left behind gets a moment to go."""
    deadline = time.monotonic() + PORT_FREE_WITHIN_S
    for part, port in ports.items():
        while not _free(port):
            if time.monotonic() > deadline:
                raise PortInUse(part, port)
            await asyncio.sleep(LOOK_AGAIN_S)


def keep_key(key_file: Path) -> str:
    """The stack's API key: made at the first start, readable by its owner only."""
    try:
        return key_file.read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(KEY_BYTES)
        write_private(key_file, key)
        return key


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text + "\n")
    draft.replace(path)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
