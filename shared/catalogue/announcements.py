"""Days off and swapped days with their source and scope, from calendar.toml."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from shared.catalogue import files
from shared.catalogue.days import CalendarEntry
from shared.catalogue.errors import CatalogueError
from shared.catalogue.rows import DayRow

TABLES = {"days_off": False, "swapped_to_work": True}  # and whether its days work


def calendar(file: Path) -> tuple[date, date, tuple[CalendarEntry, ...]]:
    """The first and the last day the calendar knows, and its entries in order of days."""
    document = files.read(file)
    first, last = document.get("first_day"), document.get("last_day")
    if not (isinstance(first, date) and isinstance(last, date) and first <= last):
        raise CatalogueError(file, "first_day, last_day", "must be dates in order, such as 2020-01-01 and 2027-12-31; set both")
    taken: dict[tuple[date, str], CalendarEntry] = {}
    for table, works in TABLES.items():
        for label, row in files.rows(file, document, table, DayRow):
            for day in _days(file, label, row):
                if not first <= day <= last:
                    raise CatalogueError(file, label, f"{day} lies outside {first}..{last}; move first_day or last_day")
                _take(file, label, CalendarEntry(day, works, row.name, row.source, tuple(row.applies_to), row.announced), taken)
    return first, last, tuple(sorted(dict.fromkeys(taken.values()), key=lambda entry: (entry.day, entry.scopes)))


def _take(file: Path, label: str, entry: CalendarEntry, taken: dict[tuple[date, str], CalendarEntry]) -> None:
    for scope in entry.scopes:
        other = taken.setdefault((entry.day, scope), entry)
        if other is not entry:
            where = f" for {scope}" if scope else ""
            raise CatalogueError(file, label, f"{entry.day} stands there already{where} ({other.name}); keep one entry")


def _days(file: Path, label: str, row: DayRow) -> Iterable[date]:
    if row.day is not None and row.first is None and row.last is None:
        return [row.day]
    if row.day is None and row.first is not None and row.last is not None and row.first <= row.last:
        return [row.first + timedelta(days=offset) for offset in range((row.last - row.first).days + 1)]
    raise CatalogueError(file, label, "give either `day`, or `first` and `last` in order")
