"""A straight recount of the figures from events as they travel: every dossier as it is at the end of a day; no deltas.

It imports nothing of the product, so that a rule misread there is not misread here in the same way. Any definition of
timeliness. Events are CloudEvents as dicts (`tests.builders.wire.travelling` makes them of domain events), each
dossier's in their order, accepted ones only. A correction counts from the start.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

HERE = timezone(timedelta(hours=7))
PAUSES = ("supplement_requested", "payment_requested", "suspended")
CLOSINGS = ("resolved", "returned", "withdrawn", "stopped", "transferred")
GOES_ON = ("supplemented", "supplement_lapsed", "payment_settled", "resumed")
SETS_A_DEADLINE = ("received", "extended", "deadline_set")
OUTCOMES = {"refused": "refused", "in_part": "granted_in_part", "by_law": "granted_by_law", "not_needed": "not_needed"}
STOCKS = {  # the product's measure -> the name under which a dossier counts in it
    "open": "in_progress_total",
    "open_overdue": "in_progress_overdue",
    "open_suspended": "in_progress_suspended",
    "awaiting_return": "awaiting_return",
    "awaiting_acceptance": "awaiting_acceptance",
    "awaiting_acceptance_late": "awaiting_acceptance_late",
}
TOTAL = None
BY_DATE, INSTANT, HALF_DAY = "by-date/1", "instant/1", "half-day/1"


@dataclass
class Waiting:
    """An online application lay there from `since` on, to be answered until `due`."""

    since: datetime
    due: datetime | None
    answered: datetime | None = None


@dataclass
class RecountedDossier:
    """What the events say of one dossier, all corrections made, all annulled closings forgotten.

    `about["channel"]` is the class that the form counts, `about["code"]` the channel itself.
    """

    about: dict[str, Any] = field(default_factory=dict)
    received: datetime | None = None
    in_hours: bool = False
    deadlines: list[tuple[datetime, datetime]] = field(default_factory=list)
    pauses: list[list[datetime | None]] = field(default_factory=list)
    waitings: list[Waiting] = field(default_factory=list)
    closed: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None
    administrative: bool = False
    returned: datetime | None = None
    returned_by: str | None = None
    voided: bool = False

    @property
    def due(self) -> datetime | None:
        """The deadline in force after the last event."""
        return self.deadlines[-1][1] if self.deadlines else None

    @property
    def paused_since(self) -> datetime | None:
        """When the pause began that holds after the last event."""
        return self.pauses[-1][0] if self.pauses and self.pauses[-1][1] is None else None

    @property
    def place_of_receipt(self) -> str:
        """Who took it in: the unit that the events name, else the department."""
        return str(self.about["received_by"] or self.about["department"])


GroupBy = Callable[[RecountedDossier], Any]


def by_department(dossier: RecountedDossier) -> Any:
    return dossier.about["department"]


def by_place_of_receipt(dossier: RecountedDossier) -> Any:
    return dossier.place_of_receipt


def recount(
    events: Iterable[dict[str, Any]],
    first: date,
    last: date,
    group_by: GroupBy = by_department,
    definition: str = BY_DATE,
) -> dict[Any, dict[str, int]]:
    """Figures by group, and under TOTAL those of all; the names are the API's.
    A group without any dossier is left out."""
    return recount_dossiers(dossiers_from(events).values(), first, last, group_by, definition)


def recount_dossiers(
    dossiers: Iterable[RecountedDossier],
    first: date,
    last: date,
    group_by: GroupBy = by_department,
    definition: str = BY_DATE,
) -> dict[Any, dict[str, int]]:
    """As `recount`, for dossiers made of their events before."""
    result: dict[Any, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    result[TOTAL].update(dict.fromkeys(NAMES, 0))
    for dossier in dossiers:
        for name in _counted(dossier, first, last, definition):
            result[TOTAL][name] += 1
            result[group_by(dossier)][name] += 1
    for row in result.values():
        _sums(row)
    return dict(result)


def flows(dossier: RecountedDossier, day: date, definition: str = BY_DATE) -> dict[str, int]:
    """What happened to the dossier on the day itself, each 1, by the names of the product's measures."""
    names = _counted(dossier, day, day, definition)
    by_channel = {f"received_{channel}": "received" for channel in ("online", "in_person", "postal")}
    return {
        by_channel.get(name, name): 1
        for name in names
        if name not in (*STOCKS.values(), "carried_over", "in_progress_within")
    }


def stocks(dossier: RecountedDossier, day: date, definition: str = BY_DATE) -> dict[str, int]:
    """Every stock at the end of the day, as 0 or 1, by the names of the product's measures."""
    names = set(_counted(dossier, day, day, definition))
    return {measure: int(name in names) for measure, name in STOCKS.items()}


def dossiers_from(events: Iterable[dict[str, Any]]) -> dict[str, RecountedDossier]:
    """Each dossier by its code."""
    dossiers: dict[str, RecountedDossier] = defaultdict(RecountedDossier)
    for event in events:
        take(dossiers[event["subject"]], event)
    return dict(dossiers)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(HERE)


def take(dossier: RecountedDossier, event: dict[str, Any]) -> None:
    """Change the dossier by its next event."""
    name, at, data = event["type"].split(".")[-2], _instant(event["time"]), event.get("data") or {}
    due = _optional(data.get("due_at"))
    _wait(dossier, name, at, data)
    if name in ("submitted", "received"):
        _open_it(dossier, name, at, data)
    if name == "deadline_set" and data.get("term"):
        dossier.in_hours = data["term"]["unit"] == "working_hours"
    if name in SETS_A_DEADLINE and due:
        dossier.deadlines.append((at, due))
    if name in PAUSES and dossier.received:
        dossier.pauses.append([at, None])
    if name in (*GOES_ON, *CLOSINGS) and dossier.paused_since is not None:
        dossier.pauses[-1][1] = at
        if due and due != dossier.due:  # one said again is still the one that a correction means
            dossier.deadlines.append((at, due))
    if name in CLOSINGS:
        _close(dossier, name, at, data)
    if name == "reopened":
        dossier.closed = dossier.closed_by = dossier.outcome = dossier.returned = dossier.returned_by = None
        dossier.administrative = False
        if due and due != dossier.due:
            dossier.deadlines.append((at, due))
    if name == "voided":
        dossier.voided = True
    if name == "corrected":
        _correct(dossier, data)


def _close(dossier: RecountedDossier, name: str, at: datetime, data: dict[str, Any]) -> None:
    if dossier.closed is None:
        dossier.closed, dossier.closed_by = at, name
        dossier.outcome = data.get("outcome", "granted") if name == "resolved" else None
        dossier.administrative = name == "stopped" and data.get("reason") == "administrative"
    if name == "returned":
        dossier.returned, dossier.returned_by = at, data.get("channel", "in_person")


def _open_it(dossier: RecountedDossier, name: str, at: datetime, data: dict[str, Any]) -> None:
    earlier = dossier.about.get("received_by")
    dossier.about = {key: data.get(key) for key in ("department", "procedure", "online_level")}
    dossier.about["received_by"] = data.get("received_by") or earlier
    _say_channel(dossier, data["channel"], data.get("channel_class"))
    if name == "received":
        dossier.received = at
        dossier.in_hours = (data.get("term") or {}).get("unit") == "working_hours"


def _say_channel(dossier: RecountedDossier, code: str, counted_as: str | None) -> None:
    known = code if code in ("online", "in_person", "postal") else "in_person"
    dossier.about |= {"code": code, "channel": counted_as or known}


def _wait(dossier: RecountedDossier, name: str, at: datetime, data: dict[str, Any]) -> None:
    """Applications wait for an answer from their submission on, and again once they were sent back and come.

    Only those that came online are counted for it, by the channel as it is right.
    """
    if name in ("received", "declined", "supplement_requested"):
        for waiting in dossier.waitings:
            waiting.answered = waiting.answered or at
    sent_back = dossier.received is None and dossier.waitings and dossier.waitings[-1].answered
    if name == "submitted" or (name == "supplemented" and sent_back):
        dossier.waitings.append(Waiting(at, _optional(data.get("acceptance_due_at"))))


def _optional(text: str | None) -> datetime | None:
    return _instant(text) if text else None


def _correct(dossier: RecountedDossier, data: dict[str, Any]) -> None:
    name, value = data["field"], data.get("new_value")
    due = _optional(value) if name == "due_at" else None
    if name == "channel":
        _say_channel(dossier, data["new_value"], data.get("channel_class"))
    elif name == "received_at":
        _receive_at(dossier, _instant(data["new_value"]))
    elif name == "due_at":
        since = dossier.deadlines[-1][0] if dossier.deadlines else dossier.received
        assert since is not None
        dossier.deadlines = [*dossier.deadlines[:-1], (since, due)] if due else []
    else:
        dossier.about[name] = value
    if data.get("deadlines") is not None:
        dossier.in_hours = (data.get("term") or {}).get("unit") == "working_hours"
        dossier.deadlines = [(_instant(each["at"]), _instant(each["due_at"])) for each in data["deadlines"]]


def _receive_at(dossier: RecountedDossier, right: datetime) -> None:
    """What happened by the receipt alone happened when it is right that it did."""
    wrong, dossier.received = dossier.received, right
    dossier.deadlines = [(right if since == wrong else since, due) for since, due in dossier.deadlines]
    for waiting in dossier.waitings:
        waiting.answered = right if waiting.answered == wrong else waiting.answered


def _counted(dossier: RecountedDossier, first: date, last: date, definition: str) -> Iterable[str]:
    """The names under which the dossier counts once each in the period."""
    if dossier.voided:
        return
    yield from _accepted(dossier, first, last)
    if dossier.received is None:
        return
    if first <= dossier.received.date() <= last:
        yield f"received_{dossier.about['channel']}"
        if dossier.about["channel"] == "online" and dossier.about["online_level"] == "full":
            yield "received_online_full"
        if dossier.about["code"] == "unknown":
            yield "received_unknown"
    if _open(dossier, first - timedelta(days=1)):
        yield "carried_over"
    if dossier.closed and first <= dossier.closed.date() <= last:
        yield from _resolved(dossier, definition)
    if dossier.returned and first <= dossier.returned.date() <= last:
        yield f"returned_{dossier.returned_by}"
    if dossier.closed_by == "resolved" and _past(dossier.closed, last) and not _past(dossier.returned, last):
        yield "awaiting_return"
    if _open(dossier, last):
        yield "in_progress_total"
        yield "in_progress_overdue" if _overdue(dossier, last, definition) else "in_progress_within"
        if _paused_at(dossier, last):
            yield "in_progress_suspended"


def _accepted(dossier: RecountedDossier, first: date, last: date) -> Iterable[str]:
    """In time or late by the first answer; waiting by whichever waiting the last day ends in."""
    waitings = dossier.waitings if dossier.about["channel"] == "online" else []
    for waiting in waitings[:1]:
        if waiting.due and waiting.answered and first <= waiting.answered.date() <= last:
            yield "accepted_in_time" if waiting.answered <= waiting.due else "accepted_late"
    for waiting in waitings:
        if _past(waiting.since, last) and not _past(waiting.answered, last):
            yield "awaiting_acceptance"
            if waiting.due and waiting.due.date() < last:
                yield "awaiting_acceptance_late"


def _resolved(dossier: RecountedDossier, definition: str) -> Iterable[str]:
    yield f"resolved_{_judged(dossier, definition)}"
    if dossier.outcome in OUTCOMES:
        yield OUTCOMES[dossier.outcome]
    if dossier.closed_by in ("withdrawn", "stopped", "transferred"):
        yield dossier.closed_by
    if dossier.administrative:
        yield "stopped_administrative"


def _past(instant: datetime | None, day: date) -> bool:
    return instant is not None and instant.date() <= day


def _open(dossier: RecountedDossier, day: date) -> bool:
    return _past(dossier.received, day) and not _past(dossier.closed, day)


def _paused_at(dossier: RecountedDossier, day: date) -> datetime | None:
    begun = [pause for pause in dossier.pauses if _past(pause[0], day)]
    return begun[-1][0] if begun and not _past(begun[-1][1], day) else None


def _overdue(dossier: RecountedDossier, day: date, definition: str) -> bool:
    """Closed with the day's last instant it would be late; in a pause it is when it was late as the pause began."""
    in_force = [due for since, due in dossier.deadlines if since.date() <= day]
    if not in_force:
        return False
    due = in_force[-1]
    if (
        definition == BY_DATE and due.date() == day
    ):  # by date the day of the deadline is never overdue, whatever the term
        return False
    at = _paused_at(dossier, day) or datetime.combine(day, time.max, HERE)
    return _class(at, due, definition, in_hours=dossier.in_hours) == "overdue"


def _judged(dossier: RecountedDossier, definition: str) -> str:
    assert dossier.closed is not None
    return (
        "no_deadline"
        if dossier.due is None
        else _class(dossier.closed, dossier.due, definition, in_hours=dossier.in_hours)
    )


def _class(closed: datetime, due: datetime, definition: str, *, in_hours: bool) -> str:
    if definition == INSTANT:
        return "early" if closed < due else "on_time" if closed == due else "overdue"
    if in_hours and closed > due:
        return "overdue"
    if definition == HALF_DAY:
        before, after = (closed.date(), _half(closed)), (due.date(), _half(due))
        return "early" if before < after else "on_time" if before == after else "overdue"
    if in_hours:
        return "on_time" if (closed.date(), closed.hour) == (due.date(), due.hour) else "early"
    return "early" if closed.date() < due.date() else "on_time" if closed.date() == due.date() else "overdue"


def _half(instant: datetime) -> int:
    """0 before 07:00, 1 before 13:30, 2 from then on."""
    minutes = instant.hour * 60 + instant.minute
    return int(minutes >= 7 * 60) + int(minutes >= 13 * 60 + 30)


NAMES = (
    "received_online",
    "received_online_full",
    "received_unknown",
    "received_in_person",
    "received_postal",
    "carried_over",
    "resolved_early",
    "resolved_on_time",
    "resolved_overdue",
    "resolved_no_deadline",
    *OUTCOMES.values(),
    "withdrawn",
    "stopped",
    "stopped_administrative",
    "transferred",
    "returned_online",
    "returned_in_person",
    "returned_postal",
    "awaiting_return",
    "in_progress_total",
    "in_progress_within",
    "in_progress_overdue",
    "in_progress_suspended",
    "awaiting_acceptance",
    "awaiting_acceptance_late",
    "accepted_in_time",
    "accepted_late",
)


def _sums(row: dict[str, int]) -> None:
    row["received_in_person_or_postal"] = row["received_in_person"] + row["received_postal"]
    row["received_total"] = row["received_online"] + row["received_in_person_or_postal"] + row["carried_over"]
    row["resolved_total"] = sum(row[f"resolved_{name}"] for name in ("early", "on_time", "overdue", "no_deadline"))
    row["returned_total"] = sum(row[f"returned_{channel}"] for channel in ("online", "in_person", "postal"))
