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
    DeadlineThere,
    NamesItself,
    TimeGoesBack,
    TooLongAHistory,
    TransitionNotAllowed,
    UnknownDossier,
)
from shared.domain.events import Event
from shared.domain.fields import (
    ADMINISTRATIVE,
    Channel,
    CorrectableField,
    DeadlineChange,
    OnlineLevel,
    Outcome,
    class_of,
)
from shared.domain.lifecycle import CLOSED, OPEN, PAUSED, EventKind, State, allowed_from, next_state
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
    due_at: Annotated[
        Instant | None,
        Meta(
            description="until when the applicant is to bring what is missing", examples=["2026-11-20T17:00:00+07:00"]
        ),
    ] = None


class Acceptance(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An online application waits to be accepted, declined or sent back (offices-2026 §3); open without `answered_at`."""

    asked_at: Annotated[Instant, Meta(description="when it was handed in", examples=["2026-11-02T07:55:00+07:00"])]
    due_at: Annotated[
        Instant | None, Meta(description="until when it is to be answered", examples=["2026-11-03T07:55:00+07:00"])
    ] = None
    answered_at: Annotated[
        Instant | None, Meta(description="when it was answered", examples=["2026-11-02T14:10:00+07:00"])
    ] = None

    def is_late(self, now: datetime) -> bool:
        """Whether it was answered, or still is not at `now`, after its working hours; never without a deadline."""
        return self.due_at is not None and (self.answered_at or now) > self.due_at


class Hop(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The dossier was with `agency` from `forwarded_at` on, with a deadline of the hop's own; open without `answered_at`, also when the
    dossier has been closed."""

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
        """Whether it was answered, or is still open at `now`, after the local day of its own deadline; never without one."""
        return self.due_at is not None and (self.answered_at or now) >= Deadline(self.due_at).overdue_from()


class Dossier(Struct, frozen=True, gc=False, kw_only=True):
    """One application of one procedure, after its latest event; `sequence` counts its events from 1.

    `closed_at` is the closing instant that timeliness is judged at: resolved, else returned, else withdrawn or stopped.
    `deadlines` holds every deadline in force with the instant it came into force, so that any past day can be judged by what held then.
    `due_original` is the deadline given at receipt, None when there was none; whatever moves or corrects the deadline leaves it.
    """

    code: Annotated[str, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    sequence: Annotated[int, Meta(description="the number of its latest event, from 1", examples=[3])]
    state: Annotated[State, Meta(description="where it is in the lifecycle", examples=["processing"])]
    department: Annotated[str, Meta(description="code of the agency that answers for it", examples=["H59.15"])]
    procedure: Annotated[str, Meta(description="code of the procedure", examples=["2.000635"])]
    channel: Annotated[str, Meta(description="how it came in", examples=["online"])]
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
    received_by: Annotated[
        str | None, Meta(description="code of the unit that took it in, where that is another", examples=["H59.20"])
    ] = None
    channel_class: Annotated[
        Channel | None, Meta(description="how the form counts a channel of the office's own", examples=["in_person"])
    ] = None
    applicant: Annotated[str | None, Meta(description="the applicant's pseudonym", examples=["p-7f3a"])] = None
    follows: Annotated[
        str | None, Meta(description="code of the earlier dossier that it names", examples=["H59.15-261002-0007"])
    ] = None
    acceptances: Annotated[tuple[Acceptance, ...], Meta(description="when it waited to be accepted, in order")] = ()
    is_administrative: Annotated[
        bool, Meta(description="whether it was stopped with nothing decided", examples=[True])
    ] = False

    @property
    def counts(self) -> bool:
        """Whether figures count it: it was received, and is no mistake."""
        return self.received_at is not None and self.state is not State.VOIDED

    @property
    def place_of_receipt(self) -> str:
        """Code of the unit that took it in."""
        return self.received_by or self.department

    @property
    def counted_channel(self) -> Channel:
        """The channel of the form that counts it."""
        return class_of(self.channel, self.channel_class)

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
        return self.suspensions[-1].started_at if self.state in PAUSED else None


LONGEST_HISTORY = 100
"""Hops, pauses, deadlines of one dossier: its status, which every event writes whole, stays far below a record's limit."""
OPENING = (events.Submitted, events.Received)
PAUSES = (events.SupplementRequested, events.PaymentRequested, events.Suspended)
LENGTHENING = (events.Extended, events.DeadlineSet, events.Reopened)


def apply(dossier: Dossier | None, code: str, event: Event, occurred_at: datetime) -> Dossier:
    """The dossier after the event; raises a `Refusal` with its reason when the rules do not allow it, and changes nothing then."""
    if dossier is None:
        return _open(code, event, occurred_at)
    state = next_state(dossier.state, event.kind)
    if state is None:
        allowed = [kind.value for kind in allowed_from(dossier.state)]
        msg = f"{event.kind.value} is not allowed: dossier {code} is {dossier.state.value}; allowed now: {', '.join(allowed) or 'nothing'}"
        if isinstance(event, OPENING):
            msg += "; another dossier needs another code"
        raise TransitionNotAllowed(msg, allowed=allowed)
    at = local(occurred_at)
    if at < dossier.last_occurred_at:
        raise TimeGoesBack(
            f"{event.kind.value} at {at.isoformat()} lies before the dossier's latest event at {dossier.last_occurred_at.isoformat()}"
        )
    _check_room(dossier, event)
    after = _with_facts(dossier, event, at)
    if state in CLOSED and dossier.closed_at is None:
        after = _closed(after, event, state, at)
    return replace(after, sequence=dossier.sequence + 1, state=state, last_occurred_at=at)


def _closed(dossier: Dossier, event: Event, state: State, at: datetime) -> Dossier:
    return replace(
        dossier,
        closed_at=at,
        closed_as=state,
        outcome=event.outcome if isinstance(event, events.Resolved) else dossier.outcome,
        is_administrative=isinstance(event, events.Stopped) and event.reason == ADMINISTRATIVE,
    )


def _check_room(dossier: Dossier, event: Event) -> None:
    """Refuses what would make the status grow without end; the end of a pause always has room, so that any dossier can be closed."""
    if isinstance(event, events.Forwarded):
        grows = {"hops": len(dossier.hops)}
    elif isinstance(event, LENGTHENING):
        grows = {"deadlines": len(dossier.deadlines) + (dossier.state in PAUSED)}
    elif isinstance(event, PAUSES):
        grows = {
            "pauses": len(dossier.suspensions),
            "deadlines": len(dossier.deadlines),
            "acceptances": len(dossier.acceptances),
        }
    else:
        return
    full = next((what for what, already in grows.items() if already >= LONGEST_HISTORY), None)
    if full is not None:
        msg = (
            f"{event.kind.value} is not allowed: dossier {dossier.code} has as many {full} as one may have ({LONGEST_HISTORY}); check "
            "that its sender does not repeat itself under new ids, and close this dossier"
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
        received_by=event.received_by,
        channel_class=event.channel_class,
        applicant=event.applicant,
        follows=event.follows,
    )
    if isinstance(event, events.Received):
        return _received(dossier, event, at)
    submitted = replace(dossier, submitted_at=at)
    return _asked(submitted, event.acceptance_due_at, at) if submitted.counted_channel is Channel.ONLINE else submitted


def _received(dossier: Dossier, event: events.Received, at: datetime) -> Dossier:
    given = None if event.due_at is None else _deadline(event.due_at, at, at, event.term)
    return replace(
        dossier,
        department=event.department,
        procedure=event.procedure,
        channel=event.channel,
        online_level=event.online_level,
        received_by=event.received_by or dossier.received_by,
        channel_class=event.channel_class,
        applicant=event.applicant or dossier.applicant,
        follows=event.follows or dossier.follows,
        acceptances=_answered_at(dossier.acceptances, at),
        received_at=at,
        term=event.term,
        due_original=dossier.due_original if given is None else given.due_at,
        deadlines=dossier.deadlines if given is None else (given,),
    )


def _asked(dossier: Dossier, due_at: datetime | None, at: datetime) -> Dossier:
    """The application waits to be accepted."""
    due = None if due_at is None else local(due_at)
    return replace(dossier, acceptances=(*dossier.acceptances, Acceptance(asked_at=at, due_at=due)))


def _answered_at(acceptances: tuple[Acceptance, ...], at: datetime) -> tuple[Acceptance, ...]:
    """The application waits no more: it was accepted, declined or sent back."""
    if not acceptances or acceptances[-1].answered_at is not None:
        return acceptances
    return (*acceptances[:-1], replace(acceptances[-1], answered_at=at))


def _with_facts(dossier: Dossier, event: Event, at: datetime) -> Dossier:
    """The dossier with what the event says of it, still in its state."""
    match event:
        case events.Received():
            return _received(dossier, event, at)
        case events.ProcessingStarted() | events.Assigned():
            return replace(dossier, officer=event.officer or dossier.officer)
        case events.Declined():
            return replace(dossier, acceptances=_answered_at(dossier.acceptances, at))
        case events.SupplementRequested() | events.PaymentRequested() | events.Suspended():
            return _paused(dossier, event, at)
        case events.Supplemented() if dossier.state is State.SUBMITTED:
            return _asked(dossier, event.acceptance_due_at, at) if dossier.acceptances else dossier
        case events.Returned():
            resumed = _resumed(dossier, event.due_at, at)
            return replace(resumed, returned_at=at, return_channel=event.channel)
        case _ if isinstance(event, events.PAUSE_ENDS):
            return _resumed(dossier, event.due_at, at)
        case _:
            return _moved(dossier, event, at)


def _moved(dossier: Dossier, event: Event, at: datetime) -> Dossier:
    """What neither begins nor ends a pause."""
    match event:
        case events.Extended():
            return _due(dossier, event.due_at, at)
        case events.Forwarded():
            due = None if event.due_at is None else local(event.due_at)
            return replace(dossier, hops=(*dossier.hops, Hop(agency=event.agency, forwarded_at=at, due_at=due)))
        case events.ForwardAnswered():
            return replace(dossier, hops=_answered(dossier.hops, event.agency, at))
        case events.Apologised():
            return replace(dossier, apologised_at=at)
        case events.DeadlineSet():
            return _deadline_set(dossier, event, at)
        case events.Reopened():
            return _reopened(dossier, event, at)
        case events.Voided():
            return _voided(dossier, event)
        case events.Corrected():
            return _corrected(dossier, event, at)
        case _:
            return dossier


def _paused(
    dossier: Dossier, event: events.SupplementRequested | events.PaymentRequested | events.Suspended, at: datetime
) -> Dossier:
    """The clock stands; of an application that was not received yet it has not started, and what is asked back was answered."""
    if dossier.received_at is None:
        return replace(dossier, acceptances=_answered_at(dossier.acceptances, at))
    due = event.due_at if isinstance(event, events.SupplementRequested) else None
    pause = Suspension(_PAUSED_AS[event.kind], at, due_at=None if due is None else local(due))
    return replace(dossier, suspensions=(*dossier.suspensions, pause))


_PAUSED_AS = {
    EventKind.SUPPLEMENT_REQUESTED: State.AWAITING_SUPPLEMENT,
    EventKind.PAYMENT_REQUESTED: State.AWAITING_PAYMENT,
    EventKind.SUSPENDED: State.SUSPENDED,
}


def _deadline_set(dossier: Dossier, event: events.DeadlineSet, at: datetime) -> Dossier:
    """The first deadline of a dossier that was received without one; the term says the unit that it is judged in."""
    if dossier.due_at is not None:
        msg = (
            f"dossier {dossier.code} is due at {dossier.due_at.isoformat()} already; extended moves a deadline on a legal ground, "
            "corrected sets a wrong one right"
        )
        raise DeadlineThere(msg)
    return _due(replace(dossier, term=event.term or dossier.term), event.due_at, at)


def _reopened(dossier: Dossier, event: events.Reopened, at: datetime) -> Dossier:
    """As if it had never been closed; a pause that the closing ended stays ended, and its deadline moved (offices-2026 §4)."""
    reopened = replace(
        dossier,
        closed_at=None,
        closed_as=None,
        outcome=None,
        returned_at=None,
        return_channel=None,
        is_administrative=False,
    )
    return reopened if event.due_at in (None, dossier.due_at) else _due(reopened, event.due_at, at)


def _voided(dossier: Dossier, event: events.Voided) -> Dossier:
    if event.duplicate_of == dossier.code:
        raise NamesItself(f"dossier {dossier.code} can't be a second entry of itself; name the other one")
    return dossier


def _resumed(dossier: Dossier, due_at: datetime | None, at: datetime) -> Dossier:
    if dossier.state not in PAUSED:
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


def _corrected(dossier: Dossier, event: events.Corrected, at: datetime) -> Dossier:
    field, old, new = event.field, event.old_value, event.new_value
    present = _present(dossier, field)
    if not _same(field, old, present):
        msg = f"the correction says {field.value} was {_written(old)}, but it is {_written(present)}"
        raise CorrectionDoesNotMatch(msg)
    try:
        right = _set_right(dossier, field, new, at)
    except DeadlineBeforeReceipt as too_early:
        raise too_early.about("data.new_value") from too_early
    except ValueError as wrong:
        msg = f"the correction's new value for {field.value} is not possible: {wrong}"
        raise CorrectionDoesNotMatch(msg, "data.new_value") from wrong
    if field is CorrectableField.CHANNEL:
        right = replace(right, channel_class=event.channel_class)
    return right if event.deadlines is None else _recomputed(right, event.deadlines, event.term)


def _present(dossier: Dossier, field: CorrectableField) -> str | None:
    """What the dossier says now, as a correction writes it."""
    if field in INSTANTS:
        instant: datetime | None = getattr(dossier, field.value)
        return None if instant is None else instant.isoformat()
    value: str | None = getattr(dossier, field.value)
    return value


def _recomputed(dossier: Dossier, deadlines: tuple[DeadlineChange, ...], term: Term | None) -> Dossier:
    """The deadlines as they would have held by the right rule; the first is the one given at receipt."""
    assert dossier.received_at is not None, "only what was received has deadlines"
    right = tuple(_deadline(change.due_at, change.at, dossier.received_at, term) for change in deadlines)
    return replace(dossier, deadlines=right, due_original=right[0].due_at if right else None, term=term)


def _written(value: str | None) -> str:
    return "null" if value is None else value


def _same(field: CorrectableField, old: str | None, present: str | None) -> bool:
    if field in INSTANTS and old and present:
        try:
            return written(old) == written(present)
        except (ValueError, TypeError):
            return False
    return old == present


def _set_right(dossier: Dossier, field: CorrectableField, new: str | None, at: datetime) -> Dossier:
    match field:
        case CorrectableField.ONLINE_LEVEL:
            return replace(dossier, online_level=None if new is None else OnlineLevel(new))
        case CorrectableField.DUE_AT if dossier.received_at is not None:
            if new is None:
                return replace(dossier, deadlines=())
            at = dossier.deadlines[-1].at if dossier.deadlines else dossier.received_at
            right = _deadline(written(new), at, dossier.received_at, dossier.term)
            return replace(dossier, deadlines=(*dossier.deadlines[:-1], right))
        case CorrectableField.RECEIVED_AT if new is not None and dossier.received_at is not None:
            return _received_then(dossier, dossier.received_at, written(new), at)
        case CorrectableField.RECEIVED_BY:
            return replace(dossier, received_by=new)
        case CorrectableField.APPLICANT:
            return replace(dossier, applicant=new)
        case CorrectableField.CHANNEL if new is not None:
            return replace(dossier, channel=new)
        case CorrectableField.DEPARTMENT if new:
            return replace(dossier, department=new)
        case CorrectableField.PROCEDURE if new:
            return replace(dossier, procedure=new)
        case _:
            msg = f"{field.value} cannot become {_written(new)}"
            raise ValueError(msg)


INSTANTS = frozenset({CorrectableField.DUE_AT, CorrectableField.RECEIVED_AT})
"""What a correction writes as an instant."""


def _received_then(dossier: Dossier, before: datetime, right: datetime, at: datetime) -> Dossier:
    """Received at another time; not before it was submitted, nor after what is known to have happened later."""
    right = local(right)
    later = [
        *(pause.started_at for pause in dossier.suspensions[:1]),
        *(change.at for change in dossier.deadlines if change.at > before),
        *(hop.forwarded_at for hop in dossier.hops[:1]),
        *(
            instant
            for instant in (dossier.closed_at, dossier.returned_at, dossier.apologised_at)
            if instant is not None
        ),
        at,
    ]
    if dossier.submitted_at is not None and right < dossier.submitted_at:
        msg = f"it was submitted at {dossier.submitted_at.isoformat()}, and {right.isoformat()} is before that"
        raise ValueError(msg)
    if right > min(later):
        msg = f"something happened to it at {min(later).isoformat()}, and {right.isoformat()} is after that"
        raise ValueError(msg)
    if dossier.due_at is not None:
        _deadline(dossier.due_at, right, right, dossier.term)
    return replace(
        dossier,
        received_at=right,
        deadlines=tuple(replace(change, at=right) if change.at == before else change for change in dossier.deadlines),
        acceptances=tuple(
            replace(each, answered_at=right) if each.answered_at == before else each for each in dossier.acceptances
        ),
    )


def _answered(hops: tuple[Hop, ...], agency: str | None, at: datetime) -> tuple[Hop, ...]:
    """The hops after an answer: it closes the latest open hop to that agency, or the latest open one when no agency is named.

    An answer that no open hop waits for changes nothing.
    """
    for index in reversed(range(len(hops))):
        hop = hops[index]
        if hop.answered_at is None and (agency is None or same_name(agency, hop.agency)):
            return (*hops[:index], replace(hop, answered_at=at), *hops[index + 1 :])
    return hops
