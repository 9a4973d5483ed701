"""What a worker answers over HTTP is its message: the ledger line by line, its probes, and its refusals."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import Struct
from pydantic import SecretStr

from services.processing.app import ProcessingApp, create_app
from services.processing.http import create_api
from services.processing.index import StatusIndex
from services.processing.ledger import LedgerEntry, step
from services.processing.partition import Partition
from services.processing.settings import ProcessingSettings
from shared.contract.envelope import encode
from shared.contract.http.service import HealthAnswer, ProblemDetails
from shared.contract.schemas import read_golden
from shared.contract.status import StatusV1
from tests.builders.times import at
from tests.processing.records import envelope

KEY = "a-key-for-this-test-only"
GOLDEN = read_golden()
NOW = at("2023-12-20 09:00")
LIFE = (
    ("received", "2023-12-08 08:31"),
    ("forwarded", "2023-12-08 09:00"),
    ("supplement_requested", "2023-12-08 10:00"),
    ("supplemented", "2023-12-11 10:00"),
)


@pytest.fixture
def worker() -> ProcessingApp:
    return create_app(ProcessingSettings(api_key=SecretStr(KEY)))


@pytest.fixture
async def client(worker: ProcessingApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_api(worker)), base_url="http://processing"
    ) as opened:
        yield opened


def holds(kind: type[Struct], name: str, body: bytes) -> Any:
    """The message, decoded as a client does it."""
    Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(msgspec.json.decode(body))
    message = msgspec.json.decode(body, type=kind)
    assert encode(message) == body
    return message


async def test_the_ledger_is_a_status_a_line(worker: ProcessingApp, client: httpx.AsyncClient) -> None:
    codes = [f"H59.15-231208-000{number}" for number in range(3)]
    partition = worker.partitions[0] = Partition(lambda: StatusIndex(timedelta(hours=24)))
    for code in codes:
        entry: LedgerEntry | None = None
        for number, (name, when) in enumerate(LIFE, 1):
            entry = step(entry, envelope(code, number, name, when))
        assert entry is not None
        partition.put(code, entry, NOW)
    answer = await client.get("/v1/ledger", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    statuses = [holds(StatusV1, "status.v1", line) for line in answer.content.splitlines()]
    assert [(status.code, status.sequence) for status in statuses] == [(code, len(LIFE)) for code in codes]


async def test_probes_and_refusals_are_messages_too(client: httpx.AsyncClient) -> None:
    assert holds(HealthAnswer, "http.health.v1", (await client.get("/healthz/live")).content).status == "ok"
    unready = await client.get("/healthz/ready")
    assert (unready.status_code, holds(HealthAnswer, "http.health.v1", unready.content).status) == (503, "not ready")
    assert holds(ProblemDetails, "http.problem.v1", (await client.get("/v1/ledger")).content).code == "unauthorized"
