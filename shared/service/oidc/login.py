"""Log-in at the provider: the authorization code flow with PKCE (OpenID Connect Core §3.1, RFC 7636, RFC 9207).

A log-in belongs to the browser that began it: a signed cookie names it, and what is sent to the provider (`state`,
`nonce`, the code's verifier) is derived from that name by a secret of ours. It is good once and for ten minutes.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec
from itsdangerous import BadData
from msgspec import Struct

from shared.access.roles import Principal
from shared.service.ended_sessions import EndedSessions
from shared.service.oidc.configuration import OidcClient
from shared.service.oidc.provider import Metadata, Provider, ProviderAway, ProviderRefuses, answer_of, get
from shared.service.oidc.tokens import Claims, id_token, principal_of
from shared.service.sessions import Sessions, signer

HOLDS_S = 600
MOST_CODE = 4_096
_ERROR_WORD = re.compile(r"[a-z_]{1,50}")


class StaleLogIn(Exception):
    """The browser did not begin this log-in, or too long ago, or it was finished already."""


class LogInRefused(Exception):
    """The provider says no; `error` is its word for why."""

    def __init__(self, error: str) -> None:
        self.error = error if _ERROR_WORD.fullmatch(error) else "error"
        super().__init__(self.error)


class LogIn(Struct, frozen=True):
    """One that was begun: where the browser was going, and until when it may come back."""

    id: str
    to: str
    until: int


class _TokenAnswer(Struct, frozen=True):
    id_token: str
    access_token: str = ""


class LogIns:
    """Log-in to the pages of one service."""

    holds_s = HOLDS_S

    def __init__(self, provider: Provider, client: OidcClient, sessions: Sessions) -> None:
        self.cookie = f"motcua_{sessions.service}_login"
        self.provider = provider
        self.client = client
        self._secret = sessions.secret_for(self.cookie)
        self._signer = signer(self._secret, self.cookie)
        self._finished = EndedSessions()  # apart from sessions: whoever begins many log-ins has none forgotten

    async def begin(self, to: str) -> tuple[str, str]:
        """The provider's address to go to, and the cookie's value; raises ProviderAway."""
        metadata = await self._metadata()
        login = LogIn(secrets.token_hex(16), to, int(time.time()) + HOLDS_S)
        challenge = hashlib.sha256(self._derived("verifier", login).encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scope,
            "state": self._derived("state", login),
            "nonce": self._derived("nonce", login),
            "code_challenge": _base64url(challenge),
            "code_challenge_method": "S256",
        }
        return with_query(metadata.authorization_endpoint, asked), self._signer.dumps(msgspec.to_builtins(login))

    async def finish(self, cookie: str, answer: Mapping[str, str]) -> tuple[Principal, str]:
        """Who has logged in, and where they were going.

        Raises StaleLogIn, LogInRefused, ProviderAway, TokenRefused or GrantsRefused.
        """
        login = self._begun(cookie)
        if login is None or not hmac.compare_digest(
            answer.get("state", "").encode(), self._derived("state", login).encode()
        ):
            raise StaleLogIn
        self._finished.add(login.id, login.until)
        metadata = await self._metadata()
        issuer = answer.get("iss")
        if issuer != metadata.issuer and (issuer or metadata.authorization_response_iss_parameter_supported):
            raise LogInRefused("another_issuer")
        if "error" in answer:
            raise LogInRefused(answer["error"])
        code = answer.get("code", "")
        if not code or len(code) > MOST_CODE:
            raise LogInRefused("no_code")
        async with self.provider.client() as client:
            tokens = await self._exchange(client, metadata, code, self._derived("verifier", login))
            claims, others = await id_token(self.provider, tokens.id_token, self._derived("nonce", login))
            others = await self._with_userinfo(client, metadata, tokens, claims, others)
        person = principal_of(self.provider.oidc, claims, others)
        ends = datetime.fromtimestamp(int(time.time()) + self.client.session_s, UTC)
        return replace(person, expires_at=ends), login.to

    async def end_address(self) -> str | None:
        """Where the session with the provider ends; None where there is no such place, or the provider is away."""
        try:
            endpoint = (await self._metadata()).end_session_endpoint
        except ProviderAway:
            return None
        asked = {
            "client_id": self.client.client_id,
            "post_logout_redirect_uri": self.client.public_url.rstrip("/") + "/",
        }
        return with_query(endpoint, asked) if endpoint else None

    async def _metadata(self) -> Metadata:
        metadata = await self.provider.metadata()
        if not metadata.authorization_endpoint or not metadata.token_endpoint:
            raise ProviderAway(f"{metadata.issuer} names no place to log in at")
        return metadata

    def _begun(self, cookie: str) -> LogIn | None:
        try:
            login = msgspec.convert(self._signer.loads(cookie), LogIn)
        except (BadData, msgspec.ValidationError):
            return None
        return None if login.until <= time.time() or login.id in self._finished else login

    def _derived(self, purpose: str, login: LogIn) -> str:
        return _base64url(hmac.digest(self._secret, f"{purpose} {login.id}".encode(), hashlib.sha256))

    async def _exchange(self, client: httpx.AsyncClient, metadata: Metadata, code: str, verifier: str) -> _TokenAnswer:
        """The tokens that the code stands for."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": verifier,
        }
        name, secret = self.client.client_id, self.client.secret
        headers = {"Accept": "application/json"}
        if secret is None:
            sent["client_id"] = name
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote(name, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            sent |= {"client_id": name, "client_secret": secret}
        request = client.build_request("POST", metadata.token_endpoint, data=sent, headers=headers)
        try:
            return await answer_of(client, request, _TokenAnswer)
        except ProviderRefuses as refusal:
            raise LogInRefused(refusal.error) from refusal

    async def _with_userinfo(
        self,
        client: httpx.AsyncClient,
        metadata: Metadata,
        tokens: _TokenAnswer,
        claims: Claims,
        others: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """The ID token's claims; where the one of grants is missing, those of the userinfo endpoint too."""
        is_complete = self.provider.oidc.grants_claim in others
        if is_complete or not metadata.userinfo_endpoint or not tokens.access_token:
            return others
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        told = await get(client, metadata.userinfo_endpoint, dict[str, Any], headers)
        return {**told, **others} if told.get("sub") == claims.sub else others


def logins_of(provider: Provider | None, sessions: Sessions) -> LogIns | None:
    """Log-in at the provider; None where there is none, or where it does not know these pages."""
    if provider is None or provider.oidc.client is None:
        return None
    return LogIns(provider, provider.oidc.client, sessions)


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """The address with more parameters."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def _base64url(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()
