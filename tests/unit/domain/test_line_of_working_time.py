"""The line of working time:
the end of a day and the start of the next are one point, and no pause loses a day by it."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendar import DEFAULT_SESSIONS
from shared.domain.deadline import Deadline, due_after_pause, moved_by
from shared.domain.localtime import LOCAL, ONE_DAY
from tests.builders.times import OFFICE, at

EIGHT_HOURS = timedelta(hours=8)
days = st.dates(date(2023, 1, 2), date(2024, 6, 30))
clocks = st.times(max_value=time(23, 59, 59))
starts = st.times(max_value=DEFAULT_SESSIONS[0][0])
ends = st.times(min_value=DEFAULT_SESSIONS[-1][1], max_value=time(23, 59, 59))
few = st.integers(1, 12)


def on(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, LOCAL)


@given(days, clocks, few)
def test_whole_days_of_pause_move_a_deadline_in_days_by_as_many_working_days(day: date, clock: time, n: int) -> None:
    day = OFFICE.on_or_after(day)
    moved = moved_by(Deadline(on(day, clock)), n * EIGHT_HOURS, OFFICE)
    assert moved.date() == OFFICE.add_working_days(day, n)


@given(days, starts, few)
def test_the_start_of_a_day_stays_one_at_its_own_time_of_day(day: date, clock: time, n: int) -> None:
    day = OFFICE.on_or_after(day)
    moved = moved_by(Deadline(on(day, clock)), n * EIGHT_HOURS, OFFICE)
    assert moved == on(OFFICE.add_working_days(day, n), clock)


@given(days, ends, few)
def test_the_end_of_a_day_stays_one(day: date, clock: time, n: int) -> None:
    day = OFFICE.on_or_after(day)
    moved = moved_by(Deadline(on(day, clock)), n * EIGHT_HOURS, OFFICE)
    assert moved == OFFICE.closing(OFFICE.add_working_days(day, n))


@given(days, clocks, st.integers(0, 60))
def test_in_hours_it_is_the_count_of_working_time_and_nothing_else(day: date, clock: time, hours: int) -> None:
    amount = timedelta(hours=hours)
    moved = moved_by(Deadline(on(day, clock), in_hours=True), amount, OFFICE)
    assert moved == OFFICE.add_working_time(on(day, clock), amount)


@given(days, clocks, st.integers(0, 60 * 40), st.integers(0, 60 * 40))
def test_a_longer_pause_moves_it_no_less(day: date, clock: time, one: int, other: int) -> None:
    deadline = Deadline(on(day, clock))
    less, more = (timedelta(minutes=minutes) for minutes in sorted((one, other)))
    assert deadline.due_at <= moved_by(deadline, less, OFFICE) <= moved_by(deadline, more, OFFICE)


@given(days, clocks, st.integers(0, 60 * 40))
def test_it_moves_by_as_much_working_time_as_passed(day: date, clock: time, minutes: int) -> None:
    due, amount = on(day, clock), timedelta(minutes=minutes)
    assert OFFICE.working_time_between(due, moved_by(Deadline(due), amount, OFFICE)) == amount


@given(days, few)
def test_a_pause_given_by_dates_alone_loses_no_day(day: date, n: int) -> None:
    """Received, paused and resumed as a log without times of day says it: each at the start of its day."""
    due = on(OFFICE.add_working_days(day, 5), time())
    resumed = on(OFFICE.add_working_days(day, n), time())
    paused = on(OFFICE.on_or_after(day), time())
    worked = sum(OFFICE.is_working_day(paused.date() + number * ONE_DAY) for number in range((resumed - paused).days))
    moved = due_after_pause(Deadline(due), paused, resumed, OFFICE)
    assert moved == on(OFFICE.add_working_days(due.date(), worked), time())


@pytest.mark.parametrize(
    ("due", "hours", "moved_to"),
    [
        ("2023-03-09 00:00", 8, "2023-03-10 00:00"),
        ("2023-03-10 00:00", 8, "2023-03-13 00:00"),
        ("2023-03-09 07:00", 8, "2023-03-10 07:00"),
        ("2023-03-09 07:01", 8, "2023-03-10 07:01"),
        ("2023-03-09 17:00", 8, "2023-03-10 17:00"),
        ("2023-03-09 22:00", 8, "2023-03-10 17:00"),
        ("2023-03-11 00:00", 8, "2023-03-13 17:00"),  # a Saturday is the end of its Friday
        ("2024-02-07 00:00", 8, "2024-02-15 00:00"),  # Tết
        ("2024-05-03 00:00", 8, "2024-05-04 00:00"),  # a Saturday that is worked
        ("2023-03-09 00:00", 2, "2023-03-09 09:00"),
        ("2023-03-09 00:00", 10, "2023-03-10 09:00"),
        ("2023-03-09 00:00", 0, "2023-03-09 00:00"),
    ],
)
def test_by_hand(due: str, hours: int, moved_to: str) -> None:
    assert moved_by(Deadline(at(due)), timedelta(hours=hours), OFFICE) == at(moved_to)
