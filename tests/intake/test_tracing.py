"""Traces by OpenTelemetry: one event is followed from the request that brought it, over relay and worker, into the read
model; nothing in a trace tells who an applicant is; switched off, nothing of it is there."""

import asyncio
import base64
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.processing.changelog import Changelog
from services.processing.index import StatusIndex
from services.processing.metrics import ProcessingMetrics
from services.processing.partition import Partition
from services.processing.processor import Processor
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projector import Projector
from services.reporting.read_model.store import is_empty, migrate, open_engine
from services.reporting.settings import ReportingSettings
from shared.service import tracing
from shared.service.clock import system_clock
from tests.intake.conftest import Start
from tests.intake.sending import KEY
from tests.intake.test_kept_applicants import HOA
from tests.intake.test_log_and_topic import ON_SQLITE
from tests.intake.test_relay import PARTITIONS, all_relayed, arrived
from tests.processing.topics import publisher
from tests.support.wait import wait_until_async

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = {tracing.TRACEPARENT: f"00-{TRACE}-00f067aa0ba902b7-01"}
NEW = {
    "department": "H59.15",
    "procedure": "2.000635",
    "channel": "postal",
    "received_at": "2023-12-08T08:31:00+07:00",
    "applicant": "Nguyễn Thị Hoa",
}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.begin("tests", provider=provider)
    yield exporter
    tracing.end()


async def _process(broker: str) -> None:
    """What a worker does with the events that are there."""
    partitions = {number: Partition(lambda: StatusIndex(timedelta(hours=24))) for number in range(PARTITIONS)}
    async with publisher(broker) as started:
        connection = {"bootstrap_servers": broker}
        processor = Processor(
            partitions,
            changelog=Changelog(connection, system_clock, timedelta(days=30)),
            publisher=started,
            connection=connection,
            clock=system_clock,
            metrics=ProcessingMetrics(partitions),
            grace=timedelta(seconds=10),
            kafka_partitions=PARTITIONS,
        )
        await processor.handle(await arrived(broker))


async def _project(broker: str, folder: Path) -> None:
    """What reporting does with the statuses that are there."""
    url = f"sqlite+aiosqlite:///{folder}/reporting.db"
    engine, stopping = open_engine(url), asyncio.Event()
    settings = ReportingSettings(api_key=SecretStr(KEY), kafka_bootstrap=broker, database_url=url)
    try:
        await migrate(engine)
        metrics = PipelineMetrics(CollectorRegistry())
        running = asyncio.create_task(
            Projector(settings, engine, system_clock, ProjectorHealth(), metrics).run(stopping)
        )

        async def is_projected() -> bool:
            return not await is_empty(engine)

        await wait_until_async(is_projected, 30, "the dossier is projected")
        stopping.set()
        await running
    finally:
        await engine.dispose()


def _by_name(finished: tuple[ReadableSpan, ...]) -> dict[str, ReadableSpan]:
    return {
        span.name: span for span in finished if span.context is not None and span.context.trace_id == int(TRACE, 16)
    }


@ON_SQLITE
async def test_one_trace_leads_from_the_request_into_the_read_model(
    start: Start, fresh_broker: str, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with start(kafka_bootstrap=fresh_broker) as intake:
        await all_relayed(intake)
        answer = await intake.http.post("/v1/dossiers", json=NEW, headers=SENT)
        await intake.http.get("/v1/dossiers/H59.15-231208-0001?q=Nguyễn", headers=SENT)
        assert answer.status_code == 201, answer.text
        await all_relayed(intake)
        await _process(fresh_broker)
        await _project(fresh_broker, tmp_path)
        await intake.http.get("/metrics")
    found = _by_name(spans.get_finished_spans())
    assert set(found) >= {"POST /v1/dossiers", "commit", "relay", "processing", "projecting"}

    def parent(name: str) -> int | None:
        return None if (of := found[name].parent) is None else of.span_id

    def own(name: str) -> int:
        context = found[name].context
        assert context is not None
        return int(context.span_id)

    assert parent("POST /v1/dossiers") == int("00f067aa0ba902b7", 16)
    assert parent("commit") == parent("relay") == own("POST /v1/dossiers")
    assert (parent("processing"), parent("projecting")) == (own("relay"), own("processing"))
    of_commit = {span.name.split()[0] for span in spans.get_finished_spans() if _is_child(span, own("commit"))}
    of_projecting = {span.name.split()[0] for span in spans.get_finished_spans() if _is_child(span, own("projecting"))}
    assert "INSERT" in of_commit & of_projecting, (of_commit, of_projecting)
    told = " ".join(str(dict(span.attributes or {})) + span.name for span in spans.get_finished_spans())
    assert "Hoa" not in told
    assert "Nguy" not in told
    assert "/metrics" not in told


@ON_SQLITE
@pytest.mark.parametrize("table", ["event_log", "applicants"])
async def test_a_failed_statement_tells_its_kind_and_none_of_its_values(
    start: Start, spans: InMemorySpanExporter, tmp_path: Path, database_url: str, table: str
) -> None:
    """Neither the event nor the person's encrypted details and wrapped key: a collector forgets nobody."""
    keys = tmp_path / "applicants.key"
    keys.write_text(base64.b64encode(bytes(32)).decode())
    async with start(applicants_key_file=keys) as intake:
        with closing(sqlite3.connect(database_url.removeprefix("sqlite+aiosqlite:///"))) as database:
            database.execute(f"CREATE TRIGGER refuses BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
        answer = await intake.http.post("/v1/dossiers", json=NEW | {"applicant": HOA}, headers=SENT)
        assert answer.status_code >= 400, answer.text
    finished = spans.get_finished_spans()
    (commit,) = [span for span in finished if span.name == "commit"]
    assert (commit.attributes or {})["error.type"] == "IntegrityError"
    assert commit.status.status_code is StatusCode.ERROR
    assert {(len(span.events), span.status.description) for span in finished} == {(0, None)}
    everything = " ".join(span.to_json() for span in finished)
    assert f"INSERT INTO {table}" in everything
    for value in ("specversion", "[parameters", "H59.15-", "Traceback"):
        assert value not in everything, value


def _is_child(span: Any, of: int) -> bool:
    return span.parent is not None and span.parent.span_id == of


def test_switched_off_nothing_of_it_is_imported_and_nothing_is_carried() -> None:
    script = (
        "import sys; from shared.service import tracing, run; tracing.begin('intake', {}); "
        "assert not tracing.is_on(); assert tracing.sending('relay', ['e']) is None; tracing.remember(['e']); "
        "assert tracing.current_header() == {}; "
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


ENDING = """
import atexit, time
atexit.register(lambda: print(time.monotonic() - began))
from shared.service import tracing
tracing.begin("tests")
span = tracing.request_span(None)
span.end("GET", "/", 200, "id")
began = time.monotonic()
"""


def test_a_collector_that_hangs_does_not_hold_up_the_end() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as hangs:
        there = {tracing.ENDPOINT: f"http://127.0.0.1:{hangs.getsockname()[1]}"}
        ended = subprocess.run(
            [sys.executable, "-c", ENDING], env=os.environ | there, capture_output=True, text=True, check=True
        )
    assert 1 < float(ended.stdout) < 6, ended.stderr
