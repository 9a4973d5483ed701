"""What planning stands on: the departments of a scenario with their procedures, calendars and working time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from motcua.generate.axis import WorkingAxis, midnight
from motcua.generate.scenario import Scenario, ScenarioError
from shared.catalogue import Catalogue, Procedure
from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import ONE_DAY

LEAD = timedelta(days=31)  # before the period: when carried-over dossiers came in


@dataclass(frozen=True, slots=True)
class Office:
    """One department as the generator sees it; its first procedure is the most frequent."""

    code: str
    weight: float
    calendar: WorkingCalendar
    axis: WorkingAxis
    procedures: tuple[Procedure, ...]
    procedure_weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """The scenario's offices by code, and its period in seconds: `starts` inclusive, `ends` exclusive."""

    scenario: Scenario
    offices: Mapping[str, Office]
    starts: int
    ends: int


def ground(scenario: Scenario, catalogue: Catalogue) -> Ground:
    """Raises `ScenarioError` when the catalogue lacks a department of the scenario, or its procedures with a term."""
    axes: dict[WorkingCalendar, WorkingAxis] = {}
    offices = {}
    for code, weight in scenario.departments.items():
        procedures = tuple(known for known in catalogue.procedures_of(code) if known.department and known.term)
        if code not in catalogue.departments or not procedures:
            raise ScenarioError(f"{scenario.name}: the catalogue needs department {code} with a procedure that has a term")
        calendar = catalogue.calendar(code)
        if calendar not in axes:
            axes[calendar] = WorkingAxis(calendar, scenario.first_day - LEAD, scenario.last_day)
        weights = tuple(1 / rank for rank in range(1, len(procedures) + 1))
        offices[code] = Office(code, weight, calendar, axes[calendar], procedures, weights)
    return Ground(scenario, offices, midnight(scenario.first_day), midnight(scenario.last_day + ONE_DAY))
