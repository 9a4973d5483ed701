"""The three services as the fuzz meets them: over HTTP, with a database and without a broker."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.processing.app import create_app as worker
from services.processing.http import create_api
from services.processing.settings import ProcessingSettings
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.pages.routes import add_pages
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.service.clock import system_clock
from shared.service.run import Server
from tests.support.ports import free_port_base
from tests.support.service import KEY, service
from tests.support.wait import wait_until

Serve = Callable[[FastAPI], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where they listen."""

    intake: str
    processing: str
    reporting: str


@contextmanager
def targets(folder: Path) -> Iterator[Targets]:
    """Intake in a process of its own, for it commits what is sent; the others in threads."""
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
        "MAX_REQUESTS_PER_SECOND": "100000",
    }
    with ExitStack() as stack:
        intake = stack.enter_context(service("intake", free_port_base(1), environment, folder / "log"))
        processing = stack.enter_context(_in_a_thread(_process))
        reporting = stack.enter_context(_in_a_thread(lambda serve: _report(folder, serve)))
        yield Targets(intake.url, processing, reporting)


@contextmanager
def _in_a_thread(run: Callable[[Serve], Coroutine[Any, Any, None]]) -> Iterator[str]:
    port, servers = free_port_base(1), list[Server]()

    async def serve(application: FastAPI) -> None:
        servers.append(Server(application, host="127.0.0.1", port=port, grace_seconds=2))
        await servers[0].serve()

    thread = threading.Thread(target=lambda: asyncio.run(run(serve)))
    thread.start()
    try:
        wait_until(lambda: servers and servers[0].started, 30, "the service listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()


async def _process(serve: Serve) -> None:
    await serve(create_api(worker(ProcessingSettings(api_key=SecretStr(KEY)))))


async def _report(folder: Path, serve: Serve) -> None:
    """Over an empty read model; without a broker it is never ready."""
    engine = open_engine(f"sqlite+aiosqlite:///{folder}/reporting.db")
    await migrate(engine)
    reporting = Reporting(
        engine,
        catalogue.load(),
        system_clock,
        SecretStr(KEY),
        ProjectorHealth(assigned=True),
        CollectorRegistry(),
        FigureGauges(engine, system_clock, None),
    )
    await serve(add_pages(create_app(reporting), reporting))
    await engine.dispose()
