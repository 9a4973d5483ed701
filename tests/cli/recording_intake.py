"""A small real HTTP server that answers as intake does, records what arrives in what order,
and fails when a test says so."""

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

import msgspec
import uvicorn

from tests.support.wait import wait_until

KEY = "the-key-of-the-recording-intake"
Event = dict[str, Any]


class Fault(Enum):
    UNAVAILABLE = auto()
    TOO_MANY = auto()
    BREAK_BEFORE_STORING = auto()
    BREAK_AFTER_STORING = auto()


class Broken(Exception):
    """Raised after the answer began: the server closes the connection in the middle of it."""


@dataclass(slots=True)
class RecordingIntake:
    """Knows ids and dossiers as intake does; `faults` happen to the next posts, one each (None: nothing happens)."""

    faults: deque[Fault | None] = field(default_factory=deque)
    from_others: list[Event] = field(default_factory=list)  # stored right after the next post
    stored: dict[str, Event] = field(default_factory=dict)
    bodies: int = 0
    most_at_once: int = 0
    _at_once: int = 0
    _opened: set[str] = field(default_factory=set)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] != "/v1/events":
            await respond(send, 200, {})
            return
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._events(scope, receive, send)
        finally:
            self._at_once -= 1

    async def _events(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        body = await read_body(receive)
        self.bodies += 1
        await asyncio.sleep(0)
        if headers.get(b"authorization") != f"Bearer {KEY}".encode():
            await respond(send, 401, {"detail": "send the API key"})
            return
        assert headers[b"content-type"] == b"application/x-ndjson"
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.UNAVAILABLE:
            await respond(send, 503, {"detail": "not now"})
            return
        if fault is Fault.TOO_MANY:
            await respond(send, 429, {"detail": "more slowly"}, (b"retry-after", b"1"))
            return
        if fault is Fault.BREAK_BEFORE_STORING:
            await break_off(send)
        answer = self._take(body)
        while self.from_others:
            self._store(self.from_others.pop())
        if fault is Fault.BREAK_AFTER_STORING:
            await break_off(send)
        await respond(send, 200, answer)

    def _store(self, event: Event) -> None:
        self.stored[event["id"]] = event
        self._opened.add(event["subject"])

    def _take(self, body: bytes) -> dict[str, Any]:
        accepted = duplicates = 0
        rejections = []
        for number, line in enumerate(body.splitlines(), 1):
            try:
                event = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError as error:
                rejections.append({"line": number, "id": None, "code": "malformed", "detail": str(error)})
                continue
            if event["id"] in self.stored:
                duplicates += 1
            elif event["subject"] not in self._opened and ".received." not in event["type"]:
                rejections.append(
                    {"line": number, "id": event["id"], "code": "unknown_dossier", "detail": "there is no dossier"}
                )
            else:
                self._store(event)
                accepted += 1
        return {"accepted": accepted, "duplicates": duplicates, "rejected": len(rejections), "rejections": rejections}


async def read_body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def respond(send: Any, status: int, answer: Any, *more: tuple[bytes, bytes]) -> None:
    body = msgspec.json.encode(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def break_off(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise Broken


@contextmanager
def serving(app: Any, port: int = 0, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """The application behind a real socket; its address."""
    listening = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan=lifespan, ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 20, "the application listens")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
