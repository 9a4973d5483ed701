"""The second derivation: each case told again as a clerk would, step by step, sharing no code with the product."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.golden.paper_calendar import DAY, HERE, HOUR, PaperCalendar, on_the_wall
from tests.golden.reading import CALENDARS, CHANNELS, Case, calendar_of, class_of_channel, rules_of

PAUSES = {"supplement_requested", "payment_requested", "suspended"}
CLOSES = {"resolved", "returned", "withdrawn", "stopped", "transferred"}
PAUSE_ENDS = CLOSES | {"supplemented", "supplement_lapsed", "payment_settled", "resumed"}
HALVES = (time(7, 0), time(13, 30))  # the local day of half-day/1: before seven, to half past one, the rest
EIGHT_HOURS = 8 * HOUR
_EVERYBODY = {own["department"] for own in CALENDARS.values()}


@dataclass
class Paper:
    """What stands in the dossier's paper folder."""

    case: Case
    calendar: PaperCalendar
    channel: str
    department: str
    place: str | None = None
    received: datetime | None = None
    rule: dict[str, Any] = field(default_factory=dict)
    hours: bool = False
    original: datetime | None = None
    dues: list[tuple[datetime, datetime | None]] = field(default_factory=list)  # since when, due when
    pauses: list[list[datetime]] = field(default_factory=list)  # begun, and ended
    in_tray: list[list[datetime | None]] = field(default_factory=list)  # laid there, to be answered by, answered
    closing: dict[str, Any] | None = None
    handed_out: dict[str, Any] | None = None
    torn_up: bool = False
    hops: list[dict[str, Any]] = field(default_factory=list)

    @property
    def due(self) -> datetime | None:
        return self.dues[-1][1] if self.dues else None

    @property
    def given(self) -> datetime | None:
        """What was last written into the folder by somebody's decision, not by a pause."""
        ends = [pause[1] for pause in self.pauses if len(pause) > 1]
        return next((due for since, due in reversed(self.dues) if since not in ends), None)

    @property
    def closed(self) -> datetime | None:
        return here(self.closing["at"]) if self.closing else None

    @property
    def counted_channel(self) -> str:
        return class_of_channel(self.channel)


def paper_of(case: Case) -> Paper:
    """The folder after the last event of the case."""
    name = calendar_of(case)
    paper = Paper(case, on_the_wall(name), case.get("channel", "online"), CALENDARS[name]["department"])
    paper.place = case.get("received_by")
    opening = [{"event": name, "at": case[name]} for name in ("submitted", "received") if name in case]
    for event in [*opening, *case.get("events", [])]:
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


def _first_due(paper: Paper, received: datetime) -> datetime | None:
    """By the term of the channel, of its class, or the usual one."""
    rule, calendar = paper.rule, paper.calendar
    counted, term = _counted_from(received, rule, calendar), _term_of(paper)
    if term:
        return _after_term(counted, term["amount"], term["unit"], calendar)
    if rule.get("same_day"):
        return datetime.combine(counted.date(), calendar.hours_on(counted.date())[-1][1], HERE)
    return None


def _term_of(paper: Paper) -> dict[str, Any] | None:
    own = paper.rule.get("channel_terms", {})
    term: dict[str, Any] | None = own.get(paper.channel, own.get(paper.counted_channel, paper.rule.get("term")))
    return term


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
    _move_in_tray(paper, name, at)
    if name == "received":
        _receive(paper, at)
    if name in PAUSES and paper.received:
        paper.pauses.append([at])
    running_pause = paper.pauses[-1] if paper.pauses and len(paper.pauses[-1]) == 1 else None
    if name in PAUSE_ENDS and running_pause:
        running_pause.append(at)
        _credit(paper, running_pause[0], at)
    if name in ("extended", "deadline_set"):
        _set_due(paper, event, at)
    if name == "corrected":
        _correct(paper, event)
    if name == "forwarded":
        paper.hops.append({"due": event.get("due_at"), "answered": None})
    if name == "forward_answered":
        paper.hops[-1]["answered"] = at
    _put_away(paper, event, at)


def _put_away(paper: Paper, event: dict[str, Any], at: datetime) -> None:
    """The folder is closed, handed out, taken from the shelf again or torn up."""
    name = event["event"]
    if name in CLOSES and paper.closing is None:
        paper.closing = event
    if name == "returned":
        paper.handed_out = event
    if name == "reopened":
        paper.closing = paper.handed_out = None
        if "due_at" in event:
            paper.dues.append((at, here(event["due_at"])))
    if name == "voided":
        paper.torn_up = True


def _move_in_tray(paper: Paper, name: str, at: datetime) -> None:
    """The tray of what nobody has looked at yet; what came online is given eight working hours."""
    waiting = next((each for each in paper.in_tray if each[2] is None), None)
    if name in ("received", "declined", "supplement_requested") and waiting:
        waiting[2] = at
    came_again = name == "supplemented" and not paper.received and paper.in_tray and not waiting
    if name == "submitted" or came_again:
        until = paper.calendar.after(at, EIGHT_HOURS) if paper.counted_channel == "online" else None
        paper.in_tray.append([at, until, None])


def _receive(paper: Paper, at: datetime) -> None:
    case = paper.case
    paper.received, paper.rule = at, _rule_on(at.date(), case)
    paper.original = here(case["due_given"]) if "due_given" in case else _first_due(paper, at)
    paper.hours = (_term_of(paper) or {}).get("unit") == "working_hours"
    paper.dues = [(at, paper.original)]


def _set_due(paper: Paper, event: dict[str, Any], at: datetime) -> None:
    if paper.due is None:
        paper.dues = []
    if "due_at" in event:
        due = here(event["due_at"])
    else:
        term = event.get("by") or event["term"]
        begins = paper.due or here(event.get("starts_at", at))
        due = _after_term(begins, term["amount"], term["unit"], paper.calendar)
    if "term" in event:
        paper.hours = event["term"]["unit"] == "working_hours"
    paper.dues.append((at, due))


def _credit(paper: Paper, begun: datetime, ended: datetime) -> None:
    if paper.due is None or is_past("by_date", begun, paper.due, hours=paper.hours):
        return
    moved = _pushed(paper, paper.due, paper.calendar.between(begun, ended))
    if moved != paper.due:
        paper.dues.append((ended, moved))


def _pushed(paper: Paper, due: datetime, amount: timedelta) -> datetime:
    """A deadline given as the start of a day skips whole days as pauses fill them, one after the other or together:
    what ends with a day begins with the next."""
    calendar, moved = paper.calendar, paper.calendar.after(due, amount)
    given = paper.given or due
    opens = calendar.hours_on(given.date())[0][0]
    if paper.hours or not amount or not calendar.works_on(given.date()) or given.time() > opens:
        return moved
    if moved.time() < calendar.hours_on(moved.date())[-1][1]:
        return moved
    return datetime.combine(calendar.first_worked(moved.date() + DAY), given.timetz())


def _correct(paper: Paper, event: dict[str, Any]) -> None:
    name, new = event["field"], event.get("new")
    if name == "department":
        paper.department = str(new)
        paper.calendar = on_the_wall(next(name for name, own in CALENDARS.items() if own["department"] == new))
    if name == "channel":
        paper.channel = str(new)
    if name == "received_by":
        paper.place = new
    if name == "received_at":
        wrong, paper.received = paper.received, datetime.fromisoformat(str(new))
        paper.dues = [(paper.received if since == wrong else since, due) for since, due in paper.dues]
        for waiting in paper.in_tray:
            waiting[2] = paper.received if waiting[2] == wrong else waiting[2]
    if name == "procedure" and event.get("recompute"):
        paper.rule = paper.case["procedures"][new]
    if name == "due_at":
        since = paper.dues[-1][0]
        right = datetime.fromisoformat(str(new)) if new else None
        paper.dues = [*paper.dues[:-1], (since, right)] if right else [(paper.dues[0][0], None)]
    if event.get("recompute"):
        _count_again(paper)


def _count_again(paper: Paper) -> None:
    """As if the right rule had been known at receipt: its deadline, then every pause that is over."""
    assert paper.received is not None
    paper.original = _first_due(paper, paper.received)
    paper.hours = (_term_of(paper) or {}).get("unit") == "working_hours"
    paper.dues = [(paper.received, paper.original)]
    for pause in paper.pauses:
        if len(pause) > 1:
            _credit(paper, *pause)


def offered_as(case: Case) -> str | None:
    """What the clerk at the counter says: the code of the refusal, or None when the application is taken."""
    channel = case.get("channel", "online")
    if channel not in ("online", "in_person", "postal", *CHANNELS):
        return "unknown_channel"
    if CALENDARS[calendar_of(case)]["department"] not in case.get("handled_by", _EVERYBODY):
        return "wrong_department"
    offered = case.get("channels", [channel])
    return None if channel in offered or class_of_channel(channel) in offered else "channel_not_offered"


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
    if (
        paper.received is None
        or not paper.received < midnight
        or (paper.closed is not None and paper.closed < midnight)
    ):
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
