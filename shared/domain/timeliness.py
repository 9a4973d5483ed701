"""Timeliness: early, on time or overdue, by a named definition (domain §4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.deadline import overdue_from
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import SUSPENDED
from shared.domain.localtime import local, local_date
from shared.domain.terms import counts_hours


class Timeliness(StrEnum):
    """The class of a closed dossier."""

    EARLY = "early"
    ON_TIME = "on_time"
    OVERDUE = "overdue"
    NO_DEADLINE = "no_deadline"


class Standing(StrEnum):
    """How an open dossier stands at an instant."""

    WITHIN = "within"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    NO_DEADLINE = "no_deadline"


@dataclass(frozen=True, slots=True)
class ByDate:
    """Definition `by-date/1`: terms in days or months compare local dates; terms in hours compare instants,
    and the local hour of the deadline is on time."""

    name: str = "by-date/1"

    def judge(self, closed_at: datetime, due_at: datetime, *, in_hours: bool) -> Timeliness:
        """The class of a dossier closed at `closed_at`."""
        if in_hours:
            if closed_at > due_at:
                return Timeliness.OVERDUE
            due = local(due_at)
            hour = due.replace(minute=0, second=0, microsecond=0)
            return Timeliness.ON_TIME if closed_at >= hour else Timeliness.EARLY
        closed, due_day = local_date(closed_at), local_date(due_at)
        if closed == due_day:
            return Timeliness.ON_TIME
        return Timeliness.EARLY if closed < due_day else Timeliness.OVERDUE


BY_DATE = ByDate()
DEFINITIONS = {BY_DATE.name: BY_DATE}


def in_hours(dossier: Dossier) -> bool:
    """Whether the dossier's term is in hours; a deadline without a known term is one of days."""
    return counts_hours(dossier.term)


def closed_timeliness(dossier: Dossier, definition: ByDate = BY_DATE) -> Timeliness | None:
    """The class of a closed dossier; None while it is not closed."""
    if dossier.closed_at is None:
        return None
    if dossier.due_at is None:
        return Timeliness.NO_DEADLINE
    return definition.judge(dossier.closed_at, dossier.due_at, in_hours=in_hours(dossier))


def standing(dossier: Dossier, now: datetime, due_soon: timedelta) -> Standing | None:
    """How an open dossier stands at `now`; due soon is `due_soon` or less before the deadline (zero: never). None when it is not open.

    A suspended dossier that was overdue when its pause began stays overdue; any other is suspended.
    """
    if not dossier.is_open:
        return None
    due = dossier.due_at
    judged_at = dossier.suspended_since or now
    if due is not None and judged_at >= overdue_from(due, in_hours=in_hours(dossier)):
        return Standing.OVERDUE
    if dossier.state in SUSPENDED:
        return Standing.SUSPENDED
    if due is None:
        return Standing.NO_DEADLINE
    return Standing.DUE_SOON if due_soon and now >= due - due_soon else Standing.WITHIN
