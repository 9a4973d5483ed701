"""The steps of an explanation, in words that can be checked against a paper calendar: instants, lengths, intervals."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby

from shared.contract.http.dossiers import Step
from shared.domain.deadline import Interval, Reason
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY, local
from shared.domain.terms import Term, TermUnit

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNITS = {
    "working_days": "working day",
    "calendar_days": "calendar day",
    "working_hours": "working hour",
    "months": "month",
}
UNCOUNTED = {
    Reason.DAY_OF_RECEIPT: "the day of receipt",
    Reason.INTAKE_CLOSED: "the procedure's intake is closed",
    Reason.OUTSIDE_HOURS: "outside working hours",
    Reason.WEEKEND: "weekend",
}
FEWEST_MERGED = 3
Day = tuple[date, list[Interval]]


def on(day: date) -> str:
    """`Fri 2024-02-09`."""
    return f"{WEEKDAYS[day.weekday()]} {day:%Y-%m-%d}"


def when(instant: datetime) -> str:
    """`Fri 2024-02-09 08:31`, in local time; seconds and their fractions only where there are some."""
    here = local(instant)
    return f"{on(here.date())} {clock(here)}"


def clock(instant: datetime) -> str:
    here = local(instant)
    if here.microsecond:
        return f"{here:%H:%M:%S.%f}".rstrip("0")
    return f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"


def length(time: timedelta) -> str:
    """`6 h 29 min`, and `7 h 0 min 47 s`, which nobody reads as minutes; nothing is `0 min`."""
    whole, fraction = divmod(time, timedelta(seconds=1))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    parts: list[tuple[int | str, str]] = [(hours, "h")] if hours else []
    if minutes or (hours and (seconds or fraction)):
        parts.append((minutes, "min"))
    if seconds or fraction:
        parts.append((f"{seconds}.{fraction.microseconds:06d}".rstrip("0") if fraction else seconds, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts) or "0 min"


def channel(dossier: Dossier) -> str:
    """`in_person`; `online, full`: the words of the figures."""
    level = dossier.online_level
    return dossier.channel if level is None else f"{dossier.channel}, {level.value}"


def of(term: Term) -> str:
    """`5 working days`."""
    return f"{term.amount} {UNITS[term.unit.value]}{'s' if term.amount > 1 else ''}"


def steps_of_days(intervals: Iterable[Interval], term: Term | None, label: str = "") -> Iterator[Step]:
    """A term in days or months, or an answer due the same day: one step an interval, working days numbered."""
    number, ended = 0, False
    for interval in intervals:
        if _is_silent(interval):
            continue
        number += interval.counts
        yield _step(interval, _of_a_term_in_days(interval, number, term, ended=ended), label)
        ended = ended or interval.reason is Reason.CALENDAR_TIME


def _is_silent(interval: Interval) -> bool:
    """Whether it says nothing that the start of the count does not: the small hours before the opening at which the
    receipt counts as made; and no time at all, for an answer due at the very instant of the receipt."""
    if interval.reason is Reason.INTAKE_CLOSED:
        return interval.start.time() == time()
    return interval.reason is Reason.SAME_DAY and interval.start == interval.end


def steps_of_hours(stretches: Iterable[Interval], label: str = "") -> Iterator[Step]:
    """Working time: every interval within one day; over several one step a day, equal full days in a row together."""
    intervals = [interval for interval in stretches if interval.start < interval.end]
    if len({interval.start.date() for interval in intervals}) == 1:
        for interval in intervals:
            yield _step(interval, _day_worked([interval]) if interval.counts else not_counted(interval), label)
        return
    by_day = [(day, list(of_day)) for day, of_day in groupby(intervals, key=lambda interval: interval.start.date())]
    for run in _runs(by_day):
        yield from _run(run, label)


def not_counted(interval: Interval) -> str:
    """`not counted, Tết Nguyên đán Giáp Thìn`."""
    return f"not counted, {_why(interval)}"


def counted_time(intervals: Iterable[Interval]) -> timedelta:
    """The length of what counts."""
    return sum((interval.end - interval.start for interval in intervals if interval.counts), timedelta(0))


def _why(interval: Interval) -> str:
    return interval.name or UNCOUNTED.get(interval.reason, "day off")


def _step(interval: Interval, text: str, label: str = "") -> Step:
    stretch = _stretch(interval)
    return Step(
        step="interval",
        at=interval.start,
        until=interval.end,
        counted=interval.counts,
        text=f"{label}{stretch}: {text}.",
    )


def _stretch(interval: Interval) -> str:
    match interval.reason:
        case Reason.CALENDAR_TIME:
            return f"From {when(interval.start)}"
        case Reason.SAME_DAY:
            return f"{when(interval.start)} to {clock(interval.end)}"
        case _:
            return on(interval.start.date())


def _of_a_term_in_days(interval: Interval, number: int, term: Term | None, *, ended: bool) -> str:
    """What happens on the way; `ended` when calendar days or months are over, and only a working day is looked for."""
    if interval.reason is Reason.MOVED:
        return "the first working day after; the deadline moves there"
    if not interval.counts:
        return f"not a working day, {_why(interval)}" if ended else not_counted(interval)
    if term is None:
        return "the answer is due the same day, when the last session closes"
    if term.unit is TermUnit.WORKING_DAYS:
        return f"counted, working day {number} of {term.amount}{_swapped(interval)}"
    ends = "ends" if term.amount == 1 else "end"
    return f"{of(term)}, days off among them, {ends} on {on(interval.end.date())}"


def _swapped(interval: Interval) -> str:
    return f" (swapped to work: {interval.name})" if interval.reason is Reason.SWAPPED_TO_WORK else ""


def _day_worked(counted: Sequence[Interval]) -> str:
    return f"counted {_sessions(counted)}, {length(counted_time(counted))}{_swapped(counted[0])}"


def _sessions(counted: Sequence[Interval]) -> str:
    return " and ".join(f"{clock(interval.start)}–{clock(interval.end)}" for interval in counted)


def _runs(by_day: Sequence[Day]) -> Iterator[list[Day]]:
    """Days in a row that count the same hours; every other day for itself."""
    run: list[Day] = []
    for day in by_day:
        if run and not (_hours_of(day) == _hours_of(run[-1]) and day[0] - run[-1][0] == ONE_DAY):
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _hours_of(day: Day) -> list[tuple[object, ...]]:
    """What makes two days alike; a day on which nothing counts is like no other."""
    counted = [interval for interval in day[1] if interval.counts]
    if not counted:
        return [(day[0],)]
    return [(interval.start.time(), interval.end.time(), interval.reason, interval.name) for interval in counted]


def _run(run: list[Day], label: str) -> Iterator[Step]:
    if len(run) < FEWEST_MERGED:
        for day in run:
            yield from _day(day, label)
        return
    counted = [[interval for interval in of_day if interval.counts] for _, of_day in run]
    total = sum((counted_time(of_day) for of_day in counted), timedelta(0))
    text = (
        f"{label}{on(run[0][0])} to {on(run[-1][0])}: "
        f"counted {_sessions(counted[0])} each day, {len(run)} days, {length(total)}."
    )
    yield Step(step="interval", at=counted[0][0].start, until=counted[-1][-1].end, counted=True, text=text)


def _day(day: Day, label: str) -> Iterator[Step]:
    counted = [interval for interval in day[1] if interval.counts]
    if counted:
        first, last = counted[0].start, counted[-1].end
        yield Step(
            step="interval", at=first, until=last, counted=True, text=f"{label}{on(day[0])}: {_day_worked(counted)}."
        )
        return
    whole = day[1][0]
    if whole.reason is not Reason.OUTSIDE_HOURS:
        yield _step(whole, not_counted(whole), label)
