"""The lifecycle: ten states of the national portal and the events that move between them (domain §2)."""

from enum import StrEnum


class State(StrEnum):
    """The portal's states, in the order of its codes 1-10."""

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


SUSPENDED = frozenset({State.AWAITING_SUPPLEMENT, State.AWAITING_PAYMENT})
OPEN = frozenset({State.RECEIVED, State.PROCESSING}) | SUSPENDED
CLOSED = frozenset({State.WITHDRAWN, State.STOPPED, State.RESOLVED, State.RETURNED})

_S, _K = State, EventKind
_WORKING = frozenset({_S.RECEIVED, _S.PROCESSING})
_ANY = frozenset(State)

# event -> (states it is allowed from; None means that no dossier is there yet, the state it leads to;
# None keeps the state)
TRANSITIONS: dict[EventKind, tuple[frozenset[State | None], State | None]] = {
    _K.SUBMITTED: (frozenset({None}), _S.SUBMITTED),
    _K.RECEIVED: (frozenset({None, _S.SUBMITTED}), _S.RECEIVED),
    _K.DECLINED: (frozenset({_S.SUBMITTED}), _S.DECLINED),
    _K.PROCESSING_STARTED: (_WORKING, _S.PROCESSING),
    _K.SUPPLEMENT_REQUESTED: (_WORKING, _S.AWAITING_SUPPLEMENT),
    _K.SUPPLEMENTED: (frozenset({_S.AWAITING_SUPPLEMENT}), _S.PROCESSING),
    _K.PAYMENT_REQUESTED: (_WORKING, _S.AWAITING_PAYMENT),
    _K.PAYMENT_SETTLED: (frozenset({_S.AWAITING_PAYMENT}), _S.PROCESSING),
    _K.EXTENDED: (OPEN, None),
    _K.APOLOGISED: (OPEN, None),
    _K.FORWARDED: (OPEN, None),
    _K.FORWARD_ANSWERED: (OPEN, None),
    _K.WITHDRAWN: (OPEN, _S.WITHDRAWN),
    _K.STOPPED: (OPEN, _S.STOPPED),
    _K.RESOLVED: (_WORKING | {_S.AWAITING_PAYMENT}, _S.RESOLVED),
    _K.RETURNED: (_WORKING | {_S.RESOLVED}, _S.RETURNED),
    _K.RATED: (frozenset({_S.RESOLVED, _S.RETURNED}), None),
    _K.FEE_PAID: (_ANY, None),
    _K.CORRECTED: (_ANY, None),
}


def next_state(state: State | None, kind: EventKind) -> State | None:
    """The state after the event, or None when the table does not allow the event from this state."""
    allowed, target = TRANSITIONS[kind]
    if state not in allowed:
        return None
    return target or state


def allowed_from(state: State | None) -> list[EventKind]:
    """The events that the table allows from this state, in the lifecycle's order; None: no dossier is there yet."""
    return [kind for kind, (allowed, _) in TRANSITIONS.items() if state in allowed]
