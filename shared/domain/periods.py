"""The named statutory periods, which run from the 15th to the 14th (Circular 01/2020/TT-VPCP; domain §5)."""

import re
from datetime import date

from shared.domain.localtime import FIRST_YEAR, LAST_YEAR

FIRST_DAY_OF_PERIOD, LAST_DAY_OF_PERIOD = 15, 14
DECEMBER = 12
# what follows the year -> its last month and how many months it takes
_OF_THE_YEAR = {"": (12, 12), "-6M": (6, 6), "-9M": (9, 9)} | {
    f"-Q{quarter}": (quarter * 3, 3) for quarter in range(1, 5)
}
_ENDINGS = _OF_THE_YEAR | {f"-{month:02}": (month, 1) for month in range(1, DECEMBER + 1)}
_NAME = re.compile(r"(\d{4})(.*)", re.ASCII | re.DOTALL)


class UnknownPeriod(ValueError):
    """Not the name of a statutory period; the message says how one is written."""


def statutory_period(name: str) -> tuple[date, date]:
    """First and last day: month M runs from the 15th of the month before to the 14th of M, longer periods likewise.

    `2023-03` is 15 February to 14 March, `2023-Q1` 15 December 2022 to 14 March, `2023-6M` and `2023-9M` from there to
    14 June and 14 September, `2023` to 14 December. Raises UnknownPeriod.
    """
    found = _NAME.fullmatch(name)
    ending = None if found is None else _ENDINGS.get(found[2])
    if found is None or ending is None:
        msg = f"{name!r} is not the name of a period; write 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023"
        raise UnknownPeriod(msg)
    year = int(found[1])
    if not FIRST_YEAR < year <= LAST_YEAR:
        msg = f"{name!r} is out of range; write a year from {FIRST_YEAR + 1} to {LAST_YEAR}"
        raise UnknownPeriod(msg)
    return statutory_months(year, *ending)


def name_of_period(first: date, last: date) -> str | None:
    """The name of the statutory period that has exactly these days, if any."""
    names = (f"{last.year:04}{ending}" for ending in _ENDINGS)
    return next((name for name in names if statutory_months(last.year, *_ENDINGS[name[4:]]) == (first, last)), None)


def statutory_months(year: int, month: int, length: int) -> tuple[date, date]:
    """First and last day of so many statutory months, of which the last is a month of the year."""
    before = month - length  # the month before the first one; 0 is last year's December
    first = date(year, before, FIRST_DAY_OF_PERIOD) if before else date(year - 1, DECEMBER, FIRST_DAY_OF_PERIOD)
    return first, date(year, month, LAST_DAY_OF_PERIOD)
