"""Tokens of a real provider at the API, and those that an attacker makes, keeps, or turns to another use."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import SecretStr
from starlette.responses import Response

from shared.access.roles import Permission
from shared.service.access import Access, requires
from shared.service.http import new_application
from shared.service.oidc import provider as provider_module
from shared.service.oidc.configuration import Oidc, OidcClient
from shared.service.oidc.provider import KEYS_HOLD_S, REFRESH_AT_MOST_EVERY_S, Provider
from tests.access.forging import claims, encoded, forged, signed
from tests.support.npm import needs_node
from tests.support.oidc_provider import (
    AUDIENCE,
    PAGES,
    PUBLIC_URL,
    SECRET,
    RunningProvider,
    new_keys,
    running_provider,
)

pytestmark = needs_node
KEY = "a-key-for-this-test-only"


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def real() -> Iterator[RunningProvider]:
    with running_provider() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ours(real: RunningProvider, clock: Clock) -> Provider:
    client = OidcClient(client_id=PAGES, secret=SECRET, public_url=PUBLIC_URL)
    return Provider(Oidc(issuer=real.issuer, audience=AUDIENCE, client=client), clock)


def application(provider: Provider) -> FastAPI:
    access = Access(SecretStr(KEY), provider=provider)
    app = new_application(title="t", version="1", description="d", access=access)

    async def say(request: Request) -> Response:
        caller = request.state.caller
        return Response(f"{caller.principal.id} {caller.principal.name} {caller.scope}", media_type="text/plain")

    app.add_api_route("/v1/figures", say, methods=["GET"], dependencies=[requires(Permission.READ_FIGURES)])
    return app


@asynccontextmanager
async def api(provider: Provider) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(provider))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        yield client


async def called(provider: Provider, token: str) -> httpx.Response:
    async with api(provider) as client:
        return await client.get("/v1/figures", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("program", ["program", "program-ES256", "program-PS256", "program-EdDSA"])
async def test_a_token_of_the_provider_may_do_what_it_grants(
    real: RunningProvider, ours: Provider, program: str
) -> None:
    answer = await called(ours, real.access_token(program))
    assert (answer.status_code, answer.text) == (200, f"oidc:{program} {program} *")


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "JWT", None])
async def test_a_token_made_by_hand_as_the_provider_would_is_good(
    real: RunningProvider, ours: Provider, kind: str | None
) -> None:
    said = claims(real, aud=[AUDIENCE, "another"], name="Nguyễn Thị Thu", nbf=int(time.time()))
    answer = await called(ours, signed(real.keys[0], said, typ=kind))
    assert (answer.status_code, answer.text) == (200, "oidc:thu Nguyễn Thị Thu H59.15"), (
        "so what follows fails for one reason"
    )


async def test_a_token_of_keycloak_says_in_a_claim_what_it_is(real: RunningProvider, ours: Provider) -> None:
    """Its older versions put the log-in's nonce into access tokens too."""
    said = claims(real, typ="Bearer", nonce="x", azp="motcua-pages", preferred_username="thu")
    assert (await called(ours, signed(real.keys[0], said, typ="JWT"))).status_code == 200


Attack = Callable[[RunningProvider], str]
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first-rsa"})


def with_claims(**changed: Any) -> Attack:
    return lambda real: signed(real.keys[0], claims(real, **changed))


def with_header(**header: Any) -> Attack:
    return lambda real: signed(real.keys[0], claims(real), **header)


def by_a_public_key(real: RunningProvider) -> str:
    """The provider's public key, which everybody knows, taken as a shared secret."""
    header = {"alg": "HS256", "kid": "first-rsa", "typ": "at+jwt"}
    return forged(header, claims(real), real.keys[0].as_pem(private=False))  # type: ignore[union-attr]


def headed(header: bytes) -> Attack:
    return lambda real: f"{encoded(header)}.{encoded(claims(real))}.AAAA"


ATTACKS: dict[str, tuple[Attack, str]] = {
    "alg none": (lambda real: forged({"alg": "none", "typ": "at+jwt"}, claims(real)), "signed in a way"),
    "alg None": (lambda real: forged({"alg": "None", "kid": "first-rsa"}, claims(real)), "signed in a way"),
    "no alg": (lambda real: forged({"kid": "first-rsa"}, claims(real)), "no signed token"),
    "HS256 with the public key": (by_a_public_key, "signed in a way"),
    "RS384, which is not set": (lambda real: signed(real.keys[0], claims(real), "RS384"), "signed in a way"),
    "no signature": (lambda real: signed(real.keys[0], claims(real)).rpartition(".")[0] + ".", "signature"),
    "signature of another token": (
        lambda real: signed(real.keys[0], claims(real, sub="ai"))[:-342] + signed(real.keys[0], claims(real))[-342:],
        "signature",
    ),
    "another issuer": (with_claims(iss="https://elsewhere.example"), "another issuer"),
    "issuer with a slash": (lambda real: signed(real.keys[0], claims(real, iss=real.issuer + "/")), "another issuer"),
    "another audience": (with_claims(aud="https://elsewhere.example"), "another service"),
    "audience that begins the same": (with_claims(aud=AUDIENCE + "/more"), "another service"),
    "no audience": (with_claims(aud=None), "a claim that it needs"),
    "token for another client": (with_claims(aud=PAGES), "another service"),
    "ID token": (lambda real: signed(real.keys[0], claims(real, nonce="y"), typ="JWT"), "no access token"),
    "ID token with a hash": (lambda real: signed(real.keys[0], claims(real, at_hash="x"), typ=None), "no access token"),
    "Keycloak's ID token": (lambda real: signed(real.keys[0], claims(real, typ="ID"), typ="JWT"), "no access token"),
    "Keycloak's refresh token": (with_claims(typ="Refresh"), "no access token"),
    "another kind of token": (with_header(typ="logout+jwt"), "no access token"),
    "bound to a sender": (with_claims(cnf={"jkt": "x"}), "bound to a key"),
    "expired": (with_claims(exp=int(time.time()) - 60), "expired"),
    "no expiry": (with_claims(exp=None), "a claim that it needs"),
    "expiry as a text": (with_claims(exp="tomorrow"), "a claim that it needs"),
    "holds later": (with_claims(nbf=int(time.time()) + 3600), "does not hold yet"),
    "made later": (with_claims(iat=int(time.time()) + 3600), "does not hold yet"),
    "no time of making": (with_claims(iat=None), "a claim that it needs"),
    "no subject": (with_claims(sub=None), "a claim that it needs"),
    "subject of control characters": (with_claims(sub="thu\u001b[31m"), "a claim that it needs"),
    "endless subject": (with_claims(sub="x" * 256), "a claim that it needs"),
    "unknown kid": (with_header(kid="nobody"), "signature does not hold"),
    "kid of another key": (with_header(kid="first-ec"), "signature does not hold"),
    "own key under the provider's kid": (lambda real: signed(OTHER_KEY, claims(real)), "signature does not hold"),
    "own key in jwk": (
        lambda real: signed(OTHER_KEY, claims(real), jwk=OTHER_KEY.as_dict(private=False)),
        "signature does not hold",
    ),
    "own key without kid, in jwk": (
        lambda real: signed(OTHER_KEY, claims(real), kid=None, jwk=OTHER_KEY.as_dict(private=False)),
        "signature does not hold",
    ),
    "kid that leads to a file": (with_header(kid="../../../../dev/null"), "signature does not hold"),
    "kid that is no text": (lambda real: forged({"alg": "RS256", "kid": {"a": 1}}, claims(real)), "no signed token"),
    "crit": (with_header(crit=["exp"], exp=1), "signed in a way"),
    "payload in the clear": (with_header(crit=["b64"], b64=False), "signed in a way"),
    "huge token": (with_claims(more="x" * 20_000), "too large"),
    "huge header": (with_header(more="x" * 5_000), "no signed token"),
    "garbage": (lambda _real: "a.b.c", "no signed token"),
    "dots": (lambda _real: "..", "no signed token"),
    "header that is no object": (headed(b"[]"), "no signed token"),
    "header that is no UTF-8": (headed(b'{"alg":"\xff"}'), "no signed token"),
    "nested header": (headed(b"[" * 3_000), "no signed token"),
    "nested kid": (headed(b'{"alg":"RS256","kid":' + b"[" * 2_900), "no signed token"),
    "payload that is no object": (
        lambda real: jws.serialize_compact({"alg": "RS256", "kid": "first-rsa"}, "[1]", real.keys[0]),
        "a claim that it needs",
    ),
    "nested payload": (
        lambda real: jws.serialize_compact({"alg": "RS256", "kid": "first-rsa"}, "[" * 9_000, real.keys[0]),
        "a claim that it needs",
    ),
    "payload that is no UTF-8": (
        lambda real: jws.serialize_compact({"alg": "RS256", "kid": "first-rsa"}, b'{"sub":"\xff"}', real.keys[0]),
        "a claim that it needs",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_refused_by_the_rule_it_breaks(real: RunningProvider, ours: Provider, name: str) -> None:
    attack, why = ATTACKS[name]
    token = attack(real)
    answer = await called(ours, token)
    assert answer.status_code == 401
    assert why in answer.json()["detail"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert why in challenge
    for part in (part for part in token.split(".") if len(part) > 3):
        assert part not in answer.text
    assert "first-" not in answer.text, "nor which keys there are"


@pytest.mark.parametrize("header", ["jku", "x5u"])
async def test_no_address_in_a_token_is_asked(
    real: RunningProvider, ours: Provider, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place for keys that the attacker names: here one at the provider itself, so that a call would be seen."""
    asked: list[str] = []
    get = provider_module.get

    async def listening(client: httpx.AsyncClient, address: str, *more: Any) -> Any:
        asked.append(address)
        return await get(client, address, *more)

    monkeypatch.setattr(provider_module, "get", listening)
    own = signed(OTHER_KEY, claims(real), **{header: f"{real.issuer}/attackers-keys"})
    assert (await called(ours, own)).status_code == 401
    good = signed(real.keys[0], claims(real), **{header: f"{real.issuer}/attackers-keys"})
    assert (await called(ours, good)).status_code == 200, "the header is not looked at"
    assert {address.removeprefix(real.issuer) for address in asked} == {"/.well-known/openid-configuration", "/jwks"}


async def test_the_leeway_is_what_is_set(real: RunningProvider) -> None:
    late = signed(real.keys[0], claims(real, exp=int(time.time()) - 10))
    for leeway_s, status in ((30, 200), (5, 401)):
        oidc = Oidc(issuer=real.issuer, audience=AUDIENCE, leeway_s=leeway_s)
        assert (await called(Provider(oidc), late)).status_code == status


async def test_a_token_that_the_provider_gave_for_another_service_is_refused(
    real: RunningProvider, ours: Provider
) -> None:
    answer = await called(ours, real.access_token(audience="https://elsewhere.example/api"))
    assert (answer.status_code, "it is for another service" in answer.json()["detail"]) == (401, True)


async def test_without_an_audience_no_token_is_taken(real: RunningProvider) -> None:
    assert (await called(Provider(Oidc(issuer=real.issuer)), real.access_token())).status_code == 401


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        (None, "claim motcua_grants is missing"),
        ("officer@H59.15", "is no list of texts"),
        ({"officer": "H59.15"}, "is no list of texts"),
        ([], "is no list of texts"),
        ([1], "is no list of texts"),
        (["officer@H59.15", "chief@H59.15"], "'chief@H59.15' is no grant"),
        (["officer"], "'officer' is no grant"),
        (["officer@" + "H59.15," * 200], "is longer than 1000 characters"),
        (["officer@H59.15"] * 101, "has 101 grants"),
    ],
)
async def test_a_claim_of_grants_that_cannot_be_used_is_403_and_says_why(
    real: RunningProvider, ours: Provider, granted: Any, said: str
) -> None:
    answer = await called(ours, signed(real.keys[0], claims(real, motcua_grants=granted)))
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_grant")
    assert said in answer.json()["detail"]


async def test_a_grant_that_does_not_cover_the_call_is_403(real: RunningProvider, ours: Provider) -> None:
    answer = await called(ours, signed(real.keys[0], claims(real, motcua_grants=["counter@H59.15"])))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_the_claim_of_grants_has_the_name_that_is_set(real: RunningProvider) -> None:
    ours = Provider(Oidc(issuer=real.issuer, audience=AUDIENCE, grants_claim="https://motcua.example/grants"))
    token = signed(real.keys[0], claims(real, **{"https://motcua.example/grants": ["officer@H59.02"]}))
    assert (await called(ours, token)).text == "oidc:thu thu H59.02"


async def test_a_name_moves_no_cursor(real: RunningProvider, ours: Provider) -> None:
    answer = await called(ours, signed(real.keys[0], claims(real, name="Thu\u001b]0;x\u0007\n")))
    assert answer.text == "oidc:thu Thu�]0;x�� H59.15"


async def test_keys_that_change_are_found_and_those_that_were_withdrawn_hold_no_more(
    real: RunningProvider, ours: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "PATIENCE_S", 30.0)
    before = real.keys
    first = real.access_token()
    assert (await called(ours, first)).status_code == 200
    second_keys = new_keys("second")
    real.use([*second_keys, *before])
    try:
        clock.now += REFRESH_AT_MOST_EVERY_S
        second = real.access_token()
        assert [(await called(ours, token)).status_code for token in (second, first)] == [200, 200]
        real.use(second_keys)
        assert (await called(ours, first)).status_code == 200, "as long as our copy holds"
        clock.now += KEYS_HOLD_S
        assert [(await called(ours, token)).status_code for token in (first, second)] == [401, 200]
    finally:
        real.use(before)


async def test_unknown_keys_make_us_ask_once_and_not_for_each_token(
    real: RunningProvider, ours: Provider, clock: Clock
) -> None:
    assert (await called(ours, real.access_token())).status_code == 200
    real.control()
    clock.now += REFRESH_AT_MOST_EVERY_S
    async with api(ours) as client:
        for number in range(20):
            token = signed(OTHER_KEY, claims(real), kid=f"unknown-{number}")
            headers = {"Authorization": f"Bearer {token}"}
            assert (await client.get("/v1/figures", headers=headers)).status_code == 401
    assert real.control()["/jwks"] == 1


async def test_while_the_provider_is_away_known_keys_go_on_and_others_are_503(
    real: RunningProvider, ours: Provider, clock: Clock
) -> None:
    token, unknown = real.access_token(), signed(OTHER_KEY, claims(real), kid="new")
    real.control(away=True)
    try:
        away = await called(ours, token)
        assert (away.status_code, away.headers["retry-after"]) == (503, "10"), "a start without the provider"
        assert (await called(ours, KEY)).text.startswith("settings"), "and keys of ours need none"
        assert (await called(ours, "a.b.c")).status_code == 401, "nor does garbage"
        real.control(away=False)
        clock.now += REFRESH_AT_MOST_EVERY_S
        assert (await called(ours, token)).status_code == 200
        real.control(away=True)
        clock.now += KEYS_HOLD_S
        assert (await called(ours, token)).status_code == 200
        assert (await called(ours, unknown)).status_code == 503, "nobody knows whether it is a new key"
        assert (await called(ours, with_claims(exp=1)(real))).status_code == 401
    finally:
        real.control(away=False)


async def test_a_provider_that_takes_its_time_does_not_keep_known_keys_waiting(
    real: RunningProvider, ours: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_module, "PATIENCE_S", 0.01)
    monkeypatch.setattr(provider_module, "TIMEOUT_S", 600.0)  # so that waiting for the answer would end the test
    token = real.access_token()
    assert (await called(ours, token)).status_code == 200
    real.control(hangs=True)
    try:
        clock.now += KEYS_HOLD_S
        for _ in range(3):
            assert (await called(ours, token)).status_code == 200
    finally:
        asked = real.control(hangs=False)
    assert asked["/.well-known/openid-configuration"] == 1


async def test_a_provider_that_speaks_for_another_issuer_is_not_believed(real: RunningProvider) -> None:
    ours = Provider(Oidc(issuer=real.issuer.replace("127.0.0.1", "localhost"), audience=AUDIENCE))
    assert (await called(ours, real.access_token())).status_code == 503


def test_keys_that_are_for_something_else_too_short_or_secret_are_left_out() -> None:
    good = RSAKey.generate_key(2048, {"kid": "good"}).as_dict(private=False)
    given: list[dict[str, Any]] = [
        dict(good),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {**RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"}).as_dict(private=False)},
        {**OKPKey.generate_key("Ed25519", {"kid": "private"}).as_dict(private=True)},
        {**ECKey.generate_key("P-256", {"kid": "deriving"}).as_dict(private=False), "key_ops": ["deriveKey"]},
        {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "broken"},
        {"kty": "EC", "kid": "empty"},
        {"kty": "unheard-of"},
        {},
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provider_module, "SMALLEST_RSA_BITS", 4096)
        assert provider_module.usable([dict(good)]) == ()
    assert [key.kid for key in provider_module.usable(given)] == ["good"]


def test_a_key_fits_its_own_algorithm_only() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "a", "alg": "PS256"})
    ec = ECKey.generate_key("P-384", {"kid": "a"})
    okp = OKPKey.generate_key("X25519", {"kid": "a"})
    assert provider_module.fitting([rsa, ec, okp], "PS256", "a") == (rsa,)
    for algorithm in ("RS256", "ES256", "EdDSA", "HS256", "none"):
        assert provider_module.fitting([rsa, ec, okp], algorithm, "a") == ()
    assert provider_module.fitting([ec], "ES384", None) == (ec,)
    assert provider_module.fitting([ec, ec], "ES384", None) == (), "which of them it was is not guessed"
