"""The working calendar: which days and hours count; days off and swapped days are dated data, never computed (domain §3.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import LOCAL, ONE_DAY, local

SATURDAY = 5
Session = tuple[time, time]
DEFAULT_SESSIONS: tuple[Session, ...] = ((time(7, 0), time(11, 30)), (time(13, 30), time(17, 0)))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Announced days off and swapped working days between two dates (inclusive), and the sessions of a working day.

    Asking about a day outside `first_day..last_day` raises `CalendarNotKnown`: a guess about Tết would be a wrong deadline.
    """

    first_day: date
    last_day: date
    days_off: frozenset[date] = frozenset()
    swapped_to_work: frozenset[date] = frozenset()
    sessions: tuple[Session, ...] = DEFAULT_SESSIONS

    def is_working_day(self, day: date) -> bool:
        """`swapped_to_work(d) or (Mon-Fri and not day_off(d))`."""
        if not self.first_day <= day <= self.last_day:
            raise CalendarNotKnown(
                f"days off are known from {self.first_day} to {self.last_day}, not for {day}; "
                "add that year to the calendar or send due_at with the event"
            )
        return day in self.swapped_to_work or (day.weekday() < SATURDAY and day not in self.days_off)

    def on_or_after(self, day: date) -> date:
        """The first working day not before `day`."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def add_working_days(self, day: date, amount: int) -> date:
        """The `amount`-th working day after `day`; `day` itself is not counted."""
        for _ in range(amount):
            day = self.on_or_after(day + ONE_DAY)
        return day

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time has passed since `start`; zero leaves `start` as it is."""
        if amount <= timedelta(0):
            return start
        start = local(start)
        day = start.date()
        while True:
            for opens, closes in self._sessions_after(start, day):
                if amount <= closes - opens:
                    return opens + amount
                amount -= closes - opens
            day += ONE_DAY

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time in `start..end`; zero when `end` is not after `start`."""
        start, end = local(start), local(end)
        total = timedelta(0)
        day = start.date()
        while day <= end.date():
            for opens, closes in self._sessions_after(start, day):
                total += max(min(closes, end) - opens, timedelta(0))
            day += ONE_DAY
        return total

    def _sessions_after(self, start: datetime, day: date) -> Iterator[tuple[datetime, datetime]]:
        """What is left of the day's sessions after `start`."""
        if not self.is_working_day(day):
            return
        for opens, closes in self.sessions:
            closing = datetime.combine(day, closes, LOCAL)
            if closing > start:
                yield max(start, datetime.combine(day, opens, LOCAL)), closing
