"""Follows whether the parts of a stack are ready, and says what keeps them from it and when they are back."""

import asyncio
import time
from collections.abc import Mapping

import httpx
from msgspec import MsgspecError, Struct
from msgspec import json as msgspec_json

from motcua.stack.child import Child
from motcua.stack.supervision import Say

LOOK_AGAIN_S = 0.1
READY_FOR_S = 0.5  # all at once and for so long: a part that dies again and again is ready now and then
REASON_AFTER_S = 5.0
SILENT_AFTER_S = 120.0
TIMEOUT_S = 2.0


class _Health(Struct):
    detail: str | None = None
    status: str | int | None = None


class _Part:
    """What was seen of one service and what was said about it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready_pid: int | None = None
        self.since = time.monotonic()  # since when it is as it is
        self.is_ready = False
        self.said_reason: str | None = None

    def seen(self, *, ready: bool) -> None:
        if ready != self.is_ready:
            self.is_ready, self.since = ready, time.monotonic()

    @property
    def for_seconds(self) -> float:
        return time.monotonic() - self.since


class Readiness:
    """Asks each service again and again; `all_ready` is set once all have been ready together."""

    def __init__(self, urls: Mapping[str, str], children: Mapping[str, Child], say: Say) -> None:
        self.all_ready = asyncio.Event()
        self._urls, self._children, self._say = urls, children, say
        self._parts = [_Part(name) for name in urls]

    async def follow(self) -> None:
        """Look until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
            while True:
                await asyncio.gather(*(self._look(client, part) for part in self._parts))
                if all(part.is_ready and part.for_seconds >= READY_FOR_S for part in self._parts):
                    self.all_ready.set()
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _look(self, client: httpx.AsyncClient, part: _Part) -> None:
        child = self._children.get(part.name)
        pid = child.pid if child is not None and child.is_running() else None
        reason = "it has ended" if pid is None else await _reason(client, self._urls[part.name])
        if reason is not None:
            part.seen(ready=False)
            self._explain(part, reason)
            return
        if part.ready_pid not in (None, pid):
            part.seen(ready=False)  # it died and came back between two looks
        part.seen(ready=True)
        if part.ready_pid not in (None, pid) or part.said_reason is not None:
            self._say(f"{part.name} is back")
        part.ready_pid, part.said_reason = pid, None

    def _explain(self, part: _Part, reason: str) -> None:
        """A reason that the service gives is told after a moment, and that it gives none after a long one."""
        child = self._children.get(part.name)
        given = reason not in _NO_REASON
        if reason == part.said_reason or part.for_seconds < (REASON_AFTER_S if given else SILENT_AFTER_S) or child is None:
            return
        part.said_reason = reason
        self._say(f"{part.name} is not ready: {reason}; its log: {child.log}")


_NO_ANSWER = "it does not answer"
_NO_REASON = frozenset({_NO_ANSWER, "not ready", "it has ended"})  # whoever ends is told by who starts it again


async def _reason(client: httpx.AsyncClient, url: str) -> str | None:
    """Why it is not ready, in its own words; None when it is."""
    try:
        answer = await client.get(f"{url}/healthz/ready")
    except httpx.HTTPError:
        return _NO_ANSWER
    if answer.status_code == httpx.codes.OK:
        return None
    try:
        health = msgspec_json.decode(answer.content, type=_Health)
    except (MsgspecError, UnicodeDecodeError):
        return f"it answers {answer.status_code}"
    return health.detail or str(health.status)
