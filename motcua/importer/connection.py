"""One connection to intake: chunks posted one after another, and again the lines whose dossier was not there yet."""

import asyncio
import zlib
from asyncio import Queue
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import msgspec

from motcua.client import NotAsRead, detail_of, refused, unreachable
from motcua.failure import Failure
from motcua.importer.lines import UNREADABLE, EventLine, Spool, head_of, subject_of
from motcua.importer.ports import RefusedAs, RefusedLines
from shared.contract.http.log import MOST_REJECTIONS, BulkAnswer, Rejection
from shared.domain.errors import UnknownDossier, holds_back

EVENTS = "/v1/events"
AFTER_A_REFUSAL, ALL_NEW = "later", "all"  # which lines of a chunk are held back
HEADERS = {"Content-Type": "application/x-ndjson"}
TRANSIENT = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 30.0  # however long it says
CHUNK_LINES = MOST_REJECTIONS
CHUNK_BYTES = 1 << 20
CHUNKS_AHEAD = 2
OPENING = frozenset({"submitted", "received"})
HELD_BACK = "held_back"


@dataclass(slots=True)
class ImportProgress:
    """Counts of lines; `waiting` ones were refused only because their dossier was not there yet and are sent again.

    `held_back` ones are rejected because an earlier line of their dossier was; `lost` ones were refused, and nothing in
    their file could be corrected to mend it; `sorted_lines` are all lines of a file that had to be put in order first.
    """

    read_bytes: int = 0
    sorted_lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    lost: int = 0
    held_back: int = 0
    waiting: int = 0
    note: str = ""

    @property
    def settled(self) -> int:
        return self.accepted + self.duplicates + self.rejected + self.lost


def connection_of(line: EventLine, connections: int) -> int:
    """The connection of the line's dossier, always the same; a line without a readable dossier has that of no name."""
    return zlib.crc32(subject_of(line).encode(errors="surrogatepass")) % connections


class Chunk:
    """Lines of one connection in their order, posted together; intake's line numbers in it count from 1."""

    __slots__ = ("lines", "size")

    def __init__(self) -> None:
        self.lines: list[EventLine] = []
        self.size = 0

    def add(self, line: EventLine) -> None:
        self.lines.append(line)
        self.size += len(line.body)

    @property
    def full(self) -> bool:
        return len(self.lines) >= CHUNK_LINES or self.size >= CHUNK_BYTES

    @property
    def body(self) -> bytes:
        return b"".join([line.body for line in self.lines])


_decode_answer = msgspec.json.Decoder(BulkAnswer).decode


class ChunkPoster:
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

    async def send(self, body: bytes, hold_back: str = AFTER_A_REFUSAL) -> BulkAnswer:
        """Intake's answer to the chunk; a Failure when it refuses the whole or stays away too long."""
        pause = FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience
        while True:
            answer, trouble, again_after = await self._attempt(body, hold_back)
            if answer is not None:
                return answer
            if loop.time() >= give_up_at:
                msg = (
                    f"intake at {self._client.base_url} has not answered for {self._patience:.0f} s ({trouble}). "
                    "Nothing is lost: start it again and run the same import, what was accepted counts once"
                )
                raise Failure(msg)
            self._say(f"waiting for intake ({trouble})")
            await asyncio.sleep(max(pause, again_after))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, body: bytes, hold_back: str) -> tuple[BulkAnswer | None, str, float]:
        """The answer, or what kept it away this time and after how long intake wants to be asked again."""
        try:
            response = await self._client.post(EVENTS, params={"hold_back": hold_back}, content=body, headers=HEADERS)
        except httpx.TransportError as error:
            return None, type(error).__name__, 0
        if response.status_code in TRANSIENT:
            detail = detail_of(response)
            said = f"it answered {response.status_code}" + (f": {detail}" if detail else "")
            return None, said, min(_again_after(response), LONGEST_WAIT_SECONDS)
        if response.status_code != HTTPStatus.OK:
            raise refused("intake", response)
        try:
            return _decode_answer(response.content), "", 0
        except msgspec.DecodeError as error:
            raise NotAsRead("intake", str(self._client.base_url), error) from error


class Connection:
    """Sends its chunks strictly one after another, so that a dossier's events arrive in the order of its lines.

    A dossier that is not there yet parks all its lines: a later one must not overtake those that wait. What follows a
    line whose content was refused is held back: it is refused with it unless intake has it already.
    """

    def __init__(
        self, poster: ChunkPoster, progress: ImportProgress, rejects: RefusedLines, changed: Callable[[], None]
    ) -> None:
        self.queue: Queue[Chunk | None] = Queue(CHUNKS_AHEAD)
        self._poster = poster
        self._progress = progress
        self._rejects = rejects
        self._changed = changed
        self._parked: set[str] = set()
        self._refused: set[str] = set()
        self._deferred = Spool(EventLine)

    @property
    def waiting(self) -> int:
        return self._deferred.count

    def close(self) -> None:
        self._deferred.close()

    async def work(self) -> None:
        """Send what the queue brings until it brings None."""
        while (chunk := await self.queue.get()) is not None:
            await self._send_unparked(chunk)

    async def send_deferred(self) -> None:
        """Try the first line of each parked dossier; then send the others of those that are there by now."""
        before, self._deferred = self._deferred, Spool(EventLine)
        self._progress.waiting -= before.count
        self._parked, self._refused = set(), set()  # what waited came before what was refused meanwhile
        with closing(before):
            seen: set[str] = set()
            await self._send_all(line for line in before.drain() if _first_of(line, seen))
            seen = set()
            await self._send_all(line for line in before.drain() if not _first_of(line, seen))

    def give_up_deferred(self) -> None:
        """What still waits after the last pass is rejected: its dossier is nowhere."""
        for line in self._deferred.drain():
            detail = "there is no such dossier, also after everything else was sent"
            self._reject(line, RefusedAs(UnknownDossier.code, detail, _id_of(line)))
        self._progress.waiting -= self._deferred.count

    async def _send_all(self, lines: Iterable[EventLine]) -> None:
        chunk = Chunk()
        for line in lines:
            chunk.add(line)
            if chunk.full:
                await self._send_unparked(chunk)
                chunk = Chunk()
        await self._send_unparked(chunk)

    async def _send_unparked(self, given: Chunk) -> None:
        chunk = self._unparked(given.lines) if self._parked else given
        if not self._refused:
            await self._send(chunk, AFTER_A_REFUSAL)
            return
        held, free = Chunk(), Chunk()
        for line in chunk.lines:
            (held if subject_of(line) in self._refused else free).add(line)
        await self._send(free, AFTER_A_REFUSAL)
        await self._send(held, ALL_NEW)

    async def _send(self, chunk: Chunk, hold_back: str) -> None:
        if not chunk.lines:
            return
        answer = await self._poster.send(chunk.body, hold_back)
        _must_add_up(answer, len(chunk.lines))
        self._progress.accepted += answer.accepted
        self._progress.duplicates += answer.duplicates
        self._progress.note = ""
        for rejection in answer.rejections:
            self._book(chunk.lines[rejection.line - 1], rejection)
        self._changed()

    def _unparked(self, lines: Iterable[EventLine]) -> Chunk:
        """Those that may go; the others wait with their dossiers."""
        chunk = Chunk()
        for line in lines:
            head = head_of(line)
            if head.event in OPENING:
                self._parked.discard(head.subject)
            if head.subject in self._parked:
                self._park(line)
            else:
                chunk.add(line)
        return chunk

    def _book(self, line: EventLine, rejection: Rejection) -> None:
        if rejection.code == UnknownDossier.code:
            self._park(line)
        else:
            if holds_back(rejection.code) and (subject := subject_of(line)):
                self._refused.add(subject)
            refused = RefusedAs(rejection.code, rejection.detail, rejection.id, rejection.field)
            self._reject(line, refused)

    def _park(self, line: EventLine) -> None:
        self._parked.add(subject_of(line))
        self._deferred.add(line)
        self._progress.waiting += 1

    def _reject(self, line: EventLine, refusal: RefusedAs) -> None:
        if self._rejects.add(line, refusal):
            self._progress.rejected += 1
            self._progress.held_back += refusal.code == HELD_BACK
        else:
            self._progress.lost += 1


def _again_after(response: httpx.Response) -> float:
    """The seconds of Retry-After; 0 where it says none."""
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else 0.0


def _first_of(line: EventLine, seen: set[str]) -> bool:
    """Whether it is the first line of its dossier; notes that the dossier was seen."""
    subject = subject_of(line)
    first = subject not in seen
    seen.add(subject)
    return first


class _Id(msgspec.Struct):
    id: str | None = None


def _id_of(line: EventLine) -> str | None:
    try:
        return msgspec.json.decode(line.body, type=_Id).id
    except UNREADABLE:
        return None


def _must_add_up(answer: BulkAnswer, sent: int) -> None:
    """A line that intake does not account for must not vanish in a summary."""
    if answer.accepted + answer.duplicates + answer.rejected != sent or len(answer.rejections) != answer.rejected:
        answered = answer.accepted + answer.duplicates + answer.rejected
        raise Failure(
            f"intake answered for {answered} of {sent} lines and explained {len(answer.rejections)} of "
            f"{answer.rejected} rejections; its version does not fit this importer"
        )
