"""Every route of every service, walked by callers of every kind; each answer is that of the table in `expected`."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
import pytest_asyncio
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.intake.__main__ import create_app as intake_application
from services.intake.settings import IntakeSettings
from services.processing.app import create_app as worker
from services.processing.http import create_api
from services.processing.settings import ProcessingSettings
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting
from services.reporting.http.app import create_app as reporting_application
from services.reporting.intake.client import IntakeLog
from services.reporting.pages.routes import add_pages
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.publishing.freezing import Freezing
from services.reporting.publishing.publications import Publications
from services.reporting.read_model.store import open_engine
from services.reporting.settings import ReportingSettings
from shared.access.folder import KeyFolder
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from shared.service.access import Requires, routes_of
from shared.service.clock import system_clock
from shared.service.oidc.provider import Provider
from tests.access.expected import ADMIN, EXPECTED, ROLES, ExpectedRoute, document
from tests.access.made_keys import bearer, expired_key, make_key
from tests.reporting.follow_up_office import a_slip
from tests.reporting.published import KEY, SmallOffice, no_pause, small_office
from tests.support.browser import OWN_PAGE

DEPARTMENT, ANOTHER = "H59.15", "H59.16"
CODE = "H59.15-231208-0001"
PERIOD = {"from": "2023-01-20", "to": "2023-03-10"}
NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
NDJSON, FORM = "application/x-ndjson", "application/x-www-form-urlencoded"
PROVIDER: dict[str, Any] = {
    "oidc_issuer": "http://127.0.0.1:1",
    "oidc_audience": "motcua",
    "oidc_client_id": "the pages",
    "oidc_client_secret": SecretStr("a secret for this test only"),
    "public_url": "http://127.0.0.1",
}
pytestmark = pytest.mark.asyncio(loop_scope="module")
DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: the path filled in, and what goes with it."""

    path: str
    query: Mapping[str, str]
    body: bytes = b""
    media: str = "application/json"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back, as far as the walk looks."""

    status: int
    headers: Mapping[str, str]
    body: bytes


SIGN_IN = Sent("/session", {}, urlencode({"key": KEY, "to": "/"}).encode(), FORM)


async def call(app: FastAPI, method: str, sent: Sent, headers: Mapping[str, str]) -> Answered:
    """One request to the application; a stream without an end is left when it has begun."""
    started: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    body = bytearray()
    is_read = False

    async def receive() -> dict[str, Any]:
        nonlocal is_read
        if not is_read:
            is_read = True
            return {"type": "http.request", "body": sent.body, "more_body": False}
        await started
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.set_result(message)
        else:
            body.extend(message.get("body", b""))

    given = {"host": "office", "content-type": sent.media, "content-length": str(len(sent.body)), **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": sent.path,
        "raw_path": sent.path.encode(),
        "query_string": urlencode(sent.query).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("office", 80),
    }
    try:
        await app(scope, receive, send)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - a bug, which the framework raises again after its answer
        assert started.done(), f"{method} {sent.path} was not answered"
    message = started.result()
    told = {name.decode(): value.decode() for name, value in message["headers"]}
    return Answered(message["status"], told, bytes(body))


async def cookie_of(app: FastAPI, token: str) -> dict[str, str]:
    """The session that the key opens; none for a key that does not hold."""
    sent = Sent("/session", {}, urlencode({"key": token, "to": "/"}).encode(), FORM)
    answer = await call(app, "POST", sent, OWN_PAGE)
    cookie = answer.headers.get("set-cookie", "").partition(";")[0]
    return {"cookie": cookie, **OWN_PAGE} if cookie else OWN_PAGE


@dataclass
class Walk:
    """One service with its keys, and the requests by which its routes are called."""

    service: str
    app: FastAPI
    folder: Path
    requests: Mapping[str, Sent]
    paths: Mapping[str, str]
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    async def headers(self, row: ExpectedRoute, token: str | None) -> dict[str, str]:
        if token is None:
            return OWN_PAGE if row.is_page else {}
        if not row.is_page:
            return bearer(token)
        if token not in self.cookies:
            self.cookies[token] = await cookie_of(self.app, token)
        return self.cookies[token]

    async def answer(self, row: ExpectedRoute, token: str | None) -> int:
        return (await call(self.app, row.method, self.request(row), await self.headers(row, token))).status

    def request(self, row: ExpectedRoute) -> Sent:
        if row.name == "POST /session":
            return SIGN_IN
        if row.name in self.requests:
            return self.requests[row.name]
        path = row.path
        for name, value in self.paths.items():
            path = path.replace(name, value)
        return Sent(path, {})

    async def differences(self) -> list[str]:
        """Where an answer is another one than the table has."""
        strangers = {
            "no key": None,
            "a wrong key": "motcua_0123456789ab_nobodys",
            "an expired key": expired_key(self.folder, f"{ADMIN}@*"),
            "a revoked key": make_key(self.folder, f"{ADMIN}@*", revoked=True),
        }
        keys = {
            (role, where): make_key(self.folder, f"{role}@{where}")
            for role in ROLES
            for where in ("*", DEPARTMENT, ANOTHER)
        }
        found: list[str] = []
        for row in EXPECTED[self.service]:
            wanted: dict[str, tuple[str | None, int | None]] = {
                name: (token, None if row.is_open else 401) for name, token in strangers.items()
            }
            for (role, where), token in keys.items():
                wanted[f"{role}@{where}"] = token, row.answers(role, is_bound=where != "*", elsewhere=where == ANOTHER)
            for name, (given, status) in wanted.items():
                got = await self.answer(row, given)
                refusal = got if got in (401, 403) else None
                if refusal != status or got == 500:  # a bug
                    found.append(f"{row.name} with {name}: {got}, and the table says {status or 'neither 401 nor 403'}")
        return found


@asynccontextmanager
async def intake_walk(folder: Path, tmp_path: Path) -> AsyncIterator[Walk]:
    settings = IntakeSettings(
        api_key=SecretStr(KEY),
        access_dir=folder,
        kafka_bootstrap="127.0.0.1:1",
        drain_seconds=0.0,
        database_url=f"sqlite+aiosqlite:///{tmp_path}/intake.db",
        **PROVIDER,
    )
    app = intake_application(settings)
    new = {"department": DEPARTMENT, "procedure": "2.000635", "channel": "in_person"}
    first = Sent(
        "/v1/dossiers", {}, msgspec.json.encode(new | {"code": CODE, "received_at": "2023-12-08T08:31:00+07:00"})
    )
    typed = urlencode(new | {"key": "a-form", "name": "Ng. V. A"}).encode()
    assigned = urlencode({"key": "another-form", "event": "assigned", "unit": DEPARTMENT}).encode()
    requests = {
        "POST /v1/dossiers": Sent("/v1/dossiers", {}, msgspec.json.encode(new)),
        "POST /v1/dossiers/{code}/events": Sent(
            f"/v1/dossiers/{CODE}/events", {}, b'{"event":"assigned","unit":"H59.15"}'
        ),
        "POST /v1/events": Sent("/v1/events", {}, b"", NDJSON),
        "GET /v1/forms/07": Sent("/v1/forms/07", {"department": DEPARTMENT, "from": "2023-12-08"}),
        "GET /print/07": Sent("/print/07", {"department": DEPARTMENT, "from": "2023-12-08"}),
        "GET /v1/calendar": Sent("/v1/calendar", {"from": "2023-12-01", "to": "2023-12-02"}),
        "POST /receive": Sent("/receive", {}, typed, FORM),
        "POST /dossiers/{code}/events": Sent(f"/dossiers/{CODE}/events", {}, assigned, FORM),
        "POST /find": Sent("/find", {}, urlencode({"q": CODE}).encode(), FORM),
        "POST /look-up": Sent("/look-up", {}, urlencode({"code": CODE, "secret": "0"}).encode(), FORM),
    }
    paths = {"{code}": CODE, "{form}": "01", "{pseudonym}": "p-" + 32 * "0", "{announcement_id}": "a", "{name}": "x"}
    async with app.router.lifespan_context(app):
        assert (await call(app, "POST", first, bearer(KEY))).status == 201
        yield Walk("intake", app, folder, requests, paths)


@asynccontextmanager
async def processing_walk(folder: Path) -> AsyncIterator[Walk]:
    yield Walk(
        "processing", create_api(worker(ProcessingSettings(api_key=SecretStr(KEY), access_dir=folder))), folder, {}, {}
    )


@asynccontextmanager
async def reporting_walk(folder: Path, office: SmallOffice, shipped: Catalogue) -> AsyncIterator[Walk]:
    provided = ReportingSettings(api_key=SecretStr(KEY), **PROVIDER).oidc
    assert provided is not None
    assert provided.client is not None
    intake = IntakeLog("http://intake", SecretStr(KEY), httpx.MockTransport(office.intake))
    freezing = Freezing(office.engine, shipped, office.now, intake, counted_within_s=0.0, pause=no_pause)
    reporting = Reporting(
        office.engine,
        shipped,
        lambda: NOW,
        SecretStr(KEY),
        ProjectorHealth(assigned=True),
        CollectorRegistry(),
        FigureGauges(office.engine, lambda: NOW, None),
        recording_clock=office.now,
        access_dir=folder,
        provider=Provider(provided),
        public_url=provided.client.public_url,
        publications=Publications(office.engine, shipped, lambda: NOW, office.now, freezing),
    )
    app = add_pages(reporting_application(reporting), reporting)
    of_department = {**PERIOD, "department": DEPARTMENT}
    told = await call(app, "GET", Sent("/v1/figures", of_department), bearer(KEY))
    token = next(value for value in msgspec.json.decode(told.body)["tokens"].values())
    counted = (await call(app, "GET", Sent("/v1/dossiers", {}), bearer(KEY))).body.splitlines()
    code = next(one["code"] for one in map(msgspec.json.decode, counted) if one["department"] == DEPARTMENT)
    publication = msgspec.json.encode({**PERIOD, "department": [DEPARTMENT]})
    made = await call(app, "POST", Sent("/v1/publications", {}, publication), bearer(KEY))
    assert made.status == 201, made.body
    note = msgspec.json.encode({"cell": "total.received_total", "text": "a note", "author": "the office"})
    requests = {
        **{
            f"GET {path}": Sent(path, of_department)
            for path in ("/v1/figures", "/v1/figures/definitions", "/v1/reports/ii06a", "/download")
        },
        "GET /v1/figures/changes": Sent(
            "/v1/figures/changes", {**of_department, "as_known_at": "2023-01-21T08:00:00+07:00"}
        ),
        "GET /v1/events": Sent("/v1/events", {"department": DEPARTMENT}),
        "GET /v1/publications": Sent("/v1/publications", {"department": DEPARTMENT}),
        "GET /v1/attention": Sent("/v1/attention", {"within": "2d", "department": DEPARTMENT}),
        "GET /v1/follow-ups": Sent("/v1/follow-ups", {"department": DEPARTMENT}),
        "POST /v1/follow-ups/{department}/{year}/{number}/answer": Sent(
            f"/v1/follow-ups/{DEPARTMENT}/2023/1/answer", {}, b'{"answer": "done"}'
        ),
        "POST /follow-ups/{department}/{year}/{number}/answer": Sent(
            f"/follow-ups/{DEPARTMENT}/2023/1/answer", {}, b"answer=done", FORM
        ),
        "GET /dossiers": Sent("/dossiers", {"token": token}),
        "GET /open": Sent("/open", {"department": DEPARTMENT, "bucket": "today"}),
        "GET /charts/{name}": Sent("/charts/timeliness.svg", of_department),
        "POST /v1/publications": Sent("/v1/publications", {}, publication),
        "POST /v1/publications/documents": Sent("/v1/publications/documents", {}, b"", NDJSON),
        "POST /v1/publications/{number}/notes": Sent("/v1/publications/1/notes", {}, note),
        "GET /v1/publications/{number}/dossiers": Sent("/v1/publications/1/dossiers", {"cell": "total.received_total"}),
        "GET /publications/{number}/dossiers": Sent("/publications/1/dossiers", {"cell": "total.received_total"}),
        "GET /publications/{number}/download": Sent("/publications/1/download", {"format": "csv"}),
        "POST /v1/rebuilds/{number}/events": Sent("/v1/rebuilds/1/events", {"after": "0"}, b"", NDJSON),
    }
    await a_slip(office.engine, DEPARTMENT)
    paths = {"{number}": "1", "{revision}": "1", "{token}": token, "{code:path}": code, "{name}": "x"}
    paths |= {"{department}": DEPARTMENT, "{year}": "2023"}
    yield Walk("reporting", app, folder, requests, paths)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walks(
    tmp_path_factory: pytest.TempPathFactory, empty_read_model: Path, shipped: Catalogue
) -> AsyncIterator[dict[str, Walk]]:
    tmp_path = tmp_path_factory.mktemp("walks")
    folder = tmp_path / "access"
    folder.mkdir()
    copy(empty_read_model, tmp_path / "reporting.db")
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/reporting.db")
    office = small_office(engine, 21)
    await office.record(len(office.lines))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        found = [
            await stack.enter_async_context(walk)
            for walk in (
                intake_walk(folder, tmp_path),
                processing_walk(folder),
                reporting_walk(folder, office, shipped),
            )
        ]
        yield {walk.service: walk for walk in found}


async def test_every_route_is_in_the_table_with_a_rule_that_guards_it(walks: dict[str, Walk]) -> None:
    for service, walk in walks.items():
        routes = {f"{method} {route.path}": route.rule for route in routes_of(walk.app) for method in route.methods}
        table = {row.name: row for row in EXPECTED[service]}
        assert sorted(routes) == sorted(table), "add its row to tests/access/expected.py and to docs/access.md"
        assert [name for name, rule in routes.items() if rule is None] == [], "name its permission, or why it is open"
        assert [name for name, rule in routes.items() if isinstance(rule, Requires) == table[name].is_open] == []


@pytest.mark.parametrize("service", EXPECTED)
async def test_every_caller_gets_the_answer_of_the_table(walks: dict[str, Walk], service: str) -> None:
    found = await walks[service].differences()
    assert found == [], "\n".join(found)


async def test_every_guarded_call_documents_its_refusals(walks: dict[str, Walk]) -> None:
    for service, walk in walks.items():
        paths = walk.app.openapi()["paths"]
        for row in EXPECTED[service]:
            operation = paths.get(row.path, {}).get(row.method.lower())
            if operation is not None:
                assert ("401" in operation["responses"], "403" in operation["responses"]) == ((not row.is_open,) * 2), (
                    row.name
                )


async def test_a_session_opens_no_call_of_programs(walks: dict[str, Walk]) -> None:
    """But those that pages call themselves."""
    admin = make_key(walks["intake"].folder, f"{ADMIN}@*")
    for service in ("intake", "reporting"):
        walk = walks[service]
        cookie = await cookie_of(walk.app, admin)
        taken = {
            row.name
            for row in EXPECTED[service]
            if not row.is_page
            and not row.is_open
            and (await call(walk.app, row.method, walk.request(row), cookie)).status != 401
        }
        assert taken == ({"GET /v1/events"} if service == "reporting" else set())


async def test_a_session_ends_with_its_key(walks: dict[str, Walk]) -> None:
    for service in ("intake", "reporting"):
        walk = walks[service]
        token = make_key(walk.folder, f"{ADMIN}@*")
        cookie = await cookie_of(walk.app, token)
        assert (await call(walk.app, "GET", Sent("/", {}), cookie)).status == 200
        with KeyFolder(walk.folder).changing() as keys:
            keys[token.split("_")[1]] = msgspec.structs.replace(keys[token.split("_")[1]], revoked_at=system_clock())
        walk.app.state.access._keys._looked_at -= 1.0
        assert (await call(walk.app, "GET", Sent("/", {}), cookie)).status == 401


async def test_what_was_refused_is_counted_by_why(walks: dict[str, Walk]) -> None:
    walk = walks["intake"]
    sent = Sent("/v1/departments", {})
    tried = {
        "no_key": {},
        "unknown_key": bearer("nobodys"),
        "expired_key": bearer(expired_key(walk.folder, "admin@*")),
        "revoked_key": bearer(make_key(walk.folder, "admin@*", revoked=True)),
    }
    before = await refusals(walk)
    for headers in tried.values():
        assert (await call(walk.app, "GET", sent, headers)).status == 401
    assert (await call(walk.app, "GET", Sent("/v1/log", {}), bearer(make_key(walk.folder, "counter@*")))).status == 403
    after = await refusals(walk)
    assert {why: after[why] - before[why] for why in after if after[why] != before[why]} == dict.fromkeys(
        (*tried, "not_permitted"), 1
    )


async def refusals(walk: Walk) -> dict[str, float]:
    """How many there were, by why."""
    told = (await call(walk.app, "GET", Sent("/metrics", {}), bearer(KEY))).body.decode()
    return {
        found[1]: float(found[2])
        for found in re.finditer(r'^motcua_requests_refused_total\{reason="(\w+)"\} (\S+)$', told, re.MULTILINE)
    }


async def test_the_document_has_the_table() -> None:
    """Written by `python -m tests.access.expected`."""
    assert document() in DOCUMENT.read_text("utf-8")
