"""Copies of what can't be made anew, taken while the services run: both databases, and the folder of keys."""

import os
import shutil
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import URL, make_url

from motcua.failure import Failure

PAGES_AT_ONCE = 2_000
PAUSE_S = 0.005  # between them others may write
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
PARTIAL = ".partial"
ERRORS_SHOWN = 300


class BackedUp(NamedTuple):
    """What is backed up: a database by its URL, or a folder."""

    name: str
    where: str | Path

    @property
    def suffix(self) -> str:
        """How the copy's name ends."""
        if isinstance(self.where, Path):
            return ".tar"
        return ".db" if make_url(self.where).get_backend_name() == "sqlite" else ".dump"


class Copied(NamedTuple):
    """A copy that was made."""

    name: str
    path: Path
    size_bytes: int


def back_up(sources: list[BackedUp], folder: Path, now: datetime, keep: int) -> Iterator[Copied]:
    """Copy each, whole or not at all, and remove all but the newest `keep` copies of it. Raises a Failure."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    for source in sources:
        path = folder / f"{source.name}-{now:%Y%m%dT%H%M%S}{source.suffix}"
        partial = path.with_name(path.name + PARTIAL)
        try:
            partial.touch(PRIVATE_FILE)
            _copy(source)(partial)
            with partial.open("rb+") as written:
                os.fsync(written.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        yield Copied(source.name, path, path.stat().st_size)
        for old in sorted(folder.glob(f"{source.name}-*{source.suffix}"))[:-keep]:
            old.unlink()


def _copy(source: BackedUp) -> Callable[[Path], None]:
    where = source.where
    if isinstance(where, Path):
        return lambda target: _pack(where, target)
    url = make_url(where)
    if url.get_backend_name() == "sqlite":
        return lambda target: _copy_sqlite(Path(url.database or ""), target)
    return lambda target: _dump(url, target)


def _copy_sqlite(database: Path, target: Path) -> None:
    """By SQLite's own online backup, page by page while the service writes; then the copy is looked through."""
    if not database.exists():
        raise Failure(f"there is no database {database}; is …_DATABASE_URL the service's own, and this its folder?")
    try:
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy, pages=PAGES_AT_ONCE, sleep=PAUSE_S)
            copy.execute("PRAGMA journal_mode = DELETE")
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as trouble:
        raise Failure(f"{database} can't be copied: {trouble}") from trouble
    if verdict != "ok":
        raise Failure(f"{database} is damaged ({verdict}); keep the last good copy, and see the runbook")


def _dump(url: URL, target: Path) -> None:
    """By pg_dump, in one transaction while the service writes. The password does not stand on the command line."""
    if (pg_dump := shutil.which("pg_dump")) is None:
        raise Failure("there is no pg_dump on the path; install the client programs of PostgreSQL (postgresql-client)")
    address = url.set(drivername="postgresql", password=None).render_as_string()
    environment = os.environ | ({} if url.password is None else {"PGPASSWORD": str(url.password)})
    command = [pg_dump, "--format=custom", "--no-owner", f"--file={target}", f"--dbname={address}"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Failure(f"pg_dump of {url.host}/{url.database} ended with: {ended.stderr.strip()[:ERRORS_SHOWN]}")


def _pack(folder: Path, target: Path) -> None:
    """The folder as it stands: its files are replaced whole, so each is what it was at some moment."""
    if not folder.is_dir():
        raise Failure(f"there is no folder of keys {folder}")
    with tarfile.open(target, "w") as packed:
        packed.add(folder, folder.name)
