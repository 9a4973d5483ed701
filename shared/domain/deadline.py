"""Deadlines: when a dossier is due, and how a pause moves that (domain §3.1-3.8)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local, local_date
from shared.domain.terms import Term, TermUnit

MONTHS_A_YEAR = 12


class Deadline(Struct, frozen=True, gc=False):
    """When a dossier is due. A deadline of days is kept until its day ends, one of a term in hours to the instant."""

    due_at: datetime
    in_hours: bool = False

    def overdue_from(self) -> datetime:
        """The first instant at which an open dossier stands overdue: the midnight after its day, or right after its hour."""
        if self.in_hours:
            return local(self.due_at) + timedelta.resolution
        return datetime.combine(local_date(self.due_at) + ONE_DAY, time(), LOCAL)


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """How a procedure answers: within a term, or (`same_day`, and no term) before its working day ends; else there is no deadline.

    A receipt after `closing_hour` or on a day off counts as made at the opening of the next working day; one at that very instant
    still counts for the day. Same-day answers without a closing hour close with the day's last session.
    """

    term: Term | None
    closing_hour: time | None = None
    same_day: bool = False


def due_by(rule: DeadlineRule, received_at: datetime, calendar: WorkingCalendar) -> datetime | None:
    """The deadline of a dossier received at `received_at` under a procedure's rule, in local time; None when it has none.

    Raises `CalendarNotKnown` when the count leaves the announced calendar.
    """
    if rule.term is not None:
        return due_at(counted_from(rule, received_at, calendar), rule.term, calendar)
    if rule.same_day:
        return calendar.closing(counted_from(rule, received_at, calendar).date())
    return None


def counted_from(rule: DeadlineRule, received_at: datetime, calendar: WorkingCalendar) -> datetime:
    """The instant at which the receipt counts as made: itself, or the next working day's opening when the procedure had closed."""
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


def due_at(received_at: datetime, term: Term, calendar: WorkingCalendar) -> datetime:
    """The deadline of a dossier received at `received_at` under `term`, in local time.

    Working days: the day of receipt is not counted; the same time of day N working days later. Calendar days and months: moved to
    the next working day when they end on a day off. Working hours: working time only, counted from the next opening.
    Raises `CalendarNotKnown` when the count leaves the announced calendar.
    """
    start = local(received_at)
    match term.unit:
        case TermUnit.WORKING_DAYS:
            return at_time_of(start, calendar.add_working_days(start.date(), term.amount))
        case TermUnit.CALENDAR_DAYS | TermUnit.MONTHS:
            return at_time_of(start, calendar.on_or_after(nominal_day(start, term)))
        case TermUnit.WORKING_HOURS:
            return calendar.add_working_time(start, timedelta(hours=term.amount))


def nominal_day(start: datetime, term: Term) -> date:
    """The day a term in calendar days or months ends on, before it is moved from a day off; a month without that day ends on its last."""
    if term.unit is TermUnit.CALENDAR_DAYS:
        return start.date() + timedelta(days=term.amount)
    years, month = divmod(start.month - 1 + term.amount, MONTHS_A_YEAR)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def at_time_of(start: datetime, day: date) -> datetime:
    """The same time of day, on another day."""
    return datetime.combine(day, start.timetz())


def due_after_pause(deadline: Deadline, paused_at: datetime, resumed_at: datetime, calendar: WorkingCalendar) -> datetime:
    """The deadline after a pause: moved by the working time that passed, unless the dossier was overdue when the pause began.

    One that was overdue before the pause stays so (domain §3.6), so its deadline does not move.
    """
    if paused_at >= deadline.overdue_from():
        return deadline.due_at
    return calendar.add_working_time(deadline.due_at, calendar.working_time_between(paused_at, resumed_at))
