"""The sessions that were ended before their time: whoever kept their cookie gets in no more."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MOST_ENDED = 10_000


class EndedSessions:
    """Remembered for as long as their cookies would hold.

    With a file every process that shares it knows of them, and so does the next one; without, this process only.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._until: dict[str, int] = {}  # the first ended first

    def __contains__(self, session_id: str) -> bool:
        if self._file is not None and (state := _state(self._file)) is not None and state != self._seen:
            with _locked(self._file, fcntl.LOCK_SH) as file:
                self._until = _read(file)
            self._seen = state
        return session_id in self._until

    def add(self, session_id: str, until: int) -> None:
        """Remember it until then."""
        if self._file is None:
            self._until = _with(self._until, session_id, until)
            return
        with _locked(self._file, fcntl.LOCK_EX) as file:
            self._until = _with(_read(file), session_id, until)
            file.seek(0)
            file.writelines(f"{then} {ended}\n" for ended, then in self._until.items())
            file.truncate()


def _with(ended: dict[str, int], session_id: str, until: int) -> dict[str, int]:
    """Those that still matter and one more; the first ended are forgotten when there are too many."""
    now = time.time()
    kept = [(one, then) for one, then in ended.items() if then > now and one != session_id]
    return dict([*kept, (session_id, until)][-MOST_ENDED:])


def _read(file: IO[str]) -> dict[str, int]:
    lines = (line.split() for line in file)
    return {ended: int(until) for until, ended in lines}


def _state(file: Path) -> tuple[int, int] | None:
    try:
        state = file.stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_size


@contextmanager
def _locked(file: Path, how: int) -> Iterator[IO[str]]:
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii") as opened:
        fcntl.flock(opened, how)
        yield opened
