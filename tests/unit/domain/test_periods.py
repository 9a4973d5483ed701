"""The named statutory periods, from the 15th to the 14th."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from shared.domain.periods import UnknownPeriod, statutory_period


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2023-03", "2023-02-15", "2023-03-14"),
        ("2023-01", "2022-12-15", "2023-01-14"),
        ("2023-12", "2023-11-15", "2023-12-14"),
        ("2024-03", "2024-02-15", "2024-03-14"),
        ("2023-Q1", "2022-12-15", "2023-03-14"),
        ("2023-Q2", "2023-03-15", "2023-06-14"),
        ("2023-Q3", "2023-06-15", "2023-09-14"),
        ("2023-Q4", "2023-09-15", "2023-12-14"),
        ("2023-6M", "2022-12-15", "2023-06-14"),
        ("2023-9M", "2022-12-15", "2023-09-14"),
        ("2023", "2022-12-15", "2023-12-14"),
        ("1901", "1900-12-15", "1901-12-14"),
        ("2999-12", "2999-11-15", "2999-12-14"),
    ],
)
def test_a_period_runs_from_the_15th_to_the_14th(name: str, first: str, last: str) -> None:
    assert statutory_period(name) == (date.fromisoformat(first), date.fromisoformat(last))


def _follow_each_other(names: list[str]) -> None:
    spans = [statutory_period(name) for name in names]
    assert all(before[1] + timedelta(days=1) == after[0] for before, after in pairwise(spans))
    assert (spans[0][0], spans[-1][1]) == statutory_period("2023")


def test_the_months_and_the_quarters_of_a_year_make_up_the_year() -> None:
    _follow_each_other([f"2023-{month:02}" for month in range(1, 13)])
    _follow_each_other([f"2023-Q{quarter}" for quarter in range(1, 5)])


@pytest.mark.parametrize(
    "name",
    [
        "",
        "23",
        "2023-",
        "2023-13",
        "2023-00",
        "2023-3",
        "2023-Q5",
        "2023-Q0",
        "2023-q1",
        "2023-12M",
        "2023-03-15",
        "2023\n",
        "x",
    ],
)
def test_another_name_is_refused_with_those_that_can_be_written(name: str) -> None:
    with pytest.raises(UnknownPeriod, match="2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023"):
        statutory_period(name)


@pytest.mark.parametrize("name", ["1900", "1900-01", "3000-Q1", "0000"])
def test_a_year_that_no_office_works_in_is_refused(name: str) -> None:
    with pytest.raises(UnknownPeriod, match="from 1901 to 2999"):
        statutory_period(name)
