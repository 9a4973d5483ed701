"""Departments and their hours, usual and dated, from departments.toml."""

from datetime import date, time
from itertools import pairwise
from pathlib import Path

from shared.catalogue import files
from shared.catalogue.errors import CatalogueError
from shared.catalogue.model import Department
from shared.catalogue.rows import DepartmentRow, HoursRow
from shared.domain.calendar import DEFAULT_SESSIONS, DatedSessions, Session


def departments(file: Path) -> dict[str, Department]:
    """By code, in the file's order."""
    found: dict[str, Department] = {}
    for label, row in files.rows(file, files.read(file), "departments", DepartmentRow):
        if row.code in found:
            raise CatalogueError(file, label, f"department {row.code} stands there already; keep one entry")
        usual = DEFAULT_SESSIONS if row.sessions is None else _sessions(file, label, row.sessions)
        found[row.code] = Department(row.code, row.name, row.name_en, usual, _hours(file, label, row.hours))
    if not found:
        raise CatalogueError(file, "departments", "there are none; add at least one [[departments]] entry")
    return found


def _hours(file: Path, label: str, rows: list[HoursRow]) -> tuple[DatedSessions, ...]:
    hours = []
    for number, row in enumerate(rows, start=1):
        place = f"{label}, hours number {number}"
        last = row.last or date.max
        if last < row.first:
            raise CatalogueError(file, place, f"last ({last}) lies before first ({row.first}); put them in order")
        hours.append(DatedSessions(row.first, last, _sessions(file, place, row.sessions)))
    hours.sort(key=lambda dated: dated.first)
    for earlier, later in pairwise(hours):
        if later.first <= earlier.last:
            raise CatalogueError(file, label, f"hours overlap: those from {later.first} begin before {earlier.last} has ended; set `last`")
    return tuple(hours)


def _sessions(file: Path, label: str, sessions: list[tuple[time, time]]) -> tuple[Session, ...]:
    instants = [instant for session in sessions for instant in session]
    if not instants or any(later <= earlier for earlier, later in pairwise(instants)):
        fix = 'sessions must follow each other, each ending after it starts; write them as [["07:00", "11:30"], ["13:30", "17:00"]]'
        raise CatalogueError(file, label, fix)
    return tuple(sessions)
