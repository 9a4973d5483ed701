"""The API documents of the three services tell what a caller gets without the key, and in which form."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.intake.__main__ import create_app as intake
from services.intake.settings import IntakeSettings
from services.processing.app import create_app as worker
from services.processing.http import create_api
from services.processing.settings import ProcessingSettings
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting
from services.reporting.http.app import create_app as reporting
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.read_model.store import open_engine
from shared import catalogue
from shared.service.clock import system_clock

KEY = SecretStr("a-key-for-tests-only")
PROBLEM = "application/problem+json"


def _reporting() -> FastAPI:
    engine = open_engine("sqlite+aiosqlite:///:memory:")
    gauges = FigureGauges(engine, system_clock, None)
    return reporting(
        Reporting(engine, catalogue.load(), system_clock, KEY, ProjectorHealth(), CollectorRegistry(), gauges)
    )


SERVICES = {
    "intake": lambda: intake(IntakeSettings(api_key=KEY)),
    "processing": lambda: create_api(worker(ProcessingSettings(api_key=KEY))),
    "reporting": _reporting,
}


OPEN = {"post /v1/look-up"}  # by whoever holds a slip


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]().openapi()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method} {path}", operation


def test_every_guarded_operation_tells_that_it_needs_the_key(document: dict[str, Any]) -> None:
    calls = {name: operation for name, operation in _operations(document) if " /v1/" in name}
    assert [name for name, operation in calls.items() if not operation.get("security")] == [
        name for name in calls if name in OPEN
    ]
    guarded = {name: operation["responses"] for name, operation in calls.items() if name not in OPEN}
    assert guarded
    assert [
        name for name, responses in guarded.items() if PROBLEM not in responses.get("401", {}).get("content", {})
    ] == []


def test_every_refusal_is_told_as_the_problem_it_is(document: dict[str, Any]) -> None:
    others = [
        (name, status)
        for name, operation in _operations(document)
        for status, response in operation["responses"].items()
        if status.startswith(("4", "5")) and list(response.get("content", {})) != [PROBLEM] and "/healthz/" not in name
    ]
    assert others == []


def test_metrics_and_streams_are_told_in_their_own_media_type(document: dict[str, Any]) -> None:
    media = {
        name: set(operation["responses"].get("200", {}).get("content", {})) for name, operation in _operations(document)
    }
    assert [found.startswith("application/openmetrics-text") for found in media["get /metrics"]] == [True]
    for name in ("get /v1/log", "get /v1/ledger", "get /v1/consistency"):
        assert media.get(name, {"application/x-ndjson"}) == {"application/x-ndjson"}


def test_every_json_answer_is_a_message_that_is_declared(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    answers = [
        (name, status, content["schema"])
        for name, operation in _operations(document)
        for status, response in operation["responses"].items()
        for media, content in response.get("content", {}).items()
        if media.endswith("json") and not media.endswith("x-ndjson")
    ]
    assert answers
    for name, status, schema in answers:
        reference = schema.get("items", schema).get("$ref", "")
        assert reference.rpartition("/")[2] in schemas, f"{name} {status}: {schema}"


def test_every_member_and_every_parameter_is_described(document: dict[str, Any]) -> None:
    bare = [
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, said in schema.get("properties", {}).items()
        if not said.get("description")
    ]
    bare += [
        f"{name} {parameter['name']}"
        for name, operation in _operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert bare == []
