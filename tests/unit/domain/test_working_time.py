"""The algebra of working time, on a calendar with Tet, swapped Saturdays and lunch (property tests)."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.deadline import Deadline, due_after_pause, due_at
from shared.domain.terms import Term, TermUnit
from tests.builders.times import OFFICE, at

instants = st.datetimes(datetime(2023, 1, 1), datetime(2024, 6, 30)).map(  # noqa: DTZ001 - the offset is put on next
    lambda naive: naive.replace(tzinfo=at("2023-01-01").tzinfo)
)
amounts = st.timedeltas(timedelta(0), timedelta(hours=60))
terms = st.builds(
    Term, st.integers(1, 40), st.sampled_from([TermUnit.WORKING_DAYS, TermUnit.CALENDAR_DAYS, TermUnit.WORKING_HOURS])
)


@given(instants, amounts, amounts)
def test_adding_in_two_steps_is_adding_at_once(start: datetime, first: timedelta, second: timedelta) -> None:
    stepwise = OFFICE.add_working_time(OFFICE.add_working_time(start, first), second)
    assert stepwise == OFFICE.add_working_time(start, first + second)


@given(instants, instants, amounts)
def test_a_later_start_never_ends_earlier(one: datetime, other: datetime, amount: timedelta) -> None:
    earlier, later = sorted((one, other))
    assert OFFICE.add_working_time(earlier, amount) <= OFFICE.add_working_time(later, amount)


@given(instants, amounts)
def test_the_time_between_undoes_the_addition(start: datetime, amount: timedelta) -> None:
    assert OFFICE.working_time_between(start, OFFICE.add_working_time(start, amount)) == amount


@given(st.tuples(instants, instants, instants))
def test_time_between_adds_up(three: tuple[datetime, datetime, datetime]) -> None:
    a, b, c = sorted(three)
    between = OFFICE.working_time_between
    assert between(a, b) + between(b, c) == between(a, c)


@given(instants, terms)
def test_a_deadline_lies_after_the_receipt_and_on_a_working_day(received: datetime, term: Term) -> None:
    due = due_at(received, term, OFFICE)
    assert due > received
    assert OFFICE.is_working_day(due.date())


@given(instants, instants, terms)
def test_who_comes_earlier_is_due_no_later_by_date(one: datetime, other: datetime, term: Term) -> None:
    earlier, later = sorted((one, other))
    assert due_at(earlier, term, OFFICE).date() <= due_at(later, term, OFFICE).date()


@given(instants, instants, instants, st.booleans())
def test_a_pause_never_makes_a_deadline_earlier(due: datetime, one: datetime, other: datetime, in_hours: bool) -> None:  # noqa: FBT001
    paused, resumed = sorted((one, other))
    assert due_after_pause(Deadline(due, in_hours), paused, resumed, OFFICE) >= due


@given(instants, instants, instants)
def test_a_pause_leaves_as_much_time_as_there_was(due: datetime, one: datetime, other: datetime) -> None:
    paused, resumed = sorted((one, other))
    due = max(due, resumed)  # a deadline within the pause leaves less at its start than the pause took
    moved = due_after_pause(Deadline(due, True), paused, resumed, OFFICE)
    assert OFFICE.working_time_between(resumed, moved) == OFFICE.working_time_between(paused, due)
