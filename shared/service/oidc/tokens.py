"""Tokens of the provider: signed by a key of its own, for this service, now; and what they grant.

A refusal says which rule was broken in words that are the same for everybody: nothing of the token, nothing of ours.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.util import urlsafe_b64decode
from msgspec import Struct

from shared.access.roles import Grant, InvalidGrant, Principal
from shared.service.echoes import shortened
from shared.service.oidc.configuration import Oidc
from shared.service.oidc.provider import Provider

MOST_TOKEN = 16 * 1024
MOST_HEADER = 4 * 1024
LONGEST_SUBJECT, LONGEST_NAME = 255, 200
MOST_GRANTS, LONGEST_GRANT = 100, 1_000
ACCESS_TYPE = "at+jwt"  # RFC 9068's
UNTOLD_TYPES = frozenset({"jwt", ""})
_DOTS = 2


class TokenRefused(Exception):
    """Nobody's token here; the message says which rule it breaks."""


class GrantsRefused(Exception):
    """The provider vouches for somebody, but what it says of their roles can't be used."""


class Claims(Struct, frozen=True):
    """What a token must say, and what tells one kind from another; other claims stand in `others`."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nbf: float | None = None
    nonce: str | None = None
    azp: str | None = None
    at_hash: str | None = None
    cnf: dict[str, Any] | None = None
    typ: str | None = None

    @property
    def audiences(self) -> tuple[str, ...]:
        return (self.aud,) if isinstance(self.aud, str) else self.aud


class _Header(Struct, frozen=True):
    alg: str
    kid: str | None = None
    typ: str = ""
    crit: list[str] | None = None


class _Registry(jws.JWSRegistry):
    """Only what is allowed: joserfc's own falls back to its recommendations, HS256 among them."""

    max_header_length = MOST_HEADER
    max_payload_length = MOST_TOKEN

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def looks_like_one(token: str) -> bool:
    """Whether it has the three parts of a signed token, which no key of ours has."""
    return token.count(".") == _DOTS


async def access_token(provider: Provider, token: str) -> Principal:
    """Whom the token speaks for at the API; raises TokenRefused, GrantsRefused or ProviderAway."""
    oidc = provider.oidc
    header, claims, others = await _verified(provider, token)
    if not _is_access_token(header, claims):
        raise TokenRefused("it is no access token")
    if oidc.audience is None or oidc.audience not in claims.audiences:
        raise TokenRefused("it is for another service")
    if claims.cnf is not None:
        raise TokenRefused("it is bound to a key of its sender, which is not supported")
    return principal_of(oidc, claims, others)


def _is_access_token(header: _Header, claims: Claims) -> bool:
    """By what its header says; where that says nothing, by what Keycloak says in a claim, or for want of the marks of
    an ID token. Each of those that our own log-in gets has a nonce."""
    kind = header.typ.lower().removeprefix("application/")
    if kind != ACCESS_TYPE and kind not in UNTOLD_TYPES:
        return False
    if claims.typ is not None:
        return claims.typ == "Bearer"
    return kind == ACCESS_TYPE or (claims.nonce is None and claims.at_hash is None)


async def id_token(provider: Provider, token: str, nonce: str) -> tuple[Claims, Mapping[str, Any]]:
    """Who has logged in; raises TokenRefused or ProviderAway."""
    header, claims, others = await _verified(provider, token)
    client = provider.oidc.client
    if header.typ.lower() not in UNTOLD_TYPES:
        raise TokenRefused("it is no ID token")
    if client is None or client.client_id not in claims.audiences:
        raise TokenRefused("it is for another client")
    if claims.azp != client.client_id and (claims.azp is not None or len(claims.audiences) > 1):
        raise TokenRefused("it is for another client")
    if claims.nonce != nonce:
        raise TokenRefused("it answers another log-in")
    return claims, others


def principal_of(oidc: Oidc, claims: Claims, others: Mapping[str, Any]) -> Principal:
    """The subject with what the claim of grants says."""
    named = (others.get(claim) for claim in ("preferred_username", "name", "email"))
    name = next((name for name in named if isinstance(name, str) and name.strip()), claims.sub)
    return Principal(
        id=f"oidc:{claims.sub}",
        name=shortened(_printable(name), LONGEST_NAME),
        grants=grants_in(oidc, others),
        expires_at=datetime.fromtimestamp(min(claims.exp, _LAST), UTC),
    )


def grants_in(oidc: Oidc, claims: Mapping[str, Any]) -> tuple[Grant, ...]:
    """What the claim grants; raises GrantsRefused, which says what to write into it."""
    claim, given = oidc.grants_claim, claims.get(oidc.grants_claim)
    if given is None:
        raise GrantsRefused(
            f"the provider's claim {claim} is missing; give the person or client a list of grants there"
        )
    if not isinstance(given, list) or not given or not all(isinstance(text, str) for text in given):
        raise GrantsRefused(f'the provider\'s claim {claim} is no list of texts; write such as ["officer@H59.15"]')
    if len(given) > MOST_GRANTS:
        raise GrantsRefused(f"the provider's claim {claim} has {len(given)} grants; give at most {MOST_GRANTS}")
    try:
        return tuple(Grant.parse(_grant(text)) for text in given)
    except InvalidGrant as invalid:
        raise GrantsRefused(f"the provider's claim {claim}: {invalid.detail}") from invalid


def _grant(text: str) -> str:
    if len(text) > LONGEST_GRANT:
        raise InvalidGrant(f"{shortened(text, 60)!r} is longer than {LONGEST_GRANT} characters")
    return text


_LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


async def _verified(provider: Provider, token: str) -> tuple[_Header, Claims, Mapping[str, Any]]:
    """What a token says that the provider signed and that holds now.

    The key is one that the provider publishes. What the token itself says of keys (`jwk`, `jku`, `x5u`) is not looked
    at.
    """
    oidc = provider.oidc
    header = _header_of(token)
    if header.alg not in oidc.algorithms or header.crit is not None:
        raise TokenRefused("it is signed in a way that is not taken")
    keys = await provider.keys_for(header.alg, header.kid)
    payload = _payload(token, keys, oidc)
    try:
        others = msgspec.json.decode(payload, type=dict[str, Any])
        claims = msgspec.convert(others, Claims)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TokenRefused("a claim that it needs is missing or of a wrong type") from error
    _check(oidc, claims)
    return header, claims, others


def _header_of(token: str) -> _Header:
    if len(token) > MOST_TOKEN:
        raise TokenRefused("it is too large")
    segment = token.partition(".")[0]
    try:
        if not looks_like_one(token) or len(segment) > MOST_HEADER:
            raise TokenRefused("it is no signed token")
        return msgspec.json.decode(urlsafe_b64decode(segment.encode("ascii")), type=_Header)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise TokenRefused("it is no signed token") from error


def _payload(token: str, keys: tuple[Any, ...], oidc: Oidc) -> bytes:
    """What is signed, by the first of the keys that has signed it."""
    registry = _Registry(algorithms=oidc.algorithms, strict_check_header=False)
    for key in keys:
        try:
            return jws.deserialize_compact(token, key, registry=registry).payload
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
    raise TokenRefused("its signature does not hold, or its key is not the provider's")


def _check(oidc: Oidc, claims: Claims) -> None:
    now = time.time()
    if claims.iss != oidc.issuer:
        raise TokenRefused("it is of another issuer")
    if now >= claims.exp + oidc.leeway_s:
        raise TokenRefused("it has expired")
    if claims.iat > now + oidc.leeway_s or (claims.nbf is not None and claims.nbf > now + oidc.leeway_s):
        raise TokenRefused("it does not hold yet")
    if not claims.sub or len(claims.sub) > LONGEST_SUBJECT or not claims.sub.isprintable():
        raise TokenRefused("a claim that it needs is missing or of a wrong type")


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor or a page's words."""
    return "".join(each if each.isprintable() else "�" for each in text)
