"""A file of events: NDJSON or CSV, plain or gzip, a pipe or standard input; in batches, never whole in memory."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import BinaryIO, Literal, Self

from motcua.failure import Failure
from motcua.importer.lines import BLOCK_BYTES, TOO_LONG, EventLine, FileText, PhysicalLine
from motcua.importer.table import Table, looks_like_a_header

STDIN = "-"
BATCH_BYTES = 1 << 20
ENDLESS_BYTES = 1 << 30
Format = Literal["auto", "ndjson", "csv"]


class Source:
    """A file of events, closed at the end of its `with`; `read_bytes` of `total_bytes` are taken in this reading.

    What can be read only once (a pipe, standard input) is copied into a temporary file first.
    """

    def __init__(self, name: str, wanted: Format = "auto") -> None:
        self.name = "stdin" if name == STDIN else name
        self._format = wanted
        self.read_bytes = 0
        with ExitStack() as stack:  # closes what was opened when something is wrong with it
            try:
                self._file, self._once = self._opened(name, stack)
            except OSError as error:
                raise Failure(f"{self.name} cannot be read: {error.strerror or error}") from error
            self._status = os.fstat(self._file.fileno())
            self.total_bytes = self._status.st_size
            self._text = FileText(self._file, self.name)
            self.table = self._find_table()
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def rejected_file(self) -> Path:
        """Where refused lines are written: beside the file, or in the current folder when it is no plain file."""
        stem = Path(self.name).name if self._once else self.name
        return Path(f"{stem}.rejected.{'csv' if self.table else 'ndjson'}")

    def rejects_into(self, chosen: Path | None) -> Path:
        """Where refused lines go, as chosen or beside the file; `Failure` rather than writing over something else."""
        path = chosen or self.rejected_file
        if path.exists() and os.path.samestat(path.stat(), self._status):
            raise Failure(f"{path} is the file that is imported; name another with --rejected")
        if chosen is None and path.is_symlink():
            raise Failure(
                f"{path} is a symbolic link, what it leads to would be written over; "
                "remove it or name another with --rejected"
            )
        return path

    def batches(self) -> Iterator[list[EventLine]]:
        """The lines of the file, in its order; blank ones are left out but counted. May be called again."""
        physical = self._physical_lines()
        return (
            self._grouped(self.table.rows(line for batch in physical for line in batch))
            if self.table
            else self._lines(physical)
        )

    def _opened(self, name: str, stack: ExitStack) -> tuple[BinaryIO, bool]:
        """The file, and whether it is a copy of what can be read only once."""
        if name == STDIN:
            if sys.stdin is None:
                raise Failure("standard input is closed; name a file")
            file: BinaryIO = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115 - closed with this source
        else:
            file = Path(name).open("rb")  # noqa: SIM115 - closed with this source
        stack.enter_context(file)
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and name != STDIN:
            return file, False
        if stat.S_ISCHR(status.st_mode) and not (file.isatty() or os.path.sameopenfile(file.fileno(), _null(stack))):
            raise Failure(f"{self.name} is a device, not a file of events; name a file, or - for standard input")
        return self._copied(file, stack), True

    def _copied(self, file: BinaryIO, stack: ExitStack) -> BinaryIO:
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with this source
        since_line_end = 0
        while block := file.read(BLOCK_BYTES):
            end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            since_line_end = since_line_end + len(block) if end < 0 else len(block) - end
            if since_line_end > ENDLESS_BYTES:
                raise Failure(f"{self.name} has a line without an end; this is no file of events")
            try:
                copy.write(block)
            except OSError as error:
                where = tempfile.gettempdir()
                raise Failure(
                    f"{self.name} can't be copied to {where} ({error.strerror}); name a roomier folder with TMPDIR"
                ) from error
        copy.flush()
        return copy

    def _find_table(self) -> Table | None:
        """The table that the file is, by the format asked for, its name or first line; None for JSON objects."""
        if self._format == "ndjson":
            return None
        number, first = self._first_line()
        if self._format == "auto":
            if first.startswith(b"["):
                raise Failure(
                    f"{self.name} is a JSON array; an import takes one event a line, as from: jq -c '.[]' {self.name}"
                )
            if first.startswith(b"{") or self._is_named("ndjson", "jsonl", "json"):
                return None
            if not (self._is_named("csv", "tsv") or looks_like_a_header(first)):
                return None
        return Table(first, number, f"/import/{Path(self.name).name}", self.name)

    def _first_line(self) -> tuple[int, bytes]:
        """The first line that is not blank and its number; an empty one when there is none."""
        lines = (line for batch in self._text.lines() for line in batch)
        written = ((number, line) for number, line in enumerate(lines, 1) if line is None or not line.isspace())
        number, line = next(written, (1, b""))
        return number, (line or b"").strip(b"\r\n")

    def _is_named(self, *suffixes: str) -> bool:
        return self.name.lower().removesuffix(".gz").endswith(tuple(f".{suffix}" for suffix in suffixes))

    def _physical_lines(self) -> Iterator[list[PhysicalLine]]:
        for batch in self._text.lines():
            self.read_bytes = self._file.tell()
            yield batch

    def _lines(self, physical: Iterator[list[PhysicalLine]]) -> Iterator[list[EventLine]]:
        numbers = count(1)
        for batch in physical:
            yield [
                EventLine(number, b"", None, TOO_LONG) if body is None else EventLine(number, body)
                for body, number in zip(
                    batch, numbers, strict=False
                )  # in this order: zip takes no number that has no line
                if body is None or not body.isspace()
            ]

    def _grouped(self, lines: Iterator[EventLine]) -> Iterator[list[EventLine]]:
        batch: list[EventLine] = []
        size = 0
        for line in lines:
            batch.append(line)
            size += len(line.body) + len(line.raw or b"")
            if size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _null(stack: ExitStack) -> int:
    return stack.enter_context(Path(os.devnull).open("rb")).fileno()
