"""The provider over HTTP: what it says of itself, and its keys, fetched when needed and kept while they hold."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from msgspec import Struct

from shared.service.oidc.configuration import Oidc, is_confidential

KEYS_HOLD_S = 600.0  # so long a key that the provider withdrew is still taken
REFRESH_AT_MOST_EVERY_S = 5.0  # a token that names an unknown key makes us ask; many such tokens don't make us ask more
RETRY_EVERY_S = 60.0  # how often keys that are old are asked for while the provider is away
PATIENCE_S = 2.0  # how long a token of a known key waits for that
TIMEOUT_S = 5.0
MOST_BYTES = 512 * 1024
SMALLEST_RSA_BITS = 2048
log = structlog.get_logger()
AnswerT = TypeVar("AnswerT")


class ProviderAway(Exception):
    """The provider does not answer, or answers what can't be used; the message says which."""


class Metadata(Struct, frozen=True):
    """What the provider says of itself (OpenID Connect Discovery)."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _JwkSet(Struct, frozen=True):
    keys: list[dict[str, Any]]


class Provider:
    """One provider. It is asked for nothing before somebody needs it: a service starts without it."""

    def __init__(self, oidc: Oidc, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.oidc = oidc
        self._monotonic = monotonic
        self._metadata: Metadata | None = None
        self._keys: tuple[Key, ...] = ()
        self._fetched_at = self._tried_at = float("-inf")
        self._failure: ProviderAway | None = None
        self._asking: asyncio.Task[None] | None = None

    async def metadata(self) -> Metadata:
        """What the provider says of itself; raises ProviderAway."""
        if self._metadata is None:
            await self._asked_again()
        if self._metadata is None:
            raise self._failure or ProviderAway("it was not asked yet")
        return self._metadata

    async def keys_for(self, algorithm: str, kid: str | None) -> tuple[Key, ...]:
        """The provider's keys that may have signed so; none when it has no such key. Raises ProviderAway.

        While the provider is away the keys that are known go on holding.
        """
        if not fitting(self._keys, algorithm, kid):
            await self._asked_again()
        elif self._monotonic() - self._fetched_at >= KEYS_HOLD_S:
            await self._asked_again(PATIENCE_S, RETRY_EVERY_S if self._failure else REFRESH_AT_MOST_EVERY_S)
        found = fitting(self._keys, algorithm, kid)
        if not found and self._failure is not None:
            raise self._failure
        return found

    async def _asked_again(
        self, patience_s: float | None = None, at_most_every_s: float = REFRESH_AT_MOST_EVERY_S
    ) -> None:
        """Wait, as long as the patience lasts, until the provider was asked; not at all if it was a moment ago.

        Of several that wait at once one asks.
        """
        if self._asking is None:
            if self._monotonic() - self._tried_at < at_most_every_s:
                return
            self._asking = asyncio.create_task(self._ask())
        await asyncio.wait({self._asking}, timeout=patience_s)

    async def _ask(self) -> None:
        try:
            async with self.client() as client:
                metadata = await self._fetch_metadata(client)
                keys = usable((await get(client, metadata.jwks_uri, _JwkSet)).keys)
        except ProviderAway as failure:
            log.warning("oidc_provider_away", issuer=self.oidc.issuer, reason=str(failure))
            self._failure = failure
        else:
            self._metadata, self._keys, self._failure = metadata, keys, None
            self._fetched_at = self._monotonic()
        finally:
            self._tried_at = self._monotonic()
            self._asking = None

    async def _fetch_metadata(self, client: httpx.AsyncClient) -> Metadata:
        address = self.oidc.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await get(client, address, Metadata)
        if metadata.issuer != self.oidc.issuer:
            raise ProviderAway(f"{address} speaks for the issuer {metadata.issuer}; set the issuer exactly so")
        endpoints = (
            metadata.jwks_uri,
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.userinfo_endpoint,
            metadata.end_session_endpoint,
        )
        for endpoint in endpoints:
            if endpoint and not is_confidential(endpoint):
                raise ProviderAway(f"{address} names {endpoint}, which is no https address")
        return metadata

    def client(self) -> httpx.AsyncClient:
        """A client for a call or two: short time-outs, no redirects."""
        return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False)


async def get(
    client: httpx.AsyncClient, address: str, kind: type[AnswerT], headers: Mapping[str, str] | None = None
) -> AnswerT:
    """The JSON that stands there; raises ProviderAway."""
    return await answer_of(client, client.build_request("GET", address, headers=headers), kind)


async def answer_of(client: httpx.AsyncClient, request: httpx.Request, kind: type[AnswerT]) -> AnswerT:
    """The JSON that answers; raises ProviderAway, and ProviderRefuses for a 4xx that says why."""
    try:
        async with asyncio.timeout(2 * TIMEOUT_S):
            answer = await client.send(request, stream=True)
            try:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise ProviderAway(f"{request.url} answers with more than {MOST_BYTES} bytes")
            finally:
                await answer.aclose()
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise ProviderAway(f"{request.url} does not answer ({type(error).__name__})") from error
    if answer.is_client_error:
        raise ProviderRefuses(f"{request.url} answers {answer.status_code}", _error_in(body))
    if not answer.is_success:
        raise ProviderAway(f"{request.url} answers {answer.status_code}")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderAway(f"{request.url} answers what is no {kind.__name__.lstrip('_')}: {error}") from error


class ProviderRefuses(ProviderAway):
    """It answers, and says no: `error` is its word for why (RFC 6749 §5.2)."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


class _ErrorAnswer(Struct):
    error: str = ""


def _error_in(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_ErrorAnswer).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def usable(given: Iterable[dict[str, Any]]) -> tuple[Key, ...]:
    """The public keys that check signatures. What is for something else, too short or can't be read is left out."""
    keys = []
    for one in given:
        if one.get("kty") not in ("RSA", "EC", "OKP") or one.get("use", "sig") != "sig":
            continue
        if "d" in one or "verify" not in one.get("key_ops", ("verify",)):
            continue
        try:
            key = JWKRegistry.import_key(one)
            if isinstance(key, RSAKey) and key.public_key.key_size < SMALLEST_RSA_BITS:
                continue
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("oidc_key_unusable", kid=str(one.get("kid"))[:100], reason=str(error))
            continue
        keys.append(key)
    return tuple(keys)


def fitting(keys: Iterable[Key], algorithm: str, kid: str | None) -> tuple[Key, ...]:
    """Those of the kind that the algorithm needs and of that id; without an id only one that is the only one."""
    found = tuple(
        key
        for key in keys
        if _is_for(key, algorithm) and (kid is None or key.kid == kid) and key.get("alg", algorithm) == algorithm
    )
    return found if kid is not None or len(found) == 1 else ()


_CURVES = {
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "EdDSA": ("Ed25519", "Ed448"),
    "Ed25519": ("Ed25519",),
}


def _is_for(key: Key, algorithm: str) -> bool:
    if isinstance(key, RSAKey):
        return algorithm.startswith(("RS", "PS"))
    return isinstance(key, ECKey | OKPKey) and key.curve_name in _CURVES.get(algorithm, ())
