"""What a catalogue says: who answers for a dossier, how long it may take, and when that department works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from shared.domain.calendar import DEFAULT_SESSIONS, Session, WorkingCalendar
from shared.domain.terms import Term


@dataclass(frozen=True, slots=True)
class Department:
    """The agency that answers for a dossier; `sessions` are the hours its counters work."""

    code: str
    name: str
    name_en: str
    sessions: tuple[Session, ...] = DEFAULT_SESSIONS


@dataclass(frozen=True, slots=True)
class Procedure:
    """An administrative procedure; without a department every department may handle it, without a term it has no deadline."""

    code: str
    name: str
    department: str | None
    field: str
    level: str
    term: Term | None

    def may_be_handled_by(self, department: str) -> bool:
        return self.department is None or self.department == department


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One announced day off, or one day swapped to work, and who said so."""

    day: date
    works: bool
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Departments and procedures by code, and the announced days off and swapped days between two dates (inclusive)."""

    departments: Mapping[str, Department]
    procedures: Mapping[str, Procedure]
    calendar_first_day: date
    calendar_last_day: date
    calendar_entries: tuple[CalendarEntry, ...]
    _calendars: Mapping[str, WorkingCalendar] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_sessions: dict[tuple[Session, ...], WorkingCalendar] = {}
        for department in self.departments.values():
            if department.sessions not in by_sessions:
                by_sessions[department.sessions] = self._working_calendar(department.sessions)
        calendars = {code: by_sessions[department.sessions] for code, department in self.departments.items()}
        object.__setattr__(self, "_calendars", MappingProxyType(calendars))

    def calendar(self, department: str) -> WorkingCalendar:
        """The working calendar of a department; KeyError when the catalogue does not have it."""
        return self._calendars[department]

    def entries(self, first: date, last: date) -> list[CalendarEntry]:
        """Days off and swapped days in `first..last`, in order."""
        return [entry for entry in self.calendar_entries if first <= entry.day <= last]

    def procedures_of(self, department: str) -> list[Procedure]:
        """The procedures a department handles, in the catalogue's order."""
        return [procedure for procedure in self.procedures.values() if procedure.may_be_handled_by(department)]

    def _working_calendar(self, sessions: tuple[Session, ...]) -> WorkingCalendar:
        return WorkingCalendar(
            first_day=self.calendar_first_day,
            last_day=self.calendar_last_day,
            days_off=frozenset(entry.day for entry in self.calendar_entries if not entry.works),
            swapped_to_work=frozenset(entry.day for entry in self.calendar_entries if entry.works),
            sessions=sessions,
        )
