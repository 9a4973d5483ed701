"""The laws of deadlines, over random calendars:
any days off, swapped days and hours by date, not only those of a real year.

"No deadline outside working time" reads as domain §3 is written. A term in hours always ends in a session. A term
in days or months ends on a working day at the receipt's time of day, so inside working time exactly when that
clock time lies in a session of the day due: an office's hours may change in between, and a receipt at night is due
at night (decision 0006).
"""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.calendar import DEFAULT_SESSIONS, DatedSessions, Session, WorkingCalendar
from shared.domain.deadline import (
    Deadline,
    DeadlineRule,
    Interval,
    Reason,
    due_after_pause,
    due_at,
    due_by,
    pause,
    walk,
    working_time,
)
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.domain.terms import Term, TermUnit, counts_hours

FIRST, LAST = date(2022, 12, 1), date(2025, 12, 31)
RECEIPTS = (date(2023, 1, 1), date(2023, 4, 30))
OFTEN = 45  # how many days off at most: terms must still end in the calendar

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]), st.sampled_from([0, 0, 59]))
days = st.dates(*RECEIPTS)
instants = st.builds(lambda day, clock: datetime.combine(day, clock, LOCAL), days, clocks)
amounts = st.timedeltas(timedelta(0), timedelta(hours=30))


@st.composite
def sessions(draw: st.DrawFn) -> tuple[Session, ...]:
    """One to three sessions in a day, some of them a minute long."""
    edges = sorted(draw(st.sets(clocks, min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    return tuple(zip(edges[::2], edges[1::2], strict=True))


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    off = draw(st.frozensets(days, max_size=OFTEN))
    swapped = draw(st.frozensets(days, max_size=8))
    hours = []
    if draw(st.booleans()):
        first = draw(days)
        hours.append(DatedSessions(first, first + timedelta(days=draw(st.integers(0, 40))), draw(sessions())))
    usual = draw(st.just(DEFAULT_SESSIONS) | sessions())
    return WorkingCalendar(FIRST, LAST, off, swapped, usual, tuple(hours), dict.fromkeys(off, "ngày nghỉ"))


terms = st.builds(
    Term,
    st.integers(1, 12),
    st.sampled_from([TermUnit.WORKING_DAYS, TermUnit.CALENDAR_DAYS, TermUnit.WORKING_HOURS, TermUnit.MONTHS]),
)
rules = st.builds(DeadlineRule, terms, st.none() | clocks) | st.builds(
    DeadlineRule, st.none(), st.none() | clocks, st.booleans()
)


def enough_hours(calendar: WorkingCalendar) -> bool:
    """Whether its days are long enough for a term in hours to end within the calendar."""
    shortest = min(
        sum((datetime.combine(FIRST, closes) - datetime.combine(FIRST, opens) for opens, closes in hours), timedelta(0))
        for hours in (calendar.sessions, *(dated.sessions for dated in calendar.hours))
    )
    return shortest >= timedelta(minutes=15)


def in_a_session(instant: datetime, calendar: WorkingCalendar) -> bool:
    """Both ends of a session belong to it."""
    return any(opens <= instant.time() <= closes for opens, closes in calendar.sessions_on(instant.date()))


def counted(intervals: list[Interval]) -> timedelta:
    return sum((interval.end - interval.start for interval in intervals if interval.counts), timedelta(0))


@given(calendars(), instants, amounts, amounts)
def test_adding_working_time_is_associative(
    calendar: WorkingCalendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    assume(enough_hours(calendar))
    stepwise = calendar.add_working_time(calendar.add_working_time(start, first), second)
    assert stepwise == calendar.add_working_time(start, first + second)


@given(calendars(), instants, instants, amounts, amounts)
def test_adding_working_time_is_monotone(
    calendar: WorkingCalendar, one: datetime, other: datetime, less: timedelta, more: timedelta
) -> None:
    assume(enough_hours(calendar))
    earlier, later = sorted((one, other))
    assert calendar.add_working_time(earlier, more) <= calendar.add_working_time(later, more)
    assert calendar.add_working_time(one, less) <= calendar.add_working_time(one, less + more)


@given(calendars(), instants, amounts)
def test_the_time_between_undoes_the_addition(calendar: WorkingCalendar, start: datetime, amount: timedelta) -> None:
    assume(enough_hours(calendar))
    assert calendar.working_time_between(start, calendar.add_working_time(start, amount)) == amount


@given(calendars(), instants, terms)
def test_no_deadline_lands_outside_working_time(calendar: WorkingCalendar, received: datetime, term: Term) -> None:
    assume(enough_hours(calendar))
    due = due_at(received, term, calendar)
    assert due > received
    assert calendar.is_working_day(due.date())
    if counts_hours(term):
        assert in_a_session(due, calendar)
    else:
        assert due.time() == received.time()


@given(calendars(), instants, terms)
def test_a_receipt_in_working_time_is_due_in_working_time(
    calendar: WorkingCalendar, received: datetime, term: Term
) -> None:
    calendar = WorkingCalendar(FIRST, LAST, calendar.days_off, calendar.swapped_to_work)  # the same hours every day
    assume(in_a_session(received, calendar))
    assert in_a_session(due_at(received, term, calendar), calendar)


@given(calendars(), instants, instants, instants, st.booleans())
def test_suspending_never_makes_a_deadline_earlier(
    calendar: WorkingCalendar,
    due: datetime,
    one: datetime,
    other: datetime,
    in_hours: bool,  # noqa: FBT001
) -> None:
    assume(enough_hours(calendar))
    paused, resumed = sorted((one, other))
    assert due_after_pause(Deadline(due, in_hours), paused, resumed, calendar) >= due


@given(calendars(), instants, rules)
def test_the_walk_goes_from_receipt_to_deadline_without_a_gap(
    calendar: WorkingCalendar, received: datetime, rule: DeadlineRule
) -> None:
    assume(enough_hours(calendar))
    intervals = list(walk(received, rule, calendar))
    due = due_by(rule, received, calendar)
    if due is None:
        assert not intervals
        return
    assert (intervals[0].start, intervals[-1].end) == (received, due)
    assert all(one.end == following.start for one, following in pairwise(intervals))
    assert all(interval.start <= interval.end for interval in intervals)


@given(calendars(), instants, st.builds(DeadlineRule, terms, st.none() | clocks))
def test_what_the_walk_counts_makes_up_the_term(
    calendar: WorkingCalendar, received: datetime, rule: DeadlineRule
) -> None:
    assume(enough_hours(calendar))
    intervals = list(walk(received, rule, calendar))
    assert rule.term is not None
    match rule.term.unit:
        case TermUnit.WORKING_DAYS:
            assert sum(interval.counts for interval in intervals) == rule.term.amount
        case TermUnit.WORKING_HOURS:
            assert counted(intervals) == timedelta(hours=rule.term.amount)
        case TermUnit.CALENDAR_DAYS:
            assert counted(intervals) == timedelta(days=rule.term.amount)
        case TermUnit.MONTHS:
            (whole,) = (interval for interval in intervals if interval.counts)
            months = (whole.end.year - whole.start.year) * 12 + whole.end.month - whole.start.month
            assert months == rule.term.amount
            assert whole.end.day == whole.start.day or (whole.end + ONE_DAY).day == 1


@given(calendars(), instants, rules)
def test_every_stretch_has_the_reason_its_day_has(
    calendar: WorkingCalendar, received: datetime, rule: DeadlineRule
) -> None:
    assume(enough_hours(calendar))
    of_a_day_that_works = {
        Reason.WORKING_DAY,
        Reason.WORKING_TIME,
        Reason.SWAPPED_TO_WORK,
        Reason.OUTSIDE_HOURS,
        Reason.MOVED,
        Reason.SAME_DAY,
    }
    for interval in walk(received, rule, calendar):
        day = interval.start.date()
        if interval.reason in of_a_day_that_works:
            assert calendar.is_working_day(day)
        elif interval.reason in (Reason.WEEKEND, Reason.DAY_OFF):
            assert not calendar.is_working_day(day)
            assert interval.name == ("ngày nghỉ" if interval.reason is Reason.DAY_OFF else "")


@given(calendars(), instants, instants)
def test_a_pause_is_credited_what_its_walk_counts(calendar: WorkingCalendar, one: datetime, other: datetime) -> None:
    paused, resumed = sorted((one, other))
    intervals = list(pause(paused, resumed, calendar))
    assert counted(intervals) == calendar.working_time_between(paused, resumed)
    assert all(before.end == after.start for before, after in pairwise(intervals))
    if paused < resumed:
        assert (intervals[0].start, intervals[-1].end) == (paused, resumed)


@given(calendars(), instants, amounts)
def test_a_deadline_moves_along_a_walk_of_working_time(
    calendar: WorkingCalendar, due: datetime, amount: timedelta
) -> None:
    assume(enough_hours(calendar))
    intervals = list(working_time(due, amount, calendar))
    assert counted(intervals) == amount
    assert (intervals[-1].end if intervals else due) == calendar.add_working_time(due, amount)


@given(calendars(), instants, instants, clocks, terms)
def test_with_a_closing_hour_too_who_comes_earlier_is_due_no_later_by_date(
    calendar: WorkingCalendar, one: datetime, other: datetime, closing_hour: time, term: Term
) -> None:
    assume(enough_hours(calendar))
    rule = DeadlineRule(term, closing_hour)
    first, second = (due_by(rule, received, calendar) for received in sorted((one, other)))
    assert first is not None
    assert second is not None
    assert first.date() <= second.date()


@given(calendars(), instants, st.none() | clocks)
def test_a_same_day_answer_is_due_at_the_end_of_a_working_day_not_before_the_receipt(
    calendar: WorkingCalendar, received: datetime, closing_hour: time | None
) -> None:
    due = due_by(DeadlineRule(None, closing_hour, same_day=True), received, calendar)
    assert due is not None
    assert due >= received
    assert due == calendar.closing(due.date())
    assert calendar.is_working_day(due.date())
