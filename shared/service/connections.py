"""HTTP/1.1 connections with bounds:
no head, no silence and no crowd of them takes a service's memory or its sockets."""

import asyncio
import math
from collections import Counter
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from shared.contract.envelope import encode
from shared.service.answer_headers import EVERY_ANSWER
from shared.service.problems import MEDIA_TYPE, Problem

KIB = 1024
MOST_URL_BYTES = 8 * KIB
MOST_HEAD_BYTES = 32 * KIB
MOST_HEADERS = 100
MOST_PIPELINED = 8  # requests read ahead; what comes behind them waits unread
PIECE_BYTES = 4 * KIB  # read at once, so that one read cannot hold thousands of requests
HEAD_SECONDS = 15.0
IDLE_SECONDS = 20
STALLED_SECONDS = 60.0
LEAST_BYTES = 1 * KIB  # of a body within that time, of an answer within the next
UNREAD_SECONDS = 120.0
MOST_UNREAD_BYTES = 128 * KIB * KIB  # of answers that lie here, of all connections
LATER_SECONDS = 5
PARTING_SECONDS = 2.0
PARTING_BYTES = 1024 * KIB
HTTP_1_1 = "1.1"


class Connections(ServerState):
    """The server's connections; `waiting` are those without a request in work, the longest waiting first."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.waiting: dict[BoundedProtocol, None] = {}

    def admit(self, newcomer: "BoundedProtocol") -> bool:
        """Let a connection in; when there are too many one gives way: of the address with most of those that wait the
        one that has waited longest. False when all are at work."""
        if len(self.connections) > self.most:
            if not self.waiting:
                return False
            (crowd, _), *_ = Counter(connection.address for connection in self.waiting).most_common(1)
            longest = next(connection for connection in self.waiting if connection.address == crowd)
            self.leaves(longest)
            longest.transport.abort()
        self.waits(newcomer)
        return True

    def waits(self, connection: "BoundedProtocol") -> None:
        self.leaves(connection)
        self.waiting[connection] = None

    def leaves(self, connection: "BoundedProtocol") -> None:
        self.waiting.pop(connection, None)

    def look_after(self, now: float) -> None:
        """End the connections that took too long, and while too much lies unread those that have left most of it
        unread. To be called about once a second."""
        bounded = [connection for connection in self.connections if isinstance(connection, BoundedProtocol)]
        for connection in bounded:
            connection.look(now)
        unread = sum(connection.unread for connection in bounded)
        for connection in sorted(bounded, key=lambda one: one.unread, reverse=True):
            if unread <= MOST_UNREAD_BYTES:
                break
            unread -= connection.unread
            connection.transport.abort()


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, which itself bounds nothing:
    a refusal is answered as problem details and ends the connection."""

    server_state: Connections

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._held = bytearray()  # read from the socket, not parsed yet
        self._silent_bytes = 0  # parsed since the parser last reported anything
        self._heard = False
        self._head_bytes = 0
        self._header_count = 0
        self._in_head = False
        self._in_message = False
        self._working_on: RequestResponseCycle | None = None
        self._next_head_by = math.inf  # inf while a request is in work
        self._moved_at = 0.0
        self._moved_bytes = 0  # of a body, since then
        self.unread = 0  # bytes of answers that its reader has not taken yet
        self._unread_since = 0.0
        self._ending = False
        self._dropped_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._next_head_by = self.loop.time() + HEAD_SECONDS
        if not self.server_state.admit(self):
            detail = "too many requests are in work; try again shortly"
            self._end(Problem(503, "Service Unavailable", detail, headers={"Retry-After": str(LATER_SECONDS)}))

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.leaves(self)
        self._held.clear()
        self._ending = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._ending:
            self._dropped_bytes += len(data)
            if self._dropped_bytes > PARTING_BYTES:
                self.transport.close()
            return
        self._held += data
        self._read_on()

    def _read_on(self) -> None:
        """Parse what is held, until enough requests wait for their turn."""
        try:
            while self._held and len(self.pipeline) < MOST_PIPELINED:
                piece = bytes(self._held[:PIECE_BYTES])
                del self._held[:PIECE_BYTES]
                self._parse(piece)
        except httptools.HttpParserError as wrong:
            cause = wrong.__context__
            self._end(cause if isinstance(cause, Problem) else _bad_request(f"this is not HTTP/1.1: {wrong}"))
        except Problem as problem:
            self._end(problem)
        if self._held:
            self.flow.pause_reading()

    def _parse(self, piece: bytes) -> None:
        self._heard = False
        try:
            self.parser.feed_data(piece)
        except (
            httptools.HttpParserUpgrade
        ) as upgrade:  # no other protocol is spoken here: answered in this one, and read on behind it
            self._held[:0] = piece[upgrade.args[0] :]
        self._silent_bytes = 0 if self._heard else self._silent_bytes + len(piece)
        if self._silent_bytes > MOST_HEAD_BYTES:
            raise _head_too_large()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = self._heard = True
        self._head_bytes = self._header_count = 0
        self._next_head_by = self.loop.time() + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._heard = True
        if len(self.url) > MOST_URL_BYTES:
            raise Problem(
                414, "URI Too Long", f"an address is at most {MOST_URL_BYTES} bytes; shorten its path or its parameters"
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._heard = True
        self._header_count += 1
        self._head_bytes += len(name) + len(value)
        if self._header_count > MOST_HEADERS or self._head_bytes + len(self.url) > MOST_HEAD_BYTES:
            raise _head_too_large()
        if self._in_head:  # trailers are no headers of the request any more
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == HTTP_1_1):
            raise _bad_request("send one Host header")
        super().on_headers_complete()
        self._in_head, self._heard = False, True
        self._next_head_by = math.inf
        self._moved_at, self._moved_bytes = self.loop.time(), 0
        self.server_state.leaves(self)

    def on_body(self, body: bytes) -> None:
        self._heard = True
        self._moved_bytes += len(body)
        if self._moved_bytes >= LEAST_BYTES:
            self._moved_at, self._moved_bytes = self.loop.time(), 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message, self._heard = False, True
        super().on_message_complete()
        if self._working_on is None:
            self._next_head_by = self.loop.time() + IDLE_SECONDS

    def on_response_complete(self) -> None:
        self._working_on = None
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._working_on is None:
            self._wait_for_the_next()
        self._read_on()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._working_on = cycle
        super()._start_asgi_task(cycle, app)

    def _wait_for_the_next(self) -> None:
        self.cycle.body = bytearray()  # what was sent without being read
        self.server_state.waits(self)
        if not self._in_head:
            self._next_head_by = self.loop.time() + (STALLED_SECONDS if self._in_message else IDLE_SECONDS)

    @property
    def address(self) -> str:
        """The other end's, of which there may be many connections."""
        return self.client[0] if self.client else ""

    @property
    def _in_body(self) -> bool:
        return self._in_message and not self._in_head

    def look(self, now: float) -> None:
        """End it when it has taken too long over what is awaited from it."""
        if self._in_head and self.flow.read_paused:
            self._next_head_by = now + HEAD_SECONDS  # it is we who do not read
        if now > self._next_head_by:
            if self._in_head and not self._ending:
                self._end(_too_slow(f"the head of a request must be complete within {HEAD_SECONDS:.0f} s"))
            else:
                self.transport.close()
        elif self._working_on is self.cycle and self._in_body:
            if self.flow.read_paused:
                self._moved_at = now
            elif now - self._moved_at > STALLED_SECONDS and not self._ending:
                stays = "what was accepted of it stays accepted; send it again"
                came = f"less than {LEAST_BYTES} bytes of the body have come within {STALLED_SECONDS:.0f} s"
                self._end(_too_slow(f"{came}; {stays}"))
        self._look_at_unread(now)

    def _look_at_unread(self, now: float) -> None:
        size = self.transport.get_write_buffer_size()
        if not size or abs(size - self.unread) >= LEAST_BYTES:
            self.unread, self._unread_since = size, now
        elif now - self._unread_since > UNREAD_SECONDS:
            self.transport.abort()

    def _end(self, problem: Problem) -> None:
        """Take nothing more; answer, unless a request before is still being answered: then close when that is done."""
        self._ending = True
        self._held.clear()
        at_work = self._working_on
        if at_work is None:
            if self._in_body:
                self.transport.close()  # the request was answered before its body had come
            else:
                self._answer(problem)
        elif at_work is self.cycle and self._in_body:
            at_work.disconnected = True
            at_work.message_event.set()
            if at_work.response_started:
                self.transport.close()
            else:
                self._answer(problem)
        else:
            if self._in_body:
                self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else at_work
            last.keep_alive = False
            self._next_head_by = math.inf

    def _answer(self, problem: Problem) -> None:
        """The problem, and a moment of reading on:
        closed at once, the connection would be reset and the answer lost."""
        body = encode(problem.details)
        own = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *(
                (name.lower().encode(), value.encode())
                for name, value in {**EVERY_ANSWER, **(problem.headers or {})}.items()
            ),
        ]
        headers = b"".join(name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers + own)
        self.transport.write(STATUS_LINE[problem.status] + headers + b"\r\n" + body)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._next_head_by = self.loop.time() + PARTING_SECONDS
        self.server_state.waits(self)


def _bad_request(detail: str) -> Problem:
    return Problem(400, "Bad Request", detail)


def _too_slow(detail: str) -> Problem:
    return Problem(408, "Request Timeout", detail)


def _head_too_large() -> Problem:
    detail = f"the headers of a request are at most {MOST_HEADERS} and {MOST_HEAD_BYTES} bytes"
    return Problem(431, "Request Header Fields Too Large", detail)
