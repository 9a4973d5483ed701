"""One connection's work: its chunks one after another, and again those lines whose dossier was not there yet."""

from asyncio import Queue
from collections.abc import Callable, Iterable
from contextlib import closing

import msgspec

from motcua.failure import Failure
from motcua.importer.chunk import Chunk
from motcua.importer.line import UNREADABLE, Line, head_of, subject_of
from motcua.importer.rejects import Rejects
from motcua.importer.sender import AFTER_A_REFUSAL, ALL_NEW, Answer, Rejection, Sender
from motcua.importer.spool import Spool
from motcua.importer.tally import Tally
from shared.domain.errors import OUT_OF_PLACE, UnknownDossier

CHUNKS_AHEAD = 2
OPENING = frozenset({"submitted", "received"})
HELD_BACK = "held_back"


class Lane:
    """Sends its chunks strictly one after another, so that a dossier's events arrive in the order of its lines.

    A dossier that is not there yet parks all its lines: a later one must not overtake those that wait. What follows a line whose
    content was refused is held back: it is refused with it unless intake has it already.
    """

    def __init__(self, sender: Sender, tally: Tally, rejects: Rejects, changed: Callable[[], None]) -> None:
        self.queue: Queue[Chunk | None] = Queue(CHUNKS_AHEAD)
        self._sender = sender
        self._tally = tally
        self._rejects = rejects
        self._changed = changed
        self._parked: set[str] = set()
        self._refused: set[str] = set()
        self._deferred = Spool(Line)

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
        before, self._deferred = self._deferred, Spool(Line)
        self._tally.waiting -= before.count
        self._parked, self._refused = set(), set()  # what waited came before what was refused meanwhile
        with closing(before):
            seen: set[str] = set()
            await self._send_all(line for line in before.drain() if _first_of(line, seen))
            seen = set()
            await self._send_all(line for line in before.drain() if not _first_of(line, seen))

    def give_up_deferred(self) -> None:
        """What still waits after the last pass is rejected: its dossier is nowhere."""
        for line in self._deferred.drain():
            self._reject(line, UnknownDossier.code, "there is no such dossier, also after everything else was sent", _id_of(line))
        self._tally.waiting -= self._deferred.count

    async def _send_all(self, lines: Iterable[Line]) -> None:
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
        answer = await self._sender.send(chunk.body, hold_back)
        _must_add_up(answer, len(chunk.lines))
        self._tally.accepted += answer.accepted
        self._tally.duplicates += answer.duplicates
        self._tally.note = ""
        for rejection in answer.rejections:
            self._book(chunk.lines[rejection.line - 1], rejection)
        self._changed()

    def _unparked(self, lines: Iterable[Line]) -> Chunk:
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

    def _book(self, line: Line, rejection: Rejection) -> None:
        if rejection.code == UnknownDossier.code:
            self._park(line)
        else:
            if rejection.code not in OUT_OF_PLACE and (subject := subject_of(line)):
                self._refused.add(subject)
            self._reject(line, rejection.code, rejection.detail, rejection.id)

    def _park(self, line: Line) -> None:
        self._parked.add(subject_of(line))
        self._deferred.add(line)
        self._tally.waiting += 1

    def _reject(self, line: Line, code: str, detail: str, event_id: str | None) -> None:
        self._rejects.add(line, code, detail, event_id)
        self._tally.rejected += 1
        self._tally.held_back += code == HELD_BACK


def _first_of(line: Line, seen: set[str]) -> bool:
    """Whether it is the first line of its dossier; notes that the dossier was seen."""
    subject = subject_of(line)
    first = subject not in seen
    seen.add(subject)
    return first


class _Id(msgspec.Struct):
    id: str | None = None


def _id_of(line: Line) -> str | None:
    try:
        return msgspec.json.decode(line.body, type=_Id).id
    except UNREADABLE:
        return None


def _must_add_up(answer: Answer, sent: int) -> None:
    """A line that intake does not account for must not vanish in a summary."""
    if answer.accepted + answer.duplicates + answer.rejected != sent or len(answer.rejections) != answer.rejected:
        msg = (
            f"intake answered for {answer.accepted + answer.duplicates + answer.rejected} of {sent} lines and explained "
            f"{len(answer.rejections)} of {answer.rejected} rejections; its version does not fit this importer"
        )
        raise Failure(msg)
