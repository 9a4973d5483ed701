"""The file of erasures: what was erased stays erased when the database is restored from a backup made before."""

import fcntl
import os
from pathlib import Path

import msgspec

from shared.contract.http.applicants import Erasure

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Erasure).decode
OWNER_ONLY = 0o600


class ErasuresUnreadable(Exception):
    """The file holds something that is no erasure: what was erased is not known, and may not come back unseen."""


class ErasuresFile:
    """One erasure a line, appended and never changed; it holds no personal data."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Erasure]:
        """Every erasure, in order. What a crash left half written was never answered, and is passed over."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        *lines, _torn = content.split(b"\n")
        erasures = []
        for number, line in enumerate(lines, start=1):
            try:
                erasures.append(_decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
                raise ErasuresUnreadable(
                    f"line {number} of {self.path} is no erasure ({wrong}); restore the file from its backup, or "
                    "delete that line if you know what stood there"
                ) from wrong
        return erasures

    def append(self, erasures: list[Erasure]) -> None:
        """Write the erasures down; returns when they are on the disk. Raises OSError."""
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # other instances append, too
            written = self.path.read_bytes()
            os.ftruncate(descriptor, written.rfind(b"\n") + 1)  # what a crash left half written
            lines = b"".join(_encode(erasure) + b"\n" for erasure in erasures)
            while lines:
                lines = lines[os.write(descriptor, lines) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self.path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
