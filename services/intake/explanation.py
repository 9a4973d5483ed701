"""Why a dossier is due when it is and judged as it is: the same domain code, told step by step."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from services.intake.schemas import Step
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.calendar import WorkingCalendar
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.timeliness import BY_DATE, closed_timeliness, in_hours
from shared.mapping import timeliness_of

Change = tuple[domain.Event, Dossier | None, Dossier]  # what happened, the dossier before and after


def explain(changes: Sequence[Change], catalogue: Catalogue, now: datetime) -> list[Step]:
    """Receipt, deadline, days off, each pause and extension, closing, class: in the order in which they happened."""
    steps = [step for change in changes for step in _steps(change, catalogue)]
    return [*steps, _verdict(changes[-1][2], now)]


def _steps(change: Change, catalogue: Catalogue) -> Iterator[Step]:
    event, before, after = change
    at = after.last_occurred_at
    match event:
        case domain.Submitted():
            yield Step(step="submitted", at=at, text=f"Submitted at {_when(at)} ({after.channel.value}); the clock has not started.")
        case domain.Received():
            text = f"Received at {_when(at)} ({after.channel.value}) by {after.department}; the clock starts."
            yield Step(step="received", at=at, text=text)
            yield from _first_deadline(after, catalogue)
        case domain.SupplementRequested() | domain.PaymentRequested():
            yield Step(step="pause", at=at, due_at=after.due_at, text=f"Paused at {_when(at)}: {after.state.value}.")
        case domain.Extended():
            ground = f" ({event.legal_ground})" if event.legal_ground else ""
            yield Step(step="extended", at=at, due_at=after.due_at, text=f"Extended at {_when(at)}{ground}: {_moved(before, after)}.")
        case domain.Corrected():
            changed = f"{event.corrected_field.value} from {event.old} to {event.new}"
            yield Step(step="corrected", at=at, due_at=after.due_at, text=f"Corrected at {_when(at)}: {changed}.")
        case _ if before is not None and before.suspended_since is not None and after.suspended_since is None:
            yield _resumed(before, after, catalogue)
    if after.closed_at is not None and (before is None or before.closed_at is None):
        yield Step(step="closed", at=after.closed_at, text=f"Closed at {_when(after.closed_at)} as {after.state.value}; the clock stops.")


def _first_deadline(dossier: Dossier, catalogue: Catalogue) -> Iterator[Step]:
    due, received = dossier.due_at, dossier.received_at
    if due is None or received is None:
        yield Step(step="deadline", text="No term and no date were given: the dossier has no deadline and is in no percentage.")
        return
    term = dossier.term
    reason = f"a term of {term.amount} {term.unit.value.replace('_', ' ')}" if term else "the date came with the event"
    yield Step(step="deadline", at=received, due_at=due, text=f"Due at {_when(due)}: {reason}.")
    if dossier.department in catalogue.departments:
        yield from _days_off(catalogue, catalogue.calendar(dossier.department), local_date(received), local_date(due))


def _days_off(catalogue: Catalogue, calendar: WorkingCalendar, first: date, last: date) -> Iterator[Step]:
    """The days between receipt and deadline that don't count."""
    named = {entry.day: entry.name for entry in catalogue.entries(first, last)}
    day = first
    while (day := day + ONE_DAY) <= last:
        try:
            works = calendar.is_working_day(day)
        except CalendarNotKnown:
            return
        if not works:
            yield Step(step="day_off", at=day, text=f"{day} is not a working day: {named.get(day, 'weekend')}.")


def _resumed(before: Dossier, after: Dossier, catalogue: Catalogue) -> Step:
    assert before.suspended_since is not None
    at = after.last_occurred_at
    text = f"Resumed at {_when(at)}, paused since {_when(before.suspended_since)}{_worked(before, at, catalogue)}: {_moved(before, after)}."
    return Step(step="resumed", at=at, due_at=after.due_at, text=text)


def _worked(before: Dossier, at: datetime, catalogue: Catalogue) -> str:
    """How much working time the pause took, where the calendar knows."""
    if before.department not in catalogue.departments or before.suspended_since is None:
        return ""
    try:
        return f" ({catalogue.calendar(before.department).working_time_between(before.suspended_since, at)} of working time)"
    except CalendarNotKnown:
        return ""


def _moved(before: Dossier | None, after: Dossier) -> str:
    old = None if before is None else before.due_at
    if after.due_at is None:
        return "there is no deadline to move"
    if old is None or old == after.due_at:
        return f"due at {_when(after.due_at)} as before" if old else f"due at {_when(after.due_at)}"
    return f"due at {_when(after.due_at)} instead of {_when(old)}"


def _verdict(dossier: Dossier, now: datetime) -> Step:
    verdict = closed_timeliness(dossier)
    if verdict is None:
        standing = timeliness_of(dossier, now)
        return Step(step="standing", at=now, due_at=dossier.due_at, text=f"At {_when(now)}: {standing or 'not counted'}.")
    assert dossier.closed_at is not None
    if dossier.due_at is None:
        text = "no_deadline: a class of its own, in no percentage."
    else:
        unit = "instants" if in_hours(dossier) else "local dates"
        text = f"{verdict.value} by {BY_DATE.name} ({unit} compared): closed {_when(dossier.closed_at)}, due {_when(dossier.due_at)}."
    return Step(step="class", at=dossier.closed_at, due_at=dossier.due_at, text=text)


def _when(instant: datetime) -> str:
    return instant.isoformat(sep=" ", timespec="minutes")
