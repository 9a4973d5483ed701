"""A chain in a file of its own: that of the folder of keys, which no database keeps."""

import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from shared.auditing.entries import Actor, AuditEntry, ChainHead, sealed_entry
from shared.sealing import SEAL, NotSealed, opened

AUDIT_FILE = "audit.ndjson"
LONGEST_ENTRY = 64 * 1024


class BrokenAudit(Exception):
    """The last entry of the file can't be read, so that none can follow it; the message says what to do."""


def append_to(file: Path, chain: str, entry: AuditEntry, by: Actor, at: datetime) -> None:
    """Append an entry, on disk when this returns; several processes take turns. Raises BrokenAudit, OSError."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        body = sealed_entry(entry, by, chain, _head(file, descriptor), at).body + b"\n"
        size = os.fstat(descriptor).st_size
        try:
            _write_whole(descriptor, body)
        except OSError:
            os.ftruncate(descriptor, size)  # nothing of an entry that was not written whole stays
            raise
    finally:
        os.close(descriptor)


def lines_of(file: Path, *, missing_ok: bool = True) -> Iterator[bytes]:
    """Its entries; none where there is no file. Raises OSError."""
    try:
        with file.open("rb") as opened_file:
            yield from (line.removesuffix(b"\n") for line in opened_file)
    except FileNotFoundError:
        if not missing_ok:
            raise


def _write_whole(descriptor: int, body: bytes) -> None:
    if os.write(descriptor, body) < len(body):
        raise OSError("only a part of an entry was taken: is the disk full?")
    os.fsync(descriptor)


def _head(file: Path, descriptor: int) -> ChainHead:
    size = os.fstat(descriptor).st_size
    if size == 0:
        return ChainHead()
    *_, last, rest = b"\n", *os.pread(descriptor, LONGEST_ENTRY, max(0, size - LONGEST_ENTRY)).split(b"\n")
    try:
        entry = opened(last + rest)  # nothing stands behind the last line feed
        return ChainHead(entry["number"], entry[SEAL])
    except (NotSealed, KeyError) as broken:
        raise BrokenAudit(
            f"the last entry of {file} is not as it was written ({broken}): look at it with `motcua audit verify`, and "
            "move the file away to begin another one"
        ) from broken
