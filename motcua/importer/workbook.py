"""A spreadsheet (XLSX): read row by row; refused rows go back into one, with the dates and texts that they had."""

import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from motcua.failure import Failure
from motcua.files import writing
from motcua.importer.csv_sheet import TITLE_ROWS, IsHeader, no_header
from motcua.importer.opened import InputFile
from motcua.importer.records import WHY, Record
from motcua.mapping.fields import folded, text_of

MOST_BYTES = 1 << 30  # unpacked
UNREADABLE = (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError, EOFError)
DAY, INSTANT = "dd/mm/yyyy", "dd/mm/yyyy hh:mm"


class Workbook:
    """The sheet of a workbook that `is_header` knows, or the one that is named."""

    suffix = "xlsx"

    def __init__(self, file: InputFile, sheet: str | None, is_header: IsHeader, stack: ExitStack) -> None:
        warnings.filterwarnings(
            "ignore", category=UserWarning, module="openpyxl"
        )  # of what it does not keep, such as styles
        self._name = file.name
        try:
            with zipfile.ZipFile(file.file) as packed:
                if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                    raise Failure(f"{file.name} is larger than {MOST_BYTES:,} bytes unpacked; save its sheet as CSV")
            self._book = openpyxl.load_workbook(file.file, read_only=True, data_only=True)
        except UNREADABLE as wrong:
            raise Failure(
                f"{file.name} can't be read as a spreadsheet ({wrong}); save it anew as XLSX, or as CSV"
            ) from wrong
        stack.enter_context(closing(self._book))
        self._title, self._header_number, header = self._find_header(sheet, is_header)
        self._why = next((place for place, name in enumerate(header) if folded(name) == WHY), None)
        self.columns = [text_of(name) for name in self._own(header)]
        self._keys = [folded(name) for name in self.columns]

    def records(self) -> Iterator[Record]:
        for number, cells in self._rows():
            if any(cell is not None and text_of(cell) for cell in cells):
                yield Record(number, {key: cell for key, cell in zip(self._keys, cells, strict=False) if key})

    def write(self, path: Path, reasons: Mapping[int, str]) -> None:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet(self._title)
        sheet.append([_cell(sheet, name) for name in (*self.columns, WHY)])
        for number, cells in self._rows():
            if number in reasons:
                padded = [*cells, *[None] * (len(self.columns) - len(cells))]
                sheet.append([_cell(sheet, value) for value in (*padded, reasons[number])])
        with writing(path, private=True) as file:
            book.save(file)

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        """What stands below the header, by the sheet's own row numbers."""
        for number, cells in _values(self._book[self._title]):
            if number > self._header_number:
                yield number, self._own(cells)[: len(self.columns)]

    def _own(self, cells: list[Any]) -> list[Any]:
        """Without what an earlier import wrote beside them."""
        return cells if self._why is None else [*cells[: self._why], *cells[self._why + 1 :]]

    def _find_header(self, wanted: str | None, is_header: IsHeader) -> tuple[str, int, list[str]]:
        titles = [sheet.title for sheet in self._book.worksheets]
        chosen = [title for title in titles if wanted is None or folded(title) == folded(wanted)]
        if not chosen:
            raise Failure(
                f"{self._name} has no sheet {wanted}; it has {', '.join(titles)}: correct sheet in the mapping"
            )
        first: list[str] = []
        for title in chosen:
            for number, cells in islice(_values(self._book[title]), TITLE_ROWS):
                names = [text_of(cell) for cell in cells]
                if is_header(names):
                    return title, number, names
                first = max(first, names, key=len)
        raise no_header(self._name, first)


def _values(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    sheet.reset_dimensions()  # some programs write wrong ones
    rows: Iterable[Sequence[Any]] = sheet.iter_rows(values_only=True)
    for number, values in enumerate(rows, start=1):
        cells = list(values)
        while cells and cells[-1] is None:
            cells.pop()
        yield number, cells


def _cell(sheet: Any, value: object) -> Any:
    """A cell that holds the value as it was: a text that begins with = stays a text."""
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"
        return cell
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, datetime):
        cell.number_format = DAY if value.time() == time() else INSTANT
    return cell
