"""Reading a file of events: NDJSON or CSV, plain or gzip or standard input, in batches of lines, never whole in memory."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from io import BufferedReader
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from motcua.failure import Failure
from motcua.importer.line import Line
from motcua.importer.table import rows

STDIN = "-"
BATCH_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
Format = Literal["auto", "ndjson", "csv"]


class Source:
    """A file of events, closed at the end of its `with`; `read_bytes` of `total_bytes` were taken from it (no total for standard input)."""

    def __init__(self, name: str, wanted: Format = "auto") -> None:
        self.name = "stdin" if name == STDIN else name
        self._file = _open(name)
        self._from_stdin = name == STDIN
        self._format = wanted
        self.total_bytes = None if self._from_stdin else Path(name).stat().st_size
        self.read_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    @property
    def rejected_file(self) -> Path:
        """Where the lines that intake refuses are written."""
        return Path(f"{self.name}.rejected.ndjson")

    def batches(self) -> Iterator[list[Line]]:
        """The lines of the file, in its order; blank ones are left out but counted."""
        with self._unpacked() as text:
            if text.peek(len(BOM)).startswith(BOM):
                text.read(len(BOM))
            yield from self._table(text) if self._is_table else self._lines(text)

    def _unpacked(self) -> BufferedReader:
        if self._file.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            return BufferedReader(gzip.GzipFile(fileobj=self._file), BATCH_BYTES)
        return self._file

    @property
    def _is_table(self) -> bool:
        if self._format == "auto":
            return self.name.lower().removesuffix(".gz").endswith(".csv")
        return self._format == "csv"

    def _raw_batches(self, text: BufferedReader) -> Iterator[list[bytes]]:
        try:
            while batch := text.readlines(BATCH_BYTES):
                self.read_bytes = self.read_bytes + sum(map(len, batch)) if self._from_stdin else self._file.tell()
                yield batch
        except (EOFError, zlib.error, gzip.BadGzipFile) as broken:
            msg = f"{self.name} is not a whole gzip file ({broken}); fetch it again, what was read of it has been sent"
            raise Failure(msg) from broken

    def _lines(self, text: BufferedReader) -> Iterator[list[Line]]:
        numbers = count(1)
        for batch in self._raw_batches(text):
            if not batch[-1].endswith(b"\n"):
                batch[-1] += b"\n"
            yield [Line(number, body) for number, body in zip(numbers, batch, strict=False) if not body.isspace()]

    def _table(self, text: BufferedReader) -> Iterator[list[Line]]:
        physical = (line for batch in self._raw_batches(text) for line in batch)
        batch: list[Line] = []
        size = 0
        for line in rows(physical, default_source=f"/import/{Path(self.name).name}"):
            batch.append(line)
            size += len(line.body)
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _open(name: str) -> BufferedReader:
    if name == STDIN:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    try:
        return Path(name).open("rb")
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror}"
        raise Failure(msg) from error
