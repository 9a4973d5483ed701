"""Who acts in the request at hand: the audit's entries and the lines of the log say it."""

import re
import secrets
import time
from contextlib import nullcontext
from contextvars import ContextVar

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.roles import Principal
from shared.auditing.entries import ITSELF, REQUEST_ID, Actor
from shared.domain.texts import personal
from shared.service import tracing
from shared.service.peers import peer_of

HEADER = "X-Request-Id"
NOBODY = "nobody"
KEYS = ("key:", "settings")
ASKED_ALL_THE_TIME = ("/healthz/", "/metrics")
BAD_REQUEST = 400
log = structlog.get_logger()
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_WORDS = re.compile(r"[._-]*[A-Za-z_]+[A-Za-z._-]*")
_ACTING: ContextVar[Actor] = ContextVar("acting", default=ITSELF)


def acting() -> Actor:
    """Whoever the request at hand comes from; the service itself where there is none."""
    return _ACTING.get()


def act_as(principal: Principal) -> None:
    """From now on the request at hand is this principal's."""
    _ACTING.set(_ACTING.get().as_principal(principal))


def _is_well_formed(request: str) -> bool:
    """Whether it may stand in logs and in the audit: plain characters, and nobody's phone or identity number.

    Letters and what stands beside them are taken for blanks: `so-084180001234` holds the number all the same.
    """
    if REQUEST_ID.fullmatch(request) is None or personal(request) is not None:
        return False
    return _UUID.fullmatch(request) is not None or personal(_WORDS.sub(" ", request)) is None


def passed_on() -> dict[str, str]:
    """The header by which the service that is called for the request at hand knows it by the same id."""
    requests = acting().requests
    return {**({HEADER: requests[-1]} if requests else {}), **tracing.current_header()}


class RequestIds:
    """ASGI middleware: each request has an id, its sender's own where it is well-formed; the answer and the log say it.

    Until a route has found out who calls, it is nobody. The log has a line for each request: by its route, for a path
    or a query may tell who a person is; who sent it is the name of its key, or what the provider calls a person by.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(HEADER)
        request = given if given is not None and _is_well_formed(given) else secrets.token_hex(8)
        peer = peer_of(HTTPConnection(scope)).address

        status: int | None = None

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        is_told = not scope["path"].startswith(ASKED_ALL_THE_TIME)
        span = tracing.request_span(headers.get(tracing.TRACEPARENT)) if is_told else None
        before, began = _ACTING.set(Actor(NOBODY, NOBODY, peer=peer, requests=(request,))), time.perf_counter()
        try:
            with structlog.contextvars.bound_contextvars(request=request):
                try:
                    with nullcontext() if span is None else span.current():
                        await self._app(scope, receive, answer)
                finally:
                    route = _say(scope, status, time.perf_counter() - began)
                    if span is not None:
                        span.end(scope["method"], route, status, request)
        finally:
            _ACTING.reset(before)


def _say(scope: Scope, status: int | None, seconds: float) -> str:
    """A line of the access log, and the route in it; what asks all the time whether all is well is seen at DEBUG."""
    actor, path = acting(), scope["app"].state.http_metrics.route_of(scope)
    is_quiet = status is not None and status < BAD_REQUEST and path.startswith(ASKED_ALL_THE_TIME)
    sender = actor.name if actor.who.startswith(KEYS) else actor.who
    if structlog.is_configured():  # by a process of its own: who has the application in theirs has a log of their own
        (log.debug if is_quiet else log.info)(
            "request",
            method=scope["method"],
            route=path,
            status=status,
            seconds=round(seconds, 4),
            sender=sender,
            peer=actor.peer,
        )
    return str(path)
