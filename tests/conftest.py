"""What tests share: what is made once, and servers, each real and stopped by the fixture that started it."""

import asyncio
import gc
import inspect
import os
import pickle
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

import psutil
import pytest
import structlog
from hypothesis import HealthCheck, settings

from motcua.stack.broker import Node
from motcua.stack.generate.year import GeneratedYear, generate_file
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.catalogue import Catalogue
from tests.support.broker import KeptBroker, embedded_broker, own_broker, shared_broker
from tests.support.ports import free_port_base
from tests.support.postgres import NewDatabase, postgres_server
from tests.support.stack import RunningStack, start_stack

# Property tests judge results, not how fast a shared machine gave them.
settings.register_profile("motcua", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("motcua")

SERVERS = frozenset(
    {"_kept_broker", "broker", "fresh_node", "module_broker", "_new_postgres_database", "stack", "module_stack"}
)
STARTS_ONE = frozenset({"service", "start_stack", "embedded_broker", "own_broker"})
LONGEST_FIRST = ("tests/faults", "tests/e2e", "tests/processing", "tests/reporting", "tests/stack")

IN_MEMORY = Path("/dev/shm")  # half the suite's time would be waiting for a disk; tests kill processes, not machines
ROOM_IN_MEMORY = 14 * 1024**3  # half of it for files, half for servers
OWN_FOLDER = "motcua-tests-"


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files in memory where there is room, unless TMPDIR says where; Ctrl-C as people know it."""
    if "TMPDIR" not in os.environ and IN_MEMORY.is_dir():
        _forget_ended_runs()
        if min(shutil.disk_usage(IN_MEMORY).free, psutil.virtual_memory().available) >= ROOM_IN_MEMORY:
            own = IN_MEMORY / f"{OWN_FOLDER}{os.getpid()}"
            own.mkdir()
            config.add_cleanup(lambda: shutil.rmtree(own, ignore_errors=True))
            os.environ["TMPDIR"] = tempfile.tempdir = str(own)
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # a shell's background job; what tests start would ignore Ctrl-C too
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _forget_ended_runs() -> None:
    """What a run that was killed left in memory is gone with the next one; else nobody would free it."""
    for left in IN_MEMORY.glob(f"{OWN_FOLDER}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(OWN_FOLDER))):
            shutil.rmtree(left, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `make check` can leave it out;
    and put long files first, so that no worker ends with one."""
    for item in items:
        if isinstance(item, pytest.Function) and _needs_a_server(item):
            item.add_marker(pytest.mark.server)
    items.sort(
        key=lambda item: next(
            (rank for rank, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start)), len(LONGEST_FIRST)
        )
    )


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, not each time among thousands of tests and all that was imported:
    a seventh less time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)


def pytest_sessionfinish() -> None:
    """One look for what was left open; pytest itself would look through everything five times over."""
    gc.collect()
    gc.freeze()


def _needs_a_server(item: pytest.Function) -> bool:
    """By its marks, by the fixtures it asks for, or because it or one of them starts a process of ours itself."""
    fixtures = [
        fixture.func for name in item.fixturenames for fixture in item._fixtureinfo.name2fixturedefs.get(name, ())
    ]
    codes = [getattr(inspect.unwrap(function), "__code__", None) for function in (item.function, *fixtures)]
    marked = item.path.parent.name == "e2e" or any(
        mark.name in ("broker", "postgres", "e2e") for mark in item.iter_markers()
    )
    return (
        marked
        or not SERVERS.isdisjoint(item.fixturenames)
        or any(code and not STARTS_ONE.isdisjoint(code.co_names) for code in codes)
    )


@pytest.fixture(scope="session")
def tra_vinh(tmp_path_factory: pytest.TempPathFactory) -> GeneratedYear:
    """The year 2023 of Trà Vinh, made once for all processes of a run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    kept = folder / "tra-vinh-2023.pickle"
    with (folder / "tra-vinh-2023.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(generate_file("tra-vinh-2023", folder / "tra-vinh-2023.ndjson")))
    summary: GeneratedYear = pickle.loads(kept.read_bytes())
    return summary


@pytest.fixture(scope="session")
def tra_vinh_file(tra_vinh: GeneratedYear) -> Path:
    return tra_vinh.output


@pytest.fixture(scope="session")
def empty_read_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy: migrating takes longer than many a test."""
    file = tmp_path_factory.mktemp("empty") / "reporting.db"
    asyncio.run(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def empty_read_model_on_postgres(_new_postgres_database: NewDatabase) -> str:
    """The URL of a PostgreSQL database to copy, likewise."""
    url = _new_postgres_database()
    asyncio.run(_migrated(url))
    return url


async def _migrated(url: str) -> None:
    opened = open_engine(url)
    await migrate(opened)
    await opened.dispose()


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    return catalogue.load()


@pytest.fixture(autouse=True)
def _log_as_it_comes() -> Iterator[None]:
    """A test that captures the log leaves structlog configured: applications in later tests would write theirs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of a broker shared by the whole session."""
    with shared_broker(tmp_path_factory.mktemp("broker")) as bootstrap:
        yield bootstrap


@pytest.fixture
def fresh_node(tmp_path: Path) -> Iterator[Node]:
    """An embedded broker of the test's own, to stop, kill and start again."""
    with embedded_broker(tmp_path / "kafka") as node:
        yield node


@pytest.fixture(scope="session")
def _kept_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptBroker]:
    kept = KeptBroker(tmp_path_factory.mktemp("kafka"))
    yield kept
    kept.stop()


@pytest.fixture
def fresh_broker(_kept_broker: KeptBroker) -> str:
    """The bootstrap address of an empty broker, which the test must not stop."""
    return _kept_broker.empty()


@pytest.fixture(scope="module")
def module_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of an empty broker of the module's own."""
    with own_broker(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def _new_postgres_database() -> Iterator[NewDatabase]:
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a Unix socket's path has room for 107 bytes
    with postgres_server(folder) as new_database:
        yield new_database
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(_new_postgres_database: NewDatabase) -> str:
    """The SQLAlchemy URL (asyncpg) of an empty PostgreSQL database of the test's own."""
    return _new_postgres_database()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    """The whole stack on an empty data folder; stopped at the end, and stopping must go well."""
    with _stack_in(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One for a module's tests, each with dossiers of its own."""
    with _stack_in(tmp_path_factory.mktemp("module")) as running:
        yield running


@contextmanager
def _stack_in(folder: Path) -> Iterator[RunningStack]:
    running = start_stack(folder / "stack", free_port_base())
    try:
        yield running
        if running.process.poll() is None:
            assert running.stop() == 0, (running.data_dir / "up.err").read_text()
    finally:
        running.kill()
