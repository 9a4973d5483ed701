"""Working time as one line of seconds: a closing is picked on it, so that it always falls inside working hours."""

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from functools import cache

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL

HOUR = 3600
WORKING_DAY = 8 * HOUR


class AfterTheEnd(Exception):
    """An offset past the last working hour of the period."""


class WorkingTime:
    """A calendar's sessions between two days (inclusive), laid end to end; instants are whole seconds since 1970."""

    def __init__(self, calendar: WorkingCalendar, first: date, last: date) -> None:
        self._opens: list[int] = []
        self._before: list[int] = [0]  # working seconds before each session, and in the end the length of the line
        day = first
        while day <= last:
            if calendar.is_working_day(day):
                for opens, closes in calendar.sessions_on(day):
                    self._opens.append(midnight(day) + _seconds(opens))
                    self._before.append(self._before[-1] + _seconds(closes) - _seconds(opens))
            day += timedelta(days=1)
        self.end = self._before[-1]

    def offset(self, instant: int) -> int:
        """Working seconds on the line before an instant."""
        session = bisect_right(self._opens, instant) - 1
        if session < 0:
            return 0
        return min(self._before[session] + instant - self._opens[session], self._before[session + 1])

    def instant(self, offset: int) -> int:
        """The instant at an offset; where a session ends, the next one's opening; `AfterTheEnd` from `end` on."""
        if offset >= self.end:
            raise AfterTheEnd(f"offset {offset} of {self.end}")
        session = bisect_right(self._before, offset) - 1
        return self._opens[session] + offset - self._before[session]


@cache
def midnight(day: date) -> int:
    """The first second of a local day."""
    return int(datetime.combine(day, time(), LOCAL).timestamp())


def moment(instant: int) -> datetime:
    """The local time of an instant."""
    return datetime.fromtimestamp(instant, LOCAL)


def _seconds(clock: time) -> int:
    return clock.hour * HOUR + clock.minute * 60 + clock.second
