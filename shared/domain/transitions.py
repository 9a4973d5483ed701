"""How an event changes a dossier: the one place where the lifecycle is applied."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from shared.domain import events
from shared.domain.corrections import corrected
from shared.domain.dossier import Acceptance, Dossier, Hop, Suspension, deadline_from
from shared.domain.errors import (
    DeadlineThere,
    NamesItself,
    TimeGoesBack,
    TooLongAHistory,
    TransitionNotAllowed,
    UnknownDossier,
)
from shared.domain.events import Event
from shared.domain.fields import ADMINISTRATIVE
from shared.domain.lifecycle import CLOSED, PAUSED, EventKind, State, allowed_from, next_state
from shared.domain.localtime import local
from shared.domain.texts import same_name

LONGEST_HISTORY = 100
"""Hops, pauses, deadlines of one dossier:
its status, which every event writes whole, stays far below a record's limit."""
OPENING = (events.Submitted, events.Received)
PAUSES = (events.SupplementRequested, events.PaymentRequested, events.Suspended)
LENGTHENING = (events.Extended, events.DeadlineSet, events.Reopened)
_GROWING = frozenset(cls.kind for cls in (events.Forwarded, *LENGTHENING, *PAUSES))


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
            f"allowed now: {', '.join(allowed) or 'nothing'}"
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
    if event.kind in _GROWING:
        _check_room(dossier, event)
    closing = _closing(event, state, at) if state in CLOSED and dossier.closed_at is None else {}
    return replace(
        _with_facts(dossier, event, at), sequence=dossier.sequence + 1, state=state, last_occurred_at=at, **closing
    )


def _closing(event: Event, state: State, at: datetime) -> dict[str, Any]:
    """What a dossier has from its closing; a result only where one was decided on."""
    closing: dict[str, Any] = {"closed_at": at, "closed_as": state}
    if isinstance(event, events.Resolved):
        closing["outcome"] = event.outcome
    elif isinstance(event, events.Stopped):
        closing["is_administrative"] = event.reason == ADMINISTRATIVE
    return closing


def _check_room(dossier: Dossier, event: Event) -> None:
    """Refuses what would make the status grow without end.

    The end of a pause always has room, so that any dossier can be closed.
    """
    if isinstance(event, events.Forwarded):
        grows = {"hops": len(dossier.hops)}
    elif isinstance(event, LENGTHENING):
        grows = {"deadlines": len(dossier.deadlines) + (dossier.state in PAUSED)}
    else:
        grows = {
            "pauses": len(dossier.suspensions),
            "deadlines": len(dossier.deadlines),
            "acceptances": len(dossier.acceptances),
        }
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
        received_by=event.received_by,
        channel_class=event.channel_class,
        applicant=event.applicant,
        follows=event.follows,
    )
    if isinstance(event, events.Received):
        return _received(dossier, event, at)
    return _asked(replace(dossier, submitted_at=at), event.acceptance_due_at, at)


def _received(dossier: Dossier, event: events.Received, at: datetime) -> Dossier:
    given = None if event.due_at is None else deadline_from(event.due_at, at, at, event.term)
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
    if events.ends_pause(event):
        return _went_on(dossier, event, at)
    match event:
        case events.Received():
            return _received(dossier, event, at)
        case events.ProcessingStarted() | events.Assigned():
            return replace(dossier, officer=event.officer) if event.officer else dossier
        case events.Declined():
            return replace(dossier, acceptances=_answered_at(dossier.acceptances, at))
        case events.SupplementRequested() | events.PaymentRequested() | events.Suspended():
            return _paused(dossier, event, at)
        case _:
            return _moved(dossier, event, at)


def _went_on(dossier: Dossier, event: events.PauseEnd, at: datetime) -> Dossier:
    """After what ends a pause, where one holds."""
    if dossier.state is State.SUBMITTED and isinstance(event, events.Supplemented):
        return _asked(dossier, event.acceptance_due_at, at) if dossier.was_sent_back else dossier
    resumed = _resumed(dossier, event.due_at, at)
    if isinstance(event, events.Returned):
        return replace(resumed, returned_at=at, return_channel=event.channel)
    return resumed


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
            return corrected(dossier, event, at)
        case _:
            return dossier


def _paused(
    dossier: Dossier, event: events.SupplementRequested | events.PaymentRequested | events.Suspended, at: datetime
) -> Dossier:
    """The clock stands. Of an application that was not received yet it has not started, and this answers it."""
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
            f"dossier {dossier.code} is due at {dossier.due_at.isoformat()} already; extended moves a deadline on "
            "a legal ground, corrected sets a wrong one right"
        )
        raise DeadlineThere(msg)
    return _due(replace(dossier, term=event.term or dossier.term), event.due_at, at)


def _reopened(dossier: Dossier, event: events.Reopened, at: datetime) -> Dossier:
    """As if it had never been closed (offices-2026 §4); a pause that the closing ended stays ended."""
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
        dossier, deadlines=(*dossier.deadlines, deadline_from(due_at, at, dossier.received_at or at, dossier.term))
    )


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
