"""A straight recount of the figures from events as they travel: every dossier looked at at the end of the day; no deltas.

It shares no code with the product, so that a rule misread there is not misread here in the same way. Any definition of timeliness.
Events are CloudEvents as dicts, each dossier's in their order, accepted ones only. A correction counts from the start.
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
TOTAL = None
BY_DATE, INSTANT, HALF_DAY = "by-date/1", "instant/1", "half-day/1"


@dataclass
class Story:
    """What the events tell of one dossier, all corrections made."""

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


GroupBy = Callable[[Story], Any]


def by_department(story: Story) -> Any:
    return story.about["department"]


def recount(
    events: Iterable[dict[str, Any]], first: date, last: date, group_by: GroupBy = by_department, definition: str = BY_DATE
) -> dict[Any, dict[str, int]]:
    """Figures by group, and under TOTAL those of all; the names are the API's. A group without any dossier is left out."""
    return recount_stories(stories(events).values(), first, last, group_by, definition)


def recount_stories(
    told: Iterable[Story], first: date, last: date, group_by: GroupBy = by_department, definition: str = BY_DATE
) -> dict[Any, dict[str, int]]:
    """As `recount`, for stories told before."""
    found: dict[Any, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    found[TOTAL].update(dict.fromkeys(NAMES, 0))
    for story in told:
        for name in _counted(story, first, last, definition):
            found[TOTAL][name] += 1
            found[group_by(story)][name] += 1
    for row in found.values():
        _sums(row)
    return dict(found)


def stories(events: Iterable[dict[str, Any]]) -> dict[str, Story]:
    """The story of each dossier."""
    told: dict[str, Story] = defaultdict(Story)
    for event in events:
        tell(told[event["subject"]], event)
    return dict(told)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(HERE)


def tell(story: Story, event: dict[str, Any]) -> None:
    """Go on with a story by its dossier's next event."""
    name, at, data = event["type"].split(".")[-2], _instant(event["time"]), event.get("data") or {}
    due = _instant(data["due_at"]) if data.get("due_at") else None
    paused = bool(story.pauses) and story.pauses[-1][1] is None
    if name in ("submitted", "received"):
        story.about = {key: data.get(key) for key in ("department", "procedure", "channel", "online_level")}
    if name == "received":
        story.received = at
        story.in_hours = (data.get("term") or {}).get("unit") == "working_hours"
    in_force = story.deadlines[-1][1] if story.deadlines else None
    moved_by_pause = name in ENDS_PAUSE and paused and due != in_force  # one said again is still the one that a correction means
    if due and (name in ("received", "extended") or moved_by_pause):
        story.deadlines.append((at, due))
    if name in PAUSES:
        story.pauses.append([at, None])
    if name in ENDS_PAUSE and paused:
        story.pauses[-1][1] = at
    if name in CLOSINGS and story.closed is None:
        story.closed, story.closed_by = at, name
        story.outcome = data.get("outcome", "granted") if name == "resolved" else None
    if name == "returned":
        story.returned, story.returned_by = at, data.get("channel", "in_person")
    if name == "corrected":
        _correct(story, data["field"], data.get("new_value"))


def _correct(story: Story, name: str, value: str | None) -> None:
    if name != "due_at":
        story.about[name] = value
    elif value is None:
        story.deadlines = []
    elif story.deadlines:
        story.deadlines[-1] = (story.deadlines[-1][0], _instant(value))
    else:
        assert story.received is not None
        story.deadlines = [(story.received, _instant(value))]


def _counted(story: Story, first: date, last: date, definition: str) -> Iterable[str]:
    """The names under which the dossier counts once each in the period."""
    if story.received is None:
        return
    if first <= story.received.date() <= last:
        yield f"received_{story.about['channel']}"
        if story.about["channel"] == "online" and story.about["online_level"] == "full":
            yield "received_online_full"
    if _open(story, first - timedelta(days=1)):
        yield "carried_over"
    if story.closed and first <= story.closed.date() <= last:
        yield f"resolved_{_judged(story, definition)}"
        if story.outcome == "refused":
            yield "refused"
        if story.closed_by in ("withdrawn", "stopped"):
            yield story.closed_by
    if story.returned and first <= story.returned.date() <= last:
        yield f"returned_{story.returned_by}"
    if story.closed_by == "resolved" and _past(story.closed, last) and not _past(story.returned, last):
        yield "awaiting_return"
    if _open(story, last):
        yield "in_progress_total"
        yield "in_progress_overdue" if _overdue(story, last, definition) else "in_progress_within"
        if _paused_at(story, last):
            yield "in_progress_suspended"


def _past(instant: datetime | None, day: date) -> bool:
    return instant is not None and instant.date() <= day


def _open(story: Story, day: date) -> bool:
    return _past(story.received, day) and not _past(story.closed, day)


def _paused_at(story: Story, day: date) -> datetime | None:
    begun = [pause for pause in story.pauses if _past(pause[0], day)]
    return begun[-1][0] if begun and not _past(begun[-1][1], day) else None


def _overdue(story: Story, day: date, definition: str) -> bool:
    """Closed with the day's last instant it would be late; in a pause it is when it was late as the pause began."""
    in_force = [due for since, due in story.deadlines if since.date() <= day]
    if not in_force:
        return False
    due = in_force[-1]
    if definition == BY_DATE and due.date() == day:  # by date the day of the deadline is never overdue, whatever the term
        return False
    at = _paused_at(story, day) or datetime.combine(day, time.max, HERE)
    return _class(at, due, definition, in_hours=story.in_hours) == "overdue"


def _judged(story: Story, definition: str) -> str:
    assert story.closed is not None
    return _class(story.closed, story.deadlines[-1][1], definition, in_hours=story.in_hours) if story.deadlines else "no_deadline"


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
