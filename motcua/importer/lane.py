"""One connection's work: its chunks one after another, and again those lines whose dossier was not there yet."""

from asyncio import Queue
from collections.abc import Callable, Iterator
from contextlib import closing
from tempfile import SpooledTemporaryFile

import msgspec

from motcua.failure import Failure
from motcua.importer.chunk import Chunk
from motcua.importer.line import Line
from motcua.importer.rejects import SPOOL_BYTES, Rejects
from motcua.importer.sender import Answer, Rejection, Sender
from motcua.importer.tally import Tally
from shared.domain.errors import UnknownDossier

CHUNKS_AHEAD = 2
_encode_line = msgspec.msgpack.Encoder().encode
_decode_line = msgspec.msgpack.Decoder(Line).decode
_LENGTH_BYTES = 4


class Deferred:
    """Lines to send again, in file order, on disk when they are many."""

    def __init__(self) -> None:
        self._spool = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by `close`
        self.count = 0

    def add(self, line: Line) -> None:
        record = _encode_line(line)
        self._spool.write(len(record).to_bytes(_LENGTH_BYTES))
        self._spool.write(record)
        self.count += 1

    def drain(self) -> Iterator[Line]:
        self._spool.seek(0)
        while length := self._spool.read(_LENGTH_BYTES):
            yield _decode_line(self._spool.read(int.from_bytes(length)))

    def close(self) -> None:
        self._spool.close()


class Lane:
    """Sends its chunks strictly one after another, so that a dossier's events arrive in file order."""

    def __init__(self, sender: Sender, tally: Tally, rejects: Rejects, changed: Callable[[], None]) -> None:
        self.queue: Queue[Chunk | None] = Queue(CHUNKS_AHEAD)
        self._sender = sender
        self._tally = tally
        self._rejects = rejects
        self._changed = changed
        self._deferred = Deferred()

    @property
    def waiting(self) -> int:
        return self._deferred.count

    def close(self) -> None:
        self._deferred.close()

    async def work(self) -> None:
        """Send what the queue brings until it brings None."""
        while (chunk := await self.queue.get()) is not None:
            await self._send(chunk)

    async def send_deferred(self) -> None:
        """One pass over the lines whose dossier was not there; those still refused for that wait for the next pass."""
        before, self._deferred = self._deferred, Deferred()
        self._tally.waiting -= before.count
        with closing(before):
            chunk = Chunk()
            for line in before.drain():
                chunk.add(line)
                if chunk.full:
                    await self._send(chunk)
                    chunk = Chunk()
            if chunk.lines:
                await self._send(chunk)

    def give_up_deferred(self) -> None:
        """What still waits after the last pass is rejected: its dossier is nowhere."""
        for line in self._deferred.drain():
            self._reject(line, UnknownDossier.code, "there is no such dossier, also after everything else was sent", _id_of(line))
        self._tally.waiting -= self._deferred.count

    async def _send(self, chunk: Chunk) -> None:
        answer = await self._sender.send(chunk.body)
        _must_add_up(answer, len(chunk.lines))
        self._tally.accepted += answer.accepted
        self._tally.duplicates += answer.duplicates
        self._tally.note = ""
        for rejection in answer.rejections:
            self._book(chunk.lines[rejection.line - 1], rejection)
        self._changed()

    def _book(self, line: Line, rejection: Rejection) -> None:
        if rejection.code == UnknownDossier.code:
            self._deferred.add(line)
            self._tally.waiting += 1
        else:
            self._reject(line, rejection.code, rejection.detail, rejection.id)

    def _reject(self, line: Line, code: str, detail: str, event_id: str | None) -> None:
        self._rejects.add(line, code, detail, event_id)
        self._tally.rejected += 1


class _Id(msgspec.Struct):
    id: str | None = None


def _id_of(line: Line) -> str | None:
    return msgspec.json.decode(line.body, type=_Id).id


def _must_add_up(answer: Answer, sent: int) -> None:
    """A line that intake does not account for must not vanish in a summary."""
    if answer.accepted + answer.duplicates + answer.rejected != sent or len(answer.rejections) != answer.rejected:
        msg = (
            f"intake answered for {answer.accepted + answer.duplicates + answer.rejected} of {sent} lines and explained "
            f"{len(answer.rejections)} of {answer.rejected} rejections; its version does not fit this importer"
        )
        raise Failure(msg)
