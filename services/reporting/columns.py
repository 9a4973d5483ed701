"""The columns of a row of figures: the names of contract.md §4, and how counts and shares are written."""

from decimal import Decimal

from shared.domain.figures import Figures

COUNTS = (
    "received_total",
    "received_online",
    "received_online_full",
    "received_in_person",
    "received_postal",
    "received_in_person_or_postal",
    "carried_over",
    "resolved_total",
    "resolved_early",
    "resolved_on_time",
    "resolved_overdue",
    "resolved_no_deadline",
    "in_progress_total",
    "in_progress_within",
    "in_progress_overdue",
    "in_progress_suspended",
    "withdrawn",
    "stopped",
    "returned_total",
    "returned_in_person",
    "returned_postal",
    "returned_online",
    "awaiting_return",
)
SHARES = ("online_share", "online_share_of_period", "early_share", "on_time_share", "overdue_share")


def counts(found: Figures) -> dict[str, int]:
    """Every count of a row."""
    return {name: getattr(found, name) for name in COUNTS}


def shares(found: Figures) -> dict[str, str | None]:
    """Every share as a decimal string; None where the denominator is 0."""
    early, on_time, overdue = found.timeliness_shares or (None, None, None)
    values = (found.online_share, found.online_share_of_period, early, on_time, overdue)
    return {name: _written(value) for name, value in zip(SHARES, values, strict=True)}


def _written(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
