"""A straight recount, sharing no rule with the product: how a dossier stood at the end of one day, told from its events alone.

What a correction sets right counts as if it had been right from the start; so corrections are written into the events they correct.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from msgspec.structs import replace

from shared.domain import events
from tests.builders.events import Dated

AFTER = {
    "submitted": "waiting",
    "declined": "waiting",
    "received": "running",
    "processing_started": "running",
    "supplement_requested": "paused",
    "supplemented": "running",
    "payment_requested": "paused",
    "payment_settled": "running",
    "withdrawn": "closed",
    "stopped": "closed",
    "resolved": "closed",
    "returned": "closed",
}


@dataclass
class Day:
    """A dossier at the end of a day."""

    state: str = "waiting"
    received: Dated | None = None
    due: datetime | None = None
    paused_at: datetime | None = None
    closing: Dated | None = None
    returned: Dated | None = None


def corrected(history: list[Dated]) -> list[Dated]:
    """The history with every correction written into the event it corrects."""
    told: list[Dated] = []
    for event in history:
        what = event.event
        if not isinstance(what, events.Corrected):
            told.append(_without_repetition(event, told))
        elif what.field == "due_at":
            _correct_due(told, None if what.new_value is None else datetime.fromisoformat(what.new_value))
        else:
            value: Any = events.Channel(what.new_value) if what.field == "channel" and what.new_value else what.new_value
            index = _last(told, "received", default=0)
            told[index] = _with(told[index], **{what.field.value: value})
    return told


def _with(event: Dated, **fields: Any) -> Dated:
    return event._replace(event=replace(event.event, **fields))


def _without_repetition(event: Dated, told: list[Dated]) -> Dated:
    """The event, without a deadline that only says again what is in force: a correction of that one corrects both."""
    setters = _setters(told)
    repeats = setters and event.kind not in ("received", "extended", "forwarded") and _due_of(event) == _due_of(told[setters[-1]])
    return _with(event, due_at=None) if repeats and _due_of(event) is not None else event


def _due_of(event: Dated) -> datetime | None:
    due: datetime | None = getattr(event.event, "due_at", None)
    return due


def _correct_due(told: list[Dated], due: datetime | None) -> None:
    setters = _setters(told)
    if due is None:
        for index in setters:
            told[index] = _with(told[index], due_at=None)
        return
    index = setters[-1] if setters else _last(told, "received", default=0)
    told[index] = _with(told[index], due_at=due)


def _setters(told: list[Dated]) -> list[int]:
    """Where the deadlines in force came from: a receipt, an extension, the end of a pause."""
    found, paused = [], False
    for index, event in enumerate(told):
        sets = event.kind in ("received", "extended") or (paused and event.kind != "forwarded")
        if sets and _due_of(event) is not None:
            found.append(index)
        paused = AFTER.get(event.kind, "paused" if paused else "") == "paused"
    return found


def _last(told: list[Dated], kind: str, default: int) -> int:
    return max((index for index, event in enumerate(told) if event.kind == kind), default=default)


def end_of(day: date, told: list[Dated]) -> Day:
    """The dossier at the end of the day; `told` has its corrections written in."""
    now = Day()
    for event in told:
        if event.occurred_at.date() > day:
            break
        kind = event.kind.value
        due = _due_of(event)
        if due is not None and (kind in ("received", "extended") or (now.state == "paused" and kind != "forwarded")):
            now.due = due
        if kind == "received":
            now.received = event
        if kind in AFTER:
            state = AFTER[kind]
            now.paused_at = event.occurred_at if state == "paused" else None
            if state == "closed" and now.state != "closed":
                now.closing = event
            now.state = state
        if kind == "returned":
            now.returned = event
    return now


def stocks(day: date, told: list[Dated], definition: str = "by-date/1") -> dict[str, int]:
    """Open, overdue, suspended and awaiting return at the end of the day, as 0 or 1."""
    now = end_of(day, told)
    is_open = now.received is not None and now.state in ("running", "paused")
    resolved = now.closing is not None and now.closing.kind == "resolved"
    return {
        "open": int(is_open),
        "open_overdue": int(is_open and _overdue(now, day, definition)),
        "open_suspended": int(now.state == "paused"),
        "awaiting_return": int(resolved and now.returned is None),
    }


def _overdue(now: Day, day: date, definition: str) -> bool:
    """Closed now it would be late; by-date/1 gives a term in hours the whole day of its deadline. In a pause: late when it began."""
    if now.due is None or (definition == "by-date/1" and now.due.date() >= day):
        return False
    end_of_day = datetime.combine(day, time.max, now.due.tzinfo)
    return _judge(now, now.paused_at or end_of_day, definition) == "overdue"


def _in_hours(now: Day) -> bool:
    term = None if now.received is None else getattr(now.received.event, "term", None)
    return term is not None and term.unit == "working_hours"


def flows(day: date, told: list[Dated], definition: str = "by-date/1") -> dict[str, int]:
    """What happened on the day itself, by the names of the measures."""
    now = end_of(day, told)
    found: dict[str, int] = {}
    if now.received is not None and now.received.occurred_at.date() == day:
        found["received"] = 1
        receipt: Any = now.received.event
        if receipt.channel == "online" and receipt.online_level == "full":
            found["received_online_full"] = 1
    if now.closing is not None and now.closing.occurred_at.date() == day:
        found[f"resolved_{_judge(now, now.closing.occurred_at, definition)}"] = 1
        if getattr(now.closing.event, "outcome", None) == "refused":
            found["refused"] = 1
        if now.closing.kind in ("withdrawn", "stopped"):
            found[now.closing.kind.value] = 1
    if now.returned is not None and now.returned.occurred_at.date() == day:
        returned: Any = now.returned.event
        found[f"returned_{returned.channel.value}"] = 1
    return found


def _judge(now: Day, closed: datetime, definition: str) -> str:
    due = now.due
    if due is None:
        return "no_deadline"
    if _in_hours(now) and closed > due:
        return "overdue"
    unit = {"by-date/1": _hour if _in_hours(now) else datetime.date, "instant/1": lambda instant: instant, "half-day/1": _half}[definition]
    if unit(closed) == unit(due):
        return "on_time"
    return "early" if closed < due else "overdue"


def _hour(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H}"


def _half(instant: datetime) -> str:
    clock = f"{instant:%H:%M}"
    return f"{instant:%Y-%m-%d} " + ("night" if clock < "07:00" else "morning" if clock < "13:30" else "afternoon")
