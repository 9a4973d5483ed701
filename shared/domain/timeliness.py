"""Timeliness of a dossier: its class once closed, how it stands while open (domain §4)."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.definitions import BY_DATE, Definition, Timeliness
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import SUSPENDED
from shared.domain.terms import counts_hours


class Standing(StrEnum):
    """How an open dossier stands at an instant."""

    WITHIN = "within"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    NO_DEADLINE = "no_deadline"


def in_hours(dossier: Dossier) -> bool:
    """Whether the dossier's term is in hours; a deadline without a known term is one of days."""
    return counts_hours(dossier.term)


def closed_timeliness(dossier: Dossier, definition: Definition = BY_DATE) -> Timeliness | None:
    """The class of a closed dossier; None while it is not closed."""
    if dossier.closed_at is None:
        return None
    if dossier.due_at is None:
        return Timeliness.NO_DEADLINE
    return definition.judge(dossier.closed_at, dossier.due_at, in_hours=in_hours(dossier))


def standing(dossier: Dossier, now: datetime, due_soon: timedelta) -> Standing | None:
    """How an open dossier stands at `now` by `by-date/1`; due soon is `due_soon` or less before the deadline (zero: never).

    None when it is not open. A suspended dossier that was overdue when its pause began stays overdue; any other is suspended.
    """
    if not dossier.is_open:
        return None
    due = dossier.due_at
    judged_at = dossier.suspended_since or now
    if due is not None and judged_at >= BY_DATE.overdue_from(due, in_hours=in_hours(dossier)):
        return Standing.OVERDUE
    if dossier.state in SUSPENDED:
        return Standing.SUSPENDED
    if due is None:
        return Standing.NO_DEADLINE
    return Standing.DUE_SOON if due_soon and now >= due - due_soon else Standing.WITHIN
