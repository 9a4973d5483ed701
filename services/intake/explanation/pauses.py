"""A pause told: how it began, what it credited, and where that moved the deadline, or why it did not."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.changes import Change
from services.intake.explanation import passage
from services.intake.explanation.wording import length, when
from services.intake.schemas import Step
from shared.catalogue import Catalogue
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, due_after_pause, pause, working_time
from shared.domain.definitions import BY_DATE, Definition
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown

NOT_OVERDUE_BY_DATE = f"by {BY_DATE.name}, by which a pause moves a deadline or not, it was not overdue"
MOVES_ALL_THE_SAME = f"the pause moves its deadline all the same, for {NOT_OVERDUE_BY_DATE}"


def begun(after: Dossier, definition: Definition) -> Step:
    """The clock stops; how the dossier stands meanwhile is told by the definition asked for."""
    at, ended = after.last_occurred_at, after.suspensions[-1]
    text = f"Paused {when(at)}, {_kind(ended.kind.value)}: the clock stands"
    if after.deadline is None:
        return Step(step="pause", at=at, counted=False, text=f"{text}.")
    text = f"{text}; due {when(after.deadline.due_at)}, and it {_standing(at, after.deadline, definition)}."
    return Step(step="pause", at=at, due_at=after.due_at, counted=False, text=text)


def _standing(at: datetime, deadline: Deadline, definition: Definition) -> str:
    by = "" if definition.name == BY_DATE.name else f" by {definition.name}"
    if at < definition.overdue_from(deadline):
        return f"does not become overdue{by} meanwhile"
    moves = at < deadline.overdue_from()
    return f"was overdue already{by} and stays so{f' meanwhile; {MOVES_ALL_THE_SAME}' if moves else ''}"


def ended(change: Change, before: Dossier, catalogue: Catalogue, definition: Definition) -> Iterator[Step]:
    """What the pause passed, what its working time added to the deadline, and the deadline after it."""
    calendar = catalogue.calendar_of(before.department)
    try:
        yield from _credited(before, change, calendar)
        told = _outcome(before, change, calendar, definition)
    except CalendarNotKnown as unknown:
        told = f"{_carried(before, change.after)}; its working time cannot be counted here, {unknown}"
    began, at = before.suspensions[-1], change.after.last_occurred_at
    text = f"Resumed {when(at)}, paused since {when(began.started_at)} ({_kind(began.kind.value)}): {told}."
    yield Step(step="resumed", at=at, due_at=change.after.due_at, text=text)


def _credited(before: Dossier, change: Change, calendar: WorkingCalendar) -> Iterator[Step]:
    """The working time of the pause, and the same amount from the deadline on; nothing when it moves no deadline."""
    since, deadline = before.suspended_since, before.deadline
    if since is None or deadline is None or since >= deadline.overdue_from():
        return
    passed = list(pause(since, change.after.last_occurred_at, calendar))
    yield from passage.hours(passed, "credited for the pause: ")
    yield from passage.hours(working_time(deadline.due_at, passage.counted_time(passed), calendar), "the deadline moves over: ")


def _outcome(before: Dossier, change: Change, calendar: WorkingCalendar, definition: Definition) -> str:
    assert before.suspended_since is not None
    after, since, deadline = change.after, before.suspended_since, before.deadline
    worked = f"{length(calendar.working_time_between(since, after.last_occurred_at))} of working time passed"
    if deadline is None:
        return f"{worked}; there is no deadline to move"
    counted = due_after_pause(deadline, since, after.last_occurred_at, calendar)
    if counted != after.due_at:
        whose = "today's calendar gives" if change.computed else "the date came with the event; counting gives"
        return f"{worked}; {_carried(before, after)}, {whose} {when(counted)}"
    if since >= deadline.overdue_from():
        by = "" if definition.name == BY_DATE.name else f" by {BY_DATE.name}, by which a pause moves a deadline or not,"
        return f"{worked}, but the dossier was overdue already{by} when the pause began: still due {when(deadline.due_at)}"
    if counted == deadline.due_at:
        return f"{worked}: {_carried(before, after)}"
    overdue = since >= definition.overdue_from(deadline)
    why = f", for {NOT_OVERDUE_BY_DATE} when the pause began" if overdue else ""
    return f"{worked} and moves the deadline: {_carried(before, after)}{why}"


def _carried(before: Dossier, after: Dossier) -> str:
    if after.due_at is None:
        return "there is no deadline"
    if before.due_at is None or before.due_at == after.due_at:
        return f"due {when(after.due_at)} as before"
    return f"due {when(after.due_at)} instead of {when(before.due_at)}"


def _kind(state: str) -> str:
    return state.replace("_", " ")
