"""Sessions of pages: a signed cookie that says whose it is. Whether its key still holds is asked at every request."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer
from msgspec import Struct
from pydantic import SecretStr
from starlette.responses import Response

from shared.access.roles import Grant, InvalidGrant, Principal
from shared.service.ended_sessions import EndedSessions
from shared.service.peers import peer_of

HOURS = 12
MOST_BYTES = 3_800  # of a cookie; browsers keep 4 KiB with its name and attributes
SECRET_FILE, ENDED_FILE = "session_secret", "sessions_ended"
OIDC = "oidc:"  # how the ids of a provider's subjects begin
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_HOST = "__Host-"  # browsers take such a cookie over https from the very host only, so no neighbour can plant one
_OWN_PAGES = frozenset({"same-origin", "none", None})  # None: where the address is plain http, a browser leaves it out


class TooManyGrants(Exception):
    """A browser would not keep a cookie that says them all."""


class PageSession(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose session it is. Name and grants are said only where no key of ours says them: for a provider's subject."""

    id: str
    principal: str
    until: int
    name: str = ""
    grants: tuple[str, ...] = ()

    @property
    def is_of_provider(self) -> bool:
        """Whether a provider vouched for somebody, not a key."""
        return self.principal.startswith(OIDC)

    def subject(self) -> Principal | None:
        """The provider's subject that the session says in full; None for a key, which is asked for its grants."""
        if not self.is_of_provider:
            return None
        try:
            grants = tuple(Grant.parse(grant) for grant in self.grants)
        except InvalidGrant:  # of an older version
            return None
        return Principal(self.principal, self.name, grants, datetime.fromtimestamp(self.until, UTC))


class Sessions:
    """The sessions of one service's pages. `over_https` where the service is known to be reached so."""

    def __init__(self, service: str, secret: bytes, ended: EndedSessions, *, over_https: bool = False) -> None:
        self.service = service
        self.cookie = f"motcua_{service}_session"
        self.over_https = over_https
        self.ended = ended
        self._secret = secret
        self._signer = signer(secret, self.cookie)

    def secret_for(self, purpose: str) -> bytes:
        """A secret of its own for something that belongs to sessions."""
        return hmac.digest(self._secret, purpose.encode(), hashlib.sha256)

    def held_by(self, request: Request) -> PageSession | None:
        """What the browser's cookie says, if it was signed here, has not passed and was not ended."""
        names = [_HOST + self.cookie] if self.is_https(request) else [_HOST + self.cookie, self.cookie]
        given = next((request.cookies[name] for name in names if name in request.cookies), "")
        try:
            session = msgspec.convert(self._signer.loads(given), PageSession)
        except (BadData, msgspec.ValidationError):
            return None
        return None if session.until <= time.time() or session.id in self.ended else session

    def open(self, request: Request, answer: Response, principal: Principal) -> None:
        """Give the browser a session, for as long as the principal holds and twelve hours at most."""
        now = int(time.time())
        until = now + HOURS * 3600
        if principal.expires_at is not None:
            until = min(until, int(principal.expires_at.timestamp()))
        is_said_here = principal.id.startswith(OIDC)
        session = PageSession(
            id=secrets.token_hex(16),
            principal=principal.id,
            until=until,
            name=principal.name if is_said_here else "",
            grants=tuple(str(grant) for grant in principal.grants) if is_said_here else (),
        )
        value = self._signer.dumps(msgspec.to_builtins(session))
        if len(value) > MOST_BYTES:
            raise TooManyGrants
        self.set_cookie(request, answer, self.cookie, value, until - now)

    def close(self, request: Request, answer: Response) -> PageSession | None:
        """End the session, for whoever has its cookie, and take it from the browser; whose it was."""
        session = self.held_by(request)
        if session is not None:
            self.ended.add(session.id, session.until)
        self.delete_cookie(answer, self.cookie)
        return session

    def set_cookie(
        self, request: Request, answer: Response, name: str, value: str, seconds: int, *, strict: bool = True
    ) -> None:
        """A cookie that scripts can't read; over https it comes back over https only.

        `strict` cookies come back with what our own pages ask for; others also when another site leads here.
        """
        secure = self.is_https(request)
        answer.set_cookie(
            _HOST + name if secure else name,
            value,
            max_age=seconds,
            secure=secure,
            httponly=True,
            samesite="strict" if strict else "lax",
        )

    def delete_cookie(self, answer: Response, name: str) -> None:
        """Under either name."""
        answer.delete_cookie(name, httponly=True, samesite="strict")
        answer.delete_cookie(_HOST + name, secure=True, httponly=True, samesite="strict")

    def cookie_in(self, request: Request, name: str) -> str:
        """What a cookie of ours holds; empty for none."""
        plain = "" if self.is_https(request) else request.cookies.get(name, "")
        return request.cookies.get(_HOST + name) or plain

    def is_https(self, request: Request) -> bool:
        """By its scheme or its page's, or by the settings: a proxy in front may have ended the encryption."""
        if self.over_https or peer_of(request).is_https:
            return True
        return request.headers.get("origin", "").startswith("https:") and is_from_own_page(request)


def sessions_of(
    service: str, api_key: SecretStr | None, folder: Path | None = None, public_url: str | None = None
) -> Sessions:
    """The sessions of a service's pages, by its settings."""
    secret = signing_secret(service, folder, None if api_key is None else api_key.get_secret_value())
    ended = EndedSessions(None if folder is None else folder / ENDED_FILE)
    return Sessions(service, secret, ended, over_https=(public_url or "").startswith("https:"))


def signing_secret(service: str, folder: Path | None, api_key: str | None) -> bytes:
    """What a service signs its cookies with: by the access folder's secret, made at first use, and the settings' key.

    Another settings' key ends every session. With neither folder nor key a secret of this process.
    """
    own = "" if folder is None else secret_of(folder)
    if not own and api_key is None:
        return secrets.token_bytes(32)
    return hmac.digest(f"{own} {api_key or ''}".encode(), f"motcua {service}: sessions".encode(), hashlib.sha256)


def secret_of(folder: Path) -> str:
    """The folder's secret; of two processes that make one, the first one's is taken by both."""
    file = folder / SECRET_FILE
    if not file.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=f".{SECRET_FILE}-", encoding="ascii") as made:
            made.write(secrets.token_hex(32))  # 0600, as tempfile makes them
            made.flush()
            os.fsync(made.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text("ascii").strip()


def signer(secret: bytes, purpose: str) -> URLSafeSerializer:
    """Signs what a cookie says for one purpose: nothing signed for one is taken for another."""
    return URLSafeSerializer(secret, purpose, signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"})


def is_from_own_page(request: Request) -> bool:
    """Whether a request was made by a page of this service, by what the browser says of where it stood.

    Each browser says it of a form or script that changes something, by one header at least; where a proxy takes all of
    them away, nobody can tell.
    """
    site, stood = request.headers.get("sec-fetch-site"), request.headers.get("origin", request.headers.get("referer"))
    if site is None and stood is None:
        return False
    is_own = stood is None or urlsplit(stood).netloc == request.headers.get("host")
    return is_own and site in _OWN_PAGES
