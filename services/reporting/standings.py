"""Two stocks beside the form's: open and due today or tomorrow, and overdue while suspended."""

from collections.abc import Iterator
from datetime import date

from services.reporting.measures import Standing
from shared.domain.counting import overdue_span, stretches
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.timeliness import in_hours


def standing_deltas(dossier: Dossier) -> Iterator[tuple[date, Standing, int]]:
    """Day-stamped deltas, as `contributions` gives them. Due soon: not suspended, and due on the day or on the next one."""
    if dossier.received_at is None:
        return
    for stretch in stretches(dossier):
        if stretch.due is None:
            continue
        if stretch.paused_at is None:
            overdue_on = local_date(stretch.due) + ONE_DAY
            end = overdue_on if stretch.end is None else min(overdue_on, stretch.end)
            yield from _between(Standing.DUE_SOON, max(stretch.first, local_date(stretch.due) - ONE_DAY), end)
        elif span := overdue_span(stretch, in_hours=in_hours(dossier)):
            yield from _between(Standing.SUSPENDED_OVERDUE, *span)


def _between(measure: Standing, first: date, end: date | None) -> Iterator[tuple[date, Standing, int]]:
    if end is None or first < end:
        yield first, measure, 1
        if end is not None:
            yield end, measure, -1
