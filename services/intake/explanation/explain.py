"""Why a dossier is due when it is and judged as it is: the same domain code, step by step over its history."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.intake.explanation import notes
from services.intake.explanation.deadlines import CatalogueAt, receipt, recount, recounted
from services.intake.explanation.steps import counted_time, length, of, on, steps_of_hours, when
from services.intake.log.history import HistoryEntry
from shared.catalogue import Catalogue
from shared.contract.http.dossiers import Step
from shared.domain import events as domain
from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, due_after_pause, working_time
from shared.domain.deadline import pause as walk_pause
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown
from shared.domain.fields import CorrectableField
from shared.domain.localtime import local
from shared.domain.terms import counts_hours
from shared.domain.timeliness import (
    AFTERNOON,
    BY_DATE,
    HALF_DAY,
    INSTANT,
    MORNING,
    NEVER_SOON,
    Definition,
    Standing,
    closed_timeliness,
    standing,
)

COMPARED = {  # for terms in days or months, and in hours
    BY_DATE.name: ("local dates compared", "instants compared, the hour of the deadline is on time"),
    INSTANT.name: ("instants compared", "instants compared"),
    HALF_DAY.name: ("halves of days compared", "instants compared, the half day of the deadline is on time"),
}
NOT_OVERDUE_BY_DATE = f"by {BY_DATE.name}, by which a pause moves a deadline or not, it was not overdue"
MOVES_ALL_THE_SAME = f"the pause moves its deadline all the same, for {NOT_OVERDUE_BY_DATE}"


def explain(
    history: Sequence[HistoryEntry], catalogue_at: CatalogueAt, now: datetime, definition: Definition = BY_DATE
) -> list[Step]:
    """Receipt, start, each interval, deadline, what came after, closing, class: in the order in which they happened."""
    steps: list[Step] = []
    for number, entry in enumerate(history):
        if entry.is_move:
            steps += recount(history[:number], entry, catalogue_at)
        steps += _steps(entry, history[:number], catalogue_at(entry.recorded_at), definition)
    return [*steps, _verdict(history[-1].after, now, definition)]


def _steps(
    entry: HistoryEntry, past: Sequence[HistoryEntry], catalogue: Catalogue, definition: Definition
) -> Iterator[Step]:
    event, before, after, at = entry.event, entry.before, entry.after, entry.at
    if before is not None and before.suspended_since is not None and isinstance(event, domain.PAUSE_ENDS):
        yield from _pause_ended(entry, before, catalogue, definition)
    match event:
        case domain.Received():
            yield from notes.answered("Accepted", at, before)
            yield from receipt(event, entry, catalogue)
        case domain.SupplementRequested() | domain.PaymentRequested() | domain.Suspended():
            if after.suspended_since is None:
                yield from notes.answered("Sent back", at, before)
            else:
                yield _pause_begun(after, event, definition)
        case domain.Extended():
            anew = recounted(past, entry, catalogue) if entry.is_move else ""
            yield _extension(event, before, after, anew)
        case domain.DeadlineSet():
            yield _first_deadline(event, after, is_computed=entry.due_computed)
        case domain.Corrected():
            yield _correction(event, before, after)
        case domain.Reopened():
            yield notes.reopened(event, at, before, _moved(before, after))
        case _:
            yield from _noted(event, at, before, after)
    if after.closed_at is not None and (before is None or before.closed_at is None):
        yield Step(
            step="closed",
            at=after.closed_at,
            text=f"Closed {when(after.closed_at)} as {after.state.value}; the clock stops.",
        )


def _noted(event: domain.Event, at: datetime, before: Dossier | None, after: Dossier) -> Iterator[Step]:
    """What moves no deadline."""
    match event:
        case domain.Submitted():
            yield notes.submitted(at, after)
        case domain.Supplemented() if after.received_at is None:
            yield notes.submitted_again(at, after)
        case domain.Declined():
            yield from notes.answered("Declined", at, before)
        case domain.Assigned():
            yield notes.assigned(event, at)
        case domain.Apologised():
            yield notes.apology(event, after)
        case domain.Forwarded():
            yield notes.forwarded(event, at)
        case domain.ForwardAnswered():
            yield notes.hop_answered(before, after, event)
        case domain.Voided():
            yield notes.voided(event, at)
        case domain.Returned():
            text = f"Returned {when(at)} ({event.channel.value}): the applicant has the result."
            yield Step(step="returned", at=at, text=text)


def _extension(event: domain.Extended, before: Dossier | None, after: Dossier, anew: str) -> Step:
    ground = f" on a legal ground ({event.legal_ground})" if event.legal_ground else ", no legal ground given"
    by = f" by {of(event.by)}, counted from the deadline" if event.by else ""
    at = after.last_occurred_at
    text = f"Extended {when(at)}{by}{ground}: {_moved(before, after)}{anew}."
    return Step(step="extended", at=at, due_at=after.due_at, text=text)


def _first_deadline(event: domain.DeadlineSet, after: Dossier, *, is_computed: bool) -> Step:
    at = after.last_occurred_at
    counted = "the date came with the event"
    if event.term is not None:
        term = f"{of(event.term)} from {when(event.starts_at or at)}"
        counted = term if is_computed else f"{counted}, which also says {term}"
    ground = f" ({event.ground})" if event.ground else ""
    text = f"Deadline set {when(at)}{ground}: due {when(event.due_at)}, {counted}."
    return Step(step="deadline", at=at, due_at=after.due_at, text=text)


def _correction(event: domain.Corrected, before: Dossier | None, after: Dossier) -> Step:
    at = after.last_occurred_at
    reason = f" ({event.reason})" if event.reason else ", no reason given"
    if event.field is CorrectableField.DUE_AT:
        late = before is not None and before.closed_at is not None
        changed = f"{'deadline corrected after closing' if late else 'the deadline'}, {_moved(before, after)}"
    else:
        field = event.field.value.replace("_", " ")
        changed = f"{field} from {_value(event.old_value)} to {_value(event.new_value)}"
        if event.deadlines is not None:
            changed += f"; the deadline is counted again by what is right: {_moved(before, after)}"
    return Step(step="corrected", at=at, due_at=after.due_at, text=f"Corrected {when(at)}: {changed}{reason}.")


def _value(written: str | None) -> str:
    """A value as it is read: an instant by its day and its hour."""
    if written is None:
        return "nothing"
    try:
        return when(datetime.fromisoformat(written))
    except ValueError:
        return written


def _moved(before: Dossier | None, after: Dossier) -> str:
    old = None if before is None else before.due_at
    if after.due_at is None:
        return "there is no deadline any more" if old else "there is no deadline"
    if old is None or old == after.due_at:
        return f"due {when(after.due_at)} as before" if old else f"due {when(after.due_at)}"
    return f"due {when(after.due_at)} instead of {when(old)}"


def _pause_begun(after: Dossier, event: domain.Event, definition: Definition) -> Step:
    """The clock stops; how the dossier stands meanwhile is judged by the chosen definition."""
    at, pause = after.last_occurred_at, after.suspensions[-1]
    ground = f" ({event.ground})" if isinstance(event, domain.Suspended) and event.ground else ""
    bring = f", to be brought by {when(pause.due_at)}" if pause.due_at else ""
    text = f"Paused {when(at)}, {_kind(pause.kind.value)}{ground}{bring}: the clock stands"
    if after.deadline is None:
        return Step(step="pause", at=at, counted=False, text=f"{text}.")
    text = f"{text}; due {when(after.deadline.due_at)}, and it {_standing_meanwhile(at, after.deadline, definition)}."
    return Step(step="pause", at=at, due_at=after.due_at, counted=False, text=text)


def _standing_meanwhile(at: datetime, deadline: Deadline, definition: Definition) -> str:
    by = "" if definition.name == BY_DATE.name else f" by {definition.name}"
    if at < definition.overdue_from(deadline):
        return f"does not become overdue{by} meanwhile"
    moves = at < deadline.overdue_from()
    return f"was overdue already{by} and stays so{f' meanwhile; {MOVES_ALL_THE_SAME}' if moves else ''}"


def _pause_ended(entry: HistoryEntry, before: Dossier, catalogue: Catalogue, definition: Definition) -> Iterator[Step]:
    """What the pause passed, what its working time added to the deadline, and the deadline after it."""
    calendar = catalogue.calendar_of(before.department)
    try:
        yield from _credited(before, entry, calendar)
        outcome = _moved_by_pause(before, entry, calendar, definition)
    except CalendarNotKnown as unknown:
        outcome = f"{_moved(before, entry.after)}; its working time cannot be counted here, {unknown}"
    began, at = before.suspensions[-1], entry.at
    how = "Resumed without the supplement" if isinstance(entry.event, domain.SupplementLapsed) else "Resumed"
    text = f"{how} {when(at)}, paused since {when(began.started_at)} ({_kind(began.kind.value)}): {outcome}."
    yield Step(step="resumed", at=at, due_at=entry.after.due_at, text=text)


def _credited(before: Dossier, entry: HistoryEntry, calendar: WorkingCalendar) -> Iterator[Step]:
    """The working time of the pause, and the same amount from the deadline on; nothing when it moves no deadline."""
    since, deadline = before.suspended_since, before.deadline
    if since is None or deadline is None or since >= deadline.overdue_from():
        return
    passed = list(walk_pause(since, entry.at, calendar))
    yield from steps_of_hours(passed, "credited for the pause: ")
    yield from steps_of_hours(
        working_time(deadline.due_at, counted_time(passed), calendar), "the deadline moves over: "
    )


def _moved_by_pause(before: Dossier, entry: HistoryEntry, calendar: WorkingCalendar, definition: Definition) -> str:
    assert before.suspended_since is not None
    after, since, deadline = entry.after, before.suspended_since, before.deadline
    worked = f"{length(calendar.working_time_between(since, after.last_occurred_at))} of working time passed"
    if deadline is None:
        return f"{worked}; there is no deadline to move"
    counted = due_after_pause(deadline, since, after.last_occurred_at, calendar, before.due_given)
    if counted != after.due_at:
        whose = "today's calendar gives" if entry.due_computed else "the date came with the event; counting gives"
        return f"{worked}; {_moved(before, after)}, {whose} {when(counted)}"
    if since >= deadline.overdue_from():
        by = "" if definition.name == BY_DATE.name else f" by {BY_DATE.name}, by which a pause moves a deadline or not,"
        return (
            f"{worked}, but the dossier was overdue already{by} when the pause began: still due {when(deadline.due_at)}"
        )
    if counted == deadline.due_at:
        return f"{worked}: {_moved(before, after)}"
    overdue = since >= definition.overdue_from(deadline)
    why = f", for {NOT_OVERDUE_BY_DATE} when the pause began" if overdue else ""
    return f"{worked} and moves the deadline: {_moved(before, after)}{why}"


def _kind(state: str) -> str:
    return state.replace("_", " ")


def _verdict(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    """Of a dossier after its latest event."""
    by_class = closed_timeliness(dossier, definition)
    if by_class is None:
        return _standing(dossier, now, definition)
    assert dossier.closed_at is not None
    if dossier.due_at is None:
        text = "no_deadline: a class of its own, in no percentage."
    else:
        how = _compared(definition, dossier.closed_at, dossier.due_at, hours=counts_hours(dossier.term))
        text = (
            f"{by_class.value} by {definition.name} ({how}): "
            f"closed {when(dossier.closed_at)}, due {when(dossier.due_at)}."
        )
    return Step(step="class", at=dossier.closed_at, due_at=dossier.due_at, text=text)


def _compared(definition: Definition, closed_at: datetime, due_at: datetime, *, hours: bool) -> str:
    """What was compared; by halves of days which they are, for the cut is at no hour that anybody could guess."""
    how = COMPARED.get(definition.name, ("", ""))[hours]
    if definition.name != HALF_DAY.name:
        return how
    closed, due = local(closed_at), local(due_at)
    other_day = f"{on(closed.date())} " if closed.date() != due.date() else ""
    return f"{how}: due {_half_and_cut(due)}, closed {other_day}{_half(closed)[0]}"


def _half_and_cut(instant: datetime) -> str:
    return "{} ({})".format(*_half(instant))


def _half(instant: datetime) -> tuple[str, str]:
    """The part of its local day by `half-day/1`, and where it is cut."""
    clock = local(instant).time()
    if clock < MORNING:
        return "before the morning", f"until {MORNING:%H:%M}"
    if clock < AFTERNOON:
        return "in the morning", f"until {AFTERNOON:%H:%M}"
    return "in the afternoon", f"from {AFTERNOON:%H:%M}"


def _standing(dossier: Dossier, now: datetime, definition: Definition) -> Step:
    stands = _standing_by(dossier, now, definition)
    due = f", due {when(dossier.due_at)}" if dossier.due_at else ""
    if dossier.due_at and definition.name == HALF_DAY.name:
        due += f" {_half_and_cut(dossier.due_at)}"
    text = (
        f"{when(now)}: {stands.value} by {definition.name}{due}."
        if stands
        else f"{when(now)}: not counted, {dossier.state.value}."
    )
    return Step(step="standing", at=now, due_at=dossier.due_at, text=text)


def _standing_by(dossier: Dossier, now: datetime, definition: Definition) -> Standing | None:
    """How an open dossier stands by a definition; None when it is not open."""
    stands = standing(dossier, now, NEVER_SOON)
    if stands is None or dossier.deadline is None:
        return stands
    judged_at = dossier.suspended_since or now
    if judged_at >= definition.overdue_from(dossier.deadline):
        return Standing.OVERDUE
    return Standing.SUSPENDED if dossier.suspended_since else Standing.WITHIN


def timeliness_by(dossier: Dossier, now: datetime, definition: Definition) -> str | None:
    """The class once closed, the standing while open."""
    timeliness = closed_timeliness(dossier, definition) or _standing_by(dossier, now, definition)
    return None if timeliness is None else timeliness.value
