"""How a deadline came about: the count from the receipt, and the count anew when a decree moved it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise

from services.intake.accepting.computing import due_by_catalogue
from services.intake.explanation.speaking import say
from services.intake.explanation.steps import channel, of, on, steps_of_days, steps_of_hours, when, why_not
from services.intake.log.history import HistoryEntry
from shared.catalogue import CalendarEntry, Catalogue
from shared.contract.http.dossiers import Step
from shared.domain import events as domain
from shared.domain.deadline import DeadlineRule, Interval, Reason, midnight, walk
from shared.domain.dossier import Dossier
from shared.domain.errors import CalendarNotKnown, Refusal
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.terms import Term, TermUnit, counts_hours

CatalogueAt = Callable[[datetime], Catalogue]  # the catalogue that was in force when an event was recorded
CALENDAR_TIME = (TermUnit.CALENDAR_DAYS, TermUnit.MONTHS)
Run = list[CalendarEntry]


def receipt(event: domain.Received, entry: HistoryEntry, catalogue: Catalogue) -> Iterator[Step]:
    """Receipt, normalised start, intervals, deadline."""
    dossier, at = entry.after, entry.at
    text = say(
        f"Tiếp nhận {when(at)} ({channel(dossier)}) tại {dossier.department}; bắt đầu tính thời hạn.",
        f"Received {when(at)} ({channel(dossier)}) by {dossier.department}; the clock starts.",
    )
    yield Step(step="received", at=at, text=text)
    rule = rule_of(event, entry, catalogue)
    try:
        intervals = [] if rule is None else list(walk(at, rule, catalogue.calendar_of(dossier.department)))
    except CalendarNotKnown as unknown:
        yield Step(
            step="deadline",
            at=at,
            due_at=dossier.due_at,
            text=f"{_due(dossier)}: {say('không tính được ở đây', 'nothing can be counted here')}, {unknown}.",
        )
        return
    if rule is not None and intervals:
        yield from _start(at, rule, intervals)
        yield from steps_of_hours(intervals) if counts_hours(rule.term) else steps_of_days(intervals, rule.term)
    yield _deadline(dossier, entry, rule, intervals, catalogue)


def rule_of(event: domain.Received, entry: HistoryEntry, catalogue: Catalogue) -> DeadlineRule | None:
    """What the deadline was counted by; None for a bare date of the sender, which says nothing of how it came about."""
    procedure = catalogue.procedure(event.procedure, local_date(entry.at))
    if event.term is not None:
        return DeadlineRule(event.term, None if procedure is None else procedure.closing_hour)
    if procedure is None or not entry.due_computed:
        return None
    return procedure.rule_for(event.channel, catalogue.class_of(event.channel))


def _start(at: datetime, rule: DeadlineRule, intervals: list[Interval]) -> Iterator[Step]:
    """Where the count begins, when that is not the receipt or the hour matters."""
    begin = next(interval for interval in intervals if interval.reason is Reason.DAY_OF_RECEIPT or interval.counts)
    closed = intervals[0].reason if begin is not intervals[0] else None
    if closed is None and not counts_hours(rule.term):
        return
    if closed is None:
        text = say(
            f"Bắt đầu tính ngay, {when(at)}: trong giờ làm việc.",
            f"Counting starts at once, {when(at)}: within working hours.",
        )
    else:
        why = _closed_when(rule) if rule.closing_hour or rule.same_day else why_not(intervals[0])
        text = say(
            f"Bắt đầu tính {when(begin.start)}, khi mở cửa lần sau: tiếp nhận {when(at)}, {why}.",
            f"Counting starts {when(begin.start)}, the next opening: received {when(at)}, {why}.",
        )
    yield Step(step="start", at=begin.start, text=text)


def _closed_when(rule: DeadlineRule) -> str:
    if rule.closing_hour:
        at = f"{rule.closing_hour:%H:%M}"
        return say(
            f"mà thủ tục ngừng nhận hồ sơ lúc {at} của ngày làm việc",
            f"and the procedure's intake closes at {at} of a working day",
        )
    return say(
        "mà thủ tục ngừng nhận hồ sơ khi hết buổi cuối của ngày làm việc",
        "and the procedure's intake closes with the last session of a working day",
    )


def _deadline(
    dossier: Dossier, entry: HistoryEntry, rule: DeadlineRule | None, intervals: list[Interval], catalogue: Catalogue
) -> Step:
    if dossier.due_at is None:
        text = say(
            "Không có thời hạn và ngày trả: hồ sơ không có thời hạn và không tính vào tỷ lệ nào.",
            "No term and no date were given: the dossier has no deadline and is in no percentage.",
        )
        return Step(step="deadline", text=text)
    reasons = [_reason_of(dossier, entry, rule, intervals)]
    if intervals and dossier.department not in catalogue.departments:
        reasons.append(
            say(
                f"{dossier.department} không có trong danh mục: tính theo giờ thông thường và ngày nghỉ của tỉnh",
                f"{dossier.department} is not in the catalogue: "
                "counted with the usual hours and the days off of its province",
            )
        )
    return Step(
        step="deadline", at=dossier.received_at, due_at=dossier.due_at, text=f"{_due(dossier)}: {'; '.join(reasons)}."
    )


def _due(dossier: Dossier) -> str:
    return (
        f"{say('Đến hạn', 'Due')} {when(dossier.due_at)}" if dossier.due_at else say("Không có thời hạn", "No deadline")
    )


def _reason_of(dossier: Dossier, entry: HistoryEntry, rule: DeadlineRule | None, intervals: list[Interval]) -> str:
    given = say("ngày đi kèm sự kiện", "the date came with the event")
    if not intervals or rule is None:
        if entry.due_computed:
            return say("danh mục hiện nay không có quy định để tính", "today's catalogue has no rule to count it by")
        return f"{given}, {say('không tính gì', 'nothing was counted')}"
    counted = _counted(rule.term, intervals)
    agrees = intervals[-1].end == dossier.due_at
    if entry.due_computed and not agrees:
        ends = when(intervals[-1].end)
        return say(
            f"theo sự kiện; theo lịch hiện nay là {ends} ({counted})",
            f"that is what the event carries; today's calendar gives {ends} ({counted})",
        )
    if entry.due_computed:
        return counted
    if agrees:
        return f"{given}, {say('và tính ra cũng vậy', 'and the count gives the same')}: {counted}"
    return f"{given}; {counted} {say('thì là', 'would give')} {when(intervals[-1].end)}"


def _counted(term: Term | None, intervals: list[Interval]) -> str:
    if term is None:
        return say(
            "trả lời trong ngày, đến hết buổi làm việc cuối", "answered the same day, when the last session closes"
        )
    match term.unit:
        case TermUnit.WORKING_HOURS:
            return say(
                f"{of(term)} từ khi bắt đầu tính, trừ đêm, giờ nghỉ trưa và ngày nghỉ",
                f"{of(term)} after the start of the count, nights, lunch and days off left out",
            )
        case TermUnit.WORKING_DAYS:
            return say(
                f"{of(term)} sau ngày tiếp nhận, vào cùng giờ",
                f"{of(term)} after the day of receipt, at the same time of day",
            )
        case _:
            ended = next(interval.end for interval in intervals if interval.counts)
            moved = say(
                f", hết vào ngày nghỉ ({when(ended)}) nên chuyển sang ngày làm việc tiếp theo",
                f", ending on a day off ({when(ended)}) and moved to the next working day",
            )
            in_all = say(f"{of(term)} vào cùng giờ", f"{of(term)} at the same time of day")
            return in_all if intervals[-1].counts else f"{in_all}{moved}"


def recount(past: Sequence[HistoryEntry], entry: HistoryEntry, catalogue_at: CatalogueAt) -> Iterator[Step]:
    """The days that changed since the last count, then the count anew from the first of them on."""
    catalogue, dossier = catalogue_at(entry.recorded_at), entry.after
    first, last = _reach(past[-1].after, dossier)
    try:
        changed = _changed(dossier.department, catalogue_at(_counted_last(past).recorded_at), catalogue, first, last)
        anew = list(_anew(past, dossier, catalogue))
    except CalendarNotKnown:
        return  # the calendar was cut since; the new deadline is said all the same
    for run in _runs(changed):
        yield _step_of_run(run, dossier)
    if changed:
        start = midnight(changed[0].day)
        yield from (step for step in anew if step.until is not None and step.until > start)


def recounted(past: Sequence[HistoryEntry], entry: HistoryEntry, catalogue: Catalogue) -> str:
    """What the count gives, for the sentence that tells the new deadline."""
    try:
        counted = due_by_catalogue(past, catalogue)
    except Refusal as refusal:
        return f"; {say('không tính được ở đây', 'it cannot be counted here')}, {refusal}"
    if counted != entry.after.due_at:
        today = say("theo lịch hiện nay là", "today's calendar gives")
        return "" if counted is None else f"; {today} {when(counted)}"
    if entry.after.suspensions:
        return say(
            "; tính lại từ khi tiếp nhận, cộng thời gian tạm dừng",
            "; counted anew from the receipt on, with what its pauses credit",
        )
    return say("; tính lại", "; counted anew")


def _counted_last(past: Sequence[HistoryEntry]) -> HistoryEntry:
    """The latest move by a decree, which counted all anew; else the first count."""
    counts = [earlier for earlier in past if earlier.due_computed]
    return next((earlier for earlier in reversed(counts) if earlier.is_move), (counts or past)[0])


def _reach(before: Dossier, after: Dossier) -> tuple[date, date]:
    """The days that the count can have intervals; of calendar days and months only those at their end matter."""
    assert before.due_at is not None, "what was moved had a deadline"
    assert after.due_at is not None, "what was moved has one"
    assert after.received_at is not None, "what has a deadline was received"
    dues = [local_date(before.due_at), local_date(after.due_at)]
    only_the_end = after.term is not None and after.term.unit in CALENDAR_TIME and not after.suspensions
    return min(dues) if only_the_end else local_date(after.received_at), max(dues)


def _changed(department: str, before: Catalogue, after: Catalogue, first: date, last: date) -> Run:
    old, new = before.calendar_of(department), after.calendar_of(department)
    named = after.entries(first, last, department)
    return [entry for entry in named if old.is_working_day(entry.day) != new.is_working_day(entry.day)]


def _runs(changed: Run) -> Iterator[Run]:
    """Days in a row of one decree and one name together."""
    run = changed[:1]
    for one, other in pairwise(changed):
        if other.day - one.day != ONE_DAY or (one.works, one.name, one.source) != (
            other.works,
            other.name,
            other.source,
        ):
            yield run
            run = []
        run.append(other)
    if run:
        yield run


def _step_of_run(run: Run, dossier: Dossier) -> Step:
    first, last = run[0], run[-1]
    one, several = ("a working day", "working days") if first.works else ("a day off", "days off")
    kind = "ngày làm việc" if first.works else "ngày nghỉ"
    if len(run) == 1:
        became = say(f"{on(first.day)} thành {kind}", f"{on(first.day)} became {one}")
    else:
        became = say(
            f"{on(first.day)} đến {on(last.day)} thành {kind}", f"{on(first.day)} to {on(last.day)} became {several}"
        )
    now = say(": nay được tính", ": counted now")
    counts = now if first.works else say(": không còn được tính", ": not counted any more")
    if dossier.term is not None and dossier.term.unit in CALENDAR_TIME:
        counts = ""
    text = f"{became} ({first.name}, {first.source}){counts}."
    return Step(
        step="interval", at=midnight(first.day), until=midnight(last.day + ONE_DAY), counted=first.works, text=text
    )


def _anew(past: Sequence[HistoryEntry], dossier: Dossier, catalogue: Catalogue) -> Iterator[Step]:
    """The walk from the receipt by this calendar; nothing over pauses, or when it does not end at the deadline."""
    received = next((earlier for earlier in past if isinstance(earlier.event, domain.Received)), None)
    if received is None or dossier.suspensions:
        return
    assert isinstance(received.event, domain.Received)
    rule = rule_of(received.event, received, catalogue)
    if rule is None:
        return
    intervals = list(walk(received.at, rule, catalogue.calendar_of(dossier.department)))
    if intervals and intervals[-1].end == dossier.due_at:
        anew = say("tính lại: ", "counted anew: ")
        yield from (
            steps_of_hours(intervals, anew) if counts_hours(rule.term) else steps_of_days(intervals, rule.term, anew)
        )
