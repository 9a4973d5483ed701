"""The second derivation: each case told again as a clerk would, step by step, sharing no code with the product."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.golden.paper_calendar import DAY, HERE, HOUR, PaperCalendar, on_the_wall
from tests.golden.reading import CALENDARS, Case, calendar_of, rules_of

PAUSES = {"supplement_requested", "payment_requested"}
CLOSES = {"resolved", "returned", "withdrawn", "stopped"}
PAUSE_ENDS = {"supplemented", "payment_settled", "resolved", "withdrawn", "stopped"}
HALVES = (time(7, 0), time(13, 30))  # the local day of half-day/1: before seven, to half past one, the rest


@dataclass
class Paper:
    """What stands in the dossier's paper folder."""

    received: datetime
    hours: bool
    calendar: PaperCalendar
    original: datetime | None
    dues: list[tuple[datetime, datetime | None]]  # since when, due when
    pauses: list[list[datetime]] = field(default_factory=list)  # begun, and ended
    closed: datetime | None = None
    hops: list[dict[str, Any]] = field(default_factory=list)

    @property
    def due(self) -> datetime | None:
        return self.dues[-1][1]


def paper_of(case: Case) -> Paper:
    """The folder after the last event of the case."""
    calendar = on_the_wall(calendar_of(case))
    received = here(case["received"])
    rule = _rule_on(received.date(), case)
    given = case.get("due_given")
    due = here(given) if given else _first_due(received, rule, calendar)
    hours = rule.get("term", {}).get("unit") == "working_hours"
    paper = Paper(received, hours, calendar, due, [(received, due)])
    for event in case.get("events", []):
        _tell(paper, event, here(event["at"]))
    return paper


def here(instant: datetime) -> datetime:
    return instant.astimezone(HERE)


def _rule_on(day: date, case: Case) -> dict[str, Any]:
    for rule in rules_of(case):
        if rule.get("valid_from", day) <= day <= rule.get("valid_to", day):
            return rule
    msg = f"{case['id']} has no rule on {day}"
    raise AssertionError(msg)


def _first_due(received: datetime, rule: dict[str, Any], calendar: PaperCalendar) -> datetime | None:
    counted = _counted_from(received, rule, calendar)
    if "term" in rule:
        return _after_term(counted, rule["term"]["amount"], rule["term"]["unit"], calendar)
    if rule.get("same_day"):
        return datetime.combine(counted.date(), calendar.hours_on(counted.date())[-1][1], HERE)
    return None


def _counted_from(received: datetime, rule: dict[str, Any], calendar: PaperCalendar) -> datetime:
    """A procedure whose intake closes: what comes later, or on a day off, is put on the next working day's pile."""
    if "closing_hour" not in rule and not rule.get("same_day"):
        return received
    day = received.date()
    if calendar.works_on(day):
        office_closes = calendar.hours_on(day)[-1][1]
        if received.time() <= min(rule.get("closing_hour", office_closes), office_closes):
            return received
    day = calendar.first_worked(day + DAY)
    return datetime.combine(day, calendar.hours_on(day)[0][0], HERE)


def _after_term(start: datetime, amount: int, unit: str, calendar: PaperCalendar) -> datetime:
    if unit == "working_hours":
        return calendar.after(start, amount * HOUR)
    day = start.date()
    if unit == "working_days":
        return datetime.combine(calendar.nth_worked_after(day, amount), start.timetz())
    if unit == "calendar_days":
        for _ in range(amount):
            day += DAY
    else:
        day = _same_day_of_month(day, amount)
    return datetime.combine(calendar.first_worked(day), start.timetz())


def _same_day_of_month(day: date, months: int) -> date:
    """Leaf through the months; where the day is missing, its last."""
    page = day.replace(day=1)
    for _ in range(months):
        page = (page + 31 * DAY).replace(day=1)
    wanted, found = day.day, page
    while found.day < wanted and (found + DAY).month == page.month:
        found += DAY
    return found


def _tell(paper: Paper, event: dict[str, Any], at: datetime) -> None:
    name = event["event"]
    running_pause = paper.pauses[-1] if paper.pauses and len(paper.pauses[-1]) == 1 else None
    if name in PAUSES:
        paper.pauses.append([at])
    if name in PAUSE_ENDS and running_pause:
        running_pause.append(at)
        _credit(paper, running_pause[0], at)
    if name == "extended":
        if paper.due is None:
            paper.dues = []
        paper.dues.append((at, here(event["due_at"])))
    if name == "corrected":
        _correct(paper, event)
    if name == "forwarded":
        paper.hops.append({"due": event.get("due_at"), "answered": None})
    if name == "forward_answered":
        paper.hops[-1]["answered"] = at
    if name in CLOSES and paper.closed is None:
        paper.closed = at


def _credit(paper: Paper, begun: datetime, ended: datetime) -> None:
    if paper.due is None or is_past("by_date", begun, paper.due, hours=paper.hours):
        return
    moved = paper.calendar.after(paper.due, paper.calendar.between(begun, ended))
    if moved != paper.due:
        paper.dues.append((ended, moved))


def _correct(paper: Paper, event: dict[str, Any]) -> None:
    if event["field"] == "department":
        paper.calendar = on_the_wall(next(name for name, own in CALENDARS.items() if own["department"] == event["new"]))
    if event["field"] == "due_at":
        since = paper.dues[-1][0]
        right = datetime.fromisoformat(event["new"]) if "new" in event else None
        paper.dues = [*paper.dues[:-1], (since, right)] if right else [(paper.received, None)]


def half(instant: datetime) -> tuple[date, int]:
    return instant.date(), sum(edge <= instant.time() for edge in HALVES)


def is_past(definition: str, instant: datetime, due: datetime, *, hours: bool) -> bool:
    """Whether the deadline has been missed at the instant."""
    if hours or definition == "instant":
        return instant > due
    return instant.date() > due.date() if definition == "by_date" else half(instant) > half(due)


def class_of(paper: Paper, definition: str) -> str | None:
    """The class of the closed dossier."""
    closed, due = paper.closed, paper.due
    if closed is None:
        return None
    if due is None:
        return "no_deadline"
    if is_past(definition, closed, due, hours=paper.hours):
        return "overdue"
    if definition == "instant":
        return "on_time" if closed == due else "early"
    if definition == "half_day":
        return "on_time" if half(closed) == half(due) else "early"
    same = (closed.date(), closed.hour) == (due.date(), due.hour) if paper.hours else closed.date() == due.date()
    return "on_time" if same else "early"


def standing_at_end_of(day: date, paper: Paper, definition: str) -> str:
    """How it stands when the day has ended."""
    midnight = datetime.combine(day + DAY, time(), HERE)
    if not paper.received < midnight or (paper.closed is not None and paper.closed < midnight):
        return "not_open"
    due = next((due for since, due in reversed(paper.dues) if since < midnight), None)
    paused = [pause[0] for pause in paper.pauses if pause[0] < midnight and (len(pause) == 1 or pause[1] >= midnight)]
    last_instant = midnight - timedelta.resolution
    overdue = due is not None and is_past(definition, last_instant, due, hours=paper.hours and definition != "by_date")
    if paused:
        held = due is None or not is_past(definition, paused[0], due, hours=paper.hours)
        return "overdue" if overdue and not held else "suspended"
    return "overdue" if overdue else "within" if due is not None else "no_deadline"


def hop_class(hop: dict[str, Any], day: date | None) -> str:
    """A hop by the dates of its own deadline and its answer; one that is not answered, at the end of the day."""
    if hop["due"] is None:
        return "no_deadline"
    due = here(hop["due"]).date()
    if hop["answered"] is None:
        assert day is not None, "a hop that is not answered needs a cut-off"
        return "overdue" if day > due else "within"
    answered = hop["answered"].date()
    return "overdue" if answered > due else "on_time" if answered == due else "early"
