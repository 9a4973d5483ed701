"""Spans of days as numbers: a day 20230131, its month 20230100, its year 20230000; any period is a few of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, ONE_DAY

MONTH = 100
YEAR = 10_000
DECEMBER = 12
# A local date may lie in the year beside that of its instant.
FIRST_DAY = date(FIRST_YEAR - 1, 1, 1)
LAST_DAY = date(LAST_YEAR + 1, 12, 31)


@lru_cache(maxsize=4096)  # some hundred days are asked for again and again
def day_number(day: date) -> int:
    """20230131 for 31 January 2023: sorts as dates do, reads as one."""
    return day.year * YEAR + day.month * MONTH + day.day


def covering(first: date, last: date, *, years: bool = True) -> list[int]:
    """The fewest spans that make up `first..last`; by months and days only when `years` is off."""
    found: list[int] = []
    day = max(first, FIRST_DAY)
    while day <= last:
        for number, end in _starting(day, years=years):
            if end <= last:
                found.append(number)
                day = end + ONE_DAY
                break
    return found


def _starting(day: date, *, years: bool) -> Iterator[tuple[int, date]]:
    """The spans that start on the day, the longest first, with their last days."""
    if day.day == 1:
        if years and day.month == 1:
            yield day.year * YEAR, date(day.year, DECEMBER, 31)
        yield day.year * YEAR + day.month * MONTH, _month_end(day)
    yield day_number(day), day


def _month_end(first: date) -> date:
    next_month = (first + timedelta(days=31)).replace(day=1)
    return next_month - ONE_DAY
