"""Requests made from the API documents, and made wrong on purpose:
no fault of ours, and no answer that the documents do not tell."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from services.reporting.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.service.clock import system_clock
from shared.service.run import Server
from tests.support.ports import free_port_base
from tests.support.service import HEADERS, KEY, service
from tests.support.wait import wait_until

FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
STREAM = "/v1/events"  # an answer without an end
FAULT = 500  # a documented 503 is none: there is no broker here
CHECKS = [status_code_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("intake")
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/intake.db",
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DRAIN_SECONDS": "0",
    }
    with service("intake", free_port_base(1), environment, folder / "log") as running:
        yield schemathesis.openapi.from_url(f"{running.url}/openapi.json")


@pytest.fixture(scope="module")
def reporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    port, servers = free_port_base(1), list[Server]()
    thread = threading.Thread(target=lambda: asyncio.run(_report(tmp_path_factory.mktemp("reporting"), port, servers)))
    thread.start()
    try:
        wait_until(lambda: servers and servers[0].started, 30, "reporting listens")
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()


async def _report(folder: Path, port: int, servers: list[Server]) -> None:
    """Reporting's HTTP side over an empty read model: without a broker, so never ready."""
    engine = open_engine(f"sqlite+aiosqlite:///{folder}/reporting.db")
    await migrate(engine)
    gauges = FigureGauges(engine, system_clock, None)
    app = create_app(
        Reporting(
            engine,
            catalogue.load(),
            system_clock,
            SecretStr(KEY),
            ProjectorHealth(assigned=True),
            CollectorRegistry(),
            gauges,
        )
    )
    servers.append(Server(app, host="127.0.0.1", port=port, grace_seconds=2))
    await servers[0].serve()
    await engine.dispose()


def _wrong_answers(document: Any) -> list[str]:
    """What was answered otherwise than the documents say, for right requests and for wrong ones."""
    wrong: list[str] = []
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.path == STREAM:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @FEW
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                answer = case.call(headers=HEADERS)
                if answer.status_code == FAULT:
                    wrong.append(f"{case.method} {answer.request.url}: {FAULT}")
                try:
                    case.validate_response(answer, checks=CHECKS)
                except FailureGroup as failures:
                    wrong.append(f"{case.method} {answer.request.url}: {answer.status_code}: {failures.exceptions[0]}")

            try:
                ask()
            except Unsatisfiable:
                continue  # nothing can be wrong where nothing is taken
    return wrong


@pytest.mark.slow
def test_intake_answers_as_its_documents_say(intake: Any) -> None:
    assert _wrong_answers(intake) == []


@pytest.mark.slow
def test_reporting_answers_as_its_documents_say(reporting: Any) -> None:
    assert _wrong_answers(reporting) == []
