"""What a year shall look like: its figures and how its dossiers are spread; refused when the figures cannot be."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from motcua.failure import Failure
from motcua.files import read_document
from shared.domain.figures import ROW_IDENTITIES
from shared.domain.timeliness import BY_DATE

SHIPPED = Path(__file__).parent.parent / "scenarios"
Count = Annotated[int, Meta(ge=0)]
Weight = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class ScenarioError(Failure):
    """A scenario that cannot be read or used."""


class ImpossibleScenario(ScenarioError):
    """A scenario whose figures contradict each other or the calendar."""


class Mix(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often things happen that no figure of the form fixes: shares of the dossiers that they can happen to."""

    online_full: Share = 0.55
    """online dossiers that need no paper"""
    submitted_first: Share = 0.3
    """online dossiers that wait for an officer to accept them"""
    declined: Share = 0.004
    """online submissions that are not accepted, beside those received"""
    processing_started: Share = 0.72
    supplement: Share = 0.035
    payment: Share = 0.02
    extended: Share = 0.003
    forwarded: Share = 0.01
    withdrawn: Share = 0.003
    stopped: Share = 0.0015
    on_the_spot: Share = 0.5
    """dossiers at the counter with a term in hours that are answered there and then"""
    refused: Share = 0.012
    never_collected: Share = 0.015
    fee: Share = 0.04
    rated: Share = 0.025
    suspended_at_end: Share = 0.06
    """open dossiers that wait for the applicant when the period ends"""


class FiguresAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The figures asked for, by the keys of form II.06a; every total is written out, so that it can be checked."""

    received_total: Count
    carried_over: Count
    received_online: Count
    received_in_person: Count
    received_postal: Count
    resolved_total: Count
    resolved_early: Count
    resolved_on_time: Count
    resolved_overdue: Count
    in_progress_total: Count
    in_progress_within: Count
    in_progress_overdue: Count

    def row(self) -> dict[str, int]:
        """The figures as a row of the form; a generated dossier always has a deadline."""
        offline = self.received_in_person + self.received_postal
        return {**msgspec.structs.asdict(self), "received_in_person_or_postal": offline, "resolved_no_deadline": 0}


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One period of one province. `printed` holds what its printed report said, right or wrong, by the same keys."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    place: Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")]
    seed: int
    first_day: date = msgspec.field(name="from")
    last_day: date = msgspec.field(name="to")
    definition: str
    figures: FiguresAsked
    departments: Annotated[dict[str, Weight], Meta(min_length=1)]
    overdue_by_department: dict[str, Count] = {}
    mix: Mix = Mix()
    printed: dict[str, int | float | str] = {}


def shipped_scenarios() -> list[str]:
    """The names of the scenarios that come with the program."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def load_scenario(name_or_path: str) -> Scenario:
    """A shipped scenario by its name, or one's own by its path. Raises `ScenarioError` or `ImpossibleScenario`."""
    shipped = SHIPPED / f"{name_or_path}.toml"
    file = shipped if name_or_path in shipped_scenarios() else Path(name_or_path)
    try:
        document = read_document(file, ScenarioError)
    except ScenarioError as wrong:
        names = ", ".join(shipped_scenarios())
        raise ScenarioError(
            f"cannot read scenario {name_or_path}: {wrong}; give the path of a TOML file, or one of {names}"
        ) from wrong
    return parse(document, str(file))


def parse(document: Mapping[str, Any], origin: str) -> Scenario:
    """A scenario from its parsed file, checked."""
    try:
        scenario = msgspec.convert(document, Scenario)
    except msgspec.ValidationError as wrong:
        raise ScenarioError(f"{origin}: {wrong}; correct that entry") from wrong
    breaks = broken(scenario)
    if breaks:
        raise ImpossibleScenario(
            f"{origin} asks for a year that cannot be:\n" + "\n".join(f"  {line}" for line in breaks)
        )
    return scenario


def broken(scenario: Scenario) -> list[str]:
    """What cannot be in the scenario's figures, a sentence each; empty for a possible one."""
    row = scenario.figures.row()
    lines = [
        f"{identity.name}: {identity.total} is {row[identity.total]:,}, its parts ({' + '.join(identity.parts)}) sum "
        f"to {row[identity.total] - difference:,}: {abs(difference):,} too {'few' if difference < 0 else 'many'}"
        for identity in ROW_IDENTITIES
        if (difference := identity.difference(row))
    ]
    lines.extend(_broken_rest(scenario))
    return lines


def _broken_rest(scenario: Scenario) -> list[str]:
    lines = []
    if scenario.first_day > scenario.last_day:
        lines.append(f"from {scenario.first_day} lies after to {scenario.last_day}")
    if scenario.definition != BY_DATE.name:
        lines.append(f"definition {scenario.definition} is not one that dossiers are made by; write {BY_DATE.name}")
    by_department = scenario.overdue_by_department
    if by_department and (total := sum(by_department.values())) != scenario.figures.resolved_overdue:
        lines.append(
            f"overdue_by_department sums to {total:,}, resolved_overdue is {scenario.figures.resolved_overdue:,}"
        )
    if unweighted := sorted(set(by_department) - set(scenario.departments)):
        lines.append(f"overdue_by_department names {', '.join(unweighted)}, which [departments] does not")
    return lines
