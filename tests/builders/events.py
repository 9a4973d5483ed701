"""One valid event of every kind, and dossiers brought to any state by the shortest way."""

from datetime import datetime
from typing import Any, NamedTuple

from shared.domain import events
from shared.domain.dossier import Dossier
from shared.domain.events import Event
from shared.domain.fields import Channel, CorrectableField
from shared.domain.lifecycle import EventKind, State
from shared.domain.transitions import apply
from tests.builders.times import at

CODE = "H59.15-230103-0001"
START = at("2023-01-03 08:31")
DUE = at("2023-01-10 08:31")

_ABOUT: dict[str, Any] = {"department": "H59.15", "procedure": "2.000635", "channel": Channel.ONLINE}
_PAYLOADS: dict[EventKind, dict[str, Any]] = {
    EventKind.SUBMITTED: _ABOUT,
    EventKind.RECEIVED: _ABOUT | {"due_at": DUE},
    EventKind.EXTENDED: {"due_at": at("2023-01-17 08:31")},
    EventKind.DEADLINE_SET: {"due_at": at("2023-01-17 08:31")},
    EventKind.RATED: {"score": 5},
    EventKind.FEE_PAID: {"amount_vnd": 50_000},
    EventKind.CORRECTED: {"field": CorrectableField.CHANNEL, "old_value": "online", "new_value": "postal"},
}
_WAYS: dict[State, tuple[EventKind, ...]] = {
    State.SUBMITTED: (EventKind.SUBMITTED,),
    State.DECLINED: (EventKind.SUBMITTED, EventKind.DECLINED),
    State.RECEIVED: (EventKind.RECEIVED,),
    State.PROCESSING: (EventKind.RECEIVED, EventKind.PROCESSING_STARTED),
    State.AWAITING_SUPPLEMENT: (EventKind.RECEIVED, EventKind.SUPPLEMENT_REQUESTED),
    State.AWAITING_PAYMENT: (EventKind.RECEIVED, EventKind.PAYMENT_REQUESTED),
    State.WITHDRAWN: (EventKind.RECEIVED, EventKind.WITHDRAWN),
    State.STOPPED: (EventKind.RECEIVED, EventKind.STOPPED),
    State.RESOLVED: (EventKind.RECEIVED, EventKind.RESOLVED),
    State.RETURNED: (EventKind.RECEIVED, EventKind.RESOLVED, EventKind.RETURNED),
    State.SUSPENDED: (EventKind.RECEIVED, EventKind.SUSPENDED),
    State.TRANSFERRED: (EventKind.RECEIVED, EventKind.TRANSFERRED),
    State.VOIDED: (EventKind.RECEIVED, EventKind.VOIDED),
}


class Dated(NamedTuple):
    """An event and when it happened: the last two arguments of `apply`."""

    event: Event
    occurred_at: datetime

    @property
    def kind(self) -> EventKind:
        return self.event.kind


def an_event(kind: EventKind, occurred_at: datetime = START, **payload: Any) -> Dated:
    """A valid event of the kind; `payload` overrides what it carries."""
    return Dated(events.EVENT_TYPES[kind](**_PAYLOADS.get(kind, {}) | payload), occurred_at)


def received(occurred_at: datetime = START, **payload: Any) -> Dated:
    return an_event(EventKind.RECEIVED, occurred_at, **payload)


def event(name: str, when: str, **payload: Any) -> Dated:
    """`event("resolved", "2023-01-09 10:00")`."""
    return an_event(EventKind(name), at(when), **payload)


def dossier_after(*history: Dated, code: str = CODE) -> Dossier:
    """The dossier after its whole history."""
    dossier: Dossier | None = None
    for each in history:
        dossier = apply(dossier, code, *each)
    assert dossier is not None, "a dossier needs at least one event"
    return dossier


def dossier_in(state: State) -> Dossier:
    """A dossier that came to the state by the shortest way, all at one instant."""
    return dossier_after(*(an_event(kind) for kind in _WAYS[state]))


def moved_to(each: Dated, occurred_at: datetime) -> Dated:
    """The same event at another time."""
    return each._replace(occurred_at=occurred_at)
