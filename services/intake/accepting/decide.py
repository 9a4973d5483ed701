"""Decides one event by the catalogue and the lifecycle, with the deadline it gives; and a whole history again. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, get_args

from msgspec import Struct
from msgspec.structs import replace

from services.intake.accepting.candidates import Candidate
from services.intake.accepting.refusals import (
    ChannelNotOffered,
    InFuture,
    NoPause,
    OnlineLevelNotOnline,
    UnknownDepartment,
    UnknownProcedure,
    WrongDepartment,
    wrong_field,
)
from services.intake.log.history import HistoryEntry
from shared.catalogue import Catalogue, Procedure
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.domain import events as domain
from shared.domain.deadline import DeadlineRule, due_after_pause, due_by
from shared.domain.dossier import OPENING, Dossier, apply
from shared.domain.errors import Refusal
from shared.domain.events import Channel, CorrectableField
from shared.domain.localtime import local_date

FUTURE_ALLOWED = timedelta(minutes=5)
PauseEnd = domain.Supplemented | domain.PaymentSettled | domain.Withdrawn | domain.Stopped | domain.Resolved
PAUSE_ENDS = get_args(PauseEnd)
COMPUTING = (domain.Received, *PAUSE_ENDS)  # events for which intake computes a deadline


class Application(NamedTuple):
    """Which procedure is applied for, where and how; None for a level that is not said."""

    department: str
    procedure: str
    channel: str
    online_level: str | None


class Decision(Struct, frozen=True):
    """The dossier after the event, and what intake adds to the event's data."""

    dossier: Dossier
    computed: dict[str, Any]


NOTHING: dict[str, Any] = {}


def decide(candidate: Candidate, dossier: Dossier | None, catalogue: Catalogue, now: datetime) -> Decision:
    """Accept the event or raise the `Refusal` that says why not.

    A fact carries what it decided: a deadline computed here (from the term, or moved by a pause) is stamped into the
    event.
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
    """Checks what the law wants said. Who may correct a deadline after the closing is to be asked here."""
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
            f"data.due_at: {name} ends no pause, so dossier {dossier.code} stays {due}; "
            "leave due_at out (extended moves a deadline on a legal ground, corrected sets a wrong one right)"
        )
        raise NoPause(msg)


_GROUNDS = {
    "reason": "say why, in words",
    "legal_ground": "cite the law that allows it, such as khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP",
}


def _check_offer(event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """Checks department and channel by the procedure of the day; one that the catalogue lacks is offered everywhere."""
    if isinstance(event, OPENING):
        application = Application(event.department, event.procedure, event.channel, event.online_level)
        procedure = catalogue.procedure(event.procedure, local_date(at))
        _check_handled(application, procedure)
        _check_channel(application, procedure)
    elif isinstance(event, domain.Corrected) and dossier is not None and event.field is not CorrectableField.DUE_AT:
        _check_corrected_offer(event, dossier, catalogue)


def _check_corrected_offer(event: domain.Corrected, dossier: Dossier, catalogue: Catalogue) -> None:
    """Checks what the correction changes against the rest; what was wrong before may be set right by the next one."""
    before = Application(dossier.department, dossier.procedure, dossier.channel, dossier.online_level)
    changed: dict[str, Any] = {event.field.value: event.new_value}
    application = before._replace(**changed)
    procedure = catalogue.procedure(application.procedure, local_date(dossier.received_at or dossier.last_occurred_at))
    try:
        if event.field in (CorrectableField.DEPARTMENT, CorrectableField.PROCEDURE):
            _check_handled(application, procedure)
        if event.field is not CorrectableField.DEPARTMENT:
            _check_channel(application, procedure)
    except Refusal as refusal:
        raise refusal.about("data.new_value") from refusal


def _check_handled(application: Application, procedure: Procedure | None) -> None:
    """Refuses a department that the procedure does not belong to; one that the catalogue lacks belongs to all."""
    if procedure is not None and not procedure.may_be_handled_by(application.department):
        allowed = ", ".join(code for code in (procedure.department, *procedure.departments) if code is not None)
        msg = (
            f"department {application.department} does not handle procedure {procedure.code}; "
            f"that is for {allowed}: correct one of the two"
        )
        raise WrongDepartment(msg)


def _check_channel(application: Application, procedure: Procedure | None) -> None:
    """Refuses a level without the online channel, and a channel or a level by which the procedure is not offered."""
    channel, level = application.channel, application.online_level
    if level is not None and channel != Channel.ONLINE:
        msg = (
            f"online_level {level} does not go with channel {channel}; "
            "leave online_level out (a correction sets it to null first)"
        )
        raise OnlineLevelNotOnline(msg)
    if procedure is None:
        return
    if procedure.channels and channel not in procedure.channels:
        msg = (
            f"channel {channel} is not offered for procedure {procedure.code}; "
            f"choose one of {', '.join(procedure.channels)}"
        )
        raise ChannelNotOffered(msg)
    if procedure.online_levels and level is not None and level not in procedure.online_levels:
        msg = (
            f"online_level {level} is not offered for procedure {procedure.code}; "
            f"choose one of {', '.join(procedure.online_levels)}"
        )
        raise ChannelNotOffered(msg, "data.online_level")


def decided(code: str, event: domain.Event, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The decision by the catalogue and the lifecycle alone, whenever the event was sent."""
    if isinstance(event, domain.Received):
        return _received(code, event, at, dossier, catalogue)
    if isinstance(event, PAUSE_ENDS) and event.due_at is None:
        return _pause_ended(code, event, at, dossier, catalogue)
    if isinstance(event, domain.Submitted):
        _check_department(event.department, catalogue)
        _procedure(event.procedure, local_date(at), catalogue)
    elif isinstance(event, domain.Corrected):
        _check_correction(event, at, dossier, catalogue)
    return Decision(apply(dossier, code, event, at), NOTHING)


def _received(
    code: str, event: domain.Received, at: datetime, dossier: Dossier | None, catalogue: Catalogue
) -> Decision:
    """A sender's deadline stands; else it comes from the rule of the day of receipt, or from the sender's term."""
    _check_department(event.department, catalogue)
    if event.due_at is not None:
        return Decision(apply(dossier, code, event, at), NOTHING)
    rule = rule_for(event, at, catalogue)
    due = due_by(rule, at, catalogue.calendar(event.department))
    if due is None:
        return Decision(apply(dossier, code, event, at), NOTHING)
    computed: dict[str, Any] = {"due_at": due}
    if rule.term is not None and event.term is None:
        computed["term"] = rule.term
    return Decision(apply(dossier, code, replace(event, due_at=due, term=rule.term), at), computed)


def rule_for(event: domain.Received, at: datetime, catalogue: Catalogue) -> DeadlineRule:
    """What gives the deadline: the procedure's rule on the day of receipt, with the sender's term if there is one."""
    day = local_date(at)
    if event.term is None:
        return _procedure(event.procedure, day, catalogue).rule
    known = catalogue.procedure(event.procedure, day)
    return DeadlineRule(event.term, None if known is None else known.closing_hour)


def _pause_ended(code: str, event: PauseEnd, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> Decision:
    """The deadline moves by the working time the pause took; one that was overdue before stays where it was."""
    after = apply(dossier, code, event, at)
    if dossier is None or dossier.suspended_since is None or dossier.deadline is None:
        return Decision(after, NOTHING)
    _check_department(dossier.department, catalogue)
    calendar = catalogue.calendar(dossier.department)
    due = due_after_pause(dossier.deadline, dossier.suspended_since, at, calendar)
    if due == dossier.due_at:
        return Decision(after, NOTHING)
    return Decision(apply(dossier, code, replace(event, due_at=due), at), {"due_at": due})


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


def _check_correction(event: domain.Corrected, at: datetime, dossier: Dossier | None, catalogue: Catalogue) -> None:
    """A correction may not bring in what a receipt could not."""
    if event.new_value is None:
        return
    if event.field is CorrectableField.DEPARTMENT:
        _check_department(event.new_value, catalogue, "data.new_value")
    elif event.field is CorrectableField.PROCEDURE and (dossier is None or dossier.due_at is None):
        received_at = None if dossier is None else dossier.received_at
        _procedure(event.new_value, local_date(received_at or at), catalogue)


def due_by_catalogue(history: Iterable[HistoryEntry], catalogue: Catalogue) -> datetime | None:
    """The deadline that the events of a dossier give with this catalogue: intake's own are computed anew, a sender's
    stay.

    Raises a `Refusal` when the catalogue can't tell.
    """
    dossier: Dossier | None = None
    for entry in history:
        event, code = _undecided(entry, dossier), entry.after.code
        is_computed = isinstance(event, COMPUTING) and event.due_at is None
        dossier = (
            decided(code, event, entry.at, dossier, catalogue).dossier
            if is_computed
            else apply(dossier, code, event, entry.at)
        )
    return None if dossier is None else dossier.due_at


def _undecided(entry: HistoryEntry, dossier: Dossier | None) -> domain.Event:
    """The event without what intake decided, as it would come in to a dossier whose deadline may be another by now."""
    event = entry.event
    if isinstance(event, domain.Extended) and entry.due_computed and dossier is not None and dossier.due_at is not None:
        return replace(event, due_at=dossier.due_at)  # the move of another announcement, which is in the calendar
    if isinstance(event, domain.Corrected) and event.field is CorrectableField.DUE_AT and dossier is not None:
        return replace(event, old_value=None if dossier.due_at is None else dossier.due_at.isoformat())
    return replace(event, due_at=None) if isinstance(event, COMPUTING) and entry.due_computed else event
