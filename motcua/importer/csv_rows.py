"""The rows of a CSV file, each with the lines that it took; one that is broken off or too long is refused alone."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import NamedTuple

from motcua.importer.lines import LONGEST_LINE, TOO_LONG, EventLine, PhysicalLine

NEVER_CLOSED = "unexpected end of data"  # the csv module's words for a quote open at the end of the file


class CsvRow(NamedTuple):
    """A row that begins in line `number`; `cells` is None for one that can't be read, as `refusal` says."""

    number: int
    read: list[PhysicalLine]
    cells: list[str] | None
    refusal: str = ""

    @property
    def text(self) -> bytes:
        return b"".join(line or b"" for line in self.read)


def csv_rows(lines: Iterator[PhysicalLine], number: int, delimiter: str) -> Iterator[CsvRow]:
    """Every row of the lines, of which the first has this number."""
    taken = _RowLines(lines)
    table = csv.reader(taken, delimiter=delimiter, strict=True)
    while True:
        cells, refusal = _next_row(table)
        if cells is None and not refusal:
            return
        row = CsvRow(number, taken.taken(), cells, refusal)
        yield row
        number += len(row.read)


def in_words(wrong: csv.Error) -> str:
    """What the csv module means, for people."""
    words = str(wrong)
    if "new-line character" in words:
        return "a line ends with CR alone, others do not; save the table with one kind of line ends"
    return words


def refused(row: CsvRow) -> Iterator[EventLine]:
    """Every line that a broken row took along: what a stray quote swallowed are rows of their own, not seen yet."""
    several = len(row.read) > 1
    for place, line in enumerate(row.read):
        if line is None:
            detail = TOO_LONG
        elif place > 0:
            detail = f"swallowed by a quote that opens in line {row.number}; correct that line"
        elif several or row.refusal == NEVER_CLOSED:
            detail = (
                f"a quote that opens in line {row.number} is not closed there; "
                f"it swallowed {len(row.read) - 1} lines after it"
            )
        else:
            detail = row.refusal
        if line is None or not line.isspace():
            yield EventLine(row.number + place, b"", line, detail)


def csv_row(cells: Sequence[str], delimiter: str) -> bytes:
    """The cells as a row that spreadsheets read."""
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode(errors="replace")


def _next_row(table: Iterator[list[str]]) -> tuple[list[str] | None, str]:
    """The cells, or why there are none; nothing of both at the end."""
    try:
        return next(table), ""
    except StopIteration:
        return None, ""
    except csv.Error as error:
        return None, NEVER_CLOSED if str(error) == NEVER_CLOSED else f"not a row of the table: {in_words(error)}"


class _RowLines:
    """Lines for a CSV reader, kept until the row they make is done; a row is not longer than an event may be."""

    def __init__(self, physical_lines: Iterator[PhysicalLine]) -> None:
        self._lines = physical_lines
        self._read: list[PhysicalLine] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._read.append(line)
        self._size += len(line or b"")
        if line is None or self._size > LONGEST_LINE:
            raise csv.Error(TOO_LONG)
        return line.decode(errors="surrogateescape")

    def taken(self) -> list[PhysicalLine]:
        """The lines since the last call."""
        read, self._read, self._size = self._read, [], 0
        return read
