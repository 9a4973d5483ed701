"""The decision on one event: what the catalogue and the lifecycle say, and the deadline it gives; pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

from msgspec import Struct

from services.intake.candidates import Candidate
from services.intake.refusals import InFuture, UnknownDepartment, UnknownProcedure
from shared.catalogue import Catalogue, Procedure
from shared.contract import events as wire
from shared.domain import events as domain
from shared.domain.deadline import due_after_pause, due_at
from shared.domain.dossier import Dossier, apply
from shared.domain.events import CorrectableField
from shared.domain.timeliness import in_hours

FUTURE_ALLOWED = timedelta(minutes=5)
PauseEnd = domain.Supplemented | domain.PaymentSettled | domain.Withdrawn | domain.Stopped | domain.Resolved
PAUSE_ENDS = get_args(PauseEnd)


class Decision(Struct, frozen=True):
    """The dossier after the event, and what intake adds to the event's data."""

    dossier: Dossier
    stamps: dict[str, Any]


NO_STAMPS: dict[str, Any] = {}


def decide(candidate: Candidate, dossier: Dossier | None, catalogue: Catalogue, now: datetime) -> Decision:
    """Accept the event or raise the `Refusal` that says why not.

    A fact carries what it decided: a deadline computed here (from the term, or moved by a pause) is stamped into the event.
    """
    event = candidate.event
    if event.occurred_at > now + FUTURE_ALLOWED:
        msg = f"time {event.occurred_at.isoformat()} is more than five minutes after {now.isoformat()}; correct the sender's clock"
        raise InFuture(msg)
    return _decide(candidate.code, event, dossier, catalogue)


def _decide(code: str, event: domain.Event, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    if isinstance(event, domain.Received):
        return _received(code, event, dossier, catalogue)
    if isinstance(event, PAUSE_ENDS) and event.due_at is None:
        return _pause_ended(code, event, dossier, catalogue)
    if isinstance(event, domain.Submitted):
        _check_department(event.department, catalogue)
        _procedure(event.procedure, catalogue)
    elif isinstance(event, domain.Corrected):
        _check_correction(event, dossier, catalogue)
    return Decision(apply(dossier, code, event), NO_STAMPS)


def _received(code: str, event: domain.Received, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """A deadline the sender gave stands as it is; else it comes from the term, the sender's or the procedure's."""
    _check_department(event.department, catalogue)
    if event.due_at is not None:
        return Decision(apply(dossier, code, event), NO_STAMPS)
    term = _procedure(event.procedure, catalogue).term if event.term is None else event.term
    if term is None:
        return Decision(apply(dossier, code, event), NO_STAMPS)
    due = due_at(event.occurred_at, term, catalogue.calendar(event.department))
    stamped = replace(event, due_at=due, term=term)
    stamps = {"due_at": due} if event.term else {"due_at": due, "term": wire.Term(term.amount, term.unit.value)}
    return Decision(apply(dossier, code, stamped), stamps)


def _pause_ended(code: str, event: PauseEnd, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The deadline moves by the working time the pause took; one that was overdue before stays where it was."""
    after = apply(dossier, code, event)
    if dossier is None or dossier.suspended_since is None or dossier.due_at is None:
        return Decision(after, NO_STAMPS)
    _check_department(dossier.department, catalogue)
    calendar = catalogue.calendar(dossier.department)
    due = due_after_pause(dossier.due_at, dossier.suspended_since, event.occurred_at, calendar, in_hours=in_hours(dossier))
    if due == dossier.due_at:
        return Decision(after, NO_STAMPS)
    return Decision(apply(dossier, code, replace(event, due_at=due)), {"due_at": due})


def _check_department(department: str, catalogue: Catalogue) -> None:
    if department not in catalogue.departments:
        msg = f"department {department} is not in the catalogue; correct data.department, or add it (GET /v1/departments lists them)"
        raise UnknownDepartment(msg)


def _procedure(procedure: str, catalogue: Catalogue) -> Procedure:
    found = catalogue.procedures.get(procedure)
    if found is None:
        msg = f"procedure {procedure} is not in the catalogue; send due_at with received, or add it (GET /v1/procedures lists them)"
        raise UnknownProcedure(msg)
    return found


def _check_correction(event: domain.Corrected, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """A correction may not bring in what a receipt could not."""
    if event.new is None:
        return
    if event.corrected_field is CorrectableField.DEPARTMENT:
        _check_department(event.new, catalogue)
    elif event.corrected_field is CorrectableField.PROCEDURE and (dossier is None or dossier.due_at is None):
        _procedure(event.new, catalogue)
