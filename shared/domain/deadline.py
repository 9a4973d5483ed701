"""Deadlines (domain §3): the walk from a receipt to its deadline, stretch by stretch, and how a pause moves a deadline.

There is one count, of stretches of time:
the deadline is where the last one ends, and the walk names them and what lies between.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from shared.domain.calendar import DayKind, WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local, local_date
from shared.domain.terms import Term, TermUnit

MONTHS_A_YEAR = 12
MIDNIGHT = time()


class Deadline(Struct, frozen=True, gc=False):
    """When a dossier is due. A deadline of days is kept until its day ends, one of a term in hours to the instant."""

    due_at: datetime
    in_hours: bool = False

    def overdue_from(self) -> datetime:
        """The first instant at which an open dossier stands overdue:
        the midnight after its day, or right after its hour."""
        if self.in_hours:
            return local(self.due_at) + timedelta.resolution
        return datetime.combine(local_date(self.due_at) + ONE_DAY, time(), LOCAL)


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """How a procedure answers: within a term, or (`same_day`, and no term) before its working day ends;
    else there is no deadline.

    A receipt after `closing_hour` or on a day off counts as made at the opening of the next working day; one at that
    very instant still counts for the day. Same-day answers without a closing hour close with the day's last session.
    """

    term: Term | None
    closing_hour: time | None = None
    same_day: bool = False


def due_by(rule: DeadlineRule, received_at: datetime, calendar: WorkingCalendar) -> datetime | None:
    """The deadline of a dossier received at `received_at` under a procedure's rule, in local time;
    None when it has none.

    Raises `CalendarNotKnown` when the count leaves the announced calendar.
    """
    if rule.term is None and not rule.same_day:
        return None
    due = None
    for _, due, _ in _count(counted_from(rule, received_at, calendar), rule, calendar):  # noqa: B007 - the last one is wanted
        pass
    return due


def due_at(received_at: datetime, term: Term, calendar: WorkingCalendar) -> datetime:
    """The deadline under a term alone, in local time. Raises `CalendarNotKnown`."""
    due = due_by(DeadlineRule(term), received_at, calendar)
    assert due is not None, "a term gives a deadline"
    return due


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


class Interval(Struct, frozen=True, gc=False):
    """A stretch of local time that the count passed;
    `name` is what the calendar calls its day, "" when it has no name."""

    start: datetime
    end: datetime
    counts: bool
    reason: Reason
    name: str = ""


def walk(received_at: datetime, rule: DeadlineRule, calendar: WorkingCalendar) -> Iterator[Interval]:
    """What lies between receipt and deadline, without gaps:
    the first interval begins at the receipt, the last ends at the deadline.

    Counted intervals make up the term: their lengths for hours, calendar days and months, their number
    for working days. Nothing when the rule gives no deadline. Raises `CalendarNotKnown` when the count
    leaves the announced calendar.

    Working days: the day of receipt is not counted; the same time of day N working days later. Calendar days
    and months: moved to the next working day when they end on a day off. Working hours: working time only,
    counted from the next opening.
    """
    if rule.term is None and not rule.same_day:
        return
    start = counted_from(rule, received_at, calendar)
    yield from _idle(local(received_at), start, calendar, Reason.INTAKE_CLOSED)
    yield from _named(start, _count(start, rule, calendar), calendar)


def working_time(start: datetime, amount: timedelta, calendar: WorkingCalendar) -> Iterator[Interval]:
    """From `start` to where `amount` of working time is used up: what `WorkingCalendar.add_working_time` passes."""
    yield from _named(local(start), _worked(calendar.worked(start, amount)), calendar)


def pause(paused_at: datetime, resumed_at: datetime, calendar: WorkingCalendar) -> Iterator[Interval]:
    """A pause: what `WorkingCalendar.working_time_between` credits, and what it does not."""
    end = local(paused_at)
    for interval in _named(end, _worked(calendar.worked_between(paused_at, resumed_at)), calendar):
        yield interval
        end = interval.end
    yield from _idle(end, local(resumed_at), calendar, Reason.OUTSIDE_HOURS)


Stretch = tuple[datetime, datetime, Reason]


def _count(start: datetime, rule: DeadlineRule, calendar: WorkingCalendar) -> Iterator[Stretch]:
    """The stretches that lead from the start of the count to the deadline, without what lies idle between them."""
    term = rule.term
    if term is None:
        yield start, calendar.closing(start.date()), Reason.SAME_DAY
    elif term.unit is TermUnit.WORKING_DAYS:
        yield start, midnight(start.date() + ONE_DAY), Reason.DAY_OF_RECEIPT
        for number, day in enumerate(calendar.working_days_after(start.date(), term.amount), start=1):
            yield (
                midnight(day),
                at_time_of(start, day) if number == term.amount else midnight(day + ONE_DAY),
                Reason.WORKING_DAY,
            )
    elif term.unit is TermUnit.WORKING_HOURS:
        yield from _worked(calendar.worked(start, timedelta(hours=term.amount)))
    else:
        day = nominal_day(start, term)
        yield start, at_time_of(start, day), Reason.CALENDAR_TIME
        working = calendar.on_or_after(day)
        if working != day:
            yield midnight(working), at_time_of(start, working), Reason.MOVED


def _worked(sessions: Iterator[tuple[datetime, datetime]]) -> Iterator[Stretch]:
    return ((opens, closes, Reason.WORKING_TIME) for opens, closes in sessions)


def _named(at: datetime, stretches: Iterator[Stretch], calendar: WorkingCalendar) -> Iterator[Interval]:
    """The stretches with the day's name and why they count, and from `at` on what lies idle before each."""
    for start, end, reason in stretches:
        yield from _idle(at, start, calendar, Reason.OUTSIDE_HOURS)
        at = end
        if reason not in _OF_A_WORKING_DAY:
            yield Interval(start, end, counts=reason not in _NOT_COUNTED, reason=reason)
            continue
        day = start.date()
        swapped = calendar.kind_of(day) is DayKind.SWAPPED_TO_WORK
        yield Interval(
            start,
            end,
            counts=True,
            reason=Reason.SWAPPED_TO_WORK if swapped else reason,
            name=calendar.names.get(day, ""),
        )


_OF_A_WORKING_DAY = (Reason.WORKING_TIME, Reason.WORKING_DAY)
_NOT_COUNTED = (Reason.DAY_OF_RECEIPT, Reason.MOVED)


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
    return datetime.combine(day, MIDNIGHT, LOCAL)


def counted_from(rule: DeadlineRule, received_at: datetime, calendar: WorkingCalendar) -> datetime:
    """The instant at which the receipt counts as made:
    itself, or the next working day's opening when the procedure had closed."""
    start = local(received_at)
    if rule.closing_hour is None and not rule.same_day:
        return start
    day = start.date()
    if calendar.is_working_day(day) and start <= _intake_closes(rule, day, calendar):
        return start
    return calendar.opening(calendar.on_or_after(day + ONE_DAY))


def _intake_closes(rule: DeadlineRule, day: date, calendar: WorkingCalendar) -> datetime:
    last = calendar.closing(day)
    if rule.closing_hour is None:
        return last
    hour = datetime.combine(day, rule.closing_hour, LOCAL)
    return min(hour, last) if rule.same_day else hour


def nominal_day(start: datetime, term: Term) -> date:
    """The day a term in calendar days or months ends on, before it is moved from a day off;
    a month without that day ends on its last."""
    if term.unit is TermUnit.CALENDAR_DAYS:
        return start.date() + timedelta(days=term.amount)
    years, month = divmod(start.month - 1 + term.amount, MONTHS_A_YEAR)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def at_time_of(start: datetime, day: date) -> datetime:
    """The same time of day, on another day."""
    return datetime.combine(day, start.timetz())


def due_after_pause(
    deadline: Deadline,
    paused_at: datetime,
    resumed_at: datetime,
    calendar: WorkingCalendar,
    given: datetime | None = None,
) -> datetime:
    """The deadline after a pause: moved by the working time that passed,
    unless the dossier was overdue when the pause began.

    One that was overdue before the pause stays so (domain §3.6), so its deadline does not move. `given` is the deadline
    as it was before earlier pauses moved it.
    """
    if paused_at >= deadline.overdue_from():
        return deadline.due_at
    return moved_by(deadline, calendar.working_time_between(paused_at, resumed_at), calendar, given)


def moved_by(
    deadline: Deadline, amount: timedelta, calendar: WorkingCalendar, given: datetime | None = None
) -> datetime:
    """The deadline later by an amount of working time; `given`: as it was before earlier pauses moved it.

    On the line of working time the end of a day and the start of the next are one point. A deadline in days at or
    before the opening means the start of its day and stays one, so that eight hours, in one pause or in several, move
    it by a working day
    (docs/decisions/0016-the-line-of-working-time.md).
    """
    due, first = local(deadline.due_at), local(given or deadline.due_at)
    moved = calendar.add_working_time(due, amount)
    if deadline.in_hours or moved == due or not _starts_its_day(first, calendar):
        return moved
    if moved < calendar.closing(moved.date()):
        return moved
    return at_time_of(first, calendar.on_or_after(moved.date() + ONE_DAY))


def _starts_its_day(instant: datetime, calendar: WorkingCalendar) -> bool:
    day = instant.date()
    return calendar.is_working_day(day) and instant <= calendar.opening(day)
