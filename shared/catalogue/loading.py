"""Reads a catalogue from TOML files, so that departments, procedures, terms
and days off are data that an office can replace."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from shared.catalogue.loading_units import UNITS, changes, ended_units_take_new_dossiers, provinces
from shared.catalogue.model import (
    FORM_CHANNELS,
    CalendarEntry,
    Catalogue,
    ChannelEntry,
    Department,
    Level,
    Procedure,
)
from shared.catalogue.rows import CatalogueError, read, rows
from shared.catalogue.units import Alias, DepartmentCode, Name, UnitCodes
from shared.domain.calendar import DEFAULT_SESSIONS, DatedSessions, Session
from shared.domain.texts import canonical_unit

SHIPPED = Path(__file__).parent
DEPARTMENTS, PROCEDURES, LEVELS = "departments.toml", "procedures.toml", "levels.toml"
CALENDAR, CHANNELS = "calendar.toml", "channels.toml"
CALENDAR_TABLES = {"days_off": False, "swapped_to_work": True}  # and whether its days work
FILES = (DEPARTMENTS, PROCEDURES, LEVELS, CALENDAR, CHANNELS, UNITS)

SessionRows = list[tuple[time, time]]


class HoursRow(Struct, frozen=True, forbid_unknown_fields=True):
    """Other hours from `first` to `last` (inclusive; none: from then on)."""

    first: date
    sessions: SessionRows
    last: date | None = None


class DepartmentRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: DepartmentCode
    name: Name
    name_en: Name
    sessions: SessionRows | None = None
    hours: list[HoursRow] = []
    aliases: list[Alias] = []


class LevelRow(Struct, frozen=True, forbid_unknown_fields=True):
    code: Level
    name: Name
    valid_from: date | None = None
    valid_to: date | None = None


class DayRow(Struct, frozen=True, forbid_unknown_fields=True):
    """One day (`day`) or several in a row (`first`, `last`, inclusive), everywhere or where `applies_to` says."""

    name: Name
    source: Name
    day: date | None = None
    first: date | None = None
    last: date | None = None
    applies_to: list[DepartmentCode] = []
    announced: date | None = None


def load(folder: Path | None = None) -> Catalogue:
    """The catalogue of a folder; a file it does not have is the shipped one. None: all shipped, read once.

    Raises `CatalogueError` naming the file, the entry and the fix.
    """
    return _shipped() if folder is None else _loaded(folder)


@cache
def _shipped() -> Catalogue:
    return _loaded(None)


def _loaded(folder: Path | None) -> Catalogue:
    agencies = _departments(_find(folder, DEPARTMENTS))
    codes = UnitCodes({code: department.aliases for code, department in agencies.items()})
    first, last, entries = _calendar(_find(folder, CALENDAR), codes)
    versions = _procedures(_find(folder, PROCEDURES), _find(folder, LEVELS), agencies)
    units = _find(folder, UNITS)
    return Catalogue(
        departments=MappingProxyType(agencies),
        versions=versions,
        calendar_first_day=first,
        calendar_last_day=last,
        calendar_entries=entries,
        channels=_channels(_find(folder, CHANNELS)),
        provinces=provinces(units),
        ended_units_take_new_dossiers=ended_units_take_new_dossiers(units),
        unit_changes=changes(units, agencies, codes, versions, shipped=units.parent == SHIPPED),
    )


def _find(folder: Path | None, name: str) -> Path:
    """The folder's own file, or the shipped one."""
    if folder is None:
        return SHIPPED / name
    if not folder.is_dir():
        raise CatalogueError(folder, "", f"is not a folder; give one that holds any of {', '.join(FILES)}")
    own = folder / name
    return own if own.is_file() else SHIPPED / name


def _departments(file: Path) -> dict[str, Department]:
    """By code, in the file's order."""
    departments: dict[str, Department] = {}
    forms: dict[str, str] = {}
    labelled = rows(file, read(file), "departments", DepartmentRow)
    for label, row in labelled:
        if (known := forms.setdefault(canonical_unit(row.code), row.code)) != row.code or row.code in departments:
            raise CatalogueError(file, label, f"department {known} stands there already; keep one entry")
        usual = DEFAULT_SESSIONS if row.sessions is None else _sessions(file, label, row.sessions)
        hours = _hours(file, label, row.hours)
        departments[row.code] = Department(row.code, row.name, row.name_en, usual, hours, tuple(row.aliases))
    if not departments:
        raise CatalogueError(file, "departments", "there are none; add at least one [[departments]] entry")
    _check_aliases(file, labelled, forms)
    return departments


def _check_aliases(file: Path, labelled: Sequence[tuple[str, DepartmentRow]], forms: Mapping[str, str]) -> None:
    """An alias is no department's own code, and on no day that of two."""
    taken: dict[str, list[tuple[str, Alias]]] = {}
    for label, row in labelled:
        for number, alias in enumerate(row.aliases, start=1):
            place = f"{label}, aliases number {number} ({alias.code})"
            first, last = alias.valid_from or date.min, alias.valid_to or date.max
            if last < first:
                raise CatalogueError(file, place, f"valid_to {last} lies before valid_from {first}; put them in order")
            form = canonical_unit(alias.code)
            own = forms.get(form)
            if own == row.code:
                raise CatalogueError(file, place, f"is {own} itself, which every form of its code names; delete it")
            if own is not None:
                raise CatalogueError(file, place, f"is the code of department {own}; delete the alias or correct it")
            for other, present in taken.setdefault(form, []):
                if first <= (present.valid_to or date.max) and (present.valid_from or date.min) <= last:
                    fix = f"is an alias of {other} in the same days; set valid_from and valid_to, or keep one"
                    raise CatalogueError(file, place, fix)
            taken[form].append((row.code, alias))


def _channels(file: Path) -> Mapping[str, ChannelEntry]:
    """Those that every office has, and the office's own."""
    channels = dict(FORM_CHANNELS)
    for label, row in rows(file, read(file), "channels", ChannelEntry):
        present = channels.get(row.code)
        if present is not None and (row.code not in FORM_CHANNELS or row.counted_as is not present.counted_as):
            raise CatalogueError(file, label, f"channel {row.code} stands there already; keep one entry")
        channels[row.code] = row
    return MappingProxyType(channels)


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
            raise CatalogueError(
                file,
                label,
                f"hours overlap: those from {later.first} begin before {earlier.last} has ended; set `last`",
            )
    return tuple(hours)


def _sessions(file: Path, label: str, sessions: list[tuple[time, time]]) -> tuple[Session, ...]:
    instants = [instant for session in sessions for instant in session]
    if not instants or any(later <= earlier for earlier, later in pairwise(instants)):
        fix = (
            "sessions must follow each other, each ending after it starts; "
            'write them as [["07:00", "11:30"], ["13:30", "17:00"]]'
        )
        raise CatalogueError(file, label, fix)
    return tuple(sessions)


def _calendar(file: Path, codes: UnitCodes) -> tuple[date, date, tuple[CalendarEntry, ...]]:
    """The first and the last day the calendar knows, and its entries in order of days."""
    document = read(file)
    first, last = document.get("first_day"), document.get("last_day")
    if not (isinstance(first, date) and isinstance(last, date) and first <= last):
        raise CatalogueError(
            file, "first_day, last_day", "must be dates in order, such as 2020-01-01 and 2027-12-31; set both"
        )
    taken: dict[tuple[date, str], CalendarEntry] = {}
    for table, works in CALENDAR_TABLES.items():
        for label, row in rows(file, document, table, DayRow):
            for day in _days(file, label, row):
                if not first <= day <= last:
                    raise CatalogueError(file, label, f"{day} lies outside {first}..{last}; move first_day or last_day")
                scopes = tuple(dict.fromkeys(codes.scope(code, day) for code in row.applies_to))
                _take(file, label, CalendarEntry(day, works, row.name, row.source, scopes, row.announced), taken)
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


def _procedures(file: Path, levels_file: Path, departments: Mapping[str, Department]) -> tuple[Procedure, ...]:
    """Every version in the file's order.

    Shipped procedures of departments that an office's own list does not have are left out;
    its own must name its departments.
    """
    levels = _levels(levels_file)
    versions: list[tuple[str, Procedure]] = []
    for label, row in rows(file, read(file), "procedures", Procedure):
        unknown = [code for code in (row.department, *row.departments) if code is not None and code not in departments]
        if unknown:
            if file.parent == SHIPPED:
                continue
            fix = f"department {unknown[0]} is not in {DEPARTMENTS}; add it there or correct the code here"
            raise CatalogueError(file, label, fix)
        versions.append((label, _in_time(file, label, row, levels)))
    _check_versions(file, versions)
    return tuple(procedure for _, procedure in versions)


def _levels(file: Path) -> dict[str, LevelRow]:
    return {row.code: row for _, row in rows(file, read(file), "levels", LevelRow)}


def _in_time(file: Path, label: str, procedure: Procedure, levels: Mapping[str, LevelRow]) -> Procedure:
    """The version with the days of its level, where it gives none itself."""
    level = levels.get(procedure.level)
    if level is None:
        fix = f"level {procedure.level} is not in {LEVELS}; add it there or correct the level here"
        raise CatalogueError(file, label, fix)
    if procedure.same_day and procedure.term is not None:
        raise CatalogueError(file, label, "same_day = true and a term exclude each other; delete one of them")
    if procedure.departments and procedure.department is None:
        raise CatalogueError(
            file, label, "departments stands beside a department; name the first one as department = ..."
        )
    first, last = procedure.valid_from or level.valid_from, procedure.valid_to or level.valid_to
    if first is not None and last is not None and last < first:
        where = "" if procedure.valid_to else f" (level {procedure.level} ended then)"
        raise CatalogueError(
            file, label, f"valid_to {last}{where} lies before valid_from {first}; correct valid_from or give a valid_to"
        )
    return replace(procedure, valid_from=first, valid_to=last)


def _check_versions(file: Path, versions: list[tuple[str, Procedure]]) -> None:
    """No day has two versions of a procedure."""
    in_time = sorted(versions, key=lambda version: (version[1].code, version[1].valid_from or date.min))
    for (_, earlier), (label, later) in pairwise(in_time):
        if earlier.code == later.code and (earlier.valid_to or date.max) >= (later.valid_from or date.min):
            fix = f"procedure {later.code} stands there already for the same days; keep one entry"
            if later.valid_from is not None:
                fix += f", or end the earlier version with valid_to = {later.valid_from - timedelta(days=1)}"
            raise CatalogueError(file, label, fix)
