"""The lifecycle: the states of a dossier and the events that move between them (domain §2, offices-2026 §4, §7)."""

from enum import StrEnum


class State(StrEnum):
    """The national portal's ten states in the order of its codes 1-10, then three that it does not have."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    DECLINED = "declined"
    PROCESSING = "processing"
    AWAITING_SUPPLEMENT = "awaiting_supplement"
    AWAITING_PAYMENT = "awaiting_payment"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    RESOLVED = "resolved"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    TRANSFERRED = "transferred"
    VOIDED = "voided"


class EventKind(StrEnum):
    SUBMITTED = "submitted"
    RECEIVED = "received"
    DECLINED = "declined"
    PROCESSING_STARTED = "processing_started"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"
    PAYMENT_REQUESTED = "payment_requested"
    PAYMENT_SETTLED = "payment_settled"
    EXTENDED = "extended"
    APOLOGISED = "apologised"
    FORWARDED = "forwarded"
    FORWARD_ANSWERED = "forward_answered"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    RESOLVED = "resolved"
    RETURNED = "returned"
    RATED = "rated"
    FEE_PAID = "fee_paid"
    CORRECTED = "corrected"
    ASSIGNED = "assigned"
    SUPPLEMENT_LAPSED = "supplement_lapsed"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    DEADLINE_SET = "deadline_set"
    TRANSFERRED = "transferred"
    REOPENED = "reopened"
    VOIDED = "voided"


WORKING = frozenset({State.RECEIVED, State.PROCESSING})
PAUSED = frozenset({State.AWAITING_SUPPLEMENT, State.AWAITING_PAYMENT, State.SUSPENDED})
OPEN = WORKING | PAUSED
CLOSED = frozenset({State.WITHDRAWN, State.STOPPED, State.RESOLVED, State.RETURNED, State.TRANSFERRED})

_S, _K = State, EventKind
_ANY = frozenset(State) - {State.VOIDED}

Moves = dict[State | None, State]  # from which states (None: no dossier is there yet) to which


def _to(target: State, *sources: State | None) -> Moves:
    return dict.fromkeys(sources, target)


def _stays(sources: frozenset[State]) -> Moves:
    return {state: state for state in sources}


TRANSITIONS: dict[EventKind, Moves] = {
    _K.SUBMITTED: _to(_S.SUBMITTED, None),
    _K.RECEIVED: _to(_S.RECEIVED, None, _S.SUBMITTED),
    _K.DECLINED: _to(_S.DECLINED, _S.SUBMITTED),
    _K.PROCESSING_STARTED: _to(_S.PROCESSING, *WORKING),
    # of an application that was not received yet: it is sent back, and its clock has still not started
    _K.SUPPLEMENT_REQUESTED: _to(_S.AWAITING_SUPPLEMENT, *WORKING) | {_S.SUBMITTED: _S.SUBMITTED},
    _K.SUPPLEMENTED: {_S.AWAITING_SUPPLEMENT: _S.PROCESSING, _S.SUBMITTED: _S.SUBMITTED},
    _K.PAYMENT_REQUESTED: _to(_S.AWAITING_PAYMENT, *WORKING),
    _K.PAYMENT_SETTLED: _to(_S.PROCESSING, _S.AWAITING_PAYMENT),
    _K.EXTENDED: _stays(OPEN),
    _K.APOLOGISED: _stays(OPEN),
    _K.FORWARDED: _stays(OPEN),
    _K.FORWARD_ANSWERED: _stays(OPEN),
    _K.WITHDRAWN: _to(_S.WITHDRAWN, *OPEN),
    _K.STOPPED: _to(_S.STOPPED, *OPEN),
    _K.RESOLVED: _to(_S.RESOLVED, *OPEN),
    _K.RETURNED: _to(_S.RETURNED, *OPEN, _S.RESOLVED),
    _K.RATED: _stays(frozenset({_S.RESOLVED, _S.RETURNED})),
    _K.FEE_PAID: _stays(_ANY),
    _K.CORRECTED: _stays(_ANY),
    _K.ASSIGNED: _stays(_ANY),
    _K.SUPPLEMENT_LAPSED: _to(_S.PROCESSING, _S.AWAITING_SUPPLEMENT),
    _K.SUSPENDED: _to(_S.SUSPENDED, *WORKING),
    _K.RESUMED: _to(_S.PROCESSING, _S.SUSPENDED),
    _K.DEADLINE_SET: _stays(WORKING),
    _K.TRANSFERRED: _to(_S.TRANSFERRED, *OPEN),
    _K.REOPENED: _to(_S.PROCESSING, *CLOSED),
    _K.VOIDED: _to(_S.VOIDED, *_ANY),
}


def next_state(state: State | None, kind: EventKind) -> State | None:
    """The state after the event, or None when the table does not allow the event from this state."""
    return TRANSITIONS[kind].get(state)


def allowed_from(state: State | None) -> list[EventKind]:
    """The events that the table allows from this state, in the lifecycle's order; None: no dossier is there yet."""
    return [kind for kind, moves in TRANSITIONS.items() if state in moves]


# Of one dossier's events at one instant the lifecycle mostly allows this order only; the others lie in between.
_PLACES: dict[str, int] = {
    _K.SUBMITTED: 0,
    _K.RECEIVED: 1,
    _K.DECLINED: 3,
    _K.RESOLVED: 3,
    _K.WITHDRAWN: 3,
    _K.STOPPED: 3,
    _K.TRANSFERRED: 3,
    _K.RETURNED: 4,
    _K.RATED: 5,
    _K.CORRECTED: 5,
    _K.REOPENED: 5,
    _K.VOIDED: 6,
}
_IN_BETWEEN = 2


def place_at_one_instant(event: str) -> int:
    """By this, what happened to a dossier at one instant is put in order, as when only the days are known."""
    return _PLACES.get(event, _IN_BETWEEN)
