"""Reads the tables of TOML files into rows; a mistake names the file, the entry and the fix."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shared.domain.texts import hidden_character

RowT = TypeVar("RowT", bound=msgspec.Struct)


class CatalogueError(Exception):
    """A catalogue that cannot be used; the message names the file, the entry and the fix."""

    def __init__(self, file: Path, entry: str, fix: str) -> None:
        super().__init__(f"{file}: {entry}: {fix}" if entry else f"{file}: {fix}")
        self.file = file
        self.entry = entry
        self.fix = fix


def read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as wrong:
        raise CatalogueError(file, "", f"cannot be read as TOML ({wrong}); correct the file at that place") from wrong


def rows(file: Path, document: Mapping[str, Any], table: str, row_type: type[RowT]) -> list[tuple[str, RowT]]:
    """The entries of an array of tables, each with its label."""
    entries = document.get(table, [])
    if not isinstance(entries, list):
        raise CatalogueError(file, table, f"is not a list; write each entry under [[{table}]]")
    return [
        _row(file, f"[[{table}]] number {number}", entry, row_type) for number, entry in enumerate(entries, start=1)
    ]


def _row(file: Path, place: str, entry: Any, row_type: type[RowT]) -> tuple[str, RowT]:
    known = entry.get("code") or entry.get("name") if isinstance(entry, dict) else None
    label = f"{place} ({known})" if isinstance(known, str) and known.isprintable() else place
    try:
        row = msgspec.convert(entry, row_type)
    except msgspec.ValidationError as wrong:
        raise CatalogueError(file, label, f"{wrong}; correct that value") from wrong
    for field, text in _texts(entry):
        if (hidden := hidden_character(text)) is not None:
            fix = f"{field} holds {hidden}, a character that nobody sees; write it in one line, without that character"
            raise CatalogueError(file, label, fix)
    return label, row


def _texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text in an entry, with its field."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _texts(member, f"{field}.{name}" if field else name)
    elif isinstance(value, list):
        for number, member in enumerate(value, start=1):
            yield from _texts(member, f"{field} number {number}")
