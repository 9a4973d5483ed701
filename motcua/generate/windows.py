"""When a dossier must be closed to be early, on time or overdue under `by-date/1`: a stretch of working time."""

from datetime import datetime

from motcua.generate.axis import HOUR, WORKING_DAY, WorkingAxis, midnight
from motcua.generate.plan import Plan
from shared.domain.localtime import ONE_DAY

LATEST_DELAY = 5 * WORKING_DAY
SOONEST = 60  # seconds of working time that any answer takes

Window = tuple[int, int]  # offsets on the axis: first, and the one after the last; empty when they are not in order


def early(axis: WorkingAxis, due: datetime, *, in_hours: bool) -> Window:
    """Before the deadline's day; for terms in hours before its hour."""
    return 0, axis.offset(_hour_of(due) if in_hours else midnight(due.date()))


def on_time(axis: WorkingAxis, due: datetime, *, in_hours: bool) -> Window:
    """On the deadline's day; for terms in hours in its hour and not after it."""
    if not in_hours:
        day = due.date()
        return axis.offset(midnight(day)), axis.offset(midnight(day + ONE_DAY))
    last = axis.offset(int(due.timestamp()))
    return axis.offset(_hour_of(due)), last


def overdue(axis: WorkingAxis, due: datetime, *, in_hours: bool) -> Window:
    """A few working days after the deadline."""
    first = axis.offset(int(due.timestamp())) + 1 if in_hours else axis.offset(midnight(due.date() + ONE_DAY))
    return first, min(first + LATEST_DELAY, axis.end)


def at_or_after(window: Window, offset: int) -> Window:
    """The part of a window that starts at an offset."""
    return max(window[0], offset), window[1]


def is_open(window: Window) -> bool:
    """Whether a window has any time in it."""
    return window[0] < window[1]


def soonest(plan: Plan) -> int:
    """The first offset at which a dossier may be closed."""
    return plan.office.axis.offset(plan.not_before) + SOONEST


def can_be_early(plan: Plan) -> bool:
    return is_open(at_or_after(early(plan.office.axis, plan.due, in_hours=plan.in_hours), soonest(plan)))


def can_be_on_time(plan: Plan, ends: int) -> bool:
    """Its deadline lies in the period, and there is working time before it."""
    window = on_time(plan.office.axis, plan.due, in_hours=plan.in_hours)
    return plan.due.timestamp() < ends and is_open(at_or_after(window, soonest(plan)))


def can_be_overdue(plan: Plan) -> bool:
    return is_open(at_or_after(overdue(plan.office.axis, plan.due, in_hours=plan.in_hours), soonest(plan)))


def can_close_in_time(plan: Plan, ends: int) -> bool:
    return can_be_early(plan) or can_be_on_time(plan, ends)


def _hour_of(due: datetime) -> int:
    return int(due.timestamp()) // HOUR * HOUR
