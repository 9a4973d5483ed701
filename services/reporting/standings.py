"""Two stocks beside the form's: open and due today or tomorrow, and overdue while suspended."""

from collections.abc import Sequence
from datetime import date

from services.reporting.measures import Standing
from shared.domain.counting import Stretch, overdue_span
from shared.domain.definitions import BY_DATE
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY, local_date


def standing_deltas(dossier: Dossier, held: Sequence[Stretch]) -> list[tuple[date, Standing, int]]:
    """Day-stamped deltas by `by-date/1`, as `judgements` gives them. Due soon: not suspended, and due on the day or on the next one."""
    if dossier.received_at is None:
        return []
    found: list[tuple[date, Standing, int]] = []
    for stretch in held:
        if stretch.deadline is None:
            continue
        if stretch.paused_at is None:
            due = local_date(stretch.deadline.due_at)
            end = due + ONE_DAY if stretch.end is None else min(due + ONE_DAY, stretch.end)
            found += _between(Standing.DUE_SOON, max(stretch.first, due - ONE_DAY), end)
        elif span := overdue_span(stretch, BY_DATE):
            found += _between(Standing.SUSPENDED_OVERDUE, *span)
    return found


def _between(measure: Standing, first: date, end: date | None) -> list[tuple[date, Standing, int]]:
    if end is None:
        return [(first, measure, 1)]
    return [(first, measure, 1), (end, measure, -1)] if first < end else []
