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
PAUSES = ("supplement_requested", "payment_requested")
CLOSINGS = ("resolved", "returned", "withdrawn", "stopped")
ENDS_PAUSE = ("supplemented", "payment_settled", "resolved", "withdrawn", "stopped")
STOCKS = {  # the product's measure -> the name under which a dossier counts in it
    "open": "in_progress_total",
    "open_overdue": "in_progress_overdue",
    "open_suspended": "in_progress_suspended",
    "awaiting_return": "awaiting_return",
}
TOTAL = None
BY_DATE, INSTANT, HALF_DAY = "by-date/1", "instant/1", "half-day/1"


@dataclass
class RecountedDossier:
    """What the events say of one dossier, all corrections made."""

    about: dict[str, Any] = field(default_factory=dict)
    received: datetime | None = None
    in_hours: bool = False
    deadlines: list[tuple[datetime, datetime]] = field(default_factory=list)
    pauses: list[list[datetime | None]] = field(default_factory=list)
    closed: datetime | None = None
    closed_by: str | None = None
    outcome: str | None = None
    returned: datetime | None = None
    returned_by: str | None = None

    @property
    def due(self) -> datetime | None:
        """The deadline in force after the last event."""
        return self.deadlines[-1][1] if self.deadlines else None

    @property
    def paused_since(self) -> datetime | None:
        """When the pause began that holds after the last event."""
        return self.pauses[-1][0] if self.pauses and self.pauses[-1][1] is None else None


GroupBy = Callable[[RecountedDossier], Any]


def by_department(dossier: RecountedDossier) -> Any:
    return dossier.about["department"]


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
    """Open, overdue, suspended and awaiting return at the end of the day, as 0 or 1,
    by the names of the product's measures."""
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
    due = _instant(data["due_at"]) if data.get("due_at") else None
    paused = dossier.paused_since is not None
    if name in ("submitted", "received"):
        dossier.about = {key: data.get(key) for key in ("department", "procedure", "channel", "online_level")}
    if name == "received":
        dossier.received = at
        dossier.in_hours = (data.get("term") or {}).get("unit") == "working_hours"
    moved_by_pause = (
        name in ENDS_PAUSE and paused and due != dossier.due
    )  # one said again is still the one that a correction means
    if due and (name in ("received", "extended") or moved_by_pause):
        dossier.deadlines.append((at, due))
    if name in PAUSES:
        dossier.pauses.append([at, None])
    if name in ENDS_PAUSE and paused:
        dossier.pauses[-1][1] = at
    if name in CLOSINGS and dossier.closed is None:
        dossier.closed, dossier.closed_by = at, name
        dossier.outcome = data.get("outcome", "granted") if name == "resolved" else None
    if name == "returned":
        dossier.returned, dossier.returned_by = at, data.get("channel", "in_person")
    if name == "corrected":
        _correct(dossier, data["field"], data.get("new_value"))


def _correct(dossier: RecountedDossier, name: str, value: str | None) -> None:
    if name != "due_at":
        dossier.about[name] = value
    elif value is None:
        dossier.deadlines = []
    elif dossier.deadlines:
        dossier.deadlines[-1] = (dossier.deadlines[-1][0], _instant(value))
    else:
        assert dossier.received is not None
        dossier.deadlines = [(dossier.received, _instant(value))]


def _counted(dossier: RecountedDossier, first: date, last: date, definition: str) -> Iterable[str]:
    """The names under which the dossier counts once each in the period."""
    if dossier.received is None:
        return
    if first <= dossier.received.date() <= last:
        yield f"received_{dossier.about['channel']}"
        if dossier.about["channel"] == "online" and dossier.about["online_level"] == "full":
            yield "received_online_full"
    if _open(dossier, first - timedelta(days=1)):
        yield "carried_over"
    if dossier.closed and first <= dossier.closed.date() <= last:
        yield f"resolved_{_judged(dossier, definition)}"
        if dossier.outcome == "refused":
            yield "refused"
        if dossier.closed_by in ("withdrawn", "stopped"):
            yield dossier.closed_by
    if dossier.returned and first <= dossier.returned.date() <= last:
        yield f"returned_{dossier.returned_by}"
    if dossier.closed_by == "resolved" and _past(dossier.closed, last) and not _past(dossier.returned, last):
        yield "awaiting_return"
    if _open(dossier, last):
        yield "in_progress_total"
        yield "in_progress_overdue" if _overdue(dossier, last, definition) else "in_progress_within"
        if _paused_at(dossier, last):
            yield "in_progress_suspended"


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
    "received_in_person",
    "received_postal",
    "carried_over",
    "resolved_early",
    "resolved_on_time",
    "resolved_overdue",
    "resolved_no_deadline",
    "refused",
    "withdrawn",
    "stopped",
    "returned_online",
    "returned_in_person",
    "returned_postal",
    "awaiting_return",
    "in_progress_total",
    "in_progress_within",
    "in_progress_overdue",
    "in_progress_suspended",
)


def _sums(row: dict[str, int]) -> None:
    row["received_in_person_or_postal"] = row["received_in_person"] + row["received_postal"]
    row["received_total"] = row["received_online"] + row["received_in_person_or_postal"] + row["carried_over"]
    row["resolved_total"] = sum(row[f"resolved_{name}"] for name in ("early", "on_time", "overdue", "no_deadline"))
    row["returned_total"] = sum(row[f"returned_{channel}"] for channel in ("online", "in_person", "postal"))
