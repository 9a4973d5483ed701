"""The walk from receipt to deadline: what the count passed, and why each stretch of it counted or not (domain §3).

It goes over the same stretches as `shared.domain.deadline`, so it ends where the deadline is; `due_at` only does not name them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from shared.domain.calendar import DayKind, WorkingCalendar
from shared.domain.deadline import DeadlineRule, at_time_of, counted_from, nominal_day
from shared.domain.localtime import LOCAL, ONE_DAY, local
from shared.domain.terms import Term, TermUnit


class Reason(StrEnum):
    """Why a stretch of time counts or does not."""

    WORKING_TIME = "working_time"  # counts: a session of a working day
    WORKING_DAY = "working_day"  # counts: a day of a term in working days
    SWAPPED_TO_WORK = "swapped_to_work"  # counts: working time, or a working day, on a day swapped to work
    CALENDAR_TIME = "calendar_time"  # counts: calendar days and months, days off among them
    SAME_DAY = "same_day"  # counts: the rest of the day that the answer is due on
    DAY_OF_RECEIPT = "day_of_receipt"
    INTAKE_CLOSED = "intake_closed"  # after the procedure's closing hour
    OUTSIDE_HOURS = "outside_hours"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    MOVED = "moved"  # the working day that a deadline on a day off moves to


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of local time that the count passed; `name` is what the calendar calls its day, "" when it has no name."""

    start: datetime
    end: datetime
    counts: bool
    reason: Reason
    name: str = ""


def walk(received_at: datetime, rule: DeadlineRule, calendar: WorkingCalendar) -> Iterator[Interval]:
    """What lies between receipt and deadline, without gaps: the first interval begins at the receipt, the last ends at the deadline.

    Counted intervals make up the term: their lengths for hours, calendar days and months, their number for working days. Nothing when
    the rule gives no deadline. Raises `CalendarNotKnown` when the count leaves the announced calendar.
    """
    if rule.term is None and not rule.same_day:
        return
    start = counted_from(rule, received_at, calendar)
    yield from _idle(local(received_at), start, calendar, Reason.INTAKE_CLOSED)
    if rule.term is None:
        yield Interval(start, calendar.closing(start.date()), counts=True, reason=Reason.SAME_DAY)
        return
    match rule.term.unit:
        case TermUnit.WORKING_DAYS:
            yield from _working_days(start, rule.term.amount, calendar)
        case TermUnit.CALENDAR_DAYS | TermUnit.MONTHS:
            yield from _calendar_time(start, rule.term, calendar)
        case TermUnit.WORKING_HOURS:
            yield from working_time(start, timedelta(hours=rule.term.amount), calendar)


def working_time(start: datetime, amount: timedelta, calendar: WorkingCalendar) -> Iterator[Interval]:
    """From `start` to where `amount` of working time is used up: what `WorkingCalendar.add_working_time` passes."""
    yield from _with_gaps(local(start), calendar.worked(start, amount), calendar)


def pause(paused_at: datetime, resumed_at: datetime, calendar: WorkingCalendar) -> Iterator[Interval]:
    """A pause: what `WorkingCalendar.working_time_between` credits, and what it does not."""
    end = local(paused_at)
    for interval in _with_gaps(end, calendar.worked_between(paused_at, resumed_at), calendar):
        yield interval
        end = interval.end
    yield from _idle(end, local(resumed_at), calendar, Reason.OUTSIDE_HOURS)


def _with_gaps(at: datetime, worked: Iterator[tuple[datetime, datetime]], calendar: WorkingCalendar) -> Iterator[Interval]:
    for opens, closes in worked:
        yield from _idle(at, opens, calendar, Reason.OUTSIDE_HOURS)
        yield _counted(opens, closes, Reason.WORKING_TIME, calendar)
        at = closes


def _working_days(start: datetime, amount: int, calendar: WorkingCalendar) -> Iterator[Interval]:
    at = midnight(start.date() + ONE_DAY)
    yield Interval(start, at, counts=False, reason=Reason.DAY_OF_RECEIPT)
    for number, day in enumerate(calendar.working_days_after(start.date(), amount), start=1):
        yield from _idle(at, midnight(day), calendar, Reason.OUTSIDE_HOURS)
        at = at_time_of(start, day) if number == amount else midnight(day + ONE_DAY)
        yield _counted(midnight(day), at, Reason.WORKING_DAY, calendar)


def _calendar_time(start: datetime, term: Term, calendar: WorkingCalendar) -> Iterator[Interval]:
    day = nominal_day(start, term)
    nominal = at_time_of(start, day)
    yield Interval(start, nominal, counts=True, reason=Reason.CALENDAR_TIME)
    working = calendar.on_or_after(day)
    if working != day:
        yield from _idle(nominal, midnight(working), calendar, Reason.OUTSIDE_HOURS)
        yield Interval(midnight(working), at_time_of(start, working), counts=False, reason=Reason.MOVED)


def _counted(start: datetime, end: datetime, reason: Reason, calendar: WorkingCalendar) -> Interval:
    day = start.date()
    if calendar.kind_of(day) is DayKind.SWAPPED_TO_WORK:
        reason = Reason.SWAPPED_TO_WORK
    return Interval(start, end, counts=True, reason=reason, name=calendar.names.get(day, ""))


def _idle(start: datetime, end: datetime, calendar: WorkingCalendar, on_a_working_day: Reason) -> Iterator[Interval]:
    """What does not count, day by day."""
    while start < end:
        day = start.date()
        until = min(midnight(day + ONE_DAY), end)
        kind = calendar.kind_of(day)
        if kind in (DayKind.WEEKEND, DayKind.DAY_OFF):
            yield Interval(start, until, counts=False, reason=Reason(kind.value), name=calendar.names.get(day, ""))
        else:
            yield Interval(start, until, counts=False, reason=on_a_working_day)
        start = until


def midnight(day: date) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time(), LOCAL)
