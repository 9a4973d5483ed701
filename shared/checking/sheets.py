"""Reads the bytes of a CSV or an XLSX file into a grid of texts, each as the office sees it on its screen."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Any

from shared.checking.failures import UnreadableTable

MOST_UNPACKED_BYTES = 100 << 20
MOST_ROWS, MOST_COLUMNS = 5_000, 300
ROWS_OF_HIDDEN = 50  # which tell whether it is a table
DELIMITERS = (";", "\t", ",")
MOST_DIGITS = 15
MOST_DECIMALS = 9  # what a spreadsheet reckons is no more exact
NO_RESULT = "=?"
"""A formula that was never computed; no number."""
_LITERAL = re.compile(r'"[^"]*"|\\.')
_DECIMALS = re.compile(r"[0#]\.(0+)")


@dataclass(frozen=True, slots=True)
class Grid:
    """The texts of a sheet by row and column; an empty cell is an empty text."""

    rows: list[list[str]]
    sheet: str | None = None
    hidden: bool = False

    def at(self, row: int, column: int) -> str:
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""

    def place(self, row: int, column: int) -> str:
        from openpyxl.utils import get_column_letter  # noqa: PLC0415 - slow to import, and few need it

        return f"{get_column_letter(column + 1)}{row + 1}"


def csv_grids(text: str) -> Iterator[Grid]:
    """The text by each delimiter that it may have. Raises UnreadableTable."""
    for delimiter in DELIMITERS:
        if delimiter in text:
            try:
                rows = []
                for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                    rows.append(row)
                    _check_size(len(rows), len(row))
            except csv.Error as error:
                raise UnreadableTable("not_csv", str(error)) from error
            yield Grid(rows)


def xlsx_grids(content: bytes) -> Iterator[Grid]:
    """The workbook's sheets. Raises UnreadableTable."""
    import openpyxl  # noqa: PLC0415 - as above

    try:
        _check_unpacked(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl does not keep, such as styles
            shown, typed = (
                openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
                for data_only in (True, False)
            )
            with closing(shown), closing(typed):
                for sheet in shown.worksheets:
                    hidden = sheet.sheet_state != "visible"
                    rows = _rows(sheet, typed[sheet.title], hidden=hidden)
                    yield Grid(rows, sheet.title, hidden)
    except UnreadableTable:
        raise
    except Exception as error:  # a broken workbook makes its reader fail in any way there is
        raise UnreadableTable("not_xlsx", str(error)) from error


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_BYTES:
            raise UnreadableTable("too_large_unpacked")


def _rows(shown: Any, typed: Any, *, hidden: bool) -> list[list[str]]:
    """All of a sheet; of a hidden one, which may hold the raw data, the first rows."""
    rows: list[list[str]] = []
    for sheet in (shown, typed):
        sheet.reset_dimensions()  # some programs write wrong ones
    every = zip(shown.iter_rows(), typed.iter_rows(), strict=False)
    for values, formulas in islice(every, ROWS_OF_HIDDEN) if hidden else every:
        texts = [_text(cell) for cell in values]
        texts += [""] * (len(formulas) - len(texts))
        for place, formula in enumerate(formulas):
            if not texts[place] and formula.data_type == "f":
                texts[place] = NO_RESULT
        while texts and not texts[-1]:
            texts.pop()
        rows.append(texts)
        if not hidden:
            _check_size(len(rows), len(texts))
    return rows


def _check_size(rows: int, columns: int) -> None:
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise UnreadableTable("too_many_cells")


def _text(cell: Any) -> str:
    """The cell as it is shown: a number with the decimals of its format, percent with its sign."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or ""))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _number(value: float, form: str) -> str:
    number = Decimal(repr(value))
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        return str(value)
    sign, bare = "%" if "%" in form else "", _LITERAL.sub("", form)
    found = _DECIMALS.search(bare)
    number = number.scaleb(2) if "%" in bare else number
    decimals = len(found[1]) if found else 0 if sign else MOST_DECIMALS
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{rounded:f}"
    return (text if found or "." not in text else text.rstrip("0").rstrip(".")) + sign
