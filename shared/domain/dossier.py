"""A dossier and how an event changes it: the one place where the lifecycle is applied."""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import events
from shared.domain.errors import (
    CorrectionDoesNotMatch,
    DeadlineBeforeReceipt,
    TimeGoesBack,
    TransitionNotAllowed,
    UnknownDossier,
)
from shared.domain.events import Channel, CorrectableField, Event, OnlineLevel
from shared.domain.lifecycle import CLOSED, OPEN, OPENING, SUSPENDED, State, next_state
from shared.domain.localtime import local
from shared.domain.terms import Term


@dataclass(frozen=True, slots=True)
class Suspension:
    """A pause of one kind (the state that suspends); open while `ended_at` is None."""

    kind: State
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadlineChange:
    """From `at` on, the dossier was due at `due_at`: on receipt, by an extension, after a pause."""

    at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One application of one procedure, after its latest event; `sequence` counts its events from 1.

    `closed_at` is the closing instant that timeliness is judged at: resolved, else returned, else withdrawn or stopped.
    `deadlines` holds every deadline in force with the instant it came into force, so that any past day can be judged by what held then.
    """

    code: str
    sequence: int
    state: State
    department: str
    procedure: str
    channel: Channel
    last_occurred_at: datetime
    online_level: OnlineLevel | None = None
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    term: Term | None = None
    deadlines: tuple[DeadlineChange, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    closed_at: datetime | None = None
    closed_as: State | None = None
    returned_at: datetime | None = None
    return_channel: Channel | None = None
    apologised_at: datetime | None = None
    officer: str | None = None

    @property
    def due_at(self) -> datetime | None:
        """The deadline in force, None for a dossier without one."""
        return self.deadlines[-1].due_at if self.deadlines else None

    @property
    def due_original(self) -> datetime | None:
        """The deadline given at receipt."""
        return self.deadlines[0].due_at if self.deadlines else None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def suspended_since(self) -> datetime | None:
        """When the pause that holds now began."""
        return self.suspensions[-1].started_at if self.state in SUSPENDED else None


def apply(dossier: Dossier | None, code: str, event: Event) -> Dossier:
    """The dossier after the event; raises a `Refusal` with its reason when the rules do not allow it, and changes nothing then."""
    if dossier is None:
        return _open(code, event)
    state = next_state(dossier.state, event.kind)
    if state is None:
        msg = f"{event.kind.value} is not allowed: dossier {code} is {dossier.state.value}"
        raise TransitionNotAllowed(msg)
    at = local(event.occurred_at)
    if at < dossier.last_occurred_at:
        msg = f"{event.kind.value} at {at.isoformat()} lies before the dossier's latest event at {dossier.last_occurred_at.isoformat()}"
        raise TimeGoesBack(msg)
    after = _with_facts(dossier, event, at)
    return replace(after, sequence=dossier.sequence + 1, state=state, last_occurred_at=at, **_closing(after, state, at))


def _open(code: str, event: Event) -> Dossier:
    if event.kind not in OPENING:
        msg = f"there is no dossier {code} yet; {event.kind.value} needs one (send its received event first)"
        raise UnknownDossier(msg)
    assert isinstance(event, (events.Submitted, events.Received))
    at = local(event.occurred_at)
    dossier = Dossier(
        code=code,
        sequence=1,
        state=State.SUBMITTED,
        department=event.department,
        procedure=event.procedure,
        channel=event.channel,
        online_level=event.online_level,
        last_occurred_at=at,
    )
    if isinstance(event, events.Submitted):
        return replace(dossier, submitted_at=at)
    return replace(_received(dossier, event, at), state=State.RECEIVED)


def _received(dossier: Dossier, event: events.Received, at: datetime) -> Dossier:
    if event.due_at is not None and event.due_at < at:
        msg = f"due_at {event.due_at.isoformat()} lies before the receipt at {at.isoformat()}"
        raise DeadlineBeforeReceipt(msg)
    return replace(
        dossier,
        department=event.department,
        procedure=event.procedure,
        channel=event.channel,
        online_level=event.online_level,
        received_at=at,
        term=event.term,
        deadlines=() if event.due_at is None else (DeadlineChange(at, local(event.due_at)),),
    )


def _with_facts(dossier: Dossier, event: Event, at: datetime) -> Dossier:
    match event:
        case events.Received():
            return _received(dossier, event, at)
        case events.ProcessingStarted():
            return replace(dossier, officer=event.officer or dossier.officer)
        case events.SupplementRequested():
            return _paused(dossier, State.AWAITING_SUPPLEMENT, at)
        case events.PaymentRequested():
            return _paused(dossier, State.AWAITING_PAYMENT, at)
        case events.Supplemented() | events.PaymentSettled() | events.Withdrawn() | events.Stopped() | events.Resolved():
            return _resumed(dossier, event.due_at, at)
        case events.Extended():
            return _due(dossier, event.due_at, at)
        case events.Apologised():
            return replace(dossier, apologised_at=at)
        case events.Returned():
            return replace(dossier, returned_at=at, return_channel=event.channel)
        case events.Corrected():
            return _corrected(dossier, event)
        case _:
            return dossier


def _paused(dossier: Dossier, kind: State, at: datetime) -> Dossier:
    return replace(dossier, suspensions=(*dossier.suspensions, Suspension(kind, at)))


def _resumed(dossier: Dossier, due_at: datetime | None, at: datetime) -> Dossier:
    if dossier.state not in SUSPENDED:
        return dossier
    *before, last = dossier.suspensions
    resumed = replace(dossier, suspensions=(*before, replace(last, ended_at=at)))
    return resumed if due_at is None else _due(resumed, due_at, at)


def _due(dossier: Dossier, due_at: datetime, at: datetime) -> Dossier:
    return replace(dossier, deadlines=(*dossier.deadlines, DeadlineChange(at, local(due_at))))


def _closing(dossier: Dossier, state: State, at: datetime) -> dict[str, object]:
    if state not in CLOSED or dossier.closed_at is not None:
        return {}
    return {"closed_at": at, "closed_as": state}


def _corrected(dossier: Dossier, event: events.Corrected) -> Dossier:
    field, old, new = event.corrected_field, event.old, event.new
    found = dossier.due_at.isoformat() if field is CorrectableField.DUE_AT and dossier.due_at else getattr(dossier, field.value)
    if not _same(field, old, found):
        msg = f"the correction says {field.value} was {old}, but it is {found}"
        raise CorrectionDoesNotMatch(msg)
    try:
        return _set_right(dossier, field, new)
    except ValueError as wrong:
        msg = f"the correction's new value for {field.value} is not possible: {wrong}"
        raise CorrectionDoesNotMatch(msg) from wrong


def _same(field: CorrectableField, old: str | None, found: str | None) -> bool:
    if field is CorrectableField.DUE_AT and old and found:
        try:
            return datetime.fromisoformat(old) == datetime.fromisoformat(found)
        except (ValueError, TypeError):
            return False
    return old == found


def _set_right(dossier: Dossier, field: CorrectableField, new: str | None) -> Dossier:
    match field:
        case CorrectableField.ONLINE_LEVEL:
            return replace(dossier, online_level=None if new is None else OnlineLevel(new))
        case CorrectableField.DUE_AT if dossier.received_at is not None:
            if new is None:
                return replace(dossier, deadlines=())
            at = dossier.deadlines[-1].at if dossier.deadlines else dossier.received_at
            return replace(dossier, deadlines=(*dossier.deadlines[:-1], DeadlineChange(at, local(datetime.fromisoformat(new)))))
        case CorrectableField.CHANNEL if new is not None:
            return replace(dossier, channel=Channel(new))
        case CorrectableField.DEPARTMENT if new:
            return replace(dossier, department=new)
        case CorrectableField.PROCEDURE if new:
            return replace(dossier, procedure=new)
        case _:
            msg = f"{field.value} cannot become {new}"
            raise ValueError(msg)
