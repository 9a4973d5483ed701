"""A dossier and how an event changes it: the one place where the lifecycle is applied."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from shared.domain import events
from shared.domain.deadline import Deadline
from shared.domain.errors import (
    CorrectionDoesNotMatch,
    DeadlineBeforeReceipt,
    TimeGoesBack,
    TooLongAHistory,
    TransitionNotAllowed,
    UnknownDossier,
)
from shared.domain.events import Channel, CorrectableField, Event, OnlineLevel, Outcome
from shared.domain.lifecycle import CLOSED, OPEN, SUSPENDED, State, allowed_from, next_state
from shared.domain.localtime import Instant, local, written
from shared.domain.terms import Term, counts_hours
from shared.domain.texts import same_name


class Suspension(Struct, frozen=True, omit_defaults=True, gc=False):
    """A pause; `kind` is the state that suspends; open without `ended_at`."""

    kind: Annotated[State, Meta(description="the state that suspends", examples=["awaiting_supplement"])]
    started_at: Annotated[Instant, Meta(description="when the clock stopped", examples=["2026-11-03T09:00:00+07:00"])]
    ended_at: Annotated[Instant | None, Meta(description="when it went on", examples=["2026-11-05T15:10:00+07:00"])] = (
        None
    )


class DeadlineChange(Struct, frozen=True, gc=False):
    """From `at` on, the dossier was due at `due_at`."""

    at: Annotated[Instant, Meta(description="since when the deadline holds", examples=["2026-11-02T08:31:00+07:00"])]
    due_at: Annotated[Instant, Meta(description="the deadline", examples=["2026-11-09T08:31:00+07:00"])]


class Hop(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The dossier was with `agency` from `forwarded_at` on, with a deadline of the hop's own; open without
    `answered_at`, also when the dossier has been closed."""

    agency: Annotated[str | None, Meta(description="the other agency's name or code", examples=["Cục Thuế tỉnh"])] = (
        None
    )
    forwarded_at: Annotated[Instant, Meta(description="when it was asked", examples=["2026-11-03T09:00:00+07:00"])]
    due_at: Annotated[
        Instant | None, Meta(description="when it is to answer", examples=["2026-11-06T09:00:00+07:00"])
    ] = None
    answered_at: Annotated[
        Instant | None, Meta(description="when it answered", examples=["2026-11-05T15:10:00+07:00"])
    ] = None

    def is_late(self, now: datetime) -> bool:
        """Whether it was answered, or is still open at `now`, after the local day of its own deadline;
        never without one."""
        return self.due_at is not None and (self.answered_at or now) >= Deadline(self.due_at).overdue_from()


class Dossier(Struct, frozen=True, gc=False, kw_only=True):
    """One application of one procedure, after its latest event; `sequence` counts its events from 1.

    `closed_at` is the closing instant that timeliness is judged at: resolved, else returned, else withdrawn or stopped.
    `deadlines` holds every deadline in force with the instant it came into force, so that any past day can be judged by
    what held then. `due_original` is the deadline given at receipt, None when there was none; whatever moves or
    corrects the deadline leaves it.
    """

    code: Annotated[str, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    sequence: Annotated[int, Meta(description="the number of its latest event, from 1", examples=[3])]
    state: Annotated[State, Meta(description="where it is in the lifecycle", examples=["processing"])]
    department: Annotated[str, Meta(description="code of the agency that answers for it", examples=["H59.15"])]
    procedure: Annotated[str, Meta(description="code of the procedure", examples=["2.000635"])]
    channel: Annotated[Channel, Meta(description="how it came in", examples=["online"])]
    last_occurred_at: Annotated[
        Instant, Meta(description="when its latest event happened", examples=["2026-11-03T09:00:00+07:00"])
    ]
    online_level: Annotated[OnlineLevel | None, Meta(description="of an online dossier", examples=["full"])] = None
    submitted_at: Annotated[
        Instant | None, Meta(description="when it was handed in", examples=["2026-11-02T07:55:00+07:00"])
    ] = None
    received_at: Annotated[
        Instant | None, Meta(description="when its clock started", examples=["2026-11-02T08:31:00+07:00"])
    ] = None
    term: Annotated[
        Term | None, Meta(description="how long it may take", examples=[{"amount": 5, "unit": "working_days"}])
    ] = None
    due_original: Annotated[
        Instant | None, Meta(description="the deadline given at receipt", examples=["2026-11-09T08:31:00+07:00"])
    ] = None
    deadlines: Annotated[tuple[DeadlineChange, ...], Meta(description="every deadline that held, in order")] = ()
    suspensions: Annotated[tuple[Suspension, ...], Meta(description="its pauses, in order")] = ()
    hops: Annotated[tuple[Hop, ...], Meta(description="the agencies it was forwarded to, in order")] = ()
    closed_at: Annotated[
        Instant | None,
        Meta(description="the instant that timeliness is judged at", examples=["2026-11-06T10:00:00+07:00"]),
    ] = None
    closed_as: Annotated[State | None, Meta(description="the state that closed it", examples=["resolved"])] = None
    outcome: Annotated[Outcome | None, Meta(description="what was decided, once resolved", examples=["granted"])] = None
    returned_at: Annotated[
        Instant | None, Meta(description="when the result was handed over", examples=["2026-11-06T14:00:00+07:00"])
    ] = None
    return_channel: Annotated[Channel | None, Meta(description="how the result went out", examples=["in_person"])] = (
        None
    )
    apologised_at: Annotated[
        Instant | None, Meta(description="when the letter of apology went out", examples=["2026-11-10T08:00:00+07:00"])
    ] = None
    officer: Annotated[str | None, Meta(description="the officer's pseudonym", examples=["o-17"])] = None

    @property
    def due_at(self) -> datetime | None:
        """The deadline in force, None for a dossier without one."""
        return self.deadlines[-1].due_at if self.deadlines else None

    @property
    def deadline(self) -> Deadline | None:
        """The deadline in force, with the unit that it is judged in."""
        return self.due(self.due_at)

    def due(self, due_at: datetime | None) -> Deadline | None:
        """An instant as a deadline of the dossier, whose term says the unit that it is judged in."""
        return None if due_at is None else Deadline(due_at, counts_hours(self.term))

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def suspended_since(self) -> datetime | None:
        """When the pause that holds now began."""
        return self.suspensions[-1].started_at if self.state in SUSPENDED else None


LONGEST_HISTORY = 100
"""Hops, pauses, deadlines of one dossier:
its status, which every event writes whole, stays far below a record's limit."""
OPENING = (events.Submitted, events.Received)
GROWING = (events.Forwarded, events.SupplementRequested, events.PaymentRequested, events.Extended)


def apply(dossier: Dossier | None, code: str, event: Event, occurred_at: datetime) -> Dossier:
    """The dossier after the event; raises a `Refusal` with its reason when the rules do not allow it,
    and changes nothing then."""
    if dossier is None:
        return _open(code, event, occurred_at)
    state = next_state(dossier.state, event.kind)
    if state is None:
        allowed = [kind.value for kind in allowed_from(dossier.state)]
        msg = (
            f"{event.kind.value} is not allowed: dossier {code} is {dossier.state.value}; "
            f"allowed now: {', '.join(allowed)}"
        )
        if isinstance(event, OPENING):
            msg += "; another dossier needs another code"
        raise TransitionNotAllowed(msg, allowed=allowed)
    at = local(occurred_at)
    if at < dossier.last_occurred_at:
        raise TimeGoesBack(
            f"{event.kind.value} at {at.isoformat()} lies before the dossier's latest event "
            f"at {dossier.last_occurred_at.isoformat()}"
        )
    if isinstance(event, GROWING):
        _check_room(dossier, event)
    closes = state in CLOSED and dossier.closed_at is None
    return replace(
        _with_facts(dossier, event, at),
        sequence=dossier.sequence + 1,
        state=state,
        last_occurred_at=at,
        closed_at=at if closes else dossier.closed_at,
        closed_as=state if closes else dossier.closed_as,
        outcome=event.outcome if isinstance(event, events.Resolved) else dossier.outcome,
    )


def _check_room(dossier: Dossier, event: Event) -> None:
    """Refuses what would make the status grow without end;
    the end of a pause always has room, so that any dossier can be closed."""
    match event:
        case events.Forwarded():
            grows = {"hops": len(dossier.hops)}
        case events.Extended():
            grows = {"deadlines": len(dossier.deadlines) + (dossier.state in SUSPENDED)}
        case _:
            grows = {"pauses": len(dossier.suspensions), "deadlines": len(dossier.deadlines)}
    full = next((what for what, already in grows.items() if already >= LONGEST_HISTORY), None)
    if full is not None:
        msg = (
            f"{event.kind.value} is not allowed: dossier {dossier.code} has as many {full} as one may have "
            f"({LONGEST_HISTORY}); check that its sender does not repeat itself under new ids, and close this dossier"
        )
        raise TooLongAHistory(msg)


def _open(code: str, event: Event, occurred_at: datetime) -> Dossier:
    if not isinstance(event, events.Submitted | events.Received):
        raise UnknownDossier(
            f"there is no dossier {code} yet; {event.kind.value} needs one (send its received event first)"
        )
    at = local(occurred_at)
    dossier = Dossier(
        code=code,
        sequence=1,
        state=State(event.kind.value),
        department=event.department,
        procedure=event.procedure,
        channel=event.channel,
        online_level=event.online_level,
        last_occurred_at=at,
        submitted_at=at if isinstance(event, events.Submitted) else None,
    )
    return _received(dossier, event, at) if isinstance(event, events.Received) else dossier


def _received(dossier: Dossier, event: events.Received, at: datetime) -> Dossier:
    given = None if event.due_at is None else _deadline(event.due_at, at, at, event.term)
    return replace(
        dossier,
        department=event.department,
        procedure=event.procedure,
        channel=event.channel,
        online_level=event.online_level,
        received_at=at,
        term=event.term,
        due_original=dossier.due_original if given is None else given.due_at,
        deadlines=dossier.deadlines if given is None else (given,),
    )


def _with_facts(dossier: Dossier, event: Event, at: datetime) -> Dossier:
    """The dossier with what the event says of it, still in its state."""
    match event:
        case events.Received():
            return _received(dossier, event, at)
        case events.ProcessingStarted():
            return replace(dossier, officer=event.officer or dossier.officer)
        case events.SupplementRequested():
            return replace(dossier, suspensions=(*dossier.suspensions, Suspension(State.AWAITING_SUPPLEMENT, at)))
        case events.PaymentRequested():
            return replace(dossier, suspensions=(*dossier.suspensions, Suspension(State.AWAITING_PAYMENT, at)))
        case (
            events.Supplemented() | events.PaymentSettled() | events.Withdrawn() | events.Stopped() | events.Resolved()
        ):
            return _resumed(dossier, event.due_at, at)
        case events.Extended():
            return _due(dossier, event.due_at, at)
        case events.Forwarded():
            due = None if event.due_at is None else local(event.due_at)
            return replace(dossier, hops=(*dossier.hops, Hop(agency=event.agency, forwarded_at=at, due_at=due)))
        case events.ForwardAnswered():
            return replace(dossier, hops=_answered(dossier.hops, event.agency, at))
        case events.Apologised():
            return replace(dossier, apologised_at=at)
        case events.Returned():
            return replace(dossier, returned_at=at, return_channel=event.channel)
        case events.Corrected():
            return _corrected(dossier, event)
        case _:
            return dossier


def _resumed(dossier: Dossier, due_at: datetime | None, at: datetime) -> Dossier:
    if dossier.state not in SUSPENDED:
        return dossier
    *before, last = dossier.suspensions
    resumed = replace(dossier, suspensions=(*before, replace(last, ended_at=at)))
    return resumed if due_at in (None, dossier.due_at) else _due(resumed, due_at, at)


def _due(dossier: Dossier, due_at: datetime, at: datetime) -> Dossier:
    return replace(
        dossier, deadlines=(*dossier.deadlines, _deadline(due_at, at, dossier.received_at or at, dossier.term))
    )


def _deadline(due_at: datetime, at: datetime, received_at: datetime, term: Term | None) -> DeadlineChange:
    """The deadline in force from `at`; refused when the dossier would have been overdue on receipt."""
    due = local(due_at)
    if received_at >= Deadline(due, counts_hours(term)).overdue_from():
        raise DeadlineBeforeReceipt(f"due_at {due.isoformat()} lies before the receipt at {received_at.isoformat()}")
    return DeadlineChange(at, due)


def _corrected(dossier: Dossier, event: events.Corrected) -> Dossier:
    field, old, new = event.field, event.old_value, event.new_value
    present = (
        dossier.due_at.isoformat()
        if field is CorrectableField.DUE_AT and dossier.due_at
        else getattr(dossier, field.value)
    )
    if not _same(field, old, present):
        msg = f"the correction says {field.value} was {_written(old)}, but it is {_written(present)}"
        raise CorrectionDoesNotMatch(msg)
    try:
        return _set_right(dossier, field, new)
    except DeadlineBeforeReceipt as too_early:
        raise too_early.about("data.new_value") from too_early
    except ValueError as wrong:
        msg = f"the correction's new value for {field.value} is not possible: {wrong}"
        raise CorrectionDoesNotMatch(msg, "data.new_value") from wrong


def _written(value: str | None) -> str:
    return "null" if value is None else value


def _same(field: CorrectableField, old: str | None, present: str | None) -> bool:
    if field is CorrectableField.DUE_AT and old and present:
        try:
            return written(old) == written(present)
        except (ValueError, TypeError):
            return False
    return old == present


def _set_right(dossier: Dossier, field: CorrectableField, new: str | None) -> Dossier:
    match field:
        case CorrectableField.ONLINE_LEVEL:
            return replace(dossier, online_level=None if new is None else OnlineLevel(new))
        case CorrectableField.DUE_AT if dossier.received_at is not None:
            if new is None:
                return replace(dossier, deadlines=())
            at = dossier.deadlines[-1].at if dossier.deadlines else dossier.received_at
            right = _deadline(written(new), at, dossier.received_at, dossier.term)
            return replace(dossier, deadlines=(*dossier.deadlines[:-1], right))
        case CorrectableField.CHANNEL if new is not None:
            return replace(dossier, channel=Channel(new))
        case CorrectableField.DEPARTMENT if new:
            return replace(dossier, department=new)
        case CorrectableField.PROCEDURE if new:
            return replace(dossier, procedure=new)
        case _:
            msg = f"{field.value} cannot become {_written(new)}"
            raise ValueError(msg)


def _answered(hops: tuple[Hop, ...], agency: str | None, at: datetime) -> tuple[Hop, ...]:
    """The hops after an answer: it closes the latest open hop to that agency,
    or the latest open one when no agency is named.

    An answer that no open hop waits for changes nothing.
    """
    for index in reversed(range(len(hops))):
        hop = hops[index]
        if hop.answered_at is None and (agency is None or same_name(agency, hop.agency)):
            return (*hops[:index], replace(hop, answered_at=at), *hops[index + 1 :])
    return hops
