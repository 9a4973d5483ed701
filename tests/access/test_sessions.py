"""Sessions of pages: whose it is, for as long as the key holds; and what comes with a cookie from where."""

import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from msgspec.structs import replace
from pydantic import SecretStr
from starlette.responses import Response

from shared.access.folder import KeyFolder
from shared.access.keys import ApiKey, digest_of, new_token
from shared.access.roles import Grant, Permission, Principal
from shared.service.access import FROM_SETTINGS, Access, requires
from shared.service.ended_sessions import EndedSessions
from shared.service.http import new_application
from shared.service.keyring import LOOK_AGAIN_S, KeyRing
from shared.service.sessions import (
    HOURS,
    SECRET_FILE,
    Sessions,
    TooManyGrants,
    secret_of,
    sessions_of,
    signing_secret,
)
from shared.service.wrong_keys import MOST_PEERS, MOST_WRONG, WITHIN_S, WrongKeys

KEY = "a-key-for-this-test-only"
COOKIE = "motcua_intake_session"
CLERK = Principal("key:0123456789ab", "Quầy 3", (Grant.parse("counter@H59.15"),))
OTHERS_HEADERS = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Referer": "http://elsewhere.example/intake"},
    {"Origin": "http://intake:8443"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {},
]


class OneClerk(Access):
    """Access that also knows the clerk's key, until it is revoked."""

    clerk: Principal | None = CLERK

    def with_id(self, principal_id: str) -> Principal | None:
        return self.clerk if principal_id == CLERK.id else super().with_id(principal_id)


def request_with(cookie: str = "", name: str = COOKIE, scheme: str = "http", host: str = "192.0.2.1") -> Request:
    headers = [(b"cookie", f"{name}={cookie}".encode())] if cookie else []
    server = ("intake", 443 if scheme == "https" else 80)
    scope: dict[str, Any] = {"type": "http", "scheme": scheme, "path": "/", "headers": headers, "method": "GET"}
    return Request({**scope, "client": (host, 1), "server": server, "query_string": b""})


def opened(sessions: Sessions, principal: Principal = FROM_SETTINGS, scheme: str = "http") -> str:
    answer = Response()
    sessions.open(request_with(scheme=scheme), answer, principal)
    return answer.headers["set-cookie"].split(";")[0].split("=", 1)[1]


@pytest.fixture
def sessions() -> Sessions:
    return sessions_of("intake", SecretStr(KEY))


@pytest.fixture
def access(sessions: Sessions) -> OneClerk:
    return OneClerk(SecretStr(KEY), sessions)


def application(access: Access) -> FastAPI:
    app = new_application(title="t", version="1", description="d", access=access)

    async def say(request: Request) -> Response:
        caller = request.state.caller
        return Response(f"{caller.principal.id} {caller.scope}", media_type="text/plain")

    posting = [requires(Permission.POST_EVENTS, takes_session=True)]
    app.add_api_route("/v1/things", say, methods=["GET", "POST", "DELETE", "PUT", "PATCH"], dependencies=posting)
    app.add_api_route("/v1/programs", say, methods=["GET"], dependencies=[requires(Permission.POST_EVENTS)])
    return app


@pytest.fixture
async def clerk(access: OneClerk, sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(access))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        client.cookies.set(COOKIE, opened(sessions, CLERK))
        yield client


async def test_a_session_may_do_what_its_key_may_and_no_more(clerk: httpx.AsyncClient, access: OneClerk) -> None:
    assert (await clerk.get("/v1/things")).text == "key:0123456789ab H59.15"
    access.clerk = Principal(CLERK.id, CLERK.name, (Grant.parse("counter@H59.02"),))
    assert (await clerk.get("/v1/things")).text == "key:0123456789ab H59.02", "at once"
    access.clerk = Principal(CLERK.id, CLERK.name, (Grant.parse("operator@*"),))
    assert (await clerk.get("/v1/things")).status_code == 403


async def test_a_key_that_no_longer_holds_ends_its_sessions_at_once(clerk: httpx.AsyncClient, access: OneClerk) -> None:
    access.clerk = None
    assert (await clerk.get("/v1/things")).status_code == 401


async def test_a_key_that_is_revoked_in_its_folder_ends_its_sessions_within_a_second(
    sessions: Sessions, tmp_path: Path
) -> None:
    key_id, token = new_token()
    now = datetime.now(UTC)
    key = ApiKey(id=key_id, name="Quầy 3", digest=digest_of(token), grants=("counter@H59.15",), created_at=now)
    with KeyFolder(tmp_path).changing() as keys:
        keys[key_id] = key
    elapsed = [0.0]
    access = Access(None, sessions, KeyRing(tmp_path, "intake", elapsed=lambda: elapsed[0]))
    principal = access.with_id(f"key:{key_id}")
    assert principal is not None
    request = request_with(opened(sessions, principal))
    assert await access.of_session(request) == principal
    with KeyFolder(tmp_path).changing() as keys:
        keys[key_id] = replace(key, revoked_at=now)
    elapsed[0] += LOOK_AGAIN_S
    assert await access.of_session(request) is None


async def test_a_session_opens_only_what_is_made_for_pages(clerk: httpx.AsyncClient) -> None:
    assert (await clerk.get("/v1/programs")).status_code == 401


async def test_a_wrong_key_is_not_helped_by_a_session_and_another_scheme_does_not_hinder_one(
    clerk: httpx.AsyncClient,
) -> None:
    assert (await clerk.get("/v1/things", headers={"Authorization": "Bearer no"})).status_code == 401
    assert (await clerk.get("/v1/things", headers={"Authorization": "Basic eDp5"})).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", OTHERS_HEADERS, ids=str)
async def test_what_changes_something_is_taken_from_own_pages_only(
    clerk: httpx.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    refused = await clerk.request(method, "/v1/things", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "open the page again" in refused.json()["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_own_pages_and_programs_with_a_key_change_what_they_may(clerk: httpx.AsyncClient, method: str) -> None:
    own = {"Origin": "http://intake", "Sec-Fetch-Site": "same-origin"}
    assert (await clerk.request(method, "/v1/things", headers=own)).status_code == 200
    key = {"Authorization": f"Bearer {KEY}", "Origin": "https://elsewhere.example"}
    assert (await clerk.request(method, "/v1/things", headers=key)).text == "settings *", "no browser adds a key"


def test_a_subject_of_the_provider_is_said_in_full_and_ends_with_its_own_time(sessions: Sessions) -> None:
    ends = datetime.fromtimestamp(int(time.time()) + 600, UTC)
    person = Principal("oidc:thu", "Nguyễn Thị Thu", (Grant.parse("officer@H59.15,received_by:H59.01"),), ends)
    held = sessions.held_by(request_with(opened(sessions, person)))
    assert held is not None
    assert held.subject() == person


def test_no_session_is_longer_than_the_hours(sessions: Sessions) -> None:
    person = Principal("oidc:thu", "Thu", CLERK.grants, datetime.now(UTC) + timedelta(days=30))
    held = sessions.held_by(request_with(opened(sessions, person)))
    assert held is not None
    assert held.until <= time.time() + HOURS * 3600


def test_a_session_ends_by_itself(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    now, cookie = time.time(), opened(sessions)
    monkeypatch.setattr(time, "time", lambda: now + HOURS * 3600 - 60)
    assert sessions.held_by(request_with(cookie)) is not None
    monkeypatch.setattr(time, "time", lambda: now + HOURS * 3600 + 60)
    assert sessions.held_by(request_with(cookie)) is None


def test_a_cookie_too_large_for_a_browser_is_not_given(sessions: Sessions) -> None:
    units = (f"H59.{number}.{number * 7919 % 104729}" for number in range(900))
    person = Principal("oidc:thu", "Thu", (Grant.parse("officer@" + ",".join(units)),))
    with pytest.raises(TooManyGrants):
        opened(sessions, person)


def test_another_settings_key_another_service_or_another_folder_ends_every_session(
    sessions: Sessions, tmp_path: Path
) -> None:
    cookie = opened(sessions)
    others = [
        sessions_of("intake", SecretStr("another-key-of-tests")),
        sessions_of("reporting", SecretStr(KEY)),
        sessions_of("intake", SecretStr(KEY), tmp_path),
    ]
    assert [other.held_by(request_with(cookie, other.cookie)) for other in others] == [None, None, None]
    assert sessions_of("intake", SecretStr(KEY)).held_by(request_with(cookie)) is not None


@pytest.mark.parametrize("forged", ["", "settings", "e30.AAAA", "eyJpZCI6ImEifQ.x.y", "\xff", "." * 4000])
def test_a_made_up_session_opens_nothing(sessions: Sessions, forged: str) -> None:
    assert sessions.held_by(request_with(forged)) is None


def test_a_changed_session_opens_nothing(sessions: Sessions) -> None:
    cookie = opened(sessions)
    for place in range(0, len(cookie) - 1, 7):  # the last letter says less than six bits: two of them say the same
        other = "B" if cookie[place] == "A" else "A"
        assert sessions.held_by(request_with(f"{cookie[:place]}{other}{cookie[place + 1 :]}")) is None


def test_over_https_only_the_cookie_that_no_neighbour_can_plant_is_looked_at(sessions: Sessions) -> None:
    cookie = opened(sessions, scheme="https")
    assert sessions.held_by(request_with(cookie, f"__Host-{COOKIE}", "https")) is not None
    assert sessions.held_by(request_with(cookie, COOKIE, "https")) is None
    behind_a_proxy = sessions_of("intake", SecretStr(KEY), public_url="https://intake.example")
    assert behind_a_proxy.held_by(request_with(cookie, COOKIE)) is None
    assert behind_a_proxy.held_by(request_with(cookie, f"__Host-{COOKIE}")) is not None


async def test_without_pages_a_cookie_is_nothing(sessions: Sessions) -> None:
    assert await Access(SecretStr(KEY)).of_session(request_with(opened(sessions))) is None


async def test_without_a_settings_key_its_sessions_are_nothing(sessions: Sessions) -> None:
    assert await Access(None, sessions).of_session(request_with(opened(sessions))) is None


def test_the_folders_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    made: list[str] = []
    makers = [threading.Thread(target=lambda: made.append(secret_of(tmp_path))) for _ in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(set(made)) == 1
    assert len(made[0]) == 64
    assert [path.name for path in tmp_path.iterdir()] == [SECRET_FILE]
    assert (tmp_path / SECRET_FILE).stat().st_mode & 0o777 == 0o600
    assert signing_secret("intake", tmp_path, None) == signing_secret("intake", tmp_path, None)


def test_without_folder_and_key_nobody_can_know_the_secret() -> None:
    assert signing_secret("intake", None, None) != signing_secret("intake", None, None)


def test_a_session_that_was_ended_is_ended_for_every_process_of_the_folder(tmp_path: Path) -> None:
    first, second = (sessions_of("intake", None, tmp_path) for _ in range(2))
    kept, other = opened(first, CLERK), opened(first, CLERK)
    assert second.held_by(request_with(kept)) is not None
    first.close(request_with(kept), Response())
    restarted = sessions_of("intake", None, tmp_path)
    assert [each.held_by(request_with(kept)) for each in (first, second, restarted)] == [None, None, None]
    second.close(request_with(opened(second, CLERK)), Response())
    assert [each.held_by(request_with(kept)) for each in (first, second, restarted)] == [None, None, None]
    assert restarted.held_by(request_with(other)) is not None, "that one only"
    assert (tmp_path / "sessions_ended").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [None, "ended"])
def test_no_more_is_remembered_than_ended_within_the_hours(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = EndedSessions(None if name is None else tmp_path / name)
    monkeypatch.setattr("shared.service.ended_sessions.MOST_ENDED", 3)
    until = int(time.time()) + 60
    for number in range(4):
        ended.add(f"s{number}", until)
    assert [f"s{number}" in ended for number in range(4)] == [False, True, True, True]
    monkeypatch.setattr(time, "time", lambda: until + 1.0)
    ended.add("last", until + 60)
    assert [one in ended for one in ("s1", "s3", "last")] == [False, False, True]


def test_wrong_keys_are_counted_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    wrong = WrongKeys()
    for host in ("192.0.2.1", "2001:db8:1:2::1"):
        for _ in range(MOST_WRONG):
            assert wrong.must_wait_s(request_with(host=host)) == 0
            wrong.count(request_with(host=host))
    assert wrong.must_wait_s(request_with(host="192.0.2.1")) == WITHIN_S
    assert wrong.must_wait_s(request_with(host="2001:db8:1:2:3::9")) == WITHIN_S, "one site"
    assert wrong.must_wait_s(request_with(host="192.0.2.2")) == 0, "nobody else waits"
    assert wrong.must_wait_s(request_with(host="2001:db8:1:3::1")) == 0
    monkeypatch.setattr(time, "monotonic", lambda: now + WITHIN_S)
    assert wrong.must_wait_s(request_with(host="192.0.2.1")) == 0


def test_no_more_peers_are_remembered_than_memory_is_meant_for() -> None:
    wrong = WrongKeys()
    for number in range(MOST_PEERS + 10):
        wrong.count(request_with(host=f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"))
    assert len(wrong) == MOST_PEERS
