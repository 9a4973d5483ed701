"""One dossier as it is planned: the office that handles it, how it shall end, and when it must be closed to end so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from motcua.stack.generate.scenario import Scenario, ScenarioError
from motcua.stack.generate.working_time import HOUR, WORKING_DAY, WorkingTime, midnight
from shared.catalogue import Catalogue, Procedure
from shared.domain.calendar import WorkingCalendar
from shared.domain.fields import Channel
from shared.domain.localtime import ONE_DAY
from shared.domain.terms import Term, TermUnit

LEAD = timedelta(days=31)  # before the period: when carried-over dossiers came in
LATEST_DELAY = 5 * WORKING_DAY
SOONEST = 60  # seconds of working time that any answer takes
Window = tuple[int, int]  # offsets in working time: first, and the one after the last; empty when they are not in order


@dataclass(frozen=True, slots=True)
class Office:
    """One department as the generator sees it; its first procedure is the most frequent."""

    code: str
    weight: float
    calendar: WorkingCalendar
    working_time: WorkingTime
    procedures: tuple[Procedure, ...]
    procedure_weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Province:
    """The scenario's offices by code, and its period in seconds: `starts` inclusive, `ends` exclusive."""

    scenario: Scenario
    offices: Mapping[str, Office]
    starts: int
    ends: int


def province_of(scenario: Scenario, catalogue: Catalogue) -> Province:
    """Raises `ScenarioError` when the catalogue lacks a department of the scenario, or its procedures with a term."""
    times: dict[WorkingCalendar, WorkingTime] = {}
    offices = {}
    for code, weight in scenario.departments.items():
        procedures = tuple(known for known in catalogue.procedures_of(code) if known.department and known.term)
        if code not in catalogue.departments or not procedures:
            raise ScenarioError(
                f"{scenario.name}: the catalogue needs department {code} with a procedure that has a term"
            )
        calendar = catalogue.calendar(code)
        if calendar not in times:
            times[calendar] = WorkingTime(calendar, scenario.first_day - LEAD, scenario.last_day)
        weights = tuple(1 / rank for rank in range(1, len(procedures) + 1))
        offices[code] = Office(code, weight, calendar, times[calendar], procedures, weights)
    return Province(scenario, offices, midnight(scenario.first_day), midnight(scenario.last_day + ONE_DAY))


class Fate(Enum):
    """How a dossier stands at the end of the period."""

    EARLY = auto()
    ON_TIME = auto()
    OVERDUE = auto()
    OPEN = auto()
    OPEN_OVERDUE = auto()
    DECLINED = auto()


@dataclass(slots=True)
class PlannedDossier:
    """Instants in seconds since 1970; its fate is allotted later. A declined one is submitted and never received."""

    office: Office
    procedure: Procedure
    term: Term
    channel: Channel
    received: int
    due: datetime
    not_before: int
    fate: Fate = Fate.ON_TIME
    submitted: int | None = None

    @property
    def in_hours(self) -> bool:
        return self.term.unit is TermUnit.WORKING_HOURS

    @property
    def first_instant(self) -> int:
        return self.received if self.submitted is None else self.submitted

    @property
    def soonest(self) -> int:
        """The first offset at which it may be closed."""
        return self.office.working_time.offset(self.not_before) + SOONEST

    def can_be(self, fate: Fate, ends: int) -> bool:
        """Whether there is working time to close it so; on time only with a deadline before the period ends."""
        if fate is Fate.ON_TIME and self.due.timestamp() >= ends:
            return False
        first, end = closing_window(fate, self.office.working_time, self.due, in_hours=self.in_hours)
        return max(first, self.soonest) < end

    def can_close_in_time(self, ends: int) -> bool:
        return self.can_be(Fate.EARLY, ends) or self.can_be(Fate.ON_TIME, ends)


def closing_window(fate: Fate, time: WorkingTime, due: datetime, *, in_hours: bool) -> Window:
    """When a dossier with this deadline must be closed to be early, on time or overdue under `by-date/1`.

    Terms in days are judged by the deadline's day, terms in hours by its hour; overdue means a few working days late.
    """
    instant = int(due.timestamp())
    begins = instant // HOUR * HOUR if in_hours else midnight(due.date())
    if fate is Fate.EARLY:
        return 0, time.offset(begins)
    next_day = midnight(due.date() + ONE_DAY)
    if fate is Fate.ON_TIME:
        return time.offset(begins), time.offset(instant if in_hours else next_day)
    assert fate is Fate.OVERDUE
    first = time.offset(instant) + 1 if in_hours else time.offset(next_day)
    return first, min(first + LATEST_DELAY, time.end)
