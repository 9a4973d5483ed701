"""When follow-ups go out: hours of working days, and one hour of the week, around weekends and Tết."""

from datetime import timedelta

import pytest

from services.reporting.follow_up.schedule import WeeklyHour, latest_digest, latest_round, rounds_of, weekly_of
from services.reporting.follow_up.ways import pause_asked
from tests.builders.times import OFFICE, at

ROUNDS = rounds_of("13:30,07:30")
MONDAY = weekly_of("mon 07:30")


@pytest.mark.parametrize(
    ("now", "round_at"),
    [
        ("2023-02-08 07:29", "2023-02-07 13:30"),
        ("2023-02-08 07:30", "2023-02-08 07:30"),
        ("2023-02-08 13:29", "2023-02-08 07:30"),
        ("2023-02-08 23:59", "2023-02-08 13:30"),
        ("2023-02-12 12:00", "2023-02-10 13:30"),  # a Sunday
        ("2023-01-25 12:00", "2023-01-19 13:30"),  # Tết
        ("2024-05-04 08:00", "2024-05-04 07:30"),  # a Saturday swapped to work
    ],
)
def test_the_latest_round_is_one_of_a_working_day(now: str, round_at: str) -> None:
    assert latest_round(ROUNDS, OFFICE, at(now)) == at(round_at)


@pytest.mark.parametrize(
    ("now", "digest_at"),
    [
        ("2023-02-13 07:30", "2023-02-13 07:30"),
        ("2023-02-13 07:29", "2023-02-06 07:30"),
        ("2023-02-19 23:00", "2023-02-13 07:30"),
        ("2023-01-23 12:00", "2023-01-16 07:30"),  # Tết's Monday: the next working day is Friday
        ("2023-01-27 07:30", "2023-01-27 07:30"),
        ("2026-02-22 12:00", "2026-02-09 07:30"),  # a week that is off as a whole
        ("2026-02-23 08:00", "2026-02-23 07:30"),
    ],
)
def test_a_digest_of_a_day_off_waits_for_the_next_working_day(now: str, digest_at: str) -> None:
    assert MONDAY is not None
    assert latest_digest(MONDAY, OFFICE, at(now)) == at(digest_at)


def test_a_digest_may_be_at_another_day_or_never() -> None:
    friday = weekly_of("fri 16:00")
    assert friday == WeeklyHour(4, at("2023-01-01 16:00").time())
    assert latest_digest(friday, OFFICE, at("2023-02-10 16:00")) == at("2023-02-10 16:00")
    assert weekly_of("never") is None


@pytest.mark.parametrize(
    ("when", "pause"),
    [
        ("99999999", timedelta(days=1)),
        ("9" * 5000, timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
        ("Sunday, 05-Feb-23 00:00:00 GMT", timedelta(0)),
        ("Mon Feb  6 07:31:00 2023", timedelta(hours=1)),
        ("-5", timedelta(0)),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
    ],
)
def test_a_pause_is_a_day_at_most_and_what_can_t_be_read_asks_for_none(when: str, pause: timedelta) -> None:
    assert pause_asked(when, at("2023-02-06 13:31")) == pause
