"""What a service lets in: a crowd waits in its own row, rates and bodies have bounds, and others are not hurt by it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from services.intake.settings import IntakeSettings
from shared.access.roles import EVERYTHING, Grant, Principal, Role
from shared.service import gate
from shared.service.access import Caller
from shared.service.gate import Costly, guard
from shared.service.http import Ndjson, new_application
from shared.service.turns import Bounds, NoTurn, Rates, Turns
from tests.support.wait import wait_until_async

WITHIN_S = 30
KEY = "a-key-for-tests-only"


class Work:
    """Requests that last until the test lets them go."""

    def __init__(self) -> None:
        self.going = Counter[str]()
        self.most = Counter[str]()
        self.done = asyncio.Event()

    async def go_on(self, name: str) -> None:
        self.going[name] += 1
        self.most[name] = max(self.most[name], self.going[name])
        await self.done.wait()
        self.going[name] -= 1

    async def are(self, name: str, number: int) -> None:
        async def there() -> bool:
            return self.going[name] == number

        await wait_until_async(there, WITHIN_S, f"{number} of {name} are at work, not {self.going[name]}")


def _application(work: Work, *, costly_at_once: int = 2, **settings: Any) -> FastAPI:
    app = new_application(title="a site", version="1", description="for tests")

    async def answer(request: Request) -> Response:
        token = request.headers.get("authorization", "")
        if token.startswith("wrong"):
            return Response(status_code=401)
        if token:
            request.state.caller = Caller(Principal(token, token, (Grant(Role.ADMIN, EVERYTHING),)), EVERYTHING)
        if request.url.path.startswith("/works"):
            await work.go_on(token)
        body = await request.body()
        return Response(b"%d" % len(body), media_type="text/plain")

    async def events(_request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b": here\n\n"
            await work.go_on("stream")

        stream = Ndjson(parts())  # type: ignore[arg-type]
        stream.headers["content-type"] = "text/event-stream"
        return stream

    for path in ("/quick", "/works", "/works/costly", "/healthz/live"):
        app.add_route(path, answer, methods=["GET", "POST"])
    app.add_route("/events", events)
    given = IntakeSettings(api_key=KEY, **settings)
    return guard(app, given, Costly(lambda _method, path: path.endswith("/costly"), costly_at_once, "MAX_BULK_AT_ONCE"))


@asynccontextmanager
async def _client(app: FastAPI, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://site", timeout=WITHIN_S) as client:
        yield client


def _by(name: str) -> dict[str, str]:
    return {"Authorization": name}


async def test_a_crowd_waits_while_another_caller_is_let_in_at_once() -> None:
    work = Work()
    async with _client(_application(work, max_requests_at_once=8)) as client:
        for name in ("importer", "clerk"):
            await client.get("/quick", headers=_by(name))
        crowd = [asyncio.create_task(client.get("/works", headers=_by("importer"))) for _ in range(20)]
        await work.are("importer", 2)
        quick = await client.get("/quick", headers=_by("clerk"))
        work.done.set()
        answers = await asyncio.gather(*crowd)
    assert quick.status_code == 200
    assert ({answer.status_code for answer in answers}, work.most["importer"]) == ({200}, 2)


async def test_who_has_proved_nothing_is_its_address_whatever_it_shows() -> None:
    async with _client(_application(Work(), max_requests_per_second=1)) as client:
        assert (await client.get("/quick", headers=_by("clerk"))).status_code == 200
        guesses = [(await client.get("/quick", headers=_by(f"wrong {number}"))).status_code for number in range(11)]
        assert (await client.get("/quick", headers=_by("clerk"))).status_code == 200
    assert Counter(guesses) == {401: 9, 429: 2}


async def test_costly_requests_are_few_at_once_and_leave_room_for_other_callers() -> None:
    work = Work()
    async with _client(_application(work, costly_at_once=4)) as client:
        for name in ("a", "b", "c"):
            await client.get("/quick", headers=_by(name))
        crowds = [
            asyncio.create_task(client.get("/works/costly", headers=_by(name))) for name in "ab" for _ in range(5)
        ]
        await work.are("a", 2)
        await work.are("b", 2)
        assert (await client.get("/quick", headers=_by("a"))).status_code == 200
        third = asyncio.create_task(client.get("/works/costly", headers=_by("c")))
        await asyncio.sleep(0)
        assert work.going["c"] == 0
        work.done.set()
        assert {answer.status_code for answer in [*await asyncio.gather(*crowds), await third]} == {200}


@pytest.mark.parametrize(
    ("bounds", "status", "wait"),
    [
        (Bounds(1, 1, waiting=9, waiting_of_one=0), 429, "2"),
        (Bounds(1, 1, waiting=0, waiting_of_one=9), 503, "5"),
        (Bounds(1, 1, waiting=9, waiting_of_one=9, wait_s=0.05), 429, "2"),
    ],
)
async def test_who_cannot_be_let_in_is_told_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch, bounds: Bounds, status: int, wait: str
) -> None:
    monkeypatch.setattr(Costly, "bounds", bounds)
    work = Work()
    async with _client(_application(work)) as client:
        first = asyncio.create_task(client.get("/works/costly", headers=_by("")))
        await work.are("", 1)
        english, page = [
            await client.get("/works/costly", headers={"Accept": accept}) for accept in ("*/*", "text/html")
        ]
        probe = await client.get("/healthz/live")
        work.done.set()
        assert (await first).status_code == 200
    assert (english.status_code, english.headers["retry-after"]) == (status, wait)
    assert "MOTCUA_INTAKE_MAX_BULK_AT_ONCE" in english.json()["detail"]
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'lang="vi"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert probe.status_code == 200


async def test_a_caller_is_held_to_its_rate_and_others_are_not() -> None:
    app = _application(Work(), max_requests_per_second=1)
    async with _client(app) as client, _client(app, "192.0.2.2") as neighbour:
        statuses = [(await client.get("/quick")).status_code for _ in range(11)]
        refused = await client.get("/quick")
        assert (await neighbour.get("/quick")).status_code == 200
    assert Counter(statuses) == {200: 10, 429: 1}
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_many_requests", "1")
    assert "MOTCUA_INTAKE_MAX_REQUESTS_PER_SECOND" in refused.json()["detail"]


async def test_bodies_that_are_kept_have_a_bound_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_HELD_BYTES", 1000)
    async with _client(_application(Work())) as client:
        assert (await client.post("/quick", content=b"x" * 900)).text == "900"
        assert (await client.post("/quick", content=b"x" * 900)).text == "900"
        refused = await client.post("/quick", content=b"x" * 1100)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert (await client.post("/quick", content=b"x" * 900)).text == "900"


async def test_a_stream_of_events_takes_no_turn_from_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "STREAMS", Bounds(2, 2, waiting=0, waiting_of_one=0))
    work = Work()
    async with _client(_application(work, max_requests_at_once=8)) as client:
        streams = [asyncio.create_task(client.get("/events")) for _ in range(2)]
        await work.are("stream", 2)
        assert (await client.get("/events")).status_code == 429
        assert (await client.get("/quick")).status_code == 200
        work.done.set()
        assert {answer.status_code for answer in await asyncio.gather(*streams)} == {200}


async def test_another_host_name_is_refused_where_names_are_given() -> None:
    app = _application(Work(), allowed_hosts="Site, figures.example.vn")
    async with _client(app) as client:
        answers = [
            await client.get("/quick", headers={"Host": host})
            for host in ("site", "site:8001", "FIGURES.example.vn", "evil.example")
        ]
        assert (await client.get("/healthz/live", headers={"Host": "10.0.0.7:8001"})).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 200, 421]
    assert "MOTCUA_INTAKE_ALLOWED_HOSTS" in answers[-1].json()["detail"]


async def test_what_was_turned_away_is_counted_by_its_reason() -> None:
    app = _application(Work(), allowed_hosts="site")
    async with _client(app) as client:
        await client.get("/quick", headers={"Host": "evil.example"})
    assert app.state.access.refusals.counter.labels("host")._value.get() == 1


Step = Callable[[Turns], Any]


async def test_turns_go_round_among_the_callers_and_one_that_left_is_passed_over() -> None:
    turns, order = Turns(Bounds(1, 1, waiting=9, waiting_of_one=9)), list[str]()
    await turns.take("first")

    async def wait(caller: str, name: str) -> None:
        async with turns.turn(caller):
            order.append(name)

    waiting = [asyncio.create_task(wait(name[0], name)) for name in ("a1", "a2", "a3", "b1", "c1")]
    await asyncio.sleep(0)
    waiting[-1].cancel()
    turns.give_back("first")
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["a1", "b1", "a2", "a3"]
    assert (turns.at_work, turns.waiting) == (0, 0)


async def test_who_has_waited_too_long_leaves_the_row_as_it_was() -> None:
    turns = Turns(Bounds(1, 1, waiting=9, waiting_of_one=9, wait_s=0.01))
    await turns.take("a")
    for caller, own in (("a", True), ("b", False)):
        with pytest.raises(NoTurn) as none:
            await turns.take(caller)
        assert none.value.own is own
    turns.give_back("a")
    assert (turns.at_work, turns.waiting) == (0, 0)


def test_a_bucket_fills_again_and_never_over_its_brim() -> None:
    rates = Rates(2.0, burst=3)
    assert [rates.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert [rates.wait_s("a", 0.5), rates.wait_s("a", 0.5)] == [0, 0.5]
    assert [rates.wait_s("a", 1000.0) for _ in range(4)] == [0, 0, 0, 0.5]
