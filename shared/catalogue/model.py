"""What a catalogue says: who answers for a dossier, how long it may take, and when that department works."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.catalogue.units import (
    Alias,
    DepartmentCode,
    Name,
    Organisation,
    ProvinceEntry,
    UnitChange,
    UnitCodes,
    UnitHistory,
)
from shared.domain.calendar import DEFAULT_SESSIONS, DatedSessions, Session, WorkingCalendar
from shared.domain.deadline import DeadlineRule
from shared.domain.errors import CalendarNotKnown
from shared.domain.fields import UNKNOWN_CHANNEL, Channel, ChannelCode, OnlineLevel
from shared.domain.terms import Term, TermUnit
from shared.domain.texts import PROCEDURE_CODE, canonical_unit, exactly

EVERYWHERE = ""
ProcedureCode = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
Level = Literal["province", "district", "commune"]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One announced day off, or one day swapped to work, and who said so.

    `applies_to` are code prefixes by dotted segments: `H59` is the province with its departments, `H59.15` one
    department; none: everywhere. `announced` is the day it was made known.
    """

    day: date
    works: bool
    name: str
    source: str
    applies_to: tuple[str, ...] = ()
    announced: date | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.applies_to or (EVERYWHERE,)


def covers(scope: str, code: str) -> bool:
    """Whether a scope holds for a department: the same code, or its first segments; in either form of codes."""
    scope, code = canonical_unit(scope), canonical_unit(code)
    return scope in (EVERYWHERE, code) or code.startswith(scope + ".")


def scopes(code: str, entries: Iterable[CalendarEntry]) -> frozenset[str]:
    """The scopes among these entries that hold for a department."""
    return frozenset(scope for scope in {scope for entry in entries for scope in entry.scopes} if covers(scope, code))


def in_force_for(code: str, entries: Iterable[CalendarEntry]) -> tuple[CalendarEntry, ...]:
    """What a department goes by, in order of days:
    of several entries for one day the one with the most specific scope."""
    in_force: dict[date, tuple[int, CalendarEntry]] = {}
    for entry in entries:
        specific = max((len(scope) for scope in entry.scopes if covers(scope, code)), default=-1)
        if specific > in_force.get(entry.day, (-1, None))[0]:
            in_force[entry.day] = (specific, entry)
    return tuple(in_force[day][1] for day in sorted(in_force))


def with_entries(present: Iterable[CalendarEntry], added: Iterable[CalendarEntry]) -> tuple[CalendarEntry, ...]:
    """The present entries and the added ones; where day and scope are the same, the later one alone."""
    kept: dict[tuple[date, str], CalendarEntry] = {}
    for entry in (*present, *added):
        kept |= {(entry.day, scope): entry for scope in entry.scopes}
    whole: dict[CalendarEntry, list[str]] = {}
    for (_, scope), entry in kept.items():
        whole.setdefault(entry, []).append(scope)
    entries = [
        entry if set(left) == set(entry.scopes) else replace(entry, applies_to=tuple(left))
        for entry, left in whole.items()
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.day, entry.scopes)))


class ChannelEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A way in which dossiers come, and how the form counts it; an entry of channels.toml."""

    code: ChannelCode
    name: Name
    name_en: Name
    counted_as: Channel

    @property
    def is_of_the_form(self) -> bool:
        """Whether its code says its class."""
        return self.code in {self.counted_as, UNKNOWN_CHANNEL}


@dataclass(frozen=True, slots=True)
class Department:
    """The agency that answers for a dossier; `sessions` are the hours its counters work, `hours` other ones in certain
    periods, `aliases` the other codes that it goes by."""

    code: str
    name: str
    name_en: str
    sessions: tuple[Session, ...] = DEFAULT_SESSIONS
    hours: tuple[DatedSessions, ...] = ()
    aliases: tuple[Alias, ...] = ()


MONTHS_A_YEAR = 12
LONGEST_RETENTION = 100  # years


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long an applicant's details are kept after the dossier was closed."""

    amount: Annotated[int, Meta(ge=1, le=LONGEST_RETENTION * MONTHS_A_YEAR)]
    unit: Literal["months", "years"]

    @property
    def in_months(self) -> Term:
        return Term(self.amount * (MONTHS_A_YEAR if self.unit == "years" else 1), TermUnit.MONTHS)


class Procedure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An administrative procedure, as it is in force in `valid_from..valid_to` (inclusive; None: open);
    an entry of procedures.toml.

    Several versions of one code follow each other in time. Without a department every department may handle it, and so
    may those of `departments` beside its own; without `channels` or `online_levels` it is offered by all. Without a
    term it has no deadline, unless the answer is due the same day. A receipt after `closing_hour`, or on a day off,
    counts as made at the opening of the next working day. Without `retention` applicants are kept until they are
    erased.
    """

    code: ProcedureCode
    name: Name
    field: Name
    level: Level
    department: DepartmentCode | None = None
    term: Term | None = None
    closing_hour: time | None = None
    same_day: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    departments: tuple[DepartmentCode, ...] = ()
    channels: tuple[ChannelCode, ...] = ()
    channel_terms: dict[ChannelCode, Term] = {}
    online_levels: tuple[OnlineLevel, ...] = ()
    retention: Retention | None = None

    @property
    def rule(self) -> DeadlineRule:
        """What gives its dossiers their deadline, where their channel has no term of its own."""
        return DeadlineRule(self.term, self.closing_hour, self.same_day)

    def rule_for(self, channel: str, counted_as: Channel | None) -> DeadlineRule:
        """What gives a dossier its deadline: the term of its channel, of the channel's class, or the usual one."""
        term = self.channel_terms.get(channel) or self.channel_terms.get(counted_as or channel) or self.term
        return DeadlineRule(term, self.closing_hour, self.same_day)

    def may_be_handled_by(self, department: str) -> bool:
        return self.department is None or self.department == department or department in self.departments

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


FORM_CHANNELS: Mapping[str, ChannelEntry] = MappingProxyType(
    {
        entry.code: entry
        for entry in (
            ChannelEntry("online", "trực tuyến", "online", Channel.ONLINE),
            ChannelEntry("in_person", "trực tiếp", "in person", Channel.IN_PERSON),
            ChannelEntry("postal", "bưu chính công ích", "by post", Channel.POSTAL),
            ChannelEntry(UNKNOWN_CHANNEL, "không rõ", "unknown", Channel.IN_PERSON),
        )
    }
)
"""The channels that every office has."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Departments, procedures as they were and are,
    and the announced days off and swapped days between two dates (inclusive).

    `procedures` holds the latest version of each procedure, in force or not:
    its field and level name a dossier of any age.
    """

    departments: Mapping[str, Department]
    versions: tuple[Procedure, ...]
    calendar_first_day: date
    calendar_last_day: date
    calendar_entries: tuple[CalendarEntry, ...]
    channels: Mapping[str, ChannelEntry] = field(default_factory=lambda: FORM_CHANNELS)
    provinces: Mapping[str, ProvinceEntry] = field(default_factory=lambda: MappingProxyType({}))
    unit_changes: tuple[UnitChange, ...] = ()
    ended_units_take_new_dossiers: bool = False
    procedures: Mapping[str, Procedure] = field(init=False, repr=False, compare=False)
    _codes: UnitCodes = field(init=False, repr=False, compare=False)
    _units: UnitHistory = field(init=False, repr=False, compare=False)
    _versions: Mapping[str, tuple[Procedure, ...]] = field(init=False, repr=False, compare=False)
    _calendars: Mapping[str, WorkingCalendar] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        versions: dict[str, tuple[Procedure, ...]] = {}
        for version in self.versions:
            versions[version.code] = (*versions.get(version.code, ()), version)
        latest = {
            code: max(known, key=lambda version: version.valid_from or date.min) for code, known in versions.items()
        }
        object.__setattr__(self, "_versions", versions)
        object.__setattr__(self, "procedures", MappingProxyType(latest))
        codes = UnitCodes({code: department.aliases for code, department in self.departments.items()})
        object.__setattr__(self, "_codes", codes)
        object.__setattr__(self, "_units", UnitHistory(self.unit_changes))
        object.__setattr__(self, "_calendars", self._working_calendars())

    def procedure(self, code: str, day: date) -> Procedure | None:
        """The procedure as it was in force on a day; None when it was not."""
        for version in self._versions.get(code, ()):
            if version.is_valid_on(day):
                return version
        return None

    def canonical(self, code: str, day: date) -> str:
        """A department's own code by any that it goes by on the day; the code itself when it is nobody's alias."""
        return code if code in self.departments else self._codes.canonical(code, day)

    def canonical_scope(self, code: str, day: date) -> str:
        """The same of the code of a province or a department."""
        return self._codes.scope(code, day)

    def province_of(self, department: str) -> ProvinceEntry | None:
        """The province whose code the department's begins with, when the catalogue has it."""
        return self.provinces.get(canonical_unit(department).partition(".")[0])

    def organised_on(self, day: date) -> Organisation:
        """Who answers, by the changes of units in force on the day, for what every unit has left."""
        return self._units.organised_on(day)

    def end_of(self, department: str, day: date) -> UnitChange | None:
        """The change by which the department is not there any more on the day; None while it is."""
        return self._units.end_of(department, day)

    def may_handle(self, procedure: Procedure, department: str, day: date) -> bool:
        """Whether a department, or an heir of one on the day, may handle the procedure."""
        return procedure.may_be_handled_by(department) or department in self.handlers(procedure, day)

    def handlers(self, procedure: Procedure, day: date) -> tuple[str, ...]:
        """The departments that may handle the procedure on a day, heirs of those that it names included; none: all."""
        named = [code for code in (procedure.department, *procedure.departments) if code is not None]
        organised = self.organised_on(day)
        return tuple(dict.fromkeys([*named, *(organised.heir(code, procedure.code) for code in named)]))

    def class_of(self, channel: str) -> Channel | None:
        """How the form counts a channel; None when the catalogue does not have it."""
        entry = self.channels.get(channel)
        return None if entry is None else entry.counted_as

    def procedures_on(self, day: date) -> list[Procedure]:
        """Every procedure in force on a day, in the catalogue's order."""
        return [version for version in self.versions if version.is_valid_on(day)]

    def procedures_of(self, department: str) -> list[Procedure]:
        """The procedures a department handles, in their latest version and the catalogue's order."""
        return [procedure for procedure in self.procedures.values() if procedure.may_be_handled_by(department)]

    def calendar(self, department: str) -> WorkingCalendar:
        """The working calendar of a department; KeyError when the catalogue does not have it."""
        return self._calendars[department]

    def calendar_of(self, code: str) -> WorkingCalendar:
        """The working calendar of any code: a department the catalogue lacks, a province,
        or "" for what holds everywhere; usual hours."""
        return self._calendars.get(code) or self._working_calendar(
            Department(code, code, code), self._entries_for(code)
        )

    def entries(self, first: date, last: date, department: str = "") -> list[CalendarEntry]:
        """Days off and swapped days in `first..last` as they hold for a department ("": everywhere), in order."""
        return [entry for entry in self._entries_for(department) if first <= entry.day <= last]

    def with_entries(self, entries: Iterable[CalendarEntry]) -> "Catalogue":
        """A copy in which these entries add to, and for the same day and scope replace, the present ones.

        Raises `CalendarNotKnown` for a day outside the calendar: one announced day does not make its year known.
        """
        added = []
        for entry in entries:  # one by one: of an endless holiday no more than the calendar has days is ever made
            if not self.calendar_first_day <= entry.day <= self.calendar_last_day:
                known = f"{self.calendar_first_day} to {self.calendar_last_day}"
                raise CalendarNotKnown(
                    f"{entry.day} ({entry.name}): days off are known from {known}; add that year to calendar.toml first"
                )
            added.append(entry)
        return replace(self, calendar_entries=with_entries(self.calendar_entries, added))

    def _entries_for(self, code: str) -> tuple[CalendarEntry, ...]:
        return in_force_for(code, self.calendar_entries)

    def _working_calendars(self) -> Mapping[str, WorkingCalendar]:
        """One calendar for all departments that share their hours and the scopes that apply to them."""
        of_scopes: dict[frozenset[str], tuple[CalendarEntry, ...]] = {}
        shared: dict[object, WorkingCalendar] = {}
        calendars: dict[str, WorkingCalendar] = {}
        for code, department in self.departments.items():
            applying = scopes(code, self.calendar_entries)
            if applying not in of_scopes:
                of_scopes[applying] = self._entries_for(code)
            key = (applying, department.sessions, department.hours)
            if key not in shared:
                shared[key] = self._working_calendar(department, of_scopes[applying])
            calendars[code] = shared[key]
        return MappingProxyType(calendars)

    def _working_calendar(self, department: Department, entries: tuple[CalendarEntry, ...]) -> WorkingCalendar:
        return WorkingCalendar(
            first_day=self.calendar_first_day,
            last_day=self.calendar_last_day,
            days_off=frozenset(entry.day for entry in entries if not entry.works),
            swapped_to_work=frozenset(entry.day for entry in entries if entry.works),
            sessions=department.sessions,
            hours=department.hours,
            names=MappingProxyType({entry.day: entry.name for entry in entries}),
        )
