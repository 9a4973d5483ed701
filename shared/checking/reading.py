"""Reads the bytes of a report by hand, in whatever form they are, into the table that was typed."""

import codecs
import re
from collections.abc import Callable
from enum import StrEnum

from shared.checking.documents import read_json, read_toml
from shared.checking.failures import UnreadableTable
from shared.checking.rows import grids_read
from shared.checking.sheets import csv_grids, xlsx_grids
from shared.checking.table import TypedReport

MOST_BYTES = 5_000_000


class TableForm(StrEnum):
    """The forms of a report made by hand."""

    TOML = "toml"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


OF_MEDIA_TYPE = {
    "application/json": TableForm.JSON,
    "application/toml": TableForm.TOML,
    "text/csv": TableForm.CSV,
    "text/tab-separated-values": TableForm.CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": TableForm.XLSX,
}
OF_SUFFIX = {
    ".json": TableForm.JSON,
    ".toml": TableForm.TOML,
    ".csv": TableForm.CSV,
    ".tsv": TableForm.CSV,
    ".txt": TableForm.CSV,
    ".xlsx": TableForm.XLSX,
    ".xlsm": TableForm.XLSX,
}
_TOML = re.compile(r"""\s*(?:\[|["'\w.\-]+\s*=)""")
_PACKED, _OLD_OFFICE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_tables(content: bytes, form: TableForm | None) -> list[TypedReport]:
    """The tables in the bytes, of this form; by what the bytes show where it is None: several only of a workbook.

    Raises UnreadableTable.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableTable("too_large")
    if content.startswith(_OLD_OFFICE):
        raise UnreadableTable("old_office")
    if content.startswith(_PDF):
        raise UnreadableTable("pdf")
    if not content.strip():
        raise UnreadableTable("empty")
    if content.startswith(_PACKED):
        return grids_read("xlsx", xlsx_grids(content))
    if form is TableForm.XLSX:
        raise UnreadableTable("not_xlsx", "it is no packed workbook")
    text = _text(content)
    return _READERS[form or _form_of(text)](text)


def _text(content: bytes) -> str:
    """UTF-8, or UTF-16 as Excel writes it as Unicode text."""
    encoding = next((encoding for mark, encoding in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableTable("encoding") from error


def _form_of(text: str) -> TableForm:
    """Of a text without a name that says it."""
    if text.lstrip().startswith("{"):
        return TableForm.JSON
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return TableForm.TOML if _TOML.match(next(lines, "")) else TableForm.CSV


_READERS: dict[TableForm, Callable[[str], list[TypedReport]]] = {
    TableForm.TOML: lambda text: [read_toml(text)],
    TableForm.JSON: lambda text: [read_json(text)],
    TableForm.CSV: lambda text: grids_read("csv", csv_grids(text)),
}
