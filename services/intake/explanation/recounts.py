"""A deadline moved by a decree told: the days that became others, and the count over them up to the new deadline."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise

from services.intake.announcements.moves import Fact, due_by
from services.intake.changes import Change
from services.intake.explanation import passage, receipts
from services.intake.explanation.wording import on, when
from services.intake.schemas import Step
from shared.catalogue import CalendarEntry, Catalogue
from shared.domain import events as domain
from shared.domain.deadline import midnight, walk
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown, Refusal
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.terms import TermUnit, counts_hours

ANEW = "counted anew: "
CatalogueAt = Callable[[datetime], Catalogue]
Run = list[CalendarEntry]


def recount(past: Sequence[Change], change: Change, catalogue_at: CatalogueAt) -> Iterator[Step]:
    """The days that changed since the last count, and from the first of them on the count anew; `past` are the changes before it."""
    catalogue, dossier = catalogue_at(change.recorded_at), change.after
    first, last = _reach(past[-1].after, dossier)
    try:
        changed = _changed(dossier.department, catalogue_at(_counted_last(past).recorded_at), catalogue, first, last)
        anew = list(_anew(past, dossier, catalogue))
    except CalendarNotKnown:
        return  # the calendar was cut since; the new deadline is said all the same
    for run in _runs(changed):
        yield _told(run, dossier)
    if changed:
        start = midnight(changed[0].day)
        yield from (step for step in anew if step.until is not None and step.until > start)


def outcome(past: Sequence[Change], change: Change, catalogue: Catalogue) -> str:
    """What the count gives, for the sentence that tells the new deadline."""
    try:
        counted = due_by(change.after.code, [Fact(each.event, each.after.last_occurred_at, each.computed) for each in past], catalogue)
    except Refusal as refusal:
        return f"; it cannot be counted here, {refusal}"
    if counted != change.after.due_at:
        return "" if counted is None else f"; today's calendar gives {when(counted)}"
    return "; counted anew from the receipt on, with what its pauses credit" if change.after.suspensions else "; counted anew"


def _counted_last(past: Sequence[Change]) -> Change:
    """The latest move by a decree, which counted all anew; else the first count."""
    counts = [each for each in past if each.computed]
    return next((each for each in reversed(counts) if isinstance(each.event, domain.Extended)), (counts or past)[0])


def _reach(before: Dossier, after: Dossier) -> tuple[date, date]:
    """The days that the count can have passed; of calendar days and months only those at their end matter."""
    assert before.due_at is not None, "what was moved had a deadline"
    assert after.due_at is not None, "what was moved has one"
    assert after.received_at is not None, "what has a deadline was received"
    dues = [local_date(before.due_at), local_date(after.due_at)]
    only_the_end = after.term is not None and after.term.unit in CALENDAR_TIME and not after.suspensions
    return min(dues) if only_the_end else local_date(after.received_at), max(dues)


CALENDAR_TIME = (TermUnit.CALENDAR_DAYS, TermUnit.MONTHS)


def _changed(department: str, before: Catalogue, after: Catalogue, first: date, last: date) -> Run:
    old, new = before.calendar_of(department), after.calendar_of(department)
    named = after.entries(first, last, department)
    return [entry for entry in named if old.is_working_day(entry.day) != new.is_working_day(entry.day)]


def _runs(changed: Run) -> Iterator[Run]:
    """Days in a row of one decree and one name together."""
    run = changed[:1]
    for one, other in pairwise(changed):
        if other.day - one.day != ONE_DAY or (one.works, one.name, one.source) != (other.works, other.name, other.source):
            yield run
            run = []
        run.append(other)
    if run:
        yield run


def _told(run: Run, dossier: Dossier) -> Step:
    first, last = run[0], run[-1]
    one, several = ("a working day", "working days") if first.works else ("a day off", "days off")
    became = f"{on(first.day)} became {one}" if len(run) == 1 else f"{on(first.day)} to {on(last.day)} became {several}"
    counts = "" if dossier.term is not None and dossier.term.unit in CALENDAR_TIME else _counts(works=first.works)
    text = f"{became} ({first.name}, {first.source}){counts}."
    return Step(step="interval", at=midnight(first.day), until=midnight(last.day + ONE_DAY), counted=first.works, text=text)


def _counts(*, works: bool) -> str:
    return ": counted now" if works else ": not counted any more"


def _anew(past: Sequence[Change], dossier: Dossier, catalogue: Catalogue) -> Iterator[Step]:
    """The walk from the receipt by this calendar; nothing where pauses lie in between, or when it does not end at the deadline."""
    found = next((each for each in past if isinstance(each.event, domain.Received)), None)
    if found is None or dossier.suspensions:
        return
    assert isinstance(found.event, domain.Received)
    rule = receipts.rule_of(found.event, found, catalogue)
    if rule is None:
        return
    passed = list(walk(found.after.last_occurred_at, rule, catalogue.calendar_of(dossier.department)))
    if passed and passed[-1].end == dossier.due_at:
        yield from passage.hours(passed, ANEW) if counts_hours(rule.term) else passage.days(passed, rule.term, ANEW)
