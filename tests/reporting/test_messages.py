"""Every JSON answer is its message: as published, nothing lost to a client that decodes it,
every field named in the documents."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http import REPORTING
from shared.contract.schemas import read_golden
from shared.domain.columns import BY_KEY, SHARE_KEYS
from shared.domain.localtime import LOCAL
from tests.reporting.delivery import Topic
from tests.reporting.logged import an_office, log_of
from tests.reporting.published import PERIOD, reporting_of, small_office

KEY = "a-key-for-this-test-only"
NOW = datetime(2023, 2, 20, 9, 15, 30, 123456, tzinfo=LOCAL)
BEFORE = "2023-01-21T00:00:00%2B07:00"
GOLDEN = read_golden()


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    _, records = log_of(an_office(21))
    await Topic(engine).deliver(records)
    gauges = FigureGauges(engine, lambda: NOW, None)
    app = create_app(
        Reporting(
            engine, shipped, lambda: NOW, SecretStr(KEY), ProjectorHealth(assigned=True), CollectorRegistry(), gauges
        )
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers
    ) as opened:
        yield opened


def holds(name: str, body: bytes) -> Any:
    """The message, decoded as a client does it."""
    Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(msgspec.json.decode(body))
    message = msgspec.json.decode(body, type=REPORTING[name])
    assert encode(message) == body
    return message


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("http.figures.v1", "figures?by=department,channel"),
        ("http.figures.v1", f"figures?by=field&period=2023-Q1&tokens=none&as_known_at={BEFORE}"),
        ("http.changes.v1", f"figures/changes?as_known_at={BEFORE}"),
        ("http.definitions.v1", "figures/definitions?limit=3"),
        ("http.form.v1", "reports/ii06a"),
        ("http.form.v1", "reports/ii06a?by=field&period=2023-02"),
        ("http.attention.v1", "attention?within=90d"),
    ],
)
async def test_an_answer_is_its_message(client: httpx.AsyncClient, name: str, path: str) -> None:
    answer = await client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    holds(name, answer.content)


async def test_lists_behind_figures_are_their_message(client: httpx.AsyncClient) -> None:
    tokens = (await client.get("/v1/figures")).json()["tokens"]
    for column in ("received_total", "resolved_total", "in_progress_total"):
        page = holds(
            "http.dossiers.v1", (await client.get(f"/v1/figures/{tokens[f'total.{column}']}/dossiers?limit=5")).content
        )
        assert (page.figure, bool(page.dossiers)) == (column, True)


async def test_a_rebuild_and_a_check_are_told_in_their_messages(client: httpx.AsyncClient, engine: AsyncEngine) -> None:
    lines, _ = log_of(an_office(21))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE sums SET amount = amount + 2 WHERE measure = 1 AND span = 20230100"))
        await connection.execute(text("UPDATE dossiers SET flags = 1 WHERE code = (SELECT min(code) FROM dossiers)"))
    *found, last = (await client.get("/v1/consistency")).content.splitlines()
    wrong = [line for line in found if b"about" in line]
    assert len(wrong) == holds("http.consistency-end.v1", last).differences > 1
    for line in found:
        holds("http.consistency-difference.v1" if line in wrong else "http.consistency-progress.v1", line)
    begun = holds("http.rebuild.v1", (await client.post("/v1/rebuilds")).content)
    body = b"\n".join(encode(line) for line in lines)
    taken = holds(
        "http.rebuild.v1", (await client.post(f"/v1/rebuilds/{begun.id}/events?after=0", content=body)).content
    )
    assert (taken.events, taken.refused) == (len(lines), [])
    assert holds("http.rebuild.v1", (await client.post(f"/v1/rebuilds/{begun.id}/settled")).content).settled
    swapped = holds("http.swap.v1", (await client.post(f"/v1/rebuilds/{begun.id}/swap?dry_run=true")).content)
    assert (swapped.swapped, swapped.dossiers_differing) == (False, 1)


async def test_how_much_of_the_log_was_read_is_told_by_the_ledgers_marks(
    client: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """It does not shrink with what the model loses."""
    unknown = holds("http.read-model-head.v1", (await client.get("/v1/dossiers/head")).content)
    assert (unknown.events, unknown.log_events) == (None, None), "a partition has no mark"
    async with engine.begin() as connection:
        partitions = (await connection.execute(text("UPDATE offsets SET events = 3, number = 4"))).rowcount
        await connection.execute(text("DELETE FROM dossiers"))
    read = holds("http.read-model-head.v1", (await client.get("/v1/dossiers/head")).content)
    assert (read.events, read.log_events) == (3 * partitions, 4 * partitions)


async def test_publications_are_their_messages(engine: AsyncEngine, shipped: Catalogue) -> None:
    """Documents go out byte for byte, canonical; what a client decodes of them is all that they say."""
    office = small_office(engine, 21)
    await office.record(len(office.lines) // 2)
    note = {"cell": "total.received_total", "text": "Gồm hồ sơ cũ."}
    path = "/v1/publications"
    async with reporting_of(office, shipped) as publishing:
        answers = {"http.publication.v1": await publishing.post(path, json=PERIOD | {"notes": [note]})}
        await office.record(len(office.lines))
        answers["http.revision.v1"] = await publishing.post(f"{path}/1/revisions")
        answers["http.note.v1"] = await publishing.post(f"{path}/1/notes", json=note)
        for name, answer in answers.items():
            Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(answer.json())
            message = msgspec.json.decode(answer.content, type=REPORTING[name])
            assert msgspec.json.decode(encode(message)) == answer.json()
        for name, asked in (
            ("http.publications.v1", ""),
            ("http.revisions.v1", "/1/revisions"),
            ("http.notes.v1", "/1/notes"),
            ("http.published-dossiers.v1", "/1/dossiers?cell=total.received_total&limit=3"),
        ):
            holds(name, (await publishing.get(f"{path}{asked}")).content)


@pytest.mark.parametrize(
    ("name", "sent"),
    [("http.new-publication.v1", PERIOD | {"notes": []}), ("http.new-note.v1", {"cell": "total.x", "text": "x"})],
)
def test_what_is_sent_holds_to_its_message_which_takes_no_other_field(name: str, sent: dict[str, Any]) -> None:
    Draft202012Validator(GOLDEN[name], format_checker=FormatChecker()).validate(sent)
    msgspec.convert(sent, REPORTING[name])
    with pytest.raises(msgspec.ValidationError, match="unknown field `extra`"):
        msgspec.convert(sent | {"extra": 1}, REPORTING[name])


async def test_the_documents_name_every_figure_and_say_what_it_means(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    content = document["paths"]["/v1/figures"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = document["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]
    total = answer["properties"]["total"]["properties"]
    assert list(total) == [*BY_KEY, *SHARE_KEYS]
    assert all(column.meaning in total[key]["description"] for key, column in BY_KEY.items())
