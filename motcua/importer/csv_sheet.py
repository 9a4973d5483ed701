"""A sheet saved as CSV: its header found below whatever title stands above it, refused rows written as they were."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from motcua.failure import Failure
from motcua.files import writing
from motcua.importer.csv_rows import csv_row, csv_rows, refused
from motcua.importer.lines import LONGEST_LINE, FileText, PhysicalLine
from motcua.importer.opened import InputFile
from motcua.importer.records import WHY, Record
from motcua.importer.rejects import BYTE_ORDER_MARK
from motcua.importer.table import DELIMITERS
from motcua.mapping.fields import folded

TITLE_ROWS = 30  # at most, above the header
IsHeader = Callable[[Sequence[str]], bool]


class _Row(NamedTuple):
    number: int
    cells: list[str]
    refusal: str = ""


class CsvSheet:
    """A table of any delimiter and encoding; `is_header` knows its first row."""

    suffix = "csv"

    def __init__(self, file: InputFile, is_header: IsHeader) -> None:
        csv.field_size_limit(LONGEST_LINE)
        self._text = FileText(file.file, file.name)
        self._delimiter, self._header_number, header = self._find_header(file.name, is_header)
        self._why = next((place for place, name in enumerate(header) if folded(name) == WHY), None)
        self.columns = self._own(header)
        self._keys = [folded(name) for name in self.columns]

    def records(self) -> Iterator[Record]:
        for row in self._rows():
            if row.refusal:
                yield Record(row.number, {}, row.refusal)
            elif any(cell.strip() for cell in row.cells):
                yield Record(row.number, _named(self._keys, row.cells), self._too_long(row.cells))

    def write(self, path: Path, reasons: Mapping[int, str]) -> None:
        with writing(path, private=True) as file:
            file.write(BYTE_ORDER_MARK.encode() + csv_row([*self.columns, WHY], self._delimiter))
            for row in self._rows():
                if row.number in reasons:
                    cells = row.cells + [""] * (len(self.columns) - len(row.cells))
                    file.write(csv_row([*cells, reasons[row.number]], self._delimiter))

    def _too_long(self, cells: list[str]) -> str:
        beyond = next((cell for cell in cells[len(self.columns) :] if cell.strip()), None)
        return (
            ""
            if beyond is None
            else f"{beyond[:40]!r} stands beyond the last column; name the column or empty the cell"
        )

    def _rows(self) -> Iterator[_Row]:
        """What stands below the header."""
        for row in csv_rows(self._lines(), 1, self._delimiter):
            if row.number <= self._header_number:
                continue
            if row.cells is None:
                yield from (
                    _Row(line.number, [line.as_read if line.raw else ""], line.refusal or "") for line in refused(row)
                )
            else:
                yield _Row(row.number, self._own(row.cells))

    def _own(self, cells: list[str]) -> list[str]:
        """Without what an earlier import wrote beside them."""
        return cells if self._why is None else [*cells[: self._why], *cells[self._why + 1 :]]

    def _lines(self) -> Iterator[PhysicalLine]:
        return (line for batch in self._text.lines() for line in batch)

    def _find_header(self, name: str, is_header: IsHeader) -> tuple[str, int, list[str]]:
        first: list[str] = []
        for delimiter in DELIMITERS:
            for row in islice(csv_rows(self._lines(), 1, delimiter), TITLE_ROWS):
                if row.cells is not None and is_header(row.cells):
                    return delimiter, row.number, row.cells
                first = max(first, row.cells or [], key=len)
        raise no_header(name, first)


def no_header(name: str, first: Sequence[str]) -> Failure:
    """The failure of a sheet in which no row names the dossier's code."""
    shown = ", ".join(text for text in first if text.strip())[:200] or "nothing"
    return Failure(
        f"no row of the first {TITLE_ROWS} of {name} names the column of the dossier's code; "
        f"the longest holds: {shown}. "
        "Name it under columns.code of the mapping, or rename it in the sheet"
    )


def _named(keys: list[str], cells: Sequence[object]) -> dict[str, object]:
    return {key: cell for key, cell in zip(keys, cells, strict=False) if key}
