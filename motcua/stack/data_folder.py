"""A stack's data folder, ports and key: where they are, and how a starting stack makes them its own."""

import asyncio
import base64
import fcntl
import os
import secrets
import socket
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from motcua.files import writing
from motcua.stack.failures import DataDirInUse, DataDirUnusable, PortInUse, StackFailure
from shared.access.folder import BrokenKeys, KeyFolder
from shared.access.keys import Keys, new_key
from shared.access.roles import EVERYTHING, Grant, Role
from shared.auditing.file import BrokenAudit
from shared.auditing.key_changes import changing_keys
from shared.service.clock import system_clock

SERVICES = ("intake", "processing", "reporting")
HOST = "127.0.0.1"
PORT_FREE_WITHIN_S = 2.0
LOOK_AGAIN_S = 0.1
KEY_BYTES = 24
MASTER_KEY_BYTES = 32
OTHERS = 0o077
KEPT = (
    "key",
    "keys",
    "access",
    "applicants.key",
    "lock",
    "stack.json",
    "logs",
    "run",
    "kafka",
    "*.db",
    "*.db-*",
    "*.ndjson*",
)


class StackLayout:
    """Where a stack keeps its files, and its ports: the services on base+1, +2 and +3, the broker above them."""

    def __init__(self, data_dir: Path, port_base: int) -> None:
        self.data_dir = data_dir
        self.ports = {service: port_base + offset for offset, service in enumerate(SERVICES, start=1)}
        self.broker_ports = {"the broker": port_base + 4, "the broker's controller": port_base + 5}
        self.urls = {service: f"http://{HOST}:{port}" for service, port in self.ports.items()}
        self.key_file = data_dir / "key"  # made once
        self.applicants_key_file = data_dir / "applicants.key"  # made once
        self.erasures_file = data_dir / "erasures.ndjson"
        self.stack_file = data_dir / "stack.json"  # what runs here, while it runs
        self.access_dir = Path(os.environ.get("MOTCUA_ACCESS_DIR") or data_dir / "access").absolute()  # `motcua keys`
        self.lock_file = data_dir / "lock"  # held while a stack runs on this folder
        self.broker_dir = data_dir / "kafka"

    def role_key_file(self, role: Role) -> Path:
        """Where the token of a key of the role is kept."""
        return self.data_dir / "keys" / role

    def log(self, part: str) -> Path:
        """What a part prints."""
        return self.data_dir / "logs" / f"{part}.log"

    def run_dir(self, part: str) -> Path:
        """The folder a part runs in: what it writes without being told where stays within the data folder."""
        return self.data_dir / "run" / part

    def database_url(self, service: str) -> str:
        return f"sqlite+aiosqlite:///{self.data_dir / service}.db"


def lock_folder(lock_file: Path) -> TextIO:
    """Hold the folder until the file is closed or this process is gone: a killed stack leaves nothing to clean up."""
    try:
        lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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


def make_private(data_dir: Path) -> None:
    """The folder, what a stack keeps in it and what this process and its children make are their owner's only."""
    os.umask(OTHERS)
    try:
        if data_dir.stat().st_mode & stat.S_ISVTX:
            raise DataDirUnusable(data_dir, PermissionError(0, "it is shared by all users"))
        _withhold(data_dir)
        for name in KEPT:
            for path in data_dir.glob(name):
                _withhold(path)
                for inner in path.rglob("*") if path.is_dir() else ():
                    _withhold(inner)
    except OSError as error:
        raise DataDirUnusable(data_dir, error) from error


def _withhold(path: Path) -> None:
    """Take from others what they may do with it."""
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & OTHERS and not path.is_symlink():
        path.chmod(mode & ~OTHERS)


def make_access_folder(folder: Path) -> None:
    """Where `motcua keys` keeps keys, for their owner only."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirUnusable(folder, error) from error


async def claim_ports(ports: Mapping[str, int]) -> None:
    """Refuse a port somebody listens on; what a killed stack left behind gets a moment to go."""
    deadline = time.monotonic() + PORT_FREE_WITHIN_S
    for part, port in ports.items():
        while not _free(port):
            if time.monotonic() > deadline:
                raise PortInUse(part, port)
            await asyncio.sleep(LOOK_AGAIN_S)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def keep_key(key_file: Path) -> str:
    """The stack's API key: made at the first start, readable by its owner only."""
    return _kept(key_file, lambda: secrets.token_urlsafe(KEY_BYTES))


def keep_master_key(key_file: Path) -> None:
    """The master key of applicants' details: the same; without it what is kept of them can't be read again."""
    _kept(key_file, lambda: base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)).decode())


def _kept(key_file: Path, new_key: Callable[[], str]) -> str:
    try:
        return key_file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        key = new_key()
        with writing(key_file, private=True) as file:
            file.write(f"{key}\n".encode())
        return key
    except (OSError, UnicodeDecodeError) as error:
        raise StackFailure(
            f"{key_file} holds no key that can be read ({error}); remove it, and a new one is made"
        ) from error


def keep_key_for(role: Role, layout: StackLayout) -> str:
    """The token of a key of the role for all departments: made at the first start, and anew when it no longer holds."""
    file, now = layout.role_key_file(role), system_clock()
    try:
        with changing_keys(KeyFolder(layout.access_dir), "motcua", now) as keys:
            token = file.read_text(encoding="ascii").strip() if file.exists() else ""
            if Keys(keys.values()).of_token(token, now) is None:
                key, token = new_key(f"the stack's {role}", [Grant(role, EVERYTHING)], now, by="motcua")
                keys[key.id] = key
                file.parent.mkdir(mode=0o700, exist_ok=True)
                with writing(file, private=True) as written:
                    written.write(f"{token}\n".encode())
    except (OSError, UnicodeDecodeError, BrokenKeys, BrokenAudit) as error:
        raise StackFailure(f"no key of the role {role} can be kept: {error}") from error
    return token
