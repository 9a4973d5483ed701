"""Who may read: a program with the API key, or a browser whose reader gave the key once. This is what decides."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, TimestampSigner
from pydantic import SecretStr
from starlette.responses import Response

from shared.service.problems import Problem

COOKIE = "motcua_session"
HOURS = 12
_READS = b"reads"
_OWN_PAGES = frozenset({"same-origin", "none"})


class Sessions:
    """Signed cookies that say nothing but that their browser gave the key; with another key none of them holds."""

    def __init__(self, api_key: SecretStr) -> None:
        self._key = api_key.get_secret_value().encode()
        secret = hmac.digest(self._key, b"motcua reporting: sessions of pages", hashlib.sha256)
        self._signer = TimestampSigner(secret, salt=COOKIE, digest_method=hashlib.sha256)

    def is_key(self, given: str) -> bool:
        """Whether this is the API key, found out in constant time."""
        return hmac.compare_digest(given.encode(), self._key)

    def may_read(self, request: Request) -> bool:
        """Whether the request comes with a session that still holds."""
        try:
            held = self._signer.unsign(request.cookies.get(COOKIE, ""), max_age=HOURS * 3600)
        except BadSignature:
            return False
        return held == _READS

    def open(self, request: Request, answer: Response) -> None:
        """Give the browser a session; over https it sends it back over https only."""
        answer.set_cookie(
            COOKIE,
            self._signer.sign(_READS).decode(),
            max_age=HOURS * 3600,
            secure=_is_https(request),
            httponly=True,
            samesite="strict",
        )

    def close(self, answer: Response) -> None:
        """Take the session from the browser."""
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def reader(self) -> Callable[[Request], Awaitable[None]]:
        """A dependency that answers 401 unless the call comes with the key or a session."""

        async def check(request: Request) -> None:
            credentials: HTTPAuthorizationCredentials | None = await _BEARER(request)
            if not (credentials and self.is_key(credentials.credentials)) and not self.may_read(request):
                detail = "send the API key as `Authorization: Bearer KEY`, or open a page of this service first"
                raise Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})

        return check


_BEARER = HTTPBearer(auto_error=False)


def is_from_own_page(request: Request) -> bool:
    """Whether a form was sent by a page of this service, by what the browser says of where it stood.

    Without either header it is no browser, and a program has no cookie of anybody's.
    """
    if request.headers.get("sec-fetch-site", "none") not in _OWN_PAGES:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_https(request: Request) -> bool:
    """By its scheme, or by its page's where a proxy in front ended the encryption."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")
