"""Who may read pages: a browser whose reader gave the key, for twelve hours, and nobody else."""

import time

import httpx
import msgspec
import pytest
from sqlalchemy.exc import OperationalError

from shared.service.wrong_keys import MOST_WRONG, WITHIN_S
from tests.pages.office import KEY, Office, browser, sign_in

PAGES = ["/", "/download?format=csv", "/dossiers?token=x", "/dossiers/H59.15-230103-0001", "/follow-up", "/late"]
OTHERS_HEADERS = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("path", [*PAGES, "/charts/received", "/definitions"])
async def test_a_stranger_is_asked_for_the_key_and_sees_nothing_else(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status_code == 401
    assert 'type="password"' in answer.text
    assert "figures" not in answer.text
    assert "H59.15-230103-0000" not in answer.text


async def test_the_right_key_opens_the_pages_and_leads_to_where_the_reader_was_going(
    stranger: httpx.AsyncClient,
) -> None:
    assert 'value="/late?period=last-year"' in (await stranger.get("/late?period=last-year")).text
    opened = await sign_in(stranger, to="/late?period=last-year")
    assert (opened.status_code, opened.headers["location"]) == (303, "/late?period=last-year")
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert KEY not in cookie
    assert (await stranger.get("/")).status_code == 200


async def test_over_https_the_cookie_stays_on_https(office: Office) -> None:
    async with browser(office.application, "https://reporting") as client:
        cookie = (await sign_in(client)).headers["set-cookie"]
        assert "Secure" in cookie
        assert cookie.startswith("__Host-")
        assert "Path=/;" in cookie
        assert "Domain" not in cookie
        assert (await client.get("/")).status_code == 200


async def test_a_wrong_key_is_told_so_and_opens_nothing(stranger: httpx.AsyncClient) -> None:
    refused = await sign_in(stranger, key="another-key")
    assert refused.status_code == 401
    assert "Khóa không đúng" in refused.text
    assert "another-key" not in refused.text
    assert "set-cookie" not in refused.headers
    assert (await stranger.get("/")).status_code == 401


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "late", ""]
)
async def test_nobody_is_led_elsewhere(stranger: httpx.AsyncClient, to: str) -> None:
    assert (await sign_in(stranger, to=to)).headers["location"] == "/"


async def test_the_audit_says_who_came_and_left(stranger: httpx.AsyncClient) -> None:
    await sign_in(stranger, key="another-key")
    await sign_in(stranger)
    await stranger.post("/session/end")
    await stranger.post("/session/end")
    lines = (await stranger.get("/v1/audit", headers={"Authorization": f"Bearer {KEY}"})).text.splitlines()
    entries = [msgspec.json.decode(line) for line in lines]
    told = [(entry["act"], entry["who"]) for entry in entries if entry["act"].startswith("signed")]
    assert told == [("signed_in", "settings"), ("signed_out", "settings")]


async def test_leaving_ends_the_session(reader: httpx.AsyncClient) -> None:
    assert (await reader.post("/session/end")).status_code == 303
    assert (await reader.get("/")).status_code == 401


async def test_the_cookie_of_a_session_that_was_ended_opens_nothing(reader: httpx.AsyncClient, office: Office) -> None:
    """Whoever kept it, and only that session: the reader's other browser goes on."""
    kept = reader.cookies["motcua_reporting_session"]
    async with browser(office.application) as other:
        await sign_in(other)
        await reader.post("/session/end")
        assert (await other.get("/")).status_code == 200
    async with browser(office.application) as thief:
        thief.cookies.set("motcua_reporting_session", kept)
        assert (await thief.get("/")).status_code == 401
        assert (await thief.get("/v1/events")).status_code == 401
        assert (await thief.post("/session/end")).status_code == 303, "and it can be ended twice"
    assert (await sign_in(reader)).status_code == 303
    assert (await reader.get("/")).status_code == 200


async def test_after_many_wrong_keys_no_key_is_looked_at_for_a_while(
    stranger: httpx.AsyncClient, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(MOST_WRONG):
        assert (await sign_in(stranger, key="another-key")).status_code == 401
    for key in (KEY, "another-key"):
        refused = await sign_in(stranger, key=key)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, str(int(WITHIN_S)))
        assert "Hãy thử lại sau 60 giây." in refused.text
        assert "set-cookie" not in refused.headers
    assert "Try again in 60 seconds." in (await stranger.post("/session?lang=en", data={"key": KEY})).text
    assert (await reader.get("/")).status_code == 200, "who is signed in goes on reading"
    monkeypatch.setattr(time, "monotonic", lambda: now + WITHIN_S)
    assert (await sign_in(stranger)).status_code == 303, "what was refused meanwhile has not made it longer"


@pytest.mark.parametrize("headers", OTHERS_HEADERS, ids=str)
async def test_a_form_of_another_site_is_refused(reader: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await reader.post("/session/end", headers=headers)).status_code == 403
    assert (await reader.post("/session", data={"key": KEY}, headers=headers)).status_code == 403
    assert (await reader.get("/")).status_code == 200, "and the reader's session is still there"


async def test_the_own_page_says_where_it_stands(reader: httpx.AsyncClient) -> None:
    own = {"Origin": "http://reporting", "Sec-Fetch-Site": "same-origin"}
    assert (await reader.post("/session/end", headers=own)).status_code == 303


async def test_a_session_opens_pages_and_events_but_not_the_api(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/v1/figures")).status_code == 401
    assert (await reader.get("/v1/dossiers")).status_code == 401
    async with httpx.AsyncClient(transport=reader._transport, base_url="http://reporting") as without:
        assert (await without.get("/v1/events")).status_code == 401
        assert (await without.get("/v1/events", headers={"Authorization": "Bearer no"})).status_code == 401


async def test_signing_in_and_out_are_entries_of_the_audit(office: Office, stranger: httpx.AsyncClient) -> None:
    await sign_in(stranger, key="another-key")
    await sign_in(stranger)
    assert (await stranger.post("/session/end")).status_code == 303
    assert (await stranger.post("/session/end")).status_code == 303, "who has left leaves no second time"
    found = await stranger.get("/v1/audit", headers={"Authorization": f"Bearer {KEY}"})
    entries = [msgspec.json.decode(line) for line in found.content.splitlines()]
    assert [(entry["act"], entry["subject"], entry["who"]) for entry in entries[1:3]] == [
        ("signed_in", "settings", "settings"), ("signed_out", "settings", "settings"),
    ]  # fmt: skip
    assert entries[3]["act"] == "audit_exported"


async def test_who_cannot_be_noted_is_not_signed_in_and_may_always_leave(
    office: Office, stranger: httpx.AsyncClient
) -> None:
    audit = office.application.state.audit

    class Away(type(audit)):  # type: ignore[misc]  # the class of whatever the service keeps
        async def write_alone(self, *_entries: object) -> None:
            raise OperationalError("", None, OSError("the disk is gone"), connection_invalidated=True)

    office.application.state.audit = Away(audit.chain, audit.writer, audit.reader, audit.lock)
    refused = await sign_in(stranger)
    assert (refused.status_code, "set-cookie" in refused.headers) == (503, False)
    office.application.state.audit = audit
    await sign_in(stranger)
    office.application.state.audit = Away(audit.chain, audit.writer, audit.reader, audit.lock)
    assert (await stranger.post("/session/end")).status_code == 303
    assert (await stranger.get("/")).status_code == 401
