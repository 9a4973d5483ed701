"""Random histories of a dossier: any order of events the rules allow, at untidy times, with deadlines that move about."""

from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from shared.domain.dossier import Dossier, apply
from shared.domain.errors import DeadlineBeforeReceipt
from shared.domain.events import Channel, CorrectableField, Event, OnlineLevel
from shared.domain.lifecycle import EventKind, next_state
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit
from tests.builders.events import CODE, an_event
from tests.builders.times import at

EPOCH = at("2023-01-17 00:00")
GAPS = [timedelta(0), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=9), timedelta(days=1), timedelta(days=2, hours=5)]
TERMS = [None, Term(3, TermUnit.WORKING_DAYS), Term(8, TermUnit.WORKING_HOURS), Term(8, TermUnit.WORKING_HOURS)]

INTRICATE = {  # drawn four times as often as the rest: what moves deadlines and holds clocks
    EventKind.RECEIVED,
    EventKind.SUPPLEMENT_REQUESTED,
    EventKind.SUPPLEMENTED,
    EventKind.PAYMENT_REQUESTED,
    EventKind.PAYMENT_SETTLED,
    EventKind.EXTENDED,
    EventKind.CORRECTED,
}

History = list[Event]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Dossier, History]:
    """A dossier and the events that made it."""
    now = EPOCH + draw(st.sampled_from(GAPS))
    dossier: Dossier | None = None
    history: History = []
    for _ in range(draw(st.integers(1, 11))):
        now += draw(st.sampled_from(GAPS))
        kind = draw(st.sampled_from(_allowed(dossier)))
        event = an_event(kind, now, **_payload(draw, kind, dossier, now))
        try:
            dossier = apply(dossier, CODE, event)
        except DeadlineBeforeReceipt:
            continue
        history.append(event)
    if dossier is None:
        dossier = apply(None, CODE, opening := an_event(EventKind.RECEIVED, now, due_at=None))
        history.append(opening)
    return dossier, history


def _allowed(dossier: Dossier | None) -> list[EventKind]:
    state = None if dossier is None else dossier.state
    allowed = [kind for kind in EventKind if next_state(state, kind) is not None]
    return allowed + [kind for kind in allowed if kind in INTRICATE] * 3


def _payload(draw: st.DrawFn, kind: EventKind, dossier: Dossier | None, now: datetime) -> dict[str, Any]:
    match kind:
        case EventKind.RECEIVED:
            due = draw(st.sampled_from([None, at("2023-01-20 10:00")]) | _around(now, 0))
            level = draw(st.sampled_from([None, *OnlineLevel]))
            return {"due_at": due, "term": draw(st.sampled_from(TERMS)), "channel": draw(st.sampled_from(Channel)), "online_level": level}
        case EventKind.EXTENDED:
            return {"due_at": draw(_around(now, -2))}
        case EventKind.RETURNED:
            return {"channel": draw(st.sampled_from(Channel))}
        case EventKind.SUPPLEMENTED | EventKind.PAYMENT_SETTLED | EventKind.WITHDRAWN | EventKind.STOPPED | EventKind.RESOLVED:
            due = dossier.due_at if dossier is not None else None
            return {} if due is None else {"due_at": draw(st.none() | _around(due, 0))}
        case EventKind.CORRECTED:
            assert dossier is not None
            return _correction(draw, dossier, now)
        case _:
            return {}


def _correction(draw: st.DrawFn, dossier: Dossier, now: datetime) -> dict[str, Any]:
    field = (
        CorrectableField.CHANNEL
        if dossier.received_at is None
        else draw(st.sampled_from([*CorrectableField, *[CorrectableField.DUE_AT] * 4]))
    )
    old, new = _values(draw, field, dossier, now)
    return {"corrected_field": field, "old": old, "new": new}


def _values(draw: st.DrawFn, field: CorrectableField, dossier: Dossier, now: datetime) -> tuple[str | None, str | None]:
    match field:
        case CorrectableField.CHANNEL:
            return dossier.channel, draw(st.sampled_from(Channel))
        case CorrectableField.ONLINE_LEVEL:
            return dossier.online_level, draw(st.sampled_from([None, *OnlineLevel]))
        case CorrectableField.DUE_AT:
            old = None if dossier.due_at is None else dossier.due_at.isoformat()
            return old, draw(st.none() | _around(now, -2).map(datetime.isoformat))
        case CorrectableField.DEPARTMENT:
            return dossier.department, draw(st.sampled_from(["H59.15", "H59.16"]))
        case CorrectableField.PROCEDURE:
            return dossier.procedure, draw(st.sampled_from(["2.000635", "1.000001"]))


def _around(instant: datetime, earliest: int) -> st.SearchStrategy[datetime]:
    """An hour of a day from `earliest` days after the instant to six days later, mostly near it."""
    return st.builds(
        lambda days, hour: datetime.combine(instant.date() + timedelta(days=days), time(hour), LOCAL),
        st.integers(earliest, 1) | st.integers(0, 6),
        st.sampled_from([0, 8, 10, 16, 23]),
    )
