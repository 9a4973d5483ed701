"""Who had a dossier from when to when, and how much working time each step took (offices-2026 §7)."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from services.intake.log.history import HistoryEntry
from shared.contract.http.dossiers import WorkStep
from shared.domain import events as domain
from shared.domain.calendar import WorkingCalendar
from shared.domain.errors import CalendarNotKnown


def work_steps(history: Sequence[HistoryEntry], calendar: WorkingCalendar, now: datetime) -> list[WorkStep]:
    """The steps in order; whoever is named anew begins one, and the closing ends the last.

    A reopening takes the closing back, and with it the end of the step that it ended.
    """
    steps: list[WorkStep] = []
    for entry in history:
        event, before, after = entry.event, entry.before, entry.after
        if isinstance(event, (domain.Assigned, domain.ProcessingStarted)):
            _begin(steps, event, entry.at)
        elif isinstance(event, domain.Reopened) and before is not None and steps:
            if steps[-1].ended_at == before.closed_at:
                steps[-1] = replace(steps[-1], ended_at=None)
        elif after.closed_at is not None and (before is None or before.closed_at is None):
            _end(steps, after.closed_at)
        elif isinstance(event, domain.Voided):
            _end(steps, entry.at)
    is_open = history[-1].after.is_open
    return [_timed(step, calendar, now if is_open else None) for step in steps]


def _begin(steps: list[WorkStep], event: domain.Assigned | domain.ProcessingStarted, at: datetime) -> None:
    due_at = event.due_at if isinstance(event, domain.Assigned) else None
    if event.unit is None and event.officer is None:
        return
    if steps and steps[-1].ended_at is None:
        same = (steps[-1].unit, steps[-1].officer) == (event.unit or steps[-1].unit, event.officer)
        if same and due_at is None:
            return
        _end(steps, at)
    steps.append(WorkStep(unit=event.unit, officer=event.officer, started_at=at, due_at=due_at))


def _end(steps: list[WorkStep], at: datetime) -> None:
    if steps and steps[-1].ended_at is None:
        steps[-1] = replace(steps[-1], ended_at=at)


def _timed(step: WorkStep, calendar: WorkingCalendar, now: datetime | None) -> WorkStep:
    """With its working time up to its end, or to now while it goes on; none where the calendar does not reach."""
    until = step.ended_at or now
    if until is None:
        return step
    try:
        minutes = calendar.working_time_between(step.started_at, until).total_seconds() / 60
    except CalendarNotKnown:
        return step
    return replace(step, working_minutes=round(minutes))
