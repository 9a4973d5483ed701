"""Catalogue files as TOML: where they lie, and their entries with the words that name each in an error."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shared.catalogue.errors import CatalogueError

SHIPPED = Path(__file__).parent
DEPARTMENTS, PROCEDURES, LEVELS, CALENDAR = "departments.toml", "procedures.toml", "levels.toml", "calendar.toml"
FILES = (DEPARTMENTS, PROCEDURES, LEVELS, CALENDAR)

RowT = TypeVar("RowT", bound=msgspec.Struct)


def find(folder: Path | None, name: str) -> Path:
    """The folder's own file, or the shipped one."""
    if folder is None:
        return SHIPPED / name
    if not folder.is_dir():
        raise CatalogueError(folder, "", f"is not a folder; give one that holds any of {', '.join(FILES)}")
    own = folder / name
    return own if own.is_file() else SHIPPED / name


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
    return [_row(file, f"[[{table}]] number {number}", entry, row_type) for number, entry in enumerate(entries, start=1)]


def _row(file: Path, place: str, entry: Any, row_type: type[RowT]) -> tuple[str, RowT]:
    known = entry.get("code") or entry.get("name") if isinstance(entry, dict) else None
    label = f"{place} ({known})" if known else place
    try:
        return label, msgspec.convert(entry, row_type)
    except msgspec.ValidationError as wrong:
        raise CatalogueError(file, label, f"{wrong}; correct that value") from wrong
