"""A period beside another one: which, up to which day, and how far figures lie apart."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.columns import KEYS
from shared.domain.comparison import (
    Beside,
    NamedSpan,
    NoPeriodBefore,
    beside,
    counted_until,
    differences,
    percent_more,
    percents,
    points,
)
from shared.domain.figures import Figures, shares
from shared.domain.periods import statutory_period

DAYS = st.dates(date(1950, 1, 1), date(2900, 12, 31))
ROWS = st.lists(st.integers(0, 300), min_size=len(KEYS), max_size=len(KEYS)).map(
    lambda row: dict(zip(KEYS, row, strict=True))
)


def span(text: str) -> NamedSpan:
    """Of `2023-Q1` or of `2023-01-01..2023-03-31`."""
    first, dots, last = text.partition("..")
    if dots:
        return NamedSpan(date.fromisoformat(first), date.fromisoformat(last))
    return NamedSpan(*statutory_period(text), text)


@pytest.mark.parametrize(
    ("period", "last_year", "previous"),
    [
        ("2023-Q1", "2022-Q1", "2022-Q4"),
        ("2023-Q3", "2022-Q3", "2023-Q2"),
        ("2023-01", "2022-01", "2022-12"),
        ("2023-10", "2022-10", "2023-09"),
        ("2023", "2022", "2022"),
        ("2023-01-01..2023-03-31", "2022-01-01..2022-03-31", "2022-10-01..2022-12-31"),
        ("2024-03-01..2024-03-31", "2023-03-01..2023-03-31", "2024-02-01..2024-02-29"),
        ("2023-02-15..2023-05-14", "2022-02-15..2022-05-14", "2022-11-15..2023-02-14"),
        ("2022-12-15..2023-12-14", "2021-12-15..2022-12-14", "2021-12-15..2022-12-14"),
        ("2023-05-10..2023-05-12", "2022-05-10..2022-05-12", "2023-05-07..2023-05-09"),
        ("2024-02-29..2024-02-29", "2023-02-28..2023-02-28", "2024-02-28..2024-02-28"),
        ("2023-01-31..2023-03-30", "2022-01-31..2022-03-30", "2022-12-03..2023-01-30"),
    ],
)
def test_the_other_period(period: str, last_year: str, previous: str) -> None:
    assert beside(span(period), Beside.LAST_YEAR) == span(last_year)
    assert beside(span(period), Beside.PREVIOUS) == span(previous)


@pytest.mark.parametrize("name", ["2023-6M", "2023-9M"])
def test_what_runs_from_the_beginning_of_a_year_has_none_before_it(name: str) -> None:
    with pytest.raises(NoPeriodBefore, match="from the beginning of its year"):
        beside(span(name), Beside.PREVIOUS)
    assert beside(span(name), Beside.LAST_YEAR) == span(name.replace("2023", "2022"))


@given(first=DAYS, length=st.integers(0, 1500))
def test_the_previous_period_ends_the_day_before_and_is_as_long(first: date, length: int) -> None:
    period = NamedSpan(first, first + timedelta(days=length))
    before = beside(period, Beside.PREVIOUS)
    assert before.last == first - timedelta(days=1)
    here, there = ((one.last - one.first).days for one in (period, before))
    following = period.last + timedelta(days=1)
    if (before.first.day, following.day) == (first.day, first.day):
        months = [(one.year * 12 + one.month) for one in (before.first, first, following)]
        assert months[1] - months[0] == months[2] - months[1]
    else:
        assert here == there


@pytest.mark.parametrize(
    ("period", "other", "which", "until", "expected"),
    [
        ("2023", "2022", Beside.LAST_YEAR, "2023-12-14", "2023-12-14"),  # it has ended: nothing is cut
        ("2023", "2022", Beside.LAST_YEAR, "2023-06-30", "2022-06-30"),
        ("2024", "2023", Beside.LAST_YEAR, "2024-03-05", "2023-03-05"),  # the same day, a leap day apart
        ("2024-03", "2023-03", Beside.LAST_YEAR, "2024-02-29", "2023-02-28"),
        ("2023-04", "2023-03", Beside.PREVIOUS, "2023-03-31", "2023-03-03"),  # the 17th day of both
        ("2023-03-01..2023-03-31", "2023-02-01..2023-02-28", Beside.PREVIOUS, "2023-03-30", "2023-02-28"),
        ("2023-Q2", "2022-01-01..2022-12-31", None, "2023-03-15", "2022-01-01"),
        ("2023", "2024", None, "2023-01-31", "2023-01-31"),  # nothing of what has not come is counted
        ("2030", "2029", Beside.LAST_YEAR, "2023-06-30", "2022-06-30"),
    ],
)
def test_like_is_compared_with_like(period: str, other: str, which: Beside | None, until: str, expected: str) -> None:
    counted = counted_until(span(period), span(other), which, date.fromisoformat(until))
    assert counted == date.fromisoformat(expected)


@given(rows=st.lists(st.tuples(ROWS, ROWS), max_size=6))
def test_differences_add_up_over_rows(rows: list[tuple[Figures, Figures]]) -> None:
    this, that = ({key: sum(row[side][key] for row in rows) for key in KEYS} for side in (0, 1))
    of_rows = [differences(*row) for row in rows]
    assert differences(this, that) == {key: sum(row[key] for row in of_rows) for key in KEYS}
    assert {key: that[key] + more for key, more in differences(this, that).items()} == this


@given(this=st.integers(0, 10**9), that=st.integers(0, 10**6))
def test_a_percentage_is_exact_to_half_a_tenth_and_of_nothing_there_is_none(this: int, that: int) -> None:
    found = percent_more(this, that)
    if that == 0:
        assert found is None
        return
    assert found is not None
    exact = Fraction(100 * (this - that), that)
    assert abs(Fraction(str(found)) - exact) <= Fraction(1, 20)
    assert len(str(found).partition(".")[2]) == 1
    assert (str(found)[0] == "-") <= (exact < 0)


@pytest.mark.parametrize(
    ("this", "that", "written"),
    [
        (2001, 2000, "0.1"),
        (1999, 2000, "-0.1"),
        (2999, 3000, "0.0"),
        (7, 8, "-12.5"),
        (0, 5, "-100.0"),
        (3, 1, "200.0"),
    ],
)
def test_percentages_are_rounded_half_up(this: int, that: int, written: str) -> None:
    assert str(percent_more(this, that)) == written


@given(this=ROWS, that=ROWS)
def test_every_column_has_a_percentage_and_every_share_its_points(this: Figures, that: Figures) -> None:
    assert percents(this, that) == {key: percent_more(this[key], that[key]) for key in KEYS}
    for key, more in points(this, that).items():
        mine, others = shares(this)[key], shares(that)[key]
        assert more == (None if mine is None or others is None else mine - others)
