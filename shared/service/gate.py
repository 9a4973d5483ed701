"""What a service lets in: how many requests a second and at once, in all and of one caller; how much of bodies in
memory; under which names. Beyond that it answers 429, 503 or 421 at once, and says when to come again."""

import asyncio
import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.language.languages import Language
from shared.service.access import Caller
from shared.service.peers import peer_of
from shared.service.problems import Problem, language_wanted
from shared.service.refusals import Refusals, WhyRefused
from shared.service.settings import ServiceSettings
from shared.service.turns import MOST_REMEMBERED, Bounds, NoTurn, Rates, Turns

BURST_S = 10  # a caller that was quiet has so many seconds' worth of requests at once
SHARE = 4  # one caller has at most a quarter of what there is
WAITING = 2_000
STREAMS = Bounds(at_once=500, of_one=200, waiting=0, waiting_of_one=0)
MOST_HELD_BYTES = 128 * 1024 * 1024
PROBES = "/healthz/"
EVENT_STREAM = b"text/event-stream"
UNAUTHORIZED = 401
AT_ONCE = "MAX_REQUESTS_AT_ONCE"
BUSY_S, CROWD_S = 5, 2
_IDENTITY = (b"authorization", b"cookie")
Who = tuple[str, str]  # who it proved to be, and from where


@dataclass(frozen=True, slots=True)
class Costly:
    """Requests that take much to answer: which they are, by method and path, and how many compute at once."""

    applies: Callable[[str, str], bool]
    at_once: int
    setting: str
    streams_bodies: bool = False  # their bodies are worked on as they come, and not kept

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.at_once, max(1, self.at_once // 2), waiting=400, waiting_of_one=200)


class NotLetIn(Exception):
    """The gate does not let this in."""

    def __init__(self, reason: WhyRefused, problem: Problem) -> None:
        super().__init__(reason)
        self.reason, self.problem = reason, problem


class Exchange(NamedTuple):
    """What ASGI hands over for one request."""

    scope: Scope
    receive: Receive
    send: Send


def guard(application: FastAPI, settings: ServiceSettings, costly: Costly) -> FastAPI:
    """The application behind its gate; what every answer carries, the gate's own carry too."""
    refusals = application.state.access.refusals
    application.user_middleware.append(Middleware(Gate, settings=settings, costly=costly, refusals=refusals))
    return application


class Gate:
    """ASGI middleware. A caller is who it proved to be, at its address; who has proved nothing is the address alone.

    What it proved is learnt from what the application found (`request.state.caller`): nobody has a caller's share by
    claiming to be that one.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings, costly: Costly, refusals: Refusals) -> None:
        self._app = app
        self._prefix = settings.model_config.get("env_prefix", "")
        self._hosts = {host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip()}
        self._rates = Rates(settings.max_requests_per_second, settings.max_requests_per_second * BURST_S)
        self._proved: OrderedDict[bytes, str] = OrderedDict()
        at_once = settings.max_requests_at_once
        self.requests = Turns(Bounds(at_once, max(1, at_once // SHARE), WAITING, WAITING // 2))
        self.costly, self.costs, self.streams = costly, Turns(costly.bounds), Turns(STREAMS)
        self.held_bytes = 0
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(PROBES):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        request = Request(scope)
        try:
            self._check_host(request)
            who = (self._proved.get(_shown(scope), ""), peer_of(request).site)
            self._check_rate(who)
            await _Visit(self, who, Exchange(scope, receive, send)).run(self._app)
        except NotLetIn as refused:
            self.note(request, refused.reason)
            await _answer(request, refused.problem)(scope, receive, send)

    def _check_host(self, request: Request) -> None:
        if self._hosts and (request.url.hostname or "") not in self._hosts:
            detail = f"this service does not go by that name; {self._prefix}ALLOWED_HOSTS lists its names"
            raise NotLetIn(WhyRefused.HOST, Problem(421, "Misdirected Request", detail))

    def _check_rate(self, who: Who) -> None:
        if wait_s := self._rates.wait_s(who, asyncio.get_running_loop().time()):
            setting = f"{self._prefix}MAX_REQUESTS_PER_SECOND"
            english = f"so many requests a second are not taken from one caller ({setting}); go on more slowly"
            raise NotLetIn(WhyRefused.RATE, _too_many(english, "quá nhiều yêu cầu mỗi giây; hãy gửi chậm lại", wait_s))

    async def take(self, turns: Turns, who: Who, setting: str) -> None:
        """Wait for a turn; raises NotLetIn."""
        try:
            await turns.take(who)
        except NoTurn as none:
            named = f"{self._prefix}{setting}"
            if none.own:
                english = f"your own requests stand in line already ({named}); wait for their answers"
                vietnamese = "các yêu cầu trước của bạn còn đang chờ; hãy đợi trả lời"
                raise NotLetIn(WhyRefused.CROWD, _too_many(english, vietnamese, CROWD_S)) from None
            english = f"the service has as much to do as it takes on ({named}); try again shortly"
            raise NotLetIn(WhyRefused.BUSY, _busy(english, "dịch vụ đang bận; hãy thử lại sau ít phút")) from None

    def learn(self, scope: Scope, status: int) -> None:
        """Remember whose credentials these are, now that the application has looked at them."""
        shown, found = _shown(scope), scope["state"].get("caller")
        if status == UNAUTHORIZED or not shown:
            self._proved.pop(shown, None)
        elif isinstance(found, Caller):
            self._proved[shown] = found.principal.id
            self._proved.move_to_end(shown)
            if len(self._proved) > MOST_REMEMBERED:
                self._proved.popitem(last=False)

    def note(self, request: Request, reason: WhyRefused) -> None:
        """A request was turned away."""
        self._refusals.note(request, reason)


class _Visit:
    """One request on its way through: it holds a turn all the time, and one of the costly only while it computes."""

    def __init__(self, gate: Gate, who: Who, exchange: Exchange) -> None:
        self._gate, self._who, self._exchange = gate, who, exchange
        scope = exchange.scope
        self._is_costly = gate.costly.applies(scope["method"], scope["path"])
        self._keeps_body = not (self._is_costly and gate.costly.streams_bodies)
        self._body_is_awaited = any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in scope["headers"]
        )
        self._computes = self._streams = False
        self._held_bytes = 0

    async def run(self, app: ASGIApp) -> None:
        gate = self._gate
        await gate.take(gate.requests, self._who, AT_ONCE)
        try:
            if self._is_costly:
                await gate.take(gate.costs, self._who, gate.costly.setting)
                self._computes = True
            await app(self._exchange.scope, self._hear, self._say)
        finally:
            gate.held_bytes -= self._held_bytes
            self._rest()
            (gate.streams if self._streams else gate.requests).give_back(self._who)

    def _rest(self) -> bool:
        """Leave the costly turn to others while the other end is awaited; whether it had one."""
        computed, self._computes = self._computes, False
        if computed:
            self._gate.costs.give_back(self._who)
        return computed

    async def _go_on(self) -> None:
        await self._gate.costs.take(self._who, patient=True)
        self._computes = True

    async def _hear(self) -> Message:
        rests = self._body_is_awaited and self._rest()
        message = await self._exchange.receive()
        if message["type"] == "http.request":
            self._body_is_awaited = self._body_is_awaited and message.get("more_body", False)
            if self._keeps_body:
                self._hold(len(message.get("body", b"")))
        if rests:
            await self._go_on()
        return message

    def _hold(self, more: int) -> None:
        self._held_bytes += more
        self._gate.held_bytes += more
        if self._gate.held_bytes > MOST_HELD_BYTES:
            self._gate.note(Request(self._exchange.scope), WhyRefused.MEMORY)
            detail = f"more than {MOST_HELD_BYTES} bytes are being sent at once; send this again shortly"
            raise _busy(detail, "đang có quá nhiều dữ liệu gửi đến cùng lúc; hãy gửi lại sau ít phút")

    async def _say(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start:
            self._gate.learn(self._exchange.scope, message["status"])
            if any(name == b"content-type" and value.startswith(EVENT_STREAM) for name, value in message["headers"]):
                await self._become_stream()
        rests = self._rest()
        await self._exchange.send(message)
        if rests and (is_start or message.get("more_body", False)):
            await self._go_on()

    async def _become_stream(self) -> None:
        """It lasts, and does next to nothing: counted with its like."""
        await self._gate.take(self._gate.streams, self._who, AT_ONCE)
        self._streams = True
        self._gate.requests.give_back(self._who)


def _shown(scope: Scope) -> bytes:
    """The digest of what a caller shows for who it is; empty when it shows nothing."""
    shown = [value for name, value in scope["headers"] if name in _IDENTITY]
    return hashlib.sha256(b"\0".join(shown)).digest() if shown else b""


def _too_many(english: str, vietnamese: str, wait_s: float) -> Problem:
    again = {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return Problem(429, "Too Many Requests", english, vietnamese=vietnamese, headers=again)


def _busy(english: str, vietnamese: str) -> Problem:
    again = {"Retry-After": str(BUSY_S)}
    return Problem(503, "Service Unavailable", english, code="busy", vietnamese=vietnamese, headers=again)


def _answer(request: Request, problem: Problem) -> Response:
    """Problem details; for a browser's whole page a sentence."""
    if "text/html" not in request.headers.get("accept", ""):
        return problem.response(language_wanted(request, Language.ENGLISH))
    language = language_wanted(request, Language.VIETNAMESE)
    said = problem.vietnamese if language is Language.VIETNAMESE else str(problem.details.detail)
    head = f'<!doctype html><html lang="{language.value}"><meta charset="utf-8"><title>Motcua</title>'
    return HTMLResponse(f"{head}<p>{escape(said)}</p>", problem.status, problem.headers)
