"""Deadlines of domain §3, each worked out by hand on a calendar of the year it lies in."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from shared.domain.calendar import WorkingCalendar
from shared.domain.deadline import Deadline, due_after_pause, due_at
from shared.domain.errors import CalendarNotKnown, InvalidTerm
from shared.domain.terms import Term, TermUnit
from tests.builders.times import OFFICE, at


def working_days(amount: int) -> Term:
    return Term(amount, TermUnit.WORKING_DAYS)


def hours(amount: int) -> Term:
    return Term(amount, TermUnit.WORKING_HOURS)


@pytest.mark.parametrize(
    ("received", "term", "due"),
    [
        # working days: the day of receipt is not counted; the same time of day
        ("2023-12-08 08:31", working_days(5), "2023-12-15 08:31"),  # the contract's example: Friday to Friday
        ("2023-12-09 08:31", working_days(1), "2023-12-11 08:31"),  # received on a Saturday: Monday is the first
        ("2023-12-08 20:15", working_days(1), "2023-12-11 20:15"),  # after hours counts as any hour of its day
        ("2023-01-19 09:00", working_days(1), "2023-01-27 09:00"),  # the last day before Tet 2023 (off 20-26 January)
        ("2023-01-22 00:30", working_days(1), "2023-01-27 00:30"),  # New Year's night
        ("2023-01-18 09:00", working_days(10), "2023-02-08 09:00"),
        ("2024-04-26 10:00", working_days(2), "2024-05-03 10:00"),  # Monday 29 April off, 30 April and 1 May off
        ("2024-05-03 10:00", working_days(1), "2024-05-04 10:00"),  # Saturday 4 May is worked for it
        ("2024-05-03 10:00", working_days(2), "2024-05-06 10:00"),
        ("2026-08-21 10:00", working_days(1), "2026-08-22 10:00"),  # Saturday 22 August worked for Monday 31
        ("2026-08-28 10:00", working_days(1), "2026-09-03 10:00"),
        # calendar days: every day counts, a due date on a day off moves on
        ("2023-12-04 08:31", Term(3, TermUnit.CALENDAR_DAYS), "2023-12-07 08:31"),
        ("2023-12-04 08:31", Term(5, TermUnit.CALENDAR_DAYS), "2023-12-11 08:31"),  # Saturday to Monday
        ("2023-01-10 08:31", Term(10, TermUnit.CALENDAR_DAYS), "2023-01-27 08:31"),  # the first day of Tet
        ("2024-05-01 08:31", Term(3, TermUnit.CALENDAR_DAYS), "2024-05-04 08:31"),  # a worked Saturday is no day off
        # months: the same day of the month, its last day where there is none, moved on from a day off
        ("2023-03-15 08:31", Term(1, TermUnit.MONTHS), "2023-04-17 08:31"),  # 15 April is a Saturday
        ("2023-01-31 08:31", Term(1, TermUnit.MONTHS), "2023-02-28 08:31"),
        ("2024-01-31 08:31", Term(1, TermUnit.MONTHS), "2024-02-29 08:31"),
        ("2022-12-22 08:31", Term(1, TermUnit.MONTHS), "2023-01-27 08:31"),  # 22 January 2023 is Tet itself
        ("2023-11-30 08:31", Term(3, TermUnit.MONTHS), "2024-02-29 08:31"),
        ("2022-12-05 08:31", Term(13, TermUnit.MONTHS), "2024-01-05 08:31"),
        # working hours: 07:00-11:30 and 13:30-17:00
        ("2023-12-08 08:00", hours(2), "2023-12-08 10:00"),
        ("2023-12-08 05:00", hours(2), "2023-12-08 09:00"),  # before opening counts from opening
        ("2023-12-08 11:00", hours(1), "2023-12-08 14:00"),  # over lunch
        ("2023-12-08 12:10", hours(1), "2023-12-08 14:30"),  # lunch counts from the afternoon
        ("2023-12-08 16:00", hours(2), "2023-12-11 08:00"),  # over the weekend
        ("2023-12-08 17:00", hours(1), "2023-12-11 08:00"),  # at closing: from the next working morning
        ("2023-12-08 19:00", hours(8), "2023-12-11 17:00"),
        ("2023-12-08 08:00", hours(8), "2023-12-11 08:00"),  # eight hours are one day
        ("2023-12-08 07:00", hours(8), "2023-12-08 17:00"),  # ends at closing, not at the next opening
        ("2023-01-19 16:00", hours(2), "2023-01-27 08:00"),  # over Tet
        ("2024-05-04 07:00", hours(1), "2024-05-04 08:00"),  # a worked Saturday
    ],
)
def test_a_term_ends_where_the_calendar_says(received: str, term: Term, due: str) -> None:
    assert due_at(at(received), term, OFFICE) == at(due)


def test_a_department_with_other_hours_has_other_deadlines() -> None:
    mornings = replace(OFFICE, sessions=((time(8), time(11)),))
    assert due_at(at("2023-12-08 10:00"), hours(2), mornings) == at("2023-12-11 09:00")


def test_a_deadline_is_in_local_time_whatever_the_offset_of_the_receipt() -> None:
    in_utc = datetime.fromisoformat("2023-12-07T20:00:00+00:00")  # three in the morning of the 8th
    assert due_at(in_utc, working_days(1), OFFICE) == at("2023-12-11 03:00")


@pytest.mark.parametrize(
    "term", [working_days(5), hours(40), Term(8, TermUnit.CALENDAR_DAYS), Term(1, TermUnit.MONTHS)]
)
def test_no_deadline_is_guessed_beyond_the_announced_calendar(term: Term) -> None:
    with pytest.raises(CalendarNotKnown, match="add that year"):
        due_at(at("2026-12-30"), term, OFFICE)


@pytest.mark.parametrize("unit", TermUnit)
def test_an_absurd_term_is_refused_before_any_arithmetic(unit: TermUnit) -> None:
    with pytest.raises(InvalidTerm):
        Term(0, unit)
    with pytest.raises(InvalidTerm):
        Term(10**12, unit)
    with pytest.raises(CalendarNotKnown):
        due_at(at("2023-01-03"), Term(10_000, unit), OFFICE)


class TestPauses:
    DUE = at("2023-12-15 08:31")

    def after(self, paused: str, resumed: str, due: datetime = DUE, *, in_hours: bool = False) -> datetime:
        return due_after_pause(Deadline(due, in_hours), at(paused), at(resumed), OFFICE)

    @pytest.mark.parametrize(
        ("paused", "resumed", "due", "moved_to"),
        [
            pytest.param(
                "2023-12-11 09:00",
                "2023-12-12 09:00",
                DUE,
                at("2023-12-18 08:31"),
                id="of one working day moves it by one",
            ),
            pytest.param(
                "2023-12-08 16:00",
                "2023-12-11 08:00",
                DUE,
                at("2023-12-15 10:31"),
                id="over a weekend moves it by what was worked",
            ),
            pytest.param("2023-12-11 18:00", "2023-12-12 06:00", DUE, DUE, id="in the evening moves nothing"),
            pytest.param(
                "2023-01-19 16:00",
                "2023-01-27 08:00",
                at("2023-01-30 09:00"),
                at("2023-01-30 11:00"),
                id="over Tet does not give Tet twice",
            ),
            pytest.param(
                "2023-01-16 08:00",
                "2023-01-18 08:00",
                at("2023-01-19 09:00"),
                at("2023-01-30 09:00"),
                id="pushes it into Tet: lands after it",
            ),
            pytest.param(
                "2023-12-15 16:00",
                "2023-12-18 08:00",
                DUE,
                at("2023-12-15 10:31"),
                id="that begins on the day due still moves it",
            ),
            pytest.param("2023-12-16 00:00", "2023-12-20 08:00", DUE, DUE, id="that begins overdue moves nothing"),
        ],
    )
    def test_a_pause_moves_the_deadline_by_the_working_time_that_passed(
        self, paused: str, resumed: str, due: datetime, moved_to: datetime
    ) -> None:
        assert self.after(paused, resumed, due) == moved_to

    def test_two_pauses_move_it_by_their_sum(self) -> None:
        once = self.after("2023-12-11 09:00", "2023-12-11 11:00")
        assert self.after("2023-12-12 09:00", "2023-12-12 10:00", once) == at(
            "2023-12-15 13:31"
        )  # 3 h after 8:31, over lunch

    def test_two_hours_of_pause_on_the_morning_after_do_not_make_late_timely(self) -> None:
        tuesday = at("2023-12-12 16:00")
        assert self.after("2023-12-13 07:00", "2023-12-13 09:00", tuesday) == tuesday

    def test_a_deadline_in_hours_is_overdue_right_after_its_instant(self) -> None:
        assert self.after("2023-12-15 08:32", "2023-12-15 10:32", in_hours=True) == self.DUE
        assert self.after("2023-12-15 08:31", "2023-12-15 10:31", in_hours=True) == at("2023-12-15 10:31")


def test_an_open_dossier_is_overdue_from_the_midnight_after_its_day() -> None:
    assert Deadline(at("2023-12-15 08:31")).overdue_from() == at("2023-12-16 00:00")


class TestTheEdgesOfTheCalendar:
    ONE_WEEK = WorkingCalendar(first_day=date(2023, 12, 4), last_day=date(2023, 12, 10))

    def test_time_up_to_the_evening_of_its_last_day_is_known(self) -> None:
        until_sunday_night = self.ONE_WEEK.working_time_between(at("2023-12-04 00:00"), at("2023-12-10 23:59"))
        assert until_sunday_night == timedelta(hours=40)

    def test_time_beyond_it_is_not(self) -> None:
        with pytest.raises(CalendarNotKnown):
            self.ONE_WEEK.working_time_between(at("2023-12-08 00:00"), at("2023-12-11 00:00"))

    def test_no_time_passes_backwards(self) -> None:
        assert self.ONE_WEEK.working_time_between(at("2023-12-08"), at("2023-12-04")) == timedelta(0)
