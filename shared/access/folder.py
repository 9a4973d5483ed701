"""The folder of keys: `keys.json`, which the command line writes and every service reads, and when each was last used.

The files hold digests and no secrets, and are their owner's only all the same: they say who may do what.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from shared.access.keys import ApiKey, Keys
from shared.domain.errors import Refusal

KEYS, LOCK, USED = "keys.json", "keys.lock", "used-"
MOST_BYTES = 16 << 20
VERSION = 1


class BrokenKeys(Exception):
    """The file of keys can't be used; the message says why and what to do."""


class KeysDocument(Struct, frozen=True):
    """What `keys.json` holds."""

    version: int
    keys: tuple[ApiKey, ...]


class KeyFolder:
    """The files of one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / KEYS

    def read(self) -> Keys:
        """The keys there are; none where there is no file yet. Raises BrokenKeys."""
        try:
            with self.file.open("rb") as opened:
                self._check_writers(os.fstat(opened.fileno()).st_mode)
                content = opened.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise BrokenKeys(f"{self.file} is longer than {MOST_BYTES:,} bytes: it is no file of keys")
            document = msgspec.json.decode(content, type=KeysDocument)
            if document.version != VERSION:
                raise BrokenKeys(f"{self.file} is of version {document.version}, and this version reads {VERSION}")
            return Keys(document.keys)
        except FileNotFoundError:
            return Keys()
        except OSError as error:
            raise BrokenKeys(f"{self.file} can't be read: {error.strerror or error}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Refusal) as error:
            raise BrokenKeys(
                f"{self.file} can't be used ({error}): bring back the last good one, or move it away and make new keys "
                "with `motcua keys create`"
            ) from error

    def _check_writers(self, mode: int) -> None:
        """Refuses what anybody on the machine may write: whoever writes it is admin. Raises BrokenKeys, OSError."""
        of_folder = self.path.stat().st_mode
        if mode & stat.S_IWOTH:
            raise BrokenKeys(
                f"{self.file} may be written by everybody: run `chmod o-w {self.file}`, and look through it"
            )
        if of_folder & stat.S_IWOTH and not of_folder & stat.S_ISVTX:
            raise BrokenKeys(
                f"files in {self.path} may be replaced by everybody: run `chmod o-w {self.path}`, and look who is in "
                f"{KEYS}"
            )

    def stamp(self) -> tuple[int, int, int] | None:
        """What changes whenever the file is replaced or written; None where there is none."""
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    @contextmanager
    def changing(self) -> Iterator[dict[str, ApiKey]]:
        """The keys by id, to be changed by nobody else meanwhile; what is there at the end is written, whole or not at
        all. Raises BrokenKeys, and OSError where the folder can't be written."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = {key.id: key for key in self.read().all}
            before = dict(keys)
            yield keys
            if keys != before:
                document = KeysDocument(VERSION, tuple(keys.values()))
                self._replace(KEYS, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
        finally:
            os.close(lock)

    def last_used(self) -> dict[str, datetime]:
        """When each key was last used, by id, as far as the services could note it."""
        latest: dict[str, datetime] = {}
        for file in sorted(self.path.glob(f"{USED}*.json")):
            for key_id, at in self._used_in(file).items():
                latest[key_id] = max(at, latest.get(key_id, at))
        return latest

    def note_used(self, by: str, used: Mapping[str, datetime]) -> None:
        """Keep what a service saw used, with what it kept before. Raises OSError where the folder can't be written."""
        name = f"{USED}{by}.json"
        latest = {**self._used_in(self.path / name), **used}
        self._replace(name, msgspec.json.encode(latest))

    def _used_in(self, file: Path) -> dict[str, datetime]:
        try:
            return msgspec.json.decode(file.read_bytes(), type=dict[str, datetime])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):  # a note: what is lost of it is noted again
            return {}

    def _replace(self, name: str, content: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.path, prefix=f".{name}-", delete=False) as made:  # 0600
            try:
                made.write(content)
                made.flush()
                os.fsync(made.fileno())
                Path(made.name).replace(self.path / name)
            except BaseException:
                Path(made.name).unlink(missing_ok=True)
                raise
