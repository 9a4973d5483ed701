"""The lines of a file of events: unpacked, cut, read as far as the importer must, kept aside on disk when many."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Annotated, BinaryIO, Generic, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from motcua.failure import Failure
from shared.contract.envelope import event_name

BLOCK_BYTES = 1 << 20
LONGEST_LINE = 1 << 20  # bytes; more than any event may have
TOO_LONG = f"the line is longer than {LONGEST_LINE:,} bytes; an event is shorter, leave documents out of it"
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"
BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins as that of UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PhysicalLine = bytes | None  # with its line feed; None is one that is longer than any event


class FileText:
    """The text of a file that can be read again and again; `name` is what messages call it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def lines(self) -> Iterator[list[PhysicalLine]]:
        """Its lines in batches, each with a line feed. A file that can't be read to its end raises `Failure` there."""
        try:
            blocks = self._blocks()
            first = next(blocks, b"")
            yield from _cut(chain([first], blocks), _line_end(first))
        except (EOFError, zlib.error, gzip.BadGzipFile) as broken:
            raise Failure(f"{self._name} is not a whole gzip file ({broken}); fetch it again") from broken
        except UnicodeDecodeError as broken:
            raise Failure(
                f"{self._name} is broken off or is not {broken.encoding} as its first bytes say; save it as UTF-8"
            ) from broken
        except OSError as error:
            raise Failure(f"{self._name} cannot be read: {error.strerror or error}") from error

    def _blocks(self) -> Iterator[bytes]:
        self._file.seek(0)
        magic = self._file.read(len(ZIP))
        self._file.seek(0)
        if magic.startswith(ZIP):
            raise Failure(
                f"{self._name} is a spreadsheet or a zip archive; name its mapping with --mapping, "
                "save it as CSV UTF-8, or unpack it"
            )
        if magic.startswith(GZIP):
            yield from self._decoded(_blocks_of(cast("BinaryIO", gzip.GzipFile(fileobj=self._file))))
        else:
            yield from self._decoded(_blocks_of(self._file))

    def _decoded(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        first = next(blocks, b"")
        encoding = next((encoding for mark, encoding in BYTE_ORDER_MARKS if first.startswith(mark)), "utf-8")
        if encoding == "utf-8":  # what is wrong in a line is that line's fault alone
            if b"\0" in first.partition(b"\n")[0]:
                raise Failure(
                    f"{self._name} is no text (it holds NUL bytes), or UTF-16 without its mark; save it as UTF-8"
                )
            yield first.removeprefix(codecs.BOM_UTF8)
            yield from blocks
            return
        decoder = codecs.getincrementaldecoder(encoding)(errors="surrogatepass")
        for block in chain([first], blocks):
            yield decoder.decode(block).encode(errors="surrogatepass")
        decoder.decode(b"", final=True)


def _blocks_of(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _line_end(text: bytes) -> bytes:
    """CR where a file has no line feed (old Macintosh programs write so)."""
    return b"\r" if b"\r" in text and b"\n" not in text else b"\n"


def _cut(blocks: Iterator[bytes], end: bytes) -> Iterator[list[PhysicalLine]]:
    rest, skipping = b"", False
    for block in blocks:
        *whole, rest = (rest + block).split(end)
        lines: list[PhysicalLine] = [line + b"\n" if len(line) <= LONGEST_LINE else None for line in whole]
        if lines and skipping:
            lines[0], skipping = None, False
        if len(rest) > LONGEST_LINE:
            skipping = True
        if skipping:
            rest = b""
        if lines:
            yield lines
    if skipping:
        yield [None]
    elif rest:
        yield [rest + b"\n"]


UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class EventLine(Struct, frozen=True, gc=False, omit_defaults=True):
    """`body` is one CloudEvent as JSON with its line break; `raw` the row it was made of where that is something else.

    A line with a `refusal` cannot be sent: what stands in the file makes no event.
    """

    number: int
    body: bytes
    raw: bytes | None = None
    refusal: str | None = None

    @property
    def as_read(self) -> str:
        """The line as it stands in the file, for people to look at; bytes that are not UTF-8 are shown as escapes."""
        return (self.raw if self.raw is not None else self.body).rstrip(b"\r\n").decode(errors="backslashreplace")


class EventHead(Struct, frozen=True, gc=False):
    """What the importer must know of an event: its dossier, what happens, when; empty where the line does not say."""

    subject: str = ""
    type: str = ""
    time: Annotated[datetime, Meta(tz=True)] | None = None

    @property
    def event(self) -> str | None:
        """`received` ...; None when it is none of ours."""
        return event_name(self.type)


class _Subject(Struct):
    subject: str = ""


_decode_head = msgspec.json.Decoder(EventHead).decode
_decode_subject = msgspec.json.Decoder(_Subject).decode


def head_of(line: EventLine) -> EventHead:
    """The head of the line's event; intake refuses what is missing or wrong in it."""
    try:
        return _decode_head(line.body)
    except UNREADABLE:
        return EventHead(subject_of(line))


def subject_of(line: EventLine) -> str:
    """The dossier of the line's event alone; empty where it can't be read."""
    try:
        return _decode_subject(line.body).subject
    except UNREADABLE:
        return ""


SPOOL_BYTES = 8 << 20
_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder().encode
Record = TypeVar("Record")


class Spool(Generic[Record]):
    """Takes records and gives them back as often as asked."""

    def __init__(self, kind: type[Record]) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._file = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - closed by `close`
        self.count = 0

    def add(self, record: Record) -> None:
        encoded = _encode(record)
        self._file.write(len(encoded).to_bytes(_LENGTH_BYTES))
        self._file.write(encoded)
        self.count += 1

    def drain(self) -> Iterator[Record]:
        """All records, in the order in which they came."""
        self._file.seek(0)
        while length := self._file.read(_LENGTH_BYTES):
            yield self._decode(self._file.read(int.from_bytes(length)))

    def close(self) -> None:
        self._file.close()
