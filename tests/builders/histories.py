"""Random histories of a dossier, and offices of a few up to hundreds of them: events of every kind in any order that
the rules allow, at awkward times, with deadlines that move about.

All randomness comes from one `random.Random`:
hypothesis lends one that it can shrink, and an office of hundreds is made of seeds.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from shared.domain.dossier import Dossier
from shared.domain.errors import CorrectionDoesNotMatch, DeadlineBeforeReceipt
from shared.domain.events import EVENT_TYPES, PAUSE_ENDS, Corrected
from shared.domain.fields import ADMINISTRATIVE, Channel, CorrectableField, DeadlineChange, OnlineLevel, Outcome
from shared.domain.lifecycle import EventKind, State, next_state
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit
from shared.domain.transitions import apply
from tests.builders.events import CODE, Dated, an_event
from tests.builders.times import at

EPOCH = at("2023-01-17 00:00")
DEPARTMENTS = ("H59.15", "H59.16")
PROCEDURES = ("2.000635", "1.000001")
OFFICE_DEPARTMENTS = ("H59.15", "H59.02", "H59.03")
OFFICE_PROCEDURES = ("2.000635", "1.004616", "1.004650", "2.002311", "9.999999")  # the last one is not in the catalogue
OF_HUNDREDS = range(200, 401)
LONGEST = 14  # events
GAPS = [
    timedelta(0),
    timedelta(minutes=30),
    timedelta(hours=3),
    timedelta(hours=9),
    timedelta(days=1),
    timedelta(days=2, hours=5),
]
LAST = timedelta.resolution
CLOCKS = [  # midnight, before and at opening, lunch, the afternoon, closing, the last of the day
    time(0), time(6, 59, 59, 999_999), time(7), time(8, 31), time(11, 30), time(12, 15), time(13, 29), time(13, 30),
    time(16), time(17), time(22), time(23, 59, 59, 999_999),
]  # fmt: skip
NEAR_DUE = [
    -timedelta(hours=4),
    -timedelta(minutes=30),
    -LAST,
    timedelta(0),
    LAST,
    timedelta(minutes=30),
    timedelta(hours=4),
]
HOURS = Term(8, TermUnit.WORKING_HOURS)
TERMS = [
    None,
    Term(3, TermUnit.WORKING_DAYS),
    Term(5, TermUnit.CALENDAR_DAYS),
    Term(1, TermUnit.MONTHS),
    HOURS,
    HOURS,
    HOURS,
]
AGENCIES = [None, "H59.20", "UBND xã Long Đức"]
OWN_CHANNELS = {"kiosk": Channel.ONLINE, "commune_centre": Channel.IN_PERSON, "locker": Channel.POSTAL}
CHANNELS: dict[str, Channel | None] = {  # as an event says it, and the class that intake says beside an own one
    **{str(channel): None for channel in Channel},
    "unknown": None,
    **OWN_CHANNELS,
}
RECEIVED_BEFORE = [timedelta(days=days) for days in (3, 1, 1, 0, 0, -1, -2)]
OF_THE_CLOCK = {CorrectableField.DUE_AT, CorrectableField.RECEIVED_AT}  # of what was received only
RECOMPUTING = {
    CorrectableField.PROCEDURE,
    CorrectableField.DEPARTMENT,
    CorrectableField.CHANNEL,
    CorrectableField.RECEIVED_AT,
}
OLD_DOSSIERS = [None, None, "H59.15-221208-0007"]

INTRICATE = {  # drawn four times as often as the rest before the closing: what moves deadlines and holds clocks
    EventKind.RECEIVED,
    EventKind.SUPPLEMENT_REQUESTED,
    EventKind.SUPPLEMENTED,
    EventKind.PAYMENT_REQUESTED,
    EventKind.PAYMENT_SETTLED,
    EventKind.EXTENDED,
    EventKind.CORRECTED,
    EventKind.SUSPENDED,
    EventKind.RESUMED,
}
SELDOM = {EventKind.VOIDED: 0.1}  # how often it stays so: nothing follows

History = list[Dated]
Office = Mapping[str, History]  # a dossier's code -> its events
T = TypeVar("T")


def histories() -> st.SearchStrategy[tuple[Dossier, History]]:
    """A dossier and the events that made it."""
    return st.builds(history, st.randoms(use_true_random=False))


def history(
    rng: Random,
    start: datetime = EPOCH,
    departments: tuple[str, ...] = DEPARTMENTS,
    procedures: tuple[str, ...] = PROCEDURES,
) -> tuple[Dossier, History]:
    """One drawn from `rng`: at least one event, the first one on the day of `start` or the next;
    corrected to these departments only."""
    draw = _Draw(rng, departments, procedures)
    now = start + rng.choice(GAPS[:-2])
    dossier: Dossier | None = None
    events: History = []
    for _ in range(rng.randint(1, LONGEST)):
        allowed = _allowed(dossier)
        if not allowed:
            break
        now = draw.later(now, None if dossier is None else dossier.due_at)
        kind = rng.choice(allowed)
        if rng.random() > SELDOM.get(kind, 1):
            continue
        event = an_event(kind, now, **draw.payload(kind, dossier, now))
        try:
            dossier = apply(dossier, CODE, *event)
        except DeadlineBeforeReceipt:
            continue
        except CorrectionDoesNotMatch:
            if _moves_the_receipt(event):
                continue  # behind what is known to have happened later
            raise
        events.append(event)
    if dossier is None:
        opening = an_event(EventKind.RECEIVED, now, due_at=None, department=departments[0], procedure=procedures[0])
        dossier = apply(None, CODE, *opening)
        events.append(opening)
    return dossier, events


def office(rng: Random, size: int, days: int = 1) -> Office:
    """`size` dossiers whose first events lie within `days` days and a bit."""
    histories_by_code = {}
    for number in range(size):
        start = EPOCH + timedelta(days=rng.randrange(days))
        _, histories_by_code[f"H59.15-230117-{number:04}"] = history(rng, start, OFFICE_DEPARTMENTS, OFFICE_PROCEDURES)
    return histories_by_code


def offices() -> st.SearchStrategy[Office]:
    """A few dossiers, which hypothesis can make fewer and simpler."""
    return st.builds(office, st.randoms(use_true_random=False), st.integers(1, 6))


def _allowed(dossier: Dossier | None) -> list[EventKind]:
    state = None if dossier is None else dossier.state
    allowed = [kind for kind in EventKind if next_state(state, kind) is not None]
    if dossier is not None and dossier.due_at is not None and EventKind.DEADLINE_SET in allowed:
        allowed.remove(EventKind.DEADLINE_SET)
    moves = dossier is None or dossier.is_open or dossier.state is State.SUBMITTED
    return allowed + [kind for kind in allowed if kind in INTRICATE and moves] * 3


def _moves_the_receipt(event: Dated) -> bool:
    return isinstance(event.event, Corrected) and event.event.field is CorrectableField.RECEIVED_AT


class _Draw:
    """Draws times and what events carry."""

    def __init__(self, rng: Random, departments: tuple[str, ...], procedures: tuple[str, ...]) -> None:
        self._rng = rng
        self._departments = departments
        self._procedures = procedures

    def _pick(self, options: Sequence[T]) -> T:
        return self._rng.choice(options)

    def later(self, now: datetime, due: datetime | None) -> datetime:
        """Not before `now`: after a while, at an awkward time of that day, or right around the deadline."""
        if due is not None and (near := due + self._pick(NEAR_DUE)) >= now and self._rng.random() < 0.3:
            return near
        later = now + self._pick(GAPS)
        awkward = datetime.combine(later.date(), self._pick(CLOCKS), LOCAL)
        return awkward if awkward >= now and self._rng.random() < 0.5 else later

    def payload(self, kind: EventKind, dossier: Dossier | None, now: datetime) -> dict[str, Any]:
        moved = self._moved(dossier) if EVENT_TYPES[kind] in PAUSE_ENDS else {}
        match kind:
            case EventKind.SUBMITTED:
                return self._about() | self._acceptance(now)
            case EventKind.SUPPLEMENTED:
                return moved | self._acceptance(now)
            case EventKind.RECEIVED:
                return self._about() | {
                    "term": self._pick(TERMS),
                    "due_at": self._pick([None, *[self._day(now, 0)] * 4]),
                }
            case EventKind.EXTENDED:
                return {"due_at": self._day(now, -2), "by": self._pick([None, None, Term(2, TermUnit.WORKING_DAYS)])}
            case EventKind.DEADLINE_SET:
                return {"due_at": self._day(now, 0), "term": self._pick(TERMS), "starts_at": self._pick([None, now])}
            case EventKind.REOPENED:
                due = None if dossier is None else dossier.due_at
                return {"due_at": self._pick([None, due, self._day(now, -2)])}
            case EventKind.RESOLVED:
                return moved | {
                    "outcome": self._pick(list(Outcome)),
                    "electronic_result": self._pick([None, True]),
                }
            case EventKind.RETURNED:
                return moved | {"channel": self._pick(list(Channel))}
            case EventKind.STOPPED:
                return moved | {"reason": self._pick([None, "hết thời hạn bổ sung", ADMINISTRATIVE])}
            case EventKind.CORRECTED:
                assert dossier is not None
                return self._correction(dossier, now)
            case _:
                return moved or self._of_no_figure(kind, now)

    def _of_no_figure(self, kind: EventKind, now: datetime) -> dict[str, Any]:
        """What events carry that change no figure."""
        match kind:
            case EventKind.SUPPLEMENT_REQUESTED | EventKind.ASSIGNED:
                return {"due_at": self._pick([None, self._day(now, 0)])}
            case EventKind.APOLOGISED:
                return {"promised_at": self._day(now, 0)}
            case EventKind.FORWARDED:
                return {"agency": self._pick(AGENCIES), "due_at": self._pick([None, self._day(now, -1)])}
            case EventKind.FORWARD_ANSWERED:
                return {"agency": self._pick(AGENCIES)}
            case EventKind.RATED:
                return {"score": self._rng.randint(1, 5)}
            case EventKind.FEE_PAID:
                return {"amount_vnd": 50_000, "paid_online": self._pick([True, False])}
            case _:
                return {}

    def _about(self) -> dict[str, Any]:
        return self._channel() | {
            "department": self._pick(self._departments),
            "procedure": self._pick(self._procedures),
            "online_level": self._pick([None, *OnlineLevel]),
            "received_by": self._pick([None, *self._departments]),
            "follows": self._pick(OLD_DOSSIERS),
        }

    def _channel(self) -> dict[str, Any]:
        channel = self._pick(list(CHANNELS))
        return {"channel": channel, "channel_class": CHANNELS[channel]}

    def _acceptance(self, now: datetime) -> dict[str, Any]:
        return {"acceptance_due_at": self._pick([None, *[self._day(now, 0)] * 3])}

    def _moved(self, dossier: Dossier | None) -> dict[str, Any]:
        """The deadline as a pause moved it: somewhere later, the same, or none named."""
        due = None if dossier is None else dossier.due_at
        return {} if due is None else {"due_at": self._pick([None, due, self._day(due, 0), self._day(due, 0)])}

    def _day(self, instant: datetime, earliest: int) -> datetime:
        """An awkward time from `earliest` days after the instant to six days later, mostly near it."""
        day: date = instant.date() + timedelta(
            days=self._pick([*range(earliest, 7), *range(earliest, 2), *range(earliest, 2)])
        )
        return datetime.combine(day, self._pick(CLOCKS), LOCAL)

    def _correction(self, dossier: Dossier, now: datetime) -> dict[str, Any]:
        fields: list[CorrectableField] = [each for each in CorrectableField if each not in OF_THE_CLOCK]
        if dossier.received_at is not None:
            fields += [CorrectableField.DUE_AT, CorrectableField.RECEIVED_AT] * 4
        field = self._pick(fields)
        old, new = self._values(field, dossier, now)
        found = {"field": field, "old_value": old, "new_value": new}
        if field is CorrectableField.CHANNEL:
            found["channel_class"] = CHANNELS[str(new)]
        if field in RECOMPUTING and dossier.received_at is not None and self._rng.random() < 0.3:
            received_at = datetime.fromisoformat(str(new)) if field is CorrectableField.RECEIVED_AT else None
            found |= self._recomputed(dossier, received_at or dossier.received_at)
        return found

    def _recomputed(self, dossier: Dossier, received_at: datetime) -> dict[str, Any]:
        """The deadlines by another rule: none, or one from the receipt on and one from the end of some pauses on."""
        since = [received_at, *(pause.ended_at for pause in dossier.suspensions if pause.ended_at is not None)]
        changes = [DeadlineChange(at, self._day(at, 0)) for at in since if at is received_at or self._pick([1, 0])]
        return {
            "recompute": True,
            "term": self._pick(TERMS),
            "deadlines": self._pick([(), *[tuple(changes)] * 3]),
        }

    def _values(self, field: CorrectableField, dossier: Dossier, now: datetime) -> tuple[str | None, str | None]:
        match field:
            case CorrectableField.CHANNEL:
                return dossier.channel, self._pick(list(CHANNELS))
            case CorrectableField.ONLINE_LEVEL:
                return dossier.online_level, self._pick([None, *OnlineLevel])
            case CorrectableField.DUE_AT:
                old = None if dossier.due_at is None else dossier.due_at.isoformat()
                return old, self._pick([None, *[self._day(now, -2).isoformat()] * 3])
            case CorrectableField.DEPARTMENT:
                return dossier.department, self._pick(self._departments)
            case CorrectableField.PROCEDURE:
                return dossier.procedure, self._pick(self._procedures)
            case CorrectableField.RECEIVED_AT:
                assert dossier.received_at is not None
                right = datetime.combine(dossier.received_at.date(), self._pick(CLOCKS), LOCAL)
                return dossier.received_at.isoformat(), (right - self._pick(RECEIVED_BEFORE)).isoformat()
            case CorrectableField.RECEIVED_BY:
                return dossier.received_by, self._pick([None, *self._departments])
            case CorrectableField.APPLICANT:
                return dossier.applicant, "p-" + "0" * 32
