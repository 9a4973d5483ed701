"""Log-in to the pages at a real provider, and what an attacker does with it: nothing."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from shared.auditing.entries import Act
from shared.catalogue import Catalogue
from shared.service.access import OpenToAll, routes_of
from shared.service.oidc import login as login_module
from shared.service.oidc.configuration import Oidc, OidcClient
from shared.service.oidc.login import HOLDS_S
from shared.service.oidc.provider import Provider
from shared.service.oidc.tokens import TokenRefused, access_token, id_token
from tests.access.forging import claims, forged, signed
from tests.access.login_site import KEY, Site, site_with
from tests.support.browser import OWN_PAGE
from tests.support.npm import needs_node
from tests.support.oidc_provider import (
    ACCOUNTS,
    AUDIENCE,
    PAGES,
    PUBLIC_URL,
    SECRET,
    RunningProvider,
    pages,
    programs,
    running_provider,
)

pytestmark = needs_node
LOGIN, SESSION = "__Host-motcua_reporting_login", "__Host-motcua_reporting_session"


@pytest.fixture(scope="module")
def real() -> Iterator[RunningProvider]:
    with running_provider() as running:
        yield running


@pytest.fixture
def oidc(real: RunningProvider) -> Oidc:
    client = OidcClient(client_id=PAGES, secret=SECRET, public_url=PUBLIC_URL)
    return Oidc(issuer=real.issuer, client=client, name="Danh tính tỉnh")


@pytest.fixture
def site(oidc: Oidc, shipped: Catalogue) -> Site:
    return site_with(oidc, shipped)


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.browser() as client:
        yield client


async def sent_back(browser: httpx.AsyncClient, real: RunningProvider, name: str = "thu", to: str = "/") -> str:
    """Begin a log-in and finish it at the provider: where the browser is sent back to."""
    begun = await browser.get("/session/login", params={"to": to})
    assert begun.status_code == 303
    return real.log_in(begun.headers["location"], name)


def changed(address: str, **parameters: str | None) -> str:
    """The address with other parameters; None leaves one out."""
    parts = urlsplit(address)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return parts._replace(query=urlencode({name: value for name, value in given.items() if value is not None})).geturl()


async def test_who_logs_in_at_the_provider_is_signed_in(
    browser: httpx.AsyncClient, real: RunningProvider, site: Site
) -> None:
    asked = await browser.get("/")
    assert asked.status_code == 401
    assert 'href="/session/login?to=%2F"' in asked.text
    assert "Đăng nhập bằng Danh tính tỉnh" in asked.text
    back = await sent_back(browser, real, to="/?period=last-year")
    assert back.startswith(f"{PUBLIC_URL}/session/callback?")
    answer = await browser.get(back)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/?period=last-year">' in answer.text
    assert "Nguyễn Thị Thu" in answer.text
    cookies = answer.headers.get_list("set-cookie")
    (session,) = (cookie for cookie in cookies if cookie.startswith(f"{SESSION}="))
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in session
    assert any(cookie.startswith(f'{LOGIN}=""') for cookie in cookies), "the log-in is over"
    assert "oidc:thu is here" in (await browser.get("/")).text
    assert [entry.act for entry in site.audit.entries] == [Act.SIGNED_IN]


async def test_an_id_token_of_the_provider_is_no_access_token(
    browser: httpx.AsyncClient, real: RunningProvider, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom the provider vouched for to the pages it has not vouched for to the API."""
    seen: list[str] = []

    async def watching(provider: Provider, token: str, nonce: str) -> Any:
        seen.append(token)
        return await id_token(provider, token, nonce)

    monkeypatch.setattr(login_module, "id_token", watching)
    assert (await browser.get(await sent_back(browser, real))).status_code == 200
    provider = site.access.provider
    assert provider is not None
    for audience in (AUDIENCE, PAGES):
        ours = Provider(replace(provider.oidc, audience=audience))
        with pytest.raises(TokenRefused, match="for another service|no access token"):
            await access_token(ours, seen[0])


def test_every_address_says_why_it_is_open(site: Site) -> None:
    rules = {route.path: route.rule for route in routes_of(site.application)}
    opened = {path for path, rule in rules.items() if isinstance(rule, OpenToAll)}
    assert {"/session", "/session/end", "/session/login", "/session/callback", "/session/ended"} <= opened
    assert None not in rules.values()


async def test_what_goes_to_the_provider_is_bound_to_this_browser(
    browser: httpx.AsyncClient, real: RunningProvider
) -> None:
    first, second = [await browser.get("/session/login") for _ in range(2)]
    asked = [parse_qs(urlsplit(answer.headers["location"]).query) for answer in (first, second)]
    for one in asked:
        assert one["response_type"] == ["code"]
        assert one["code_challenge_method"] == ["S256"]
        assert one["redirect_uri"] == [f"{PUBLIC_URL}/session/callback"]
        assert one["client_id"] == [PAGES]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) == 43, "256 bits"
        assert asked[0][name][0] not in str(first.headers.get_list("set-cookie")), "the cookie does not tell it"
    cookie = first.headers["set-cookie"]
    for part in (f"{LOGIN}=", "HttpOnly", "Secure", "SameSite=lax", f"Max-Age={HOLDS_S}"):
        assert part in cookie


async def test_the_redirect_uri_is_the_settings_and_not_what_a_request_says_of_its_host(site: Site) -> None:
    async with site.browser() as browser:
        headers = {"Host": "elsewhere.example", "X-Forwarded-Host": "elsewhere.example"}
        begun = await browser.get("/session/login", headers=headers)
    assert "elsewhere" not in begun.headers["location"]


@pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "late"])
async def test_nobody_is_led_elsewhere(browser: httpx.AsyncClient, real: RunningProvider, to: str) -> None:
    answer = await browser.get(await sent_back(browser, real, to=to))
    assert 'content="0;url=/">' in answer.text
    assert "elsewhere" not in answer.text


async def refused(browser: httpx.AsyncClient, address: str, status: int, said: str) -> None:
    """The callback opens nothing, says what to do and leaves no log-in behind."""
    answer = await browser.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in answer.text
    assert "set-cookie" in answer.headers
    assert not any(cookie.startswith(f"{SESSION}=") for cookie in answer.headers.get_list("set-cookie"))
    assert (await browser.get("/")).status_code == 401


OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first-rsa"})
STALE = "không bắt đầu từ trình duyệt này"
REFUSED = "không cho đăng nhập"


async def test_a_callback_without_the_cookie_is_login_csrf(site: Site, real: RunningProvider) -> None:
    """The attacker begins a log-in with an account of his, and has the victim's browser finish it."""
    async with site.browser() as attacker, site.browser() as victim:
        back = await sent_back(attacker, real)
        answer = await victim.get(back)
        assert (answer.status_code, SESSION in str(answer.headers)) == (400, False)
        assert STALE in answer.text
        await sent_back(victim, real)
        await refused(victim, back, 400, STALE)


@pytest.mark.parametrize("state", [None, "", "x", "\u00e9"])
async def test_another_state_is_refused(browser: httpx.AsyncClient, real: RunningProvider, state: str | None) -> None:
    await refused(browser, changed(await sent_back(browser, real), state=state), 400, STALE)


@pytest.mark.parametrize("cookie", ["", "x", "eyJpZCI6ImEifQ.AAAA", "a.b.c"])
async def test_another_cookie_is_refused(browser: httpx.AsyncClient, real: RunningProvider, cookie: str) -> None:
    back = await sent_back(browser, real)
    browser.cookies.set(LOGIN, cookie)
    await refused(browser, back, 400, STALE)


async def test_a_log_in_is_good_for_ten_minutes(
    browser: httpx.AsyncClient, real: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, now = await sent_back(browser, real), time.time()
    monkeypatch.setattr(time, "time", lambda: now + HOLDS_S + 1)
    await refused(browser, back, 400, STALE)


async def test_a_callback_is_good_once(site: Site, real: RunningProvider) -> None:
    """Also for who kept the log-in's cookie; and the provider does not take the code again either."""
    async with site.browser() as browser, site.browser() as thief:
        back = await sent_back(browser, real)
        kept = browser.cookies[LOGIN]
        assert (await browser.get(back)).status_code == 200
        thief.cookies.set(LOGIN, kept)
        await refused(thief, back, 400, STALE)
        fresh = await sent_back(thief, real)
        spent = parse_qs(urlsplit(back).query)["code"][0]
        await refused(thief, changed(fresh, code=spent), 403, "invalid_grant")


@pytest.mark.parametrize("code", [None, "", "x", "x" * 5_000])
async def test_another_code_is_refused(browser: httpx.AsyncClient, real: RunningProvider, code: str | None) -> None:
    await refused(browser, changed(await sent_back(browser, real), code=code), 403, REFUSED)


@pytest.mark.parametrize("issuer", [None, "", "https://elsewhere.example"])
async def test_the_answer_of_another_provider_is_refused(
    browser: httpx.AsyncClient, real: RunningProvider, issuer: str | None
) -> None:
    """RFC 9207: whose code it is is said, for this provider says that it says so."""
    await refused(browser, changed(await sent_back(browser, real), iss=issuer), 403, "another_issuer")


async def test_who_does_not_log_in_is_told_so(browser: httpx.AsyncClient, real: RunningProvider) -> None:
    await refused(browser, await sent_back(browser, real, name=""), 403, "access_denied")


async def test_the_providers_words_are_not_taken_for_the_pages_own(
    browser: httpx.AsyncClient, real: RunningProvider
) -> None:
    back = await sent_back(browser, real, name="")
    answer = await browser.get(changed(back, error="<script>alert(1)</script>", error_description="call 0900 000 000"))
    assert answer.status_code == 403
    assert "script>alert" not in answer.text
    assert "0900" not in answer.text


@pytest.mark.parametrize(
    ("name", "said"), [("khách", "motcua_grants is missing"), ("nhầm", "&#39;chief@H59.15&#39; is no grant")]
)
async def test_who_is_granted_nothing_that_can_be_used_is_told_what_is_wrong(
    browser: httpx.AsyncClient, real: RunningProvider, name: str, said: str
) -> None:
    await refused(browser, await sent_back(browser, real, name), 403, said)


async def test_grants_may_stand_in_the_id_token_itself(browser: httpx.AsyncClient, real: RunningProvider) -> None:
    real.control(claims_at_userinfo=False)
    try:
        assert (await browser.get(await sent_back(browser, real))).status_code == 200
        assert "/me" not in real.control(), "so nothing more was asked"
    finally:
        real.control(claims_at_userinfo=True)


async def test_more_grants_than_a_browser_keeps_are_refused(browser: httpx.AsyncClient, real: RunningProvider) -> None:
    many = [f"officer@{','.join(f'H59.{a}{b}.{a * b * 7919 % 1000}' for b in range(60))}" for a in range(40)]
    real.control(accounts={"thu": {"motcua_grants": many}})
    try:
        await refused(browser, await sent_back(browser, real), 403, "nhiều quyền")
    finally:
        real.control(accounts=ACCOUNTS)


async def test_while_the_provider_is_away_the_pages_say_so_and_keys_go_on(
    browser: httpx.AsyncClient, site: Site, real: RunningProvider
) -> None:
    real.control(away=True)
    try:
        answer = await browser.get("/session/login")
        assert answer.status_code == 503
        assert "tạm thời không trả lời" in answer.text
        assert (await browser.post("/session", data={"key": KEY}, headers=OWN_PAGE)).status_code == 303
        assert (await browser.get("/")).status_code == 200
    finally:
        real.control(away=False)


async def test_leaving_ends_the_session_here_and_shows_where_to_end_the_one_there(
    browser: httpx.AsyncClient, site: Site, real: RunningProvider
) -> None:
    await browser.get(await sent_back(browser, real))
    kept = browser.cookies[SESSION]
    left = await browser.post("/session/end", headers=OWN_PAGE)
    assert (left.status_code, left.headers["location"]) == (303, "/session/ended")
    page = (await browser.get("/session/ended")).text
    assert f'href="{real.issuer}/session/end?client_id=pages&amp;post_logout_redirect_uri=https%3A%2F%2Fmotcua' in page
    assert (await browser.get("/")).status_code == 401
    async with site.browser() as thief:
        thief.cookies.set(SESSION, kept)
        assert (await thief.get("/")).status_code == 401, "nor does the cookie that somebody kept"


async def test_a_session_lasts_as_long_as_is_set(
    oidc: Oidc, shipped: Catalogue, real: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert oidc.client is not None
    site = site_with(replace(oidc, client=replace(oidc.client, session_s=600)), shipped)
    async with site.browser() as browser, site.browser() as thief:
        answer = await browser.get(await sent_back(browser, real))
        assert "Max-Age=600" in str(answer.headers)
        now = time.time()
        thief.cookies.set(SESSION, browser.cookies[SESSION])  # which does not forget by itself
        for later, status in ((590, 200), (601, 401)):
            monkeypatch.setattr(time, "time", lambda later=later: now + later)
            assert (await thief.get("/")).status_code == status


async def test_without_the_provider_its_sessions_are_nothing(
    site: Site, shipped: Catalogue, real: RunningProvider
) -> None:
    async with site.browser() as browser, site_with(None, shipped).browser() as without:
        await browser.get(await sent_back(browser, real))
        without.cookies.set(SESSION, browser.cookies[SESSION])
        assert (await without.get("/")).status_code == 401
        assert (await without.get("/session/login")).status_code == 404


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_each_way_to_say_which_client_asks(
    oidc: Oidc, shipped: Catalogue, real: RunningProvider, method: str
) -> None:
    assert oidc.client is not None
    secret = None if method == "none" else SECRET
    registered = {**pages(PUBLIC_URL), "token_endpoint_auth_method": method}
    if secret is None:
        del registered["client_secret"]
    real.control(clients=[*programs(), registered], token_methods=[method])
    try:
        site = site_with(replace(oidc, client=replace(oidc.client, secret=secret)), shipped)
        async with site.browser() as browser:
            assert (await browser.get(await sent_back(browser, real))).status_code == 200
    finally:
        real.control(clients=[*programs(), pages(PUBLIC_URL)], token_methods=None)


IdToken = Callable[[RunningProvider, dict[str, Any]], str]


def saying(**other: Any) -> IdToken:
    return lambda real, good: signed(real.keys[0], {**good, **other}, typ="JWT")


ID_TOKENS: dict[str, tuple[IdToken, str]] = {
    "another nonce": (saying(nonce="x"), "another log-in"),
    "no nonce": (saying(nonce=None), "another log-in"),
    "for another client": (saying(aud="another"), "another client"),
    "for the API": (saying(aud=AUDIENCE), "another client"),
    "for several and none in particular": (saying(aud=[PAGES, "another"]), "another client"),
    "asked for by another": (saying(azp="another"), "another client"),
    "of another issuer": (saying(iss="https://elsewhere.example"), "another issuer"),
    "expired": (saying(exp=1), "expired"),
    "an access token": (lambda real, good: signed(real.keys[0], good, typ="at+jwt"), "no ID token"),
    "unsigned": (lambda _real, good: forged({"alg": "none"}, good), "signed in a way"),
    "signed with the client's secret": (
        lambda _real, good: forged({"alg": "HS256"}, good, SECRET.encode()),
        "signed in a way",
    ),
    "signed by another key": (lambda _real, good: signed(OTHER_KEY, good, typ="JWT"), "signature"),
    "garbage": (lambda _real, _good: "x", "no signed token"),
}


@pytest.mark.parametrize("name", [None, *ID_TOKENS])
async def test_an_id_token_that_is_not_for_this_log_in_opens_nothing(
    browser: httpx.AsyncClient, real: RunningProvider, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's token endpoint gives out what it would not; the first is as it would, so that each fails alone."""
    begun = (await browser.get("/session/login")).headers["location"]
    back = real.log_in(begun)
    good = claims(real, aud=PAGES, nonce=parse_qs(urlsplit(begun).query)["nonce"][0])
    make, said = ID_TOKENS[name] if name else (saying(), "")

    async def given(_client: Any, _request: Any, kind: Any) -> Any:
        return kind(make(real, good))

    monkeypatch.setattr(login_module, "answer_of", given)
    if name is None:
        assert (await browser.get(back)).status_code == 200
    else:
        await refused(browser, back, 403, said)
