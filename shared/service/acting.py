"""Who acts in the request at hand: the audit's entries and the lines of the log say it."""

import secrets
from contextvars import ContextVar

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.roles import Principal
from shared.auditing.entries import ITSELF, REQUEST_ID, Actor
from shared.domain.texts import personal
from shared.service.peers import peer_of

HEADER = "X-Request-Id"
NOBODY = "nobody"
_ACTING: ContextVar[Actor] = ContextVar("acting", default=ITSELF)


def acting() -> Actor:
    """Whoever the request at hand comes from; the service itself where there is none."""
    return _ACTING.get()


def act_as(principal: Principal) -> None:
    """From now on the request at hand is this principal's."""
    _ACTING.set(_ACTING.get().as_principal(principal))


def _is_well_formed(request: str) -> bool:
    """Whether it may stand in logs and in the audit: plain characters, and nobody's phone or identity number."""
    return REQUEST_ID.fullmatch(request) is not None and personal(request) is None


class RequestIds:
    """ASGI middleware: each request has an id, its sender's own where it is well-formed; the answer and the log say it.

    Until a route has found out who calls, it is nobody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER)
        request = given if given is not None and _is_well_formed(given) else secrets.token_hex(8)
        peer = peer_of(HTTPConnection(scope)).address

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        before = _ACTING.set(Actor(NOBODY, NOBODY, peer=peer, requests=(request,)))
        try:
            with structlog.contextvars.bound_contextvars(request=request):
                await self._app(scope, receive, answer)
        finally:
            _ACTING.reset(before)
