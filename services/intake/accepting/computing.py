"""What intake computes of an event by the catalogue: deadlines, the class of a channel; and a whole history again."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.intake.accepting.refusals import (
    NoDeadline,
    UnknownDepartment,
    UnknownProcedure,
    Wrong,
    wrong_field,
)
from services.intake.log.history import HistoryEntry
from shared.catalogue import Catalogue, Procedure
from shared.domain import events as domain
from shared.domain.deadline import Deadline, DeadlineRule, due_after_pause, due_by
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown
from shared.domain.fields import Channel, CorrectableField, DeadlineChange
from shared.domain.lifecycle import EventKind, State
from shared.domain.localtime import local_date
from shared.domain.terms import counts_hours
from shared.domain.transitions import apply

ACCEPTANCE = timedelta(hours=8)
"""The working time in which an online application is to be accepted, declined or sent back (offices-2026 §3)."""
RECOMPUTED_BY = (
    CorrectableField.PROCEDURE,
    CorrectableField.DEPARTMENT,
    CorrectableField.CHANNEL,
    CorrectableField.RECEIVED_AT,
)


class Decision(Struct, frozen=True, gc=False):
    """The dossier after the event, and what intake adds to the event's data."""

    dossier: Dossier
    computed: dict[str, Any]


NOTHING: dict[str, Any] = {}


def decided(code: str, event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The decision by the catalogue and the lifecycle alone, whenever the event was sent."""
    computed = NOTHING
    if (compute := _COMPUTED_OF.get(event.kind)) is not None:
        computed = compute(event, at, dossier, catalogue)
    elif dossier is not None and dossier.state is State.SUBMITTED and isinstance(event, domain.Supplemented):
        computed = _of_sending_again(event, at, dossier, catalogue)
    elif domain.ends_pause(event) and event.due_at is None:
        return _pause_ended(code, event, at, dossier, catalogue)
    return Decision(apply(dossier, code, replace(event, **computed) if computed else event, at), computed)


def _of_receipt(event: domain.Received, at: datetime, _: Dossier | None, catalogue: Catalogue) -> dict[str, Any]:
    """A sender's deadline stands; else it comes from the rule of the day of receipt, or from the sender's term."""
    _check_units(event, catalogue)
    computed = _class_of(event.channel, event.channel_class, catalogue)
    if event.due_at is not None:
        return computed
    rule = rule_for(event, at, catalogue)
    due = due_by(rule, at, catalogue.calendar(event.department))
    if due is None:
        return computed
    computed |= {"due_at": due}
    if rule.term is not None and event.term is None:
        computed["term"] = rule.term
    return computed


def _of_submission(event: domain.Submitted, at: datetime, _: Dossier | None, catalogue: Catalogue) -> dict[str, Any]:
    _check_units(event, catalogue)
    _procedure(event.procedure, local_date(at), catalogue)
    computed = _class_of(event.channel, event.channel_class, catalogue)
    if event.acceptance_due_at is None and catalogue.class_of(event.channel) is Channel.ONLINE:
        computed |= _acceptance(at, event.department, catalogue)
    return computed


def _of_sending_again(
    event: domain.Supplemented, at: datetime, dossier: Dossier, catalogue: Catalogue
) -> dict[str, Any]:
    """An application that was sent back and comes again is to be answered in the same time again."""
    waits_again = dossier.was_sent_back and dossier.counted_channel is Channel.ONLINE
    if not waits_again or event.acceptance_due_at is not None:
        return {}
    return _acceptance(at, dossier.department, catalogue)


def _acceptance(at: datetime, department: str, catalogue: Catalogue) -> dict[str, Any]:
    """Nothing where the calendar ends before: the application is taken all the same."""
    try:
        return {"acceptance_due_at": catalogue.calendar_of(department).add_working_time(at, ACCEPTANCE)}
    except CalendarNotKnown:
        return {}


def _class_of(channel: str, given: Channel | None, catalogue: Catalogue) -> dict[str, Any]:
    """How the form counts an office's own channel; what the three of the form are needs no saying."""
    own = catalogue.channels.get(channel)
    return {} if own is None or own.is_of_the_form or given is not None else {"channel_class": own.counted_as}


def rule_for(event: domain.Received, at: datetime, catalogue: Catalogue) -> DeadlineRule:
    """What gives the deadline: the procedure's rule on the day of receipt, with the sender's term if there is one."""
    day = local_date(at)
    if event.term is None:
        procedure = _procedure(event.procedure, day, catalogue)
        return procedure.rule_for(event.channel, catalogue.class_of(event.channel))
    known = catalogue.procedure(event.procedure, day)
    return DeadlineRule(event.term, None if known is None else known.closing_hour)


def _of_extension(event: domain.Extended, _: datetime, dossier: Dossier | None, catalogue: Catalogue) -> dict[str, Any]:
    """By a term counted from the deadline in force, so that no sender re-implements the calendar; or to a date."""
    given: datetime | None = event.due_at
    if event.by is None:
        if given is None:
            raise wrong_field("data.due_at", Wrong.MISSING, "give the new deadline, or by: the term that it moves by")
        return {}
    if dossier is None or not dossier.is_open:
        return {}  # it is refused for that
    if dossier.due_at is None:
        msg = f"dossier {dossier.code} has no deadline that could be extended; deadline_set gives it one"
        raise NoDeadline(msg, "data.by")
    due = due_by(DeadlineRule(event.by), dossier.due_at, catalogue.calendar_of(dossier.department))
    if given is not None and given != due:
        raise wrong_field("data.by", "says another deadline than due_at", "give one of the two, by or due_at")
    return {} if given is not None else {"due_at": due}


def _of_first_deadline(
    event: domain.DeadlineSet, at: datetime, dossier: Dossier | None, catalogue: Catalogue
) -> dict[str, Any]:
    given: datetime | None = event.due_at
    if given is not None:
        return {}
    if event.term is None:
        raise wrong_field("data.due_at", Wrong.MISSING, "give the deadline, or term: how long the answer may take")
    calendar = catalogue.calendar_of("" if dossier is None else dossier.department)
    return {"due_at": due_by(DeadlineRule(event.term), event.starts_at or at, calendar)}


def _pause_ended(
    code: str, event: domain.PauseEnd, at: datetime, dossier: Dossier | None, catalogue: Catalogue
) -> Decision:
    """The deadline moves by the working time the pause took; one that was overdue before stays where it was."""
    after = apply(dossier, code, event, at)
    if dossier is None or dossier.suspended_since is None or dossier.deadline is None:
        return Decision(after, NOTHING)
    _check_department(dossier.department, catalogue)
    calendar = catalogue.calendar(dossier.department)
    due = due_after_pause(dossier.deadline, dossier.suspended_since, at, calendar, dossier.due_given)
    if due == dossier.due_at:
        return Decision(after, NOTHING)
    return Decision(apply(dossier, code, replace(event, due_at=due), at), {"due_at": due})


def _of_correction(
    event: domain.Corrected, at: datetime, dossier: Dossier | None, catalogue: Catalogue
) -> dict[str, Any]:
    """A correction may not bring in what a receipt could not."""
    if not event.recompute and (event.deadlines is not None or event.term is not None):
        raise wrong_field("data.deadlines", "and term are computed by intake", "leave them out, or say recompute: true")
    if event.recompute and event.field not in RECOMPUTED_BY:
        fields = ", ".join(RECOMPUTED_BY)
        raise wrong_field(
            "data.recompute", f"does not go with {event.field}", f"leave it out, or correct one of {fields}"
        )
    if event.new_value is None:
        return {}
    computed: dict[str, Any] = {}
    match event.field:
        case CorrectableField.DEPARTMENT | CorrectableField.RECEIVED_BY:
            _check_department(event.new_value, catalogue, "data.new_value")
        case CorrectableField.PROCEDURE if dossier is None or dossier.due_at is None or event.recompute:
            received_at = None if dossier is None else dossier.received_at
            _procedure(event.new_value, local_date(received_at or at), catalogue)
        case CorrectableField.CHANNEL:
            computed = _class_of(event.new_value, event.channel_class, catalogue)
    if not event.recompute or dossier is None or dossier.received_at is None:
        return computed
    right = apply(dossier, dossier.code, replace(event, deadlines=(), term=None, **computed), at)
    anew = _deadlines_of(right, dossier, event, catalogue)
    for name, given in (("deadlines", event.deadlines), ("term", event.term)):
        if given is not None and given != anew.get(name):
            raise wrong_field(f"data.{name}", "is not what the right rule gives", "leave it out; intake computes it")
    return computed | anew


_COMPUTED_OF: dict[EventKind, Callable[[Any, datetime, Dossier | None, Catalogue], dict[str, Any]]] = {
    EventKind.RECEIVED: _of_receipt,
    EventKind.SUBMITTED: _of_submission,
    EventKind.EXTENDED: _of_extension,
    EventKind.DEADLINE_SET: _of_first_deadline,
    EventKind.CORRECTED: _of_correction,
}


def _deadlines_of(dossier: Dossier, before: Dossier, event: domain.Corrected, catalogue: Catalogue) -> dict[str, Any]:
    """The deadlines by the rule that is right, pauses kept; what extended the wrong one is to be said again.

    A deadline that a dossier got after its receipt stays where the right rule gives none.
    """
    assert dossier.received_at is not None, "the clock has started"
    procedure = _procedure(dossier.procedure, local_date(dossier.received_at), catalogue)
    rule = procedure.rule_for(dossier.channel, dossier.counted_channel)
    if event.field is not CorrectableField.PROCEDURE and _has_its_own_term(before, catalogue):
        rule = DeadlineRule(before.term, procedure.closing_hour)
    calendar = catalogue.calendar_of(dossier.department)
    due = due_by(rule, dossier.received_at, calendar)
    if due is None:
        return (
            {"deadlines": ()}
            if before.due_original is not None
            else {"deadlines": before.deadlines, "term": before.term}
        )
    changes = [DeadlineChange(dossier.received_at, due)]
    for pause in dossier.suspensions:
        if pause.ended_at is not None:
            deadline = Deadline(changes[-1].due_at, counts_hours(rule.term))
            moved = due_after_pause(deadline, pause.started_at, pause.ended_at, calendar, due)
            if moved != deadline.due_at:
                changes.append(DeadlineChange(pause.ended_at, moved))
    return {"deadlines": tuple(changes), "term": rule.term}


def _has_its_own_term(dossier: Dossier, catalogue: Catalogue) -> bool:
    """Whether its term came with its receipt, for the procedure has another one."""
    assert dossier.received_at is not None, "the clock has started"
    procedure = catalogue.procedure(dossier.procedure, local_date(dossier.received_at))
    usual = None if procedure is None else procedure.rule_for(dossier.channel, dossier.counted_channel).term
    return dossier.term is not None and dossier.term != usual


def _check_units(event: domain.Received | domain.Submitted, catalogue: Catalogue) -> None:
    _check_department(event.department, catalogue)
    if event.received_by is not None:
        _check_department(event.received_by, catalogue, "data.received_by")


def _check_department(department: str, catalogue: Catalogue, field: str = "data.department") -> None:
    if department not in catalogue.departments:
        msg = (
            f"department {department} is not in the catalogue; "
            f"correct {field}, or add it (GET /v1/departments lists them)"
        )
        raise UnknownDepartment(msg, field)


def _procedure(procedure: str, day: date, catalogue: Catalogue) -> Procedure:
    """The procedure as it was in force on the day."""
    in_force = catalogue.procedure(procedure, day)
    if in_force is None:
        raise UnknownProcedure(_not_in_force(catalogue.procedures.get(procedure), procedure, day))
    return in_force


def _not_in_force(latest: Procedure | None, procedure: str, day: date) -> str:
    if latest is None:
        return (
            f"procedure {procedure} is not in the catalogue; "
            "send due_at with received, or add it (GET /v1/procedures lists them)"
        )
    first, last = latest.valid_from or "the beginning", latest.valid_to or "now on"
    return (
        f"procedure {procedure} was not in force on {day}: its latest version holds from {first} to {last}; "
        "correct data.procedure or the time, "
        f"or send due_at with received (GET /v1/procedures?date={day} lists those in force)"
    )


def due_by_catalogue(history: Iterable[HistoryEntry], catalogue: Catalogue) -> datetime | None:
    """The deadline that the events of a dossier give with this catalogue: intake's own are computed anew, a sender's
    stay.

    Raises a `Refusal` when the catalogue can't tell.
    """
    dossier: Dossier | None = None
    for entry in history:
        event, code = _undecided(entry, dossier), entry.after.code
        dossier = (
            decided(code, event, entry.at, dossier, catalogue).dossier
            if _is_to_be_computed(event)
            else apply(dossier, code, event, entry.at)
        )
    return None if dossier is None else dossier.due_at


def _undecided(entry: HistoryEntry, dossier: Dossier | None) -> domain.Event:
    """The event without what intake decided, as it would come in to a dossier whose deadline may be another by now."""
    event = entry.event
    if entry.is_move and dossier is not None and dossier.due_at is not None:
        return replace(event, due_at=dossier.due_at)  # that announcement is in the calendar
    if isinstance(event, domain.Corrected):
        if event.field is CorrectableField.DUE_AT and dossier is not None:
            return replace(event, old_value=None if dossier.due_at is None else dossier.due_at.isoformat())
        return replace(event, deadlines=None, term=None) if "deadlines" in entry.computed else event
    return replace(event, due_at=None) if entry.due_computed else event


def _is_to_be_computed(event: domain.Event) -> bool:
    if isinstance(event, domain.Corrected):
        return event.recompute and event.deadlines is None
    return isinstance(event, _WITH_A_DEADLINE) and event.due_at is None


_WITH_A_DEADLINE = (domain.Received, domain.Extended, domain.DeadlineSet, *domain.PAUSE_ENDS)
