"""Timeliness of a dossier: its class once closed, how it stands while open (domain §4)."""

from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.definitions import BY_DATE, Definition, Timeliness
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import SUSPENDED

NEVER_SOON = timedelta(0)


class Standing(StrEnum):
    """How an open dossier stands at an instant."""

    WITHIN = "within"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    NO_DEADLINE = "no_deadline"


def closed_timeliness(dossier: Dossier, definition: Definition = BY_DATE) -> Timeliness | None:
    """The class of a closed dossier; None while it is not closed."""
    if dossier.closed_at is None:
        return None
    deadline = dossier.deadline
    return Timeliness.NO_DEADLINE if deadline is None else definition.judge(dossier.closed_at, deadline)


def standing(dossier: Dossier, now: datetime, due_soon: timedelta) -> Standing | None:
    """How an open dossier stands at `now` by `by-date/1`; due soon is `due_soon` or less before the deadline (zero: never).

    None when it is not open. A suspended dossier that was overdue when its pause began stays overdue; any other is suspended.
    """
    if not dossier.is_open:
        return None
    deadline = dossier.deadline
    judged_at = dossier.suspended_since or now
    if deadline is not None and judged_at >= deadline.overdue_from():
        return Standing.OVERDUE
    if dossier.state in SUSPENDED:
        return Standing.SUSPENDED
    if deadline is None:
        return Standing.NO_DEADLINE
    return Standing.DUE_SOON if due_soon and now >= deadline.due_at - due_soon else Standing.WITHIN


def timeliness_of(dossier: Dossier, at: datetime) -> str | None:
    """The class once closed, else how the dossier stands at `at`; None before receipt and when declined."""
    judged = closed_timeliness(dossier) or standing(dossier, at, NEVER_SOON)
    return None if judged is None else judged.value
