"""Reads a catalogue from TOML files, so that days off, departments and terms are data that an office can replace."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from shared.catalogue.errors import CatalogueError
from shared.catalogue.model import CalendarEntry, Catalogue, Department, Procedure
from shared.catalogue.rows import DayRow, DepartmentRow, ProcedureRow
from shared.domain.calendar import DEFAULT_SESSIONS, Session
from shared.domain.terms import Term, TermUnit

SHIPPED = Path(__file__).parent
DEPARTMENTS, PROCEDURES, CALENDAR = "departments.toml", "procedures.toml", "calendar.toml"

RowT = TypeVar("RowT", DepartmentRow, ProcedureRow, DayRow)


def load(folder: Path | None = None) -> Catalogue:
    """The catalogue of a folder; a file it does not have is the shipped one. None: all shipped.

    Raises `CatalogueError` naming the file, the entry and the fix.
    """
    departments = _departments(_file(folder, DEPARTMENTS))
    first, last, entries = _calendar(_file(folder, CALENDAR))
    return Catalogue(
        departments=MappingProxyType(departments),
        procedures=MappingProxyType(_procedures(_file(folder, PROCEDURES), departments)),
        calendar_first_day=first,
        calendar_last_day=last,
        calendar_entries=entries,
    )


def _file(folder: Path | None, name: str) -> Path:
    if folder is None:
        return SHIPPED / name
    if not folder.is_dir():
        raise CatalogueError(folder, "", f"is not a folder; give one that holds {DEPARTMENTS}, {PROCEDURES} or {CALENDAR}")
    own = folder / name
    return own if own.is_file() else SHIPPED / name


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as wrong:
        raise CatalogueError(file, "", f"cannot be read as TOML ({wrong}); correct the file at that place") from wrong


def _rows(file: Path, document: Mapping[str, Any], table: str, row_type: type[RowT]) -> list[tuple[str, RowT]]:
    """The entries of an array of tables with the words that name each in an error."""
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


def _departments(file: Path) -> dict[str, Department]:
    departments: dict[str, Department] = {}
    for label, row in _rows(file, _read(file), "departments", DepartmentRow):
        if row.code in departments:
            raise CatalogueError(file, label, f"department {row.code} stands there already; keep one entry")
        departments[row.code] = Department(row.code, row.name, row.name_en, _sessions(file, label, row.sessions))
    if not departments:
        raise CatalogueError(file, "departments", "there are none; add at least one [[departments]] entry")
    return departments


def _sessions(file: Path, label: str, sessions: list[tuple[time, time]] | None) -> tuple[Session, ...]:
    if sessions is None:
        return DEFAULT_SESSIONS
    instants = [instant for session in sessions for instant in session]
    if not instants or any(later <= earlier for earlier, later in pairwise(instants)):
        fix = 'sessions must follow each other, each ending after it starts; write them as [["07:00", "11:30"], ["13:30", "17:00"]]'
        raise CatalogueError(file, label, fix)
    return tuple(sessions)


def _procedures(file: Path, departments: Mapping[str, Department]) -> dict[str, Procedure]:
    """Shipped procedures of departments that an office's own list does not have are left out; its own must name its departments."""
    procedures: dict[str, Procedure] = {}
    for label, row in _rows(file, _read(file), "procedures", ProcedureRow):
        if row.code in procedures:
            raise CatalogueError(file, label, f"procedure {row.code} stands there already; keep one entry")
        if row.department is not None and row.department not in departments:
            if file.parent == SHIPPED:
                continue
            raise CatalogueError(file, label, f"department {row.department} is not in {DEPARTMENTS}; add it there or correct the code here")
        term = None if row.term is None else Term(row.term.amount, TermUnit(row.term.unit))
        procedures[row.code] = Procedure(row.code, row.name, row.department, row.field, row.level, term)
    return procedures


def _calendar(file: Path) -> tuple[date, date, tuple[CalendarEntry, ...]]:
    document = _read(file)
    first, last = document.get("first_day"), document.get("last_day")
    if not (isinstance(first, date) and isinstance(last, date) and first <= last):
        raise CatalogueError(file, "first_day, last_day", "must be dates in order, such as 2020-01-01 and 2027-12-31; set both")
    entries: dict[date, CalendarEntry] = {}
    for works, table in ((False, "days_off"), (True, "swapped_to_work")):
        for label, row in _rows(file, document, table, DayRow):
            for day in _days(file, label, row):
                if day in entries:
                    raise CatalogueError(file, label, f"{day} stands there already ({entries[day].name}); keep one entry")
                if not first <= day <= last:
                    raise CatalogueError(file, label, f"{day} lies outside {first}..{last}; move first_day or last_day")
                entries[day] = CalendarEntry(day, works, row.name, row.source)
    return first, last, tuple(entries[day] for day in sorted(entries))


def _days(file: Path, label: str, row: DayRow) -> Iterable[date]:
    if row.day is not None and row.first is None and row.last is None:
        return [row.day]
    if row.day is None and row.first is not None and row.last is not None and row.first <= row.last:
        return [row.first + timedelta(days=offset) for offset in range((row.last - row.first).days + 1)]
    raise CatalogueError(file, label, "give either `day`, or `first` and `last` in order")
