"""A file of events: NDJSON or CSV, plain or gzip, a pipe or standard input; in batches, never whole in memory."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Literal, Self

from motcua.failure import Failure
from motcua.importer.lines import TOO_LONG, EventLine, FileText, PhysicalLine
from motcua.importer.opened import InputFile
from motcua.importer.rejects import Rejects
from motcua.importer.table import Table, looks_like_a_header

BATCH_BYTES = 1 << 20
Format = Literal["auto", "ndjson", "csv"]


class Source:
    """A file of events, closed at the end of its `with`; `read_bytes` of `total_bytes` are taken in this reading."""

    in_order = False  # of time, dossier by dossier
    unit = "lines"

    def __init__(self, name: str, wanted: Format = "auto") -> None:
        self._format = wanted
        self.read_bytes = 0
        with ExitStack() as stack:  # closes what was opened when something is wrong with it
            self._input = InputFile(name, stack)
            self._file, self.name = self._input.file, self._input.name
            self.total_bytes = self._input.total_bytes
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
        return self._input.beside(f"rejected.{'csv' if self.table else 'ndjson'}")

    def rejects_into(self, chosen: Path | None) -> Path:
        """Where refused lines go, as chosen or beside the file; `Failure` rather than writing over something else."""
        return self._input.check_other(chosen or self.rejected_file, is_chosen=chosen is not None)

    def rejects(self, path: Path) -> Rejects:
        """Collects what is refused, for the file at `path`."""
        return Rejects(path, self.table)

    def batches(self) -> Iterator[list[EventLine]]:
        """The lines of the file, in its order; blank ones are left out but counted. May be called again."""
        physical = self._physical_lines()
        return (
            self._grouped(self.table.rows(line for batch in physical for line in batch))
            if self.table
            else self._lines(physical)
        )

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
            if first.startswith(b"{") or self._input.is_named("ndjson", "jsonl", "json"):
                return None
            if not (self._input.is_named("csv", "tsv") or looks_like_a_header(first)):
                return None
        return Table(first, number, f"/import/{Path(self.name).name}", self.name)

    def _first_line(self) -> tuple[int, bytes]:
        """The first line that is not blank and its number; an empty one when there is none."""
        lines = (line for batch in self._text.lines() for line in batch)
        written = ((number, line) for number, line in enumerate(lines, 1) if line is None or not line.isspace())
        number, line = next(written, (1, b""))
        return number, (line or b"").strip(b"\r\n")

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
