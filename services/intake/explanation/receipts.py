"""A receipt told: when counting started, what the count passed, and the first deadline."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.changes import Change
from services.intake.explanation import passage
from services.intake.explanation.wording import channel, of, when
from services.intake.schemas import Step
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.deadline import DeadlineRule, Interval, Reason, walk
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import local_date
from shared.domain.terms import Term, TermUnit, counts_hours


def receipt(event: domain.Received, change: Change, catalogue: Catalogue) -> Iterator[Step]:
    """Receipt, normalised start, intervals, deadline."""
    dossier, at = change.after, change.after.last_occurred_at
    text = f"Received {when(at)} ({channel(dossier)}) by {dossier.department}; the clock starts."
    yield Step(step="received", at=at, text=text)
    rule = rule_of(event, change, catalogue)
    try:
        passed = [] if rule is None else list(walk(at, rule, catalogue.calendar_of(dossier.department)))
    except CalendarNotKnown as unknown:
        yield Step(step="deadline", at=at, due_at=dossier.due_at, text=f"{_due(dossier)}: nothing can be counted here, {unknown}.")
        return
    if rule is not None and passed:
        yield from _start(at, rule, passed)
        yield from passage.hours(passed) if counts_hours(rule.term) else passage.days(passed, rule.term)
    yield _deadline(dossier, change, rule, passed, catalogue)


def rule_of(event: domain.Received, change: Change, catalogue: Catalogue) -> DeadlineRule | None:
    """What the deadline was counted by; None for a bare date of the sender, which says nothing of how it came about."""
    procedure = catalogue.procedure(event.procedure, local_date(change.after.last_occurred_at))
    if event.term is not None:
        return DeadlineRule(event.term, None if procedure is None else procedure.closing_hour)
    return procedure.rule if procedure is not None and change.computed else None


def _start(at: datetime, rule: DeadlineRule, passed: list[Interval]) -> Iterator[Step]:
    """Where the count begins, when that is not the receipt or the hour matters."""
    begin = next(interval for interval in passed if interval.reason in _BEGINS or interval.counts)
    closed = passed[0].reason if begin is not passed[0] else None
    if closed is None and not counts_hours(rule.term):
        return
    if closed is None:
        text = f"Counting starts at once, {when(at)}: within working hours."
    else:
        why = _late(rule) if rule.closing_hour or rule.same_day else passage.not_counted(passed[0]).removeprefix("not counted, ")
        text = f"Counting starts {when(begin.start)}, the next opening: received {when(at)}, {why}."
    yield Step(step="start", at=begin.start, text=text)


_BEGINS = (Reason.DAY_OF_RECEIPT,)


def _late(rule: DeadlineRule) -> str:
    hour = f"intake closes at {rule.closing_hour:%H:%M}" if rule.closing_hour else "intake closes with the last session"
    return f"and the procedure's {hour} of a working day"


def _deadline(dossier: Dossier, change: Change, rule: DeadlineRule | None, passed: list[Interval], catalogue: Catalogue) -> Step:
    if dossier.due_at is None:
        text = "No term and no date were given: the dossier has no deadline and is in no percentage."
        return Step(step="deadline", text=text)
    reasons = [_reason(dossier, change, rule, passed)]
    if passed and dossier.department not in catalogue.departments:
        reasons.append(f"{dossier.department} is not in the catalogue: counted with the usual hours and the days off of its province")
    return Step(step="deadline", at=dossier.received_at, due_at=dossier.due_at, text=f"{_due(dossier)}: {'; '.join(reasons)}.")


def _due(dossier: Dossier) -> str:
    return f"Due {when(dossier.due_at)}" if dossier.due_at else "No deadline"


def _reason(dossier: Dossier, change: Change, rule: DeadlineRule | None, passed: list[Interval]) -> str:
    if not passed or rule is None:
        return (
            "the date came with the event, nothing was counted" if not change.computed else "today's catalogue has no rule to count it by"
        )
    counted = _same_day() if rule.term is None else _counted(rule.term, passed)
    agrees = passed[-1].end == dossier.due_at
    if change.computed and not agrees:
        return f"that is what the event carries; today's calendar gives {when(passed[-1].end)} ({counted})"
    if change.computed:
        return counted
    given = "the date came with the event"
    return f"{given}, and the count gives the same: {counted}" if agrees else f"{given}; {counted} would give {when(passed[-1].end)}"


def _same_day() -> str:
    return "answered the same day, when the last session closes"


def _counted(term: Term, passed: list[Interval]) -> str:
    match term.unit:
        case TermUnit.WORKING_HOURS:
            return f"{of(term)} after the start of the count, nights, lunch and days off left out"
        case TermUnit.WORKING_DAYS:
            return f"{of(term)} after the day of receipt, at the same time of day"
        case _:
            moved = "" if passed[-1].counts else f", ending on a day off ({when(_nominal(passed))}) and moved to the next working day"
            return f"{of(term)} at the same time of day{moved}"


def _nominal(passed: list[Interval]) -> datetime:
    return next(interval.end for interval in passed if interval.counts)
