"""The units that an event names: each by its own code, whatever alias was sent, and there on the day. Pure."""

from datetime import date, datetime

from msgspec.structs import replace

from services.intake.accepting.candidates import Candidate, with_data
from services.intake.accepting.refusals import UnitEnded
from shared.catalogue import Catalogue
from shared.catalogue.units import ChangeKind
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.fields import CorrectableField
from shared.domain.localtime import local_date
from shared.domain.transitions import OPENING

_NAMING_UNITS = frozenset({*(cls.kind for cls in OPENING), domain.Corrected.kind})
_UNITS = (CorrectableField.DEPARTMENT, CorrectableField.RECEIVED_BY)
_WHAT_BECAME = {
    ChangeKind.RENAME: "renamed",
    ChangeKind.MERGE: "merged",
    ChangeKind.SPLIT: "split up",
    ChangeKind.DISSOLVE: "dissolved",
}


def by_own_codes(candidate: Candidate, catalogue: Catalogue) -> Candidate:
    """The candidate as it says the same by the units' own codes; the dossier's code stays as it was sent."""
    event = candidate.event
    if event.kind not in _NAMING_UNITS:
        return candidate
    known = catalogue.departments
    if isinstance(event, OPENING):
        if event.department in known and (event.received_by is None or event.received_by in known):
            return candidate
        named = {"department": event.department, "received_by": event.received_by}
    elif isinstance(event, domain.Corrected) and event.field in _UNITS:
        named = {"old_value": event.old_value, "new_value": event.new_value}
    else:
        return candidate
    others = {field: code for field, code in named.items() if code is not None and code not in known}
    if not others:
        return candidate
    day = local_date(candidate.occurred_at)
    own = {field: catalogue.canonical(code, day) for field, code in others.items()}
    if own == others:
        return candidate
    series = candidate.series
    if series is not None and "department" in own:
        series = replace(series, agency=own["department"])
    return replace(candidate, sent=with_data(candidate.sent, own), event=replace(event, **own), series=series)


def check_there(event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """Refuses a new dossier for a unit that has ended by then, unless the catalogue says otherwise.

    Those that the unit had go on.
    """
    if dossier is not None or not isinstance(event, OPENING) or catalogue.ended_units_take_new_dossiers:
        return
    day = local_date(at)
    _check_there("data.department", event.department, event.procedure, day, catalogue)
    if event.received_by is not None:
        _check_there("data.received_by", event.received_by, event.procedure, day, catalogue)


def _check_there(field: str, unit: str, procedure: str, day: date, catalogue: Catalogue) -> None:
    end = catalogue.end_of(unit, day)
    if end is None:
        return
    heir = catalogue.organised_on(day).heir(unit, procedure)
    others = [other for other in end.heirs if other != heir] if end.kind is ChangeKind.SPLIT else []
    msg = (
        f"unit {_named(unit, catalogue)} was {_WHAT_BECAME[end.kind]} on {end.day} ({end.legal_ground}); "
        f"procedure {procedure} is taken over by {_named(heir, catalogue)}"
        f"{', other procedures by ' if others else ''}{', '.join(_named(other, catalogue) for other in others)}: "
        f"write {heir} in {field}"
    )
    raise UnitEnded(msg, field)


def _named(unit: str, catalogue: Catalogue) -> str:
    """`H61.02 (Sở Y tế, Vĩnh Long)`."""
    province = catalogue.province_of(unit)
    return f"{unit} ({catalogue.departments[unit].name}{f', {province.name}' if province else ''})"
