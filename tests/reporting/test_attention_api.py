"""`GET /v1/attention` from outside: the list, its counts and pages, refusals,
and a straight check of all of it over random dossiers."""

import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.projecting.metrics import ProjectorHealth
from shared.catalogue import Catalogue
from shared.domain.events import SupplementRequested
from shared.domain.localtime import LOCAL
from tests.builders.events import Dated, event, received
from tests.builders.histories import history
from tests.builders.times import at, days
from tests.builders.wire import travelling
from tests.reporting.databases import on_sqlite
from tests.reporting.delivery import Topic, empty, statuses
from tests.support.recount import RecountedDossier, dossiers_from

KEY = "a-key-for-this-test-only"
FRIDAY = at("2023-02-10 15:00")
START = at("2023-02-01")


@asynccontextmanager
async def reporting_at(engine: AsyncEngine, shipped: Catalogue, now: datetime) -> AsyncIterator[httpx.AsyncClient]:
    registry, gauges = CollectorRegistry(), FigureGauges(engine, lambda: now, None)
    app = create_app(
        Reporting(engine, shipped, lambda: now, SecretStr(KEY), ProjectorHealth(assigned=True), registry, gauges)
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://reporting", headers=headers
    ) as client:
        yield client


async def deliver(engine: AsyncEngine, *office: tuple[Dated, ...]) -> None:
    await Topic(engine).deliver(
        record for number, history in enumerate(office) for record in statuses(f"H59.15-230201-{number:04}", history)
    )


@pytest.fixture
async def client(engine: AsyncEngine, shipped: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    await deliver(
        engine,
        (
            received(START, due_at=at("2023-02-08 16:00")),
            event("processing_started", "2023-02-02 08:00", officer="o-1"),
            event("forwarded", "2023-02-03 08:00", agency="UBND xã Long Đức", due_at=at("2023-02-07 08:00")),
            event("apologised", "2023-02-09 08:00"),
        ),
        (received(START, due_at=at("2023-02-13 08:00")),),
        (received(START, due_at=at("2023-02-08 15:00")), event("resolved", "2023-02-09 08:00")),
        (
            received(START, due_at=at("2023-02-09 16:00"), department="H59.02"),
            event("payment_requested", "2023-02-10 08:00"),
        ),
        (received(START, due_at=at("2023-02-20 08:00")),),
        (received(START, due_at=None),),
    )
    async with reporting_at(engine, shipped, FRIDAY) as opened:
        yield opened


async def attention(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/attention", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_list_says_who_must_do_what_first(client: httpx.AsyncClient) -> None:
    found = await attention(client)
    assert (found["as_of"], found["within"], found["definition"], found["cursor"]) == (
        FRIDAY.isoformat(),
        "2d",
        "by-date/1",
        None,
    )
    assert found["total"] == {"overdue": 2, "due": 1}
    assert found["departments"] == [
        {
            "department": "H59.15",
            "until": "2023-02-14T15:00:00+07:00",
            "overdue": 1,
            "due": 1,
            "officers": [{"officer": "o-1", "overdue": 1, "due": 0}, {"officer": None, "overdue": 0, "due": 1}],
        },
        {
            "department": "H59.02",
            "until": "2023-02-14T15:00:00+07:00",
            "overdue": 1,
            "due": 0,
            "officers": [{"officer": None, "overdue": 1, "due": 0}],
        },
    ]
    assert [
        (one["code"][-1], one["standing"], one["days"], one["working_hours"], one["suspended"])
        for one in found["dossiers"]
    ] == [
        ("0", "overdue", -2, "-15.00", False),
        ("3", "overdue", -1, "-7.00", True),
        ("1", "due", 1, "3.00", False),
    ]
    assert found["dossiers"][0] == {
        "code": "H59.15-230201-0000",
        "department": "H59.15",
        "officer": "o-1",
        "procedure": "2.000635",
        "state": "processing",
        "received_at": "2023-02-01T08:00:00+07:00",
        "due_at": "2023-02-08T16:00:00+07:00",
        "standing": "overdue",
        "days": -2,
        "working_hours": "-15.00",
        "suspended": False,
        "apologised_at": "2023-02-09T08:00:00+07:00",
        "hops": [{"agency": "UBND xã Long Đức", "due_at": "2023-02-07T08:00:00+07:00", "late": True}],
        "kind": "due",
    }
    assert found["calendar"] == {"source": "catalogue", "as_of": None, "known_until": "2027-12-31"}


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"within": "1h"}, "03"),
        ({"within": "3h"}, "031"),
        ({"within": "6d"}, "0314"),
        ({"department": "H59.15"}, "01"),
        ({"department": ["H59.15", "H59.02"], "within": "1h"}, "03"),
        ({"department": "H59.01"}, ""),
        ({"officer": "o-1"}, "0"),
        ({"officer": "o-2"}, ""),
    ],
)
async def test_the_list_holds_what_is_asked_for(client: httpx.AsyncClient, query: dict[str, Any], codes: str) -> None:
    found = await attention(client, **query)
    assert "".join(one["code"][-1] for one in found["dossiers"]) == codes
    assert found["total"]["overdue"] + found["total"]["due"] == len(codes)


async def test_an_officer_is_one_however_the_name_is_composed(engine: AsyncEngine, shipped: Catalogue) -> None:
    spellings = ("cb-Hồng 07", unicodedata.normalize("NFD", "cb-Hồng  07 "))
    late = received(START, due_at=at("2023-02-08 16:00"))
    await deliver(
        engine, *((late, event("processing_started", "2023-02-02 08:00", officer=name)) for name in spellings)
    )
    async with reporting_at(engine, shipped, FRIDAY) as client:
        for name in spellings:
            found = await attention(client, officer=name)
            assert found["departments"][0]["officers"] == [{"officer": spellings[0], "overdue": 2, "due": 0}]
            assert [one["officer"] for one in found["dossiers"]] == list(spellings), "stored as it was sent"


async def test_pages_make_up_the_list_as_at_one_instant(
    engine: AsyncEngine, shipped: Catalogue, client: httpx.AsyncClient
) -> None:
    """The second page is asked for in the evening: what was due at the first page's instant is due on it."""
    whole = await attention(client)
    first = await attention(client, limit=2)
    async with reporting_at(engine, shipped, FRIDAY + timedelta(hours=8)) as later:
        second = await attention(later, limit=2, cursor=first["cursor"])
    assert first["dossiers"] + second["dossiers"] == whole["dossiers"]
    assert (second["as_of"], second["total"], second["cursor"]) == (whole["as_of"], whole["total"], None)


@pytest.mark.parametrize(("limit", "fix"), [("0", "at least 1"), ("10001", "10000"), ("many", "whole number")])
async def test_a_wrong_number_of_dossiers_is_refused(client: httpx.AsyncClient, limit: str, fix: str) -> None:
    answer = await client.get(f"/v1/attention?limit={limit}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("limit: ")
    assert fix in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "parameter", "fix"),
    [
        ("within=2", "within", "write 2d for two days of 8 working hours or 6h"),
        ("within=0d", "within", "2d"),
        ("within=91d", "within", "at most 90d, 720h"),
        ("within=721h", "within", "at most 90d, 720h"),
        ("within=2%20d", "within", "2d"),
        ("within=٢d", "within", "2d"),
        ("within=2d&within=3d", "within", "once"),
        ("department=H99.99", "department", "H59.01"),
        ("cursor=what", "cursor", "leave it out"),
        ("cursor=%C3%A0", "cursor", "leave it out"),
        ("days=2", "days", "known: within, "),
    ],
)
@on_sqlite
async def test_a_wrong_parameter_is_named_with_its_fix(
    client: httpx.AsyncClient, query: str, parameter: str, fix: str
) -> None:
    answer = await client.get(f"/v1/attention?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter), answer.text
    assert fix in answer.json()["detail"]


async def test_a_cursor_of_another_day_is_refused(
    engine: AsyncEngine, shipped: Catalogue, client: httpx.AsyncClient
) -> None:
    cursor = (await attention(client, limit=1))["cursor"]
    async with reporting_at(engine, shipped, FRIDAY + timedelta(days=2)) as later:
        answer = await later.get("/v1/attention", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "cursor")


async def test_every_documented_parameter_is_known(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    documented = {parameter["name"] for parameter in document["paths"]["/v1/attention"]["get"]["parameters"]}
    refusal = (await client.get("/v1/attention?unknown=1")).json()["detail"]
    assert set(refusal.partition("; known: ")[2].split(", ")) == documented


async def test_a_call_without_the_key_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/attention", headers={"Authorization": "Bearer wrong"})).status_code == 401


async def test_only_deadlines_up_to_the_horizon_are_read(engine: AsyncEngine, client: httpx.AsyncClient) -> None:
    """PostgreSQL would rather scan so small a table, so it is told not to:
    what is asked is whether the index can answer."""
    query = "SELECT snapshot FROM dossiers WHERE due_at <= 1676361600000000"
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = " ".join((await connection.execute(text(f"EXPLAIN {query}"))).scalars())
        else:
            plan = " ".join(row[-1] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "dossiers_due" in plan


# A straight check. It shares no code with the list:
# deadlines are told from the events, working time from a table of hours.

TET = days("2023-01-20", "2023-01-26")
SESSIONS = ((time(7), time(11, 30)), (time(13, 30), time(17)))
DEPARTMENTS = ("H59.15", "H59.02", "X99.99")
RANDOM = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in TET


def worked(start: datetime, end: datetime) -> timedelta:
    spans = [
        (datetime.combine(day, opens, LOCAL), datetime.combine(day, closes, LOCAL))
        for day in (start.date() + timedelta(number) for number in range((end.date() - start.date()).days + 1))
        if works(day)
        for opens, closes in SESSIONS
    ]
    return sum((max(min(end, closes) - max(start, opens), timedelta(0)) for opens, closes in spans), timedelta(0))


Line = tuple[tuple[int, timedelta, datetime, str, str], int, str, str | None]  # order, days, department, elsewhere


def expected(code: str, history: list[Dated], now: datetime, ahead: timedelta) -> Iterator[Line]:
    dossier = dossiers_from(travelling(code, event) for event in history)[code]
    place = dossier.place_of_receipt
    about = dossier.about["department"], None if place == dossier.about["department"] else place
    for kind, due, late in _due(dossier, history, now):
        left = worked(now, due) - worked(due, now)
        if late is None or (not late and left > ahead):
            continue
        first, last = sorted((now.date(), due.date()))
        counted = sum(works(first + timedelta(number)) for number in range(1, (last - first).days + 1))
        yield (
            (2 if kind == "idle" else int(not late), left, due, code, kind),
            counted if due >= now else -counted,
            *about,
        )


def _due(dossier: RecountedDossier, history: list[Dated], now: datetime) -> Iterator[tuple[str, datetime, bool | None]]:
    """What is due of it, and whether it is late; None while a pause holds it."""
    due, paused_since = dossier.due, dossier.paused_since
    if dossier.voided or dossier.closed is not None:
        return
    waiting = dossier.waitings[-1] if dossier.waitings and dossier.about["channel"] == "online" else None
    if dossier.received is None:
        if waiting is not None and waiting.answered is None and waiting.due is not None:
            yield "acceptance", waiting.due, now > waiting.due
        return
    if due is not None:
        judged_at = paused_since or now
        overdue = judged_at > due if dossier.in_hours else judged_at.date() > due.date()
        yield "due", due, overdue or (None if paused_since else False)
    if paused_since is not None:
        asked = [
            one.event for one in history if one.kind.value in ("supplement_requested", "payment_requested", "suspended")
        ]
        if isinstance(asked[-1], SupplementRequested) and asked[-1].due_at is not None:
            yield "supplement", asked[-1].due_at, now.date() > asked[-1].due_at.date()
    latest = history[-1].occurred_at
    month = latest.replace(day=1) + timedelta(days=31)
    last_of_month = month.replace(day=1) + timedelta(days=31)
    days = (last_of_month.replace(day=1) - timedelta(days=1)).day
    since = month.replace(day=min(latest.day, days))
    if since <= now:
        yield "idle", since, True


COUNTED_AS = {
    ("due", 0): "overdue", ("due", 1): "due", ("acceptance", 0): "acceptance_late", ("acceptance", 1): "acceptance_due",
    ("supplement", 0): "supplement_late", ("supplement", 1): "supplement_due", ("idle", 2): "idle",
}  # fmt: skip
STANDINGS = ("overdue", "due", "idle")


@RANDOM
@given(
    seed=st.integers(0, 2**32),
    after=st.one_of(st.integers(0, 6 * 48), st.integers(0, 60 * 48)),
    ahead=st.sampled_from(["1h", "5h", "1d", "2d", "4d"]),
    kinds=st.sampled_from(["due,acceptance,supplement,idle", "due", "acceptance,supplement", "idle"]),
)
async def test_the_list_is_that_of_a_straight_check(
    engine: AsyncEngine, shipped: Catalogue, *, seed: int, after: int, ahead: str, kinds: str
) -> None:
    await empty(engine)
    rng = Random(seed)
    office = [history(rng, departments=DEPARTMENTS)[1] for _ in range(12)]
    now = max(history[-1].occurred_at for history in office) + timedelta(minutes=30 * after)
    await deliver(engine, *map(tuple, office))
    async with reporting_at(engine, shipped, now) as client:
        found = await attention(client, within=ahead, idle_months=1, kind=kinds)
    time_ahead = timedelta(hours=int(ahead[:-1]) * (8 if ahead.endswith("d") else 1))
    lines = (
        line
        for number, history in enumerate(office)
        for line in expected(f"H59.15-230201-{number:04}", history, now, time_ahead)
    )
    rows = sorted((line for line in lines if line[0][-1] in kinds), key=lambda line: line[0])
    assert [
        (one["code"], one["kind"], one["standing"], one["days"], one["working_hours"], one.get("received_by"))
        for one in found["dossiers"]
    ] == [
        (code, kind, STANDINGS[rank], counted, f"{left / timedelta(hours=1):z.2f}", elsewhere)
        for (rank, left, _, code, kind), counted, _, elsewhere in rows
    ]
    assert _counts(found["total"]) == Counter(COUNTED_AS[line[0][-1], line[0][0]] for line in rows)
    assert {one["department"]: _counts(one) for one in found["departments"]} == {
        code: Counter(COUNTED_AS[line[0][-1], line[0][0]] for line in rows if line[2] == code)
        for code in {line[2] for line in rows}
    }
    for one in found["departments"]:
        assert _counts(one) == sum((_counts(own) for own in one["officers"]), Counter())


def _counts(said: dict[str, Any]) -> Counter[str]:
    """Those that are not 0."""
    return Counter({name: said[name] for name in COUNTED_AS.values() if said.get(name)})


ASKED = {"channel": "online", "acceptance_due_at": at("2023-02-10 10:00")}
KINDS: tuple[tuple[Dated, ...], ...] = (
    (event("submitted", "2023-02-09 10:00", **ASKED),),
    (event("submitted", "2023-02-10 14:00", **ASKED | {"acceptance_due_at": at("2023-02-13 14:00")}),),
    (event("submitted", "2023-02-09 10:00", **ASKED), received(at("2023-02-10 11:00"), due_at=at("2023-03-10 11:00"))),
    (event("submitted", "2023-02-09 10:00", **ASKED), event("declined", "2023-02-10 11:00")),
    (
        received(START, due_at=at("2023-02-08 16:00"), received_by="H59.02"),
        event("supplement_requested", "2023-02-09 09:00", due_at=at("2023-02-09 17:00")),
    ),
    (
        received(START, due_at=at("2023-03-08 16:00")),
        event("supplement_requested", "2023-02-09 09:00", due_at=at("2023-02-13 17:00")),
    ),
    (
        received(START, due_at=at("2023-03-08 16:00")),
        event("supplement_requested", "2023-02-07 09:00", due_at=at("2023-02-08 17:00")),
        event("supplement_lapsed", "2023-02-09 08:00"),
    ),
    (received(at("2022-10-31 09:00"), due_at=None),),
    (received(at("2022-10-31 09:00"), due_at=None), event("assigned", "2022-12-11 09:00")),
    (received(at("2022-10-31 09:00"), due_at=None), event("voided", "2022-11-01 09:00")),
)


class TestKinds:
    """Besides deadlines: applications to be answered, papers to come, dossiers to which nothing happens."""

    async def listed(self, engine: AsyncEngine, shipped: Catalogue, **query: Any) -> list[tuple[str, str, str, str]]:
        await deliver(engine, *KINDS)
        async with reporting_at(engine, shipped, FRIDAY) as client:
            found = await attention(client, **query)
        return [(one["code"][-1], one["kind"], one["standing"], one["due_at"][:16]) for one in found["dossiers"]]

    async def test_each_has_its_own_due_date(self, engine: AsyncEngine, shipped: Catalogue) -> None:
        assert await self.listed(engine, shipped) == [
            ("4", "due", "overdue", "2023-02-08T16:00"),
            ("4", "supplement", "overdue", "2023-02-09T17:00"),
            ("0", "acceptance", "overdue", "2023-02-10T10:00"),
            ("1", "acceptance", "due", "2023-02-13T14:00"),
            ("5", "supplement", "due", "2023-02-13T17:00"),
        ]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"idle_months": 2, "kind": "idle"}, ["7"]),
            ({"idle_months": 1, "kind": "idle"}, ["7", "8"]),
            ({"idle_months": 4, "kind": "idle"}, []),
            ({"kind": "acceptance"}, ["0", "1"]),
            ({"kind": "acceptance,supplement", "within": "1h"}, ["4", "0"]),
            ({"received_by": "H59.02"}, ["4", "4"]),
            ({"received_by": "H59.15", "kind": "supplement"}, ["5"]),
        ],
    )
    async def test_one_may_ask_for_some(
        self, engine: AsyncEngine, shipped: Catalogue, query: dict[str, Any], found: list[str]
    ) -> None:
        assert [code for code, *_ in await self.listed(engine, shipped, **query)] == found

    async def test_idle_is_counted_from_the_latest_event(self, engine: AsyncEngine, shipped: Catalogue) -> None:
        assert (await self.listed(engine, shipped, idle_months=2))[-2:] == [
            ("5", "supplement", "due", "2023-02-13T17:00"),
            ("7", "idle", "idle", "2022-12-31T09:00"),
        ]

    @pytest.mark.parametrize(
        ("query", "parameter", "fix"),
        [
            ("kind=late", "kind", "available: due, acceptance, supplement, idle"),
            ("kind=idle", "idle_months", "like 3"),
            ("idle_months=0", "idle_months", "at least 1"),
            ("received_by=H99.99", "received_by", "H59.01"),
        ],
    )
    async def test_a_wrong_word_is_named_with_its_fix(
        self, client: httpx.AsyncClient, query: str, parameter: str, fix: str
    ) -> None:
        answer = await client.get(f"/v1/attention?{query}")
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"{parameter}: ")
        assert fix in answer.json()["detail"]
