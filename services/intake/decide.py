"""The decision on one event: what the catalogue and the lifecycle say, and the deadline it gives; pure."""

from datetime import date, datetime, timedelta
from typing import Any, get_args

from msgspec import Struct
from msgspec.structs import replace

from services.intake.candidates import Candidate
from services.intake.hints import wrong_field
from services.intake.offer import Asked, check_channel, check_department
from services.intake.refusals import InFuture, NoPause, UnknownDepartment, UnknownProcedure
from shared.catalogue import Catalogue, Procedure
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.domain import events as domain
from shared.domain.deadline import DeadlineRule, due_after_pause, due_by
from shared.domain.dossier import OPENING, Dossier, apply
from shared.domain.errors import Refusal
from shared.domain.events import CorrectableField
from shared.domain.localtime import local_date

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
    event, at = candidate.event, candidate.occurred_at
    if at > now + FUTURE_ALLOWED:
        msg = f"time {at.isoformat()} is more than five minutes after {now.isoformat()}; correct the sender's clock"
        raise InFuture(msg)
    decision = decided(candidate.code, event, at, dossier, catalogue)
    _check_grounds(candidate.name, event)
    _check_moves_a_deadline(candidate.name, event, dossier)
    _check_offer(event, at, dossier, catalogue)
    return decision


def _check_grounds(name: str, event: domain.Event) -> None:
    """What the law wants said is said. A deadline corrected after the closing is one of these; who may do so is to be asked here."""
    field = REQUIRED_BY_LAW.get(name)
    if field is not None and not (getattr(event, field) or "").strip():
        raise wrong_field(f"data.{field}", "is missing", _GROUNDS[field])


def _check_moves_a_deadline(name: str, event: domain.Event, dossier: Dossier | None) -> None:
    """Where no pause ends, a `due_at` that is not the deadline already would be kept and change nothing."""
    if (
        isinstance(event, PAUSE_ENDS)
        and dossier is not None
        and dossier.suspended_since is None
        and event.due_at not in (None, dossier.due_at)
    ):
        due = "without a deadline" if dossier.due_at is None else f"due at {dossier.due_at.isoformat()}"
        msg = (
            f"data.due_at: {name} ends no pause, so dossier {dossier.code} stays {due}; leave due_at out (extended moves a deadline on a "
            "legal ground, corrected sets a wrong one right)"
        )
        raise NoPause(msg)


_GROUNDS = {"reason": "say why, in words", "legal_ground": "cite the law that allows it, such as khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP"}


def _check_offer(event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """A procedure that the catalogue knows on the day belongs to departments and is offered by channels; an unknown one to all."""
    if isinstance(event, OPENING):
        asked = Asked(event.department, event.procedure, event.channel, event.online_level)
        procedure = catalogue.procedure(event.procedure, local_date(at))
        check_department(asked, procedure)
        check_channel(asked, procedure)
    elif isinstance(event, domain.Corrected) and dossier is not None and event.field is not CorrectableField.DUE_AT:
        _check_corrected_offer(event, dossier, catalogue)


def _check_corrected_offer(event: domain.Corrected, dossier: Dossier, catalogue: Catalogue) -> None:
    """What the correction changes must fit the rest; what was wrong before and is not touched may be set right by the next one."""
    before = Asked(dossier.department, dossier.procedure, dossier.channel, dossier.online_level)
    changed: dict[str, Any] = {event.field.value: event.new_value}
    asked = before._replace(**changed)
    procedure = catalogue.procedure(asked.procedure, local_date(dossier.received_at or dossier.last_occurred_at))
    try:
        if event.field in (CorrectableField.DEPARTMENT, CorrectableField.PROCEDURE):
            check_department(asked, procedure)
        if event.field is not CorrectableField.DEPARTMENT:
            check_channel(asked, procedure)
    except Refusal as refusal:
        raise refusal.about("data.new_value") from refusal


def decided(code: str, event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The decision on what happened, whenever it is told."""
    if isinstance(event, domain.Received):
        return _received(code, event, at, dossier, catalogue)
    if isinstance(event, PAUSE_ENDS) and event.due_at is None:
        return _pause_ended(code, event, at, dossier, catalogue)
    if isinstance(event, domain.Submitted):
        _check_department(event.department, catalogue)
        _procedure(event.procedure, local_date(at), catalogue)
    elif isinstance(event, domain.Corrected):
        _check_correction(event, at, dossier, catalogue)
    return Decision(apply(dossier, code, event, at), NO_STAMPS)


def _received(code: str, event: domain.Received, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """A deadline the sender gave stands as it is; else it comes from the rule in force on the day of receipt, or the sender's term."""
    _check_department(event.department, catalogue)
    if event.due_at is not None:
        return Decision(apply(dossier, code, event, at), NO_STAMPS)
    rule = rule_for(event, at, catalogue)
    due = due_by(rule, at, catalogue.calendar(event.department))
    if due is None:
        return Decision(apply(dossier, code, event, at), NO_STAMPS)
    stamps: dict[str, Any] = {"due_at": due}
    if rule.term is not None and event.term is None:
        stamps["term"] = rule.term
    return Decision(apply(dossier, code, replace(event, due_at=due, term=rule.term), at), stamps)


def rule_for(event: domain.Received, at: datetime, catalogue: Catalogue) -> DeadlineRule:
    """What gives the dossier its deadline: the procedure's rule on the day of receipt, with the sender's term where it gave one."""
    day = local_date(at)
    if event.term is None:
        return _procedure(event.procedure, day, catalogue).rule
    known = catalogue.procedure(event.procedure, day)
    return DeadlineRule(event.term, None if known is None else known.closing_hour)


def _pause_ended(code: str, event: PauseEnd, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The deadline moves by the working time the pause took; one that was overdue before stays where it was."""
    after = apply(dossier, code, event, at)
    if dossier is None or dossier.suspended_since is None or dossier.deadline is None:
        return Decision(after, NO_STAMPS)
    _check_department(dossier.department, catalogue)
    calendar = catalogue.calendar(dossier.department)
    due = due_after_pause(dossier.deadline, dossier.suspended_since, at, calendar)
    if due == dossier.due_at:
        return Decision(after, NO_STAMPS)
    return Decision(apply(dossier, code, replace(event, due_at=due), at), {"due_at": due})


def _check_department(department: str, catalogue: Catalogue, field: str = "data.department") -> None:
    if department not in catalogue.departments:
        msg = f"department {department} is not in the catalogue; correct {field}, or add it (GET /v1/departments lists them)"
        raise UnknownDepartment(msg, field)


def _procedure(procedure: str, day: date, catalogue: Catalogue) -> Procedure:
    """The procedure as it was in force on the day."""
    found = catalogue.procedure(procedure, day)
    if found is None:
        raise UnknownProcedure(_not_in_force(catalogue.procedures.get(procedure), procedure, day))
    return found


def _not_in_force(latest: Procedure | None, procedure: str, day: date) -> str:
    if latest is None:
        return f"procedure {procedure} is not in the catalogue; send due_at with received, or add it (GET /v1/procedures lists them)"
    first, last = latest.valid_from or "the beginning", latest.valid_to or "now on"
    return (
        f"procedure {procedure} was not in force on {day}: its latest version holds from {first} to {last}; correct data.procedure or the "
        f"time, or send due_at with received (GET /v1/procedures?date={day} lists those in force)"
    )


def _check_correction(event: domain.Corrected, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """A correction may not bring in what a receipt could not."""
    if event.new_value is None:
        return
    if event.field is CorrectableField.DEPARTMENT:
        _check_department(event.new_value, catalogue, "data.new_value")
    elif event.field is CorrectableField.PROCEDURE and (dossier is None or dossier.due_at is None):
        received_at = None if dossier is None else dossier.received_at
        _procedure(event.new_value, local_date(received_at or at), catalogue)
