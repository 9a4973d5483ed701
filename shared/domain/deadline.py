"""Deadlines: when a dossier is due, and how a pause moves that (domain §3.1-3.6)."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local, local_date
from shared.domain.terms import Term, TermUnit

MONTHS_A_YEAR = 12


def due_at(received_at: datetime, term: Term, calendar: WorkingCalendar) -> datetime:
    """The deadline of a dossier received at `received_at` under `term`, in local time.

    Working days: the day of receipt is not counted; the same time of day N working days later. Calendar days and months: moved to
    the next working day when they end on a day off. Working hours: working time only, counted from the next opening.
    Raises `CalendarNotKnown` when the count leaves the announced calendar.
    """
    start = local(received_at)
    match term.unit:
        case TermUnit.WORKING_DAYS:
            return _on(start, calendar.add_working_days(start.date(), term.amount))
        case TermUnit.CALENDAR_DAYS:
            return _on(start, calendar.on_or_after(start.date() + timedelta(days=term.amount)))
        case TermUnit.MONTHS:
            return _on(start, calendar.on_or_after(_months_later(start, term.amount)))
        case TermUnit.WORKING_HOURS:
            return calendar.add_working_time(start, timedelta(hours=term.amount))


def due_after_pause(due: datetime, paused_at: datetime, resumed_at: datetime, calendar: WorkingCalendar, *, in_hours: bool) -> datetime:
    """The deadline after a pause: moved by the working time that passed, unless the dossier was overdue when the pause began.

    One that was overdue before the pause stays so (domain §3.6), so its deadline does not move.
    """
    if paused_at >= overdue_from(due, in_hours=in_hours):
        return due
    return calendar.add_working_time(due, calendar.working_time_between(paused_at, resumed_at))


def overdue_from(due_at: datetime, *, in_hours: bool) -> datetime:
    """The first instant at which an open dossier stands overdue: the midnight after its day, or right after its hour."""
    if in_hours:
        return local(due_at) + timedelta.resolution
    return datetime.combine(local_date(due_at) + ONE_DAY, time(), LOCAL)


def _on(start: datetime, day: date) -> datetime:
    return datetime.combine(day, start.timetz())


def _months_later(start: datetime, months: int) -> date:
    years, month = divmod(start.month - 1 + months, MONTHS_A_YEAR)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
