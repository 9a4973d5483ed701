"""Who may read: a program with the API key, or a browser whose reader gave the key once. This is what decides."""

import hashlib
import hmac
import math
import secrets
import time
from collections import deque
from urllib.parse import urlsplit

from fastapi import Request
from itsdangerous import BadSignature, TimestampSigner
from pydantic import SecretStr
from starlette.responses import Response

COOKIE = "motcua_session"
HOURS = 12
MOST_WRONG_KEYS, WITHIN_S = 20, 60.0
MOST_ENDED = 10_000
_READS = "reads-"
_OWN_PAGES = frozenset({"same-origin", "none"})


class Sessions:
    """Signed cookies that say nothing but that their browser gave the key; with another key none of them holds.

    Sessions that were ended are remembered by this process for as long as their cookies would hold.
    """

    def __init__(self, api_key: SecretStr) -> None:
        self._key = api_key.get_secret_value().encode()
        secret = hmac.digest(self._key, b"motcua reporting: sessions of pages", hashlib.sha256)
        self._signer = TimestampSigner(secret, salt=COOKIE, digest_method=hashlib.sha256)
        self._ended: dict[str, float] = {}  # until when to remember each, the first ended first
        self._wrong_at: deque[float] = deque(maxlen=MOST_WRONG_KEYS)

    def is_key(self, given: str) -> bool:
        """Whether this is the API key, found out in constant time."""
        return hmac.compare_digest(given.encode(), self._key)

    def may_read(self, request: Request) -> bool:
        """Whether the request comes with a session that still holds."""
        held = self._held(request)
        return held is not None and held not in self._ended

    def must_wait_s(self) -> int:
        """How long no key is looked at, after so many wrong ones within a minute; 0 for not at all."""
        if len(self._wrong_at) < MOST_WRONG_KEYS:
            return 0
        return max(0, math.ceil(self._wrong_at[0] + WITHIN_S - time.monotonic()))

    def count_wrong_key(self) -> None:
        """Somebody gave one."""
        self._wrong_at.append(time.monotonic())

    def _held(self, request: Request) -> str | None:
        """What the cookie says, if it was signed here within its hours."""
        try:
            held = self._signer.unsign(request.cookies.get(COOKIE, ""), max_age=HOURS * 3600).decode()
        except BadSignature:
            return None
        return held if held.startswith(_READS) else None

    def open(self, request: Request, answer: Response) -> None:
        """Give the browser a session; over https it sends it back over https only."""
        answer.set_cookie(
            COOKIE,
            self._signer.sign(_READS + secrets.token_hex(16)).decode(),
            max_age=HOURS * 3600,
            secure=_is_https(request),
            httponly=True,
            samesite="strict",
        )

    def close(self, request: Request, answer: Response) -> None:
        """End the session, for whoever has its cookie, and take it from the browser."""
        now = time.time()
        self._ended = {ended: until for ended, until in self._ended.items() if until > now}
        if (held := self._held(request)) is not None:
            self._ended[held] = now + HOURS * 3600
        while len(self._ended) > MOST_ENDED:
            del self._ended[next(iter(self._ended))]
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")


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
