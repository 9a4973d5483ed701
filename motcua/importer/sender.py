"""Posting one chunk to intake, again and again while intake is away: every line is idempotent by its id."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

import httpx
import msgspec
from msgspec import Struct

from motcua.client import detail_of, refused, unreachable
from motcua.failure import Failure

PATH = "/v1/events"
AFTER_A_REFUSAL, ALL_NEW = "later", "all"  # which lines of a chunk are held back
HEADERS = {"Content-Type": "application/x-ndjson"}
TRANSIENT = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class Rejection(Struct):
    """One refused line of a chunk: its number in the chunk, the event's id if it could be read, and why."""

    line: int
    code: str
    detail: str
    id: str | None = None


class Answer(Struct):
    """What intake says to a chunk."""

    accepted: int
    duplicates: int
    rejected: int
    rejections: list[Rejection] = []


_decode_answer = msgspec.json.Decoder(Answer).decode


class Sender:
    """Posts chunks over one client; `patience_seconds` is how long one chunk is tried while intake does not answer."""

    def __init__(self, client: httpx.AsyncClient, patience_seconds: float, say: Callable[[str], None]) -> None:
        self._client = client
        self._patience = patience_seconds
        self._say = say

    async def check(self) -> None:
        """Fail at once, not after the patience, when nothing answers at intake's address."""
        try:
            await self._client.get("/healthz/live")
        except httpx.TransportError as error:
            raise unreachable("intake", str(self._client.base_url)) from error

    async def send(self, body: bytes, hold_back: str = AFTER_A_REFUSAL) -> Answer:
        """Intake's answer to the chunk; a Failure when it refuses the whole or stays away too long."""
        pause = FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience
        while True:
            answer, trouble = await self._attempt(body, hold_back)
            if answer is not None:
                return answer
            if loop.time() >= give_up_at:
                msg = (
                    f"intake at {self._client.base_url} has not answered for {self._patience:.0f} s ({trouble}). "
                    "Nothing is lost: start it again and run the same import, what was accepted counts once"
                )
                raise Failure(msg)
            self._say(f"waiting for intake ({trouble})")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, body: bytes, hold_back: str) -> tuple[Answer | None, str]:
        """The answer, or what kept it away this time."""
        try:
            response = await self._client.post(PATH, params={"hold_back": hold_back}, content=body, headers=HEADERS)
        except httpx.TransportError as error:
            return None, type(error).__name__
        if response.status_code in TRANSIENT:
            detail = detail_of(response)
            return None, f"it answered {response.status_code}" + (f": {detail}" if detail else "")
        if response.status_code != HTTPStatus.OK:
            raise refused("intake", response)
        try:
            return _decode_answer(response.content), ""
        except msgspec.DecodeError as error:
            msg = f"{self._client.base_url} does not answer as intake does ({error}); is --intake right?"
            raise Failure(msg) from error
