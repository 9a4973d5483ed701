"""A period beside another one: which one is meant, up to which day it is counted, and how far figures lie apart."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple

from shared.domain.figures import HUNDRED, Figures, shares
from shared.domain.localtime import ONE_DAY
from shared.domain.periods import DECEMBER, statutory_period

LAST_DAY_OF_ALL_MONTHS = 28
TENTH = Decimal("0.1")


class Beside(StrEnum):
    """Which period figures are compared with, where it follows from their own."""

    LAST_YEAR = "last_year"
    PREVIOUS = "previous"


class NamedSpan(NamedTuple):
    """A period: its days, and its name where it is a statutory one that was asked for by it."""

    first: date
    last: date
    name: str | None = None


class NoPeriodBefore(ValueError):
    """There is no previous one; the message says why."""


def beside(period: NamedSpan, which: Beside) -> NamedSpan:
    """The same period of last year, or the one before: by its name where it has one, else by its days.

    Before whole months (from any day to the day before it, as from the 15th to the 14th) come as many whole months,
    before other days as many days. Raises NoPeriodBefore or UnknownPeriod.
    """
    if period.name is not None:
        name = _year_before(period.name) if which is Beside.LAST_YEAR else _name_before(period.name)
        return NamedSpan(*statutory_period(name), name)
    if which is Beside.LAST_YEAR:
        return NamedSpan(a_year_before(period.first), a_year_before(period.last))
    return NamedSpan(_start_before(period.first, period.last), period.first - ONE_DAY)


def _year_before(name: str) -> str:
    return f"{int(name[:4]) - 1:04}{name[4:]}"


def _name_before(name: str) -> str:
    """2023-03 after 2023-02, 2023-Q1 after 2022-Q4, 2023 after 2022."""
    year, _, part = name.partition("-")
    if not part:
        return _year_before(name)
    if part.endswith("M"):
        msg = f"{name} runs from the beginning of its year, so there is no such period before it"
        raise NoPeriodBefore(msg)
    letter, number = ("Q", int(part[1:])) if part.startswith("Q") else ("", int(part))
    if number > 1:
        return f"{year}-{letter}{number - 1:0{len(part) - len(letter)}}"
    return f"{int(year) - 1:04}-{'Q4' if letter else DECEMBER}"


def _start_before(first: date, last: date) -> date:
    following = last + ONE_DAY
    if following.day != first.day or first.day > LAST_DAY_OF_ALL_MONTHS:
        return first - (following - first)
    months = first.year * DECEMBER + first.month - 1
    months -= (following.year - first.year) * DECEMBER + following.month - first.month
    return first.replace(year=months // DECEMBER, month=months % DECEMBER + 1)


def counted_until(period: NamedSpan, other: NamedSpan, which: Beside | None, until: date) -> date:
    """Up to which day the other period is counted, when this one is up to `until`, so that like stands beside like.

    Where this one has ended by then so is the other (None: any other). One that has not ended is compared with the
    same of last year up to the same day of it, and with another up to as many days after its beginning.
    """
    if until >= period.last:
        return until
    if which is Beside.LAST_YEAR:
        return a_year_before(until)
    return min(other.first + (until - period.first), other.last, until)


def a_year_before(day: date) -> date:
    """The same day of the year before; of 29 February the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=LAST_DAY_OF_ALL_MONTHS)


def differences(this: Figures, that: Figures) -> Figures:
    """How many more this is in each column, less than 0 for fewer."""
    return {key: this[key] - that[key] for key in this}


def points(this: Figures, that: Figures) -> dict[str, Decimal | None]:
    """How many percentage points each share is more; None where one of the two is not applicable."""
    mine, others = shares(this), shares(that)
    return {key: _points(mine[key], others[key]) for key in mine}


def _points(this: Decimal | None, that: Decimal | None) -> Decimal | None:
    return None if this is None or that is None else this - that


def percents(this: Figures, that: Figures) -> dict[str, Decimal | None]:
    """The same in percent of that; None in place of a percentage of nothing."""
    return {key: percent_more(this[key], that[key]) for key in this}


def percent_more(this: int, that: int) -> Decimal | None:
    """How much more this is in percent of that, half-up to a tenth."""
    if that == 0:
        return None
    return (HUNDRED * (this - that) / that).quantize(TENTH, ROUND_HALF_UP) + 0  # nothing has no sign
