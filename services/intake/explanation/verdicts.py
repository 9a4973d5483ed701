"""The last step: the class of a closed dossier, or how an open one stands, by a named definition."""

from datetime import datetime

from services.intake.explanation.wording import on, when
from services.intake.schemas import Step
from shared.domain.definitions import AFTERNOON, BY_DATE, HALF_DAY, INSTANT, MORNING, Definition
from shared.domain.dossier import Dossier
from shared.domain.localtime import local
from shared.domain.terms import counts_hours
from shared.domain.timeliness import NEVER_SOON, Standing, closed_timeliness, standing

COMPARED = {  # for terms in days or months, and in hours
    BY_DATE.name: ("local dates compared", "instants compared, the hour of the deadline is on time"),
    INSTANT.name: ("instants compared", "instants compared"),
    HALF_DAY.name: ("halves of days compared", "instants compared, the half day of the deadline is on time"),
}


def verdict(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    """Of a dossier after its latest event."""
    by_class = closed_timeliness(dossier, definition)
    if by_class is None:
        return _standing(dossier, now, definition)
    assert dossier.closed_at is not None
    if dossier.due_at is None:
        text = "no_deadline: a class of its own, in no percentage."
    else:
        how = _compared(definition, dossier.closed_at, dossier.due_at, hours=counts_hours(dossier.term))
        text = f"{by_class.value} by {definition.name} ({how}): closed {when(dossier.closed_at)}, due {when(dossier.due_at)}."
    return Step(step="class", at=dossier.closed_at, due_at=dossier.due_at, text=text)


def _compared(definition: Definition, closed_at: datetime, due_at: datetime, *, hours: bool) -> str:
    """What was compared; by halves of days which they are, for the cut is at no hour that anybody could guess."""
    how = COMPARED.get(definition.name, ("", ""))[hours]
    if definition.name != HALF_DAY.name:
        return how
    closed, due = local(closed_at), local(due_at)
    other_day = f"{on(closed.date())} " if closed.date() != due.date() else ""
    return f"{how}: due {_half_and_cut(due)}, closed {other_day}{_half(closed)[0]}"


def _half_and_cut(instant: datetime) -> str:
    return "{} ({})".format(*_half(instant))


def _half(instant: datetime) -> tuple[str, str]:
    """The part of its local day by `half-day/1`, and where it is cut."""
    clock = local(instant).time()
    if clock < MORNING:
        return "before the morning", f"until {MORNING:%H:%M}"
    if clock < AFTERNOON:
        return "in the morning", f"until {AFTERNOON:%H:%M}"
    return "in the afternoon", f"from {AFTERNOON:%H:%M}"


def _standing(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    found = standing_by(dossier, now, definition)
    due = f", due {when(dossier.due_at)}" if dossier.due_at else ""
    if dossier.due_at and definition.name == HALF_DAY.name:
        due += f" {_half_and_cut(dossier.due_at)}"
    text = f"{when(now)}: {found.value} by {definition.name}{due}." if found else f"{when(now)}: not counted, {dossier.state.value}."
    return Step(step="standing", at=now, due_at=dossier.due_at, text=text)


def standing_by(dossier: Dossier, now: datetime, definition: Definition) -> Standing | None:
    """How an open dossier stands by a definition; None when it is not open."""
    found = standing(dossier, now, NEVER_SOON)
    if found is None or dossier.deadline is None:
        return found
    judged_at = dossier.suspended_since or now
    if judged_at >= definition.overdue_from(dossier.deadline):
        return Standing.OVERDUE
    return Standing.SUSPENDED if dossier.suspended_since else Standing.WITHIN


def timeliness_by(dossier: Dossier, now: datetime, definition: Definition) -> str | None:
    """The class once closed, the standing while open."""
    found = closed_timeliness(dossier, definition) or standing_by(dossier, now, definition)
    return None if found is None else found.value
