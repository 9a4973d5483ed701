"""Rows of time: the months or quarters that a period is taken apart into, and how a day finds its own. No I/O.

A row has a number, one more than that of the row before it: how many of its kind there were since the year 0.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case

from services.reporting.read_model.sums import DECEMBER, MONTH, YEAR, covering, day_number
from shared.domain.localtime import ONE_DAY
from shared.domain.periods import FIRST_DAY_OF_PERIOD, statutory_months


@dataclass(frozen=True, slots=True)
class Grain:
    """How many months a row has, and whether these are the calendar's or run from the 15th to the 14th."""

    months: int
    statutory: bool

    def row_of(self, day: int) -> int:
        """The row that a day lies in, by its number in the read model."""
        later = self.statutory and day % MONTH >= FIRST_DAY_OF_PERIOD
        return (_month(day) + later) // self.months

    def row_in_sql(self, span: ColumnElement[int]) -> ColumnElement[int]:
        """As `row_of`, of the days and the months in `spans`."""
        month = span // YEAR * DECEMBER + span // MONTH % MONTH - 1
        if self.statutory:
            month = month + case((span % MONTH >= FIRST_DAY_OF_PERIOD, 1), else_=0)
        return month // self.months

    def rows(self, first: date, last: date) -> range:
        """The rows that the days lie in."""
        return range(self.row_of(day_number(first)), self.row_of(day_number(last)) + 1) if first <= last else range(0)

    def spans(self, first: date, last: date) -> list[int]:
        """The fewest days and months that make up `first..last`, each within one row."""
        if not self.statutory:
            return covering(first, last, years=False)
        ends = (self.days(row) for row in self.rows(first, last))
        return [span for start, end in ends for span in covering(max(start, first), min(end, last), years=False)]

    def days(self, row: int) -> tuple[date, date]:
        """The first and the last day of a row."""
        year, month = self._last_month(row)
        if self.statutory:
            return statutory_months(year, month, self.months)
        following = date(year + month // DECEMBER, month % DECEMBER + 1, 1)
        return date(year, month, 1), following - ONE_DAY

    def name(self, row: int) -> str:
        """2023-03, or 2023-Q1."""
        year, month = self._last_month(row)
        return f"{year:04}-{month:02}" if self.months == 1 else f"{year:04}-Q{month // self.months}"

    def named(self, name: str) -> int:
        """The row of a name."""
        year, _, part = name.partition("-")
        return int(year) * (DECEMBER // self.months) + int(part.removeprefix("Q")) - 1

    def whole(self, first: date, last: date) -> tuple[date, date]:
        """The whole rows that are nearest to the days: the same days where they are whole rows, and for months of the
        calendar the statutory ones of the same names."""
        start = min(self._around(first), key=lambda row: abs(self.days(row)[0] - first))
        end = min(self._around(last), key=lambda row: abs(self.days(row)[1] - last))
        if first.day == 1:
            start = self.row_of(day_number(first))
        if (last + ONE_DAY).day == 1:
            end = self.row_of(day_number(last.replace(day=1)))
        return self.days(start)[0], self.days(max(start, end))[1]

    def _around(self, day: date) -> range:
        row = self.row_of(day_number(day))
        return range(row - 1, row + 2)

    def _last_month(self, row: int) -> tuple[int, int]:
        year, month = divmod(row * self.months + self.months - 1, DECEMBER)
        return year, month + 1


def _month(day: int) -> int:
    """How many months there were since the year 0."""
    return day // YEAR * DECEMBER + day // MONTH % MONTH - 1


CALENDAR_MONTH = Grain(1, statutory=False)
STATUTORY_MONTH = Grain(1, statutory=True)
STATUTORY_QUARTER = Grain(3, statutory=True)
