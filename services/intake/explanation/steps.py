"""The steps of an explanation, in words that can be checked against a paper calendar: instants, lengths, intervals."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby

from services.intake.explanation.speaking import say, voice
from shared.contract.http.dossiers import Step
from shared.domain.deadline import Interval, Reason
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY, local
from shared.domain.terms import Term, TermUnit
from shared.language.words import CHANNELS

WEEKDAYS = (
    ("thứ Hai", "Mon"),
    ("thứ Ba", "Tue"),
    ("thứ Tư", "Wed"),
    ("thứ Năm", "Thu"),
    ("thứ Sáu", "Fri"),
    ("thứ Bảy", "Sat"),
    ("Chủ nhật", "Sun"),
)
UNITS = {
    "working_days": ("ngày làm việc", "working day"),
    "calendar_days": ("ngày theo lịch", "calendar day"),
    "working_hours": ("giờ làm việc", "working hour"),
    "months": ("tháng", "month"),
}
UNCOUNTED = {
    Reason.DAY_OF_RECEIPT: ("ngày tiếp nhận", "the day of receipt"),
    Reason.INTAKE_CLOSED: ("thủ tục đã ngừng nhận hồ sơ", "the procedure's intake is closed"),
    Reason.OUTSIDE_HOURS: ("ngoài giờ làm việc", "outside working hours"),
    Reason.WEEKEND: ("cuối tuần", "weekend"),
}
FEWEST_MERGED = 3
Day = tuple[date, list[Interval]]


def on(day: date) -> str:
    """`Fri 2024-02-09`, or `thứ Sáu 09/02/2024`."""
    return f"{say(*WEEKDAYS[day.weekday()])} {say(f'{day:%d/%m/%Y}', f'{day:%Y-%m-%d}')}"


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
    minute = say("phút", "min")
    parts: list[tuple[int | str, str]] = [(hours, say("giờ", "h"))] if hours else []
    if minutes or (hours and (seconds or fraction)):
        parts.append((minutes, minute))
    if seconds or fraction:
        exactly = f"{seconds}{say(',', '.')}{fraction.microseconds:06d}".rstrip("0") if fraction else seconds
        parts.append((exactly, say("giây", "s")))
    return " ".join(f"{amount} {unit}" for amount, unit in parts) or f"0 {minute}"


def channel(dossier: Dossier) -> str:
    """`in_person`; `online, full`: the words of the figures."""
    level = dossier.online_level
    named = say(voice().word(CHANNELS, dossier.channel).lower(), dossier.channel)
    if level is None:
        return named
    return f"{named}, {say({'full': 'toàn trình', 'partial': 'một phần'}.get(level.value, level.value), level.value)}"


def of(term: Term) -> str:
    """`5 working days`."""
    vietnamese, english = UNITS[term.unit.value]
    return f"{term.amount} {say(vietnamese, english + ('s' if term.amount > 1 else ''))}"


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
    return f"{say('không tính', 'not counted')}, {why_not(interval)}"


def counted_time(intervals: Iterable[Interval]) -> timedelta:
    """The length of what counts."""
    return sum((interval.end - interval.start for interval in intervals if interval.counts), timedelta(0))


def why_not(interval: Interval) -> str:
    """Why it does not count: the day's name, or what it is."""
    return interval.name or say(*UNCOUNTED.get(interval.reason, ("ngày nghỉ", "day off")))


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
            return f"{say('Từ', 'From')} {when(interval.start)}"
        case Reason.SAME_DAY:
            return f"{when(interval.start)} {say('đến', 'to')} {clock(interval.end)}"
        case _:
            return on(interval.start.date())


def _of_a_term_in_days(interval: Interval, number: int, term: Term | None, *, ended: bool) -> str:
    """What happens on the way; `ended` when calendar days or months are over, and only a working day is looked for."""
    if interval.reason is Reason.MOVED:
        return say(
            "ngày làm việc đầu tiên sau đó; thời hạn chuyển sang ngày này",
            "the first working day after; the deadline moves there",
        )
    if not interval.counts:
        no_working_day = say("không phải ngày làm việc", "not a working day")
        return f"{no_working_day}, {why_not(interval)}" if ended else not_counted(interval)
    if term is None:
        return say(
            "phải trả lời trong ngày, đến hết buổi làm việc cuối",
            "the answer is due the same day, when the last session closes",
        )
    if term.unit is TermUnit.WORKING_DAYS:
        day = say(
            f"tính, ngày làm việc thứ {number} trong {term.amount}", f"counted, working day {number} of {term.amount}"
        )
        return f"{day}{_swapped(interval)}"
    ends, last = "ends" if term.amount == 1 else "end", on(interval.end.date())
    return say(f"{of(term)}, kể cả ngày nghỉ, kết thúc {last}", f"{of(term)}, days off among them, {ends} on {last}")


def _swapped(interval: Interval) -> str:
    return (
        f" ({say('làm bù', 'swapped to work')}: {interval.name})" if interval.reason is Reason.SWAPPED_TO_WORK else ""
    )


def _day_worked(counted: Sequence[Interval]) -> str:
    return f"{say('tính', 'counted')} {_sessions(counted)}, {length(counted_time(counted))}{_swapped(counted[0])}"


def _sessions(counted: Sequence[Interval]) -> str:
    return say(" và ", " and ").join(f"{clock(interval.start)}–{clock(interval.end)}" for interval in counted)


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
    first, last, sessions = on(run[0][0]), on(run[-1][0]), _sessions(counted[0])
    text = say(
        f"{label}{first} đến {last}: tính {sessions} mỗi ngày, {len(run)} ngày, {length(total)}.",
        f"{label}{first} to {last}: counted {sessions} each day, {len(run)} days, {length(total)}.",
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
