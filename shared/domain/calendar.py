"""The working calendar: which days and hours count;
days off, swapped days and hours are dated data, never computed (domain §3.5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import LOCAL, ONE_DAY, local

SATURDAY = 5
Session = tuple[time, time]
DEFAULT_SESSIONS: tuple[Session, ...] = ((time(7, 0), time(11, 30)), (time(13, 30), time(17, 0)))
NO_NAMES: Mapping[date, str] = MappingProxyType({})


class DayKind(StrEnum):
    """Why a day works or does not."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    SWAPPED_TO_WORK = "swapped_to_work"


@dataclass(frozen=True, slots=True)
class DatedSessions:
    """The sessions of the working days in `first..last` (inclusive), instead of the usual ones."""

    first: date
    last: date
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Announced days off and swapped working days between two dates (inclusive), and the sessions of a working day.

    `hours` are other sessions in certain periods, of which the first that holds a day is the day's; `names` are what
    the announcements call the days. Asking about a day outside `first_day..last_day` raises `CalendarNotKnown`: a guess
    about Tết would be a wrong deadline.
    """

    first_day: date
    last_day: date
    days_off: frozenset[date] = frozenset()
    swapped_to_work: frozenset[date] = frozenset()
    sessions: tuple[Session, ...] = DEFAULT_SESSIONS
    hours: tuple[DatedSessions, ...] = ()
    names: Mapping[date, str] = field(default_factory=lambda: NO_NAMES, repr=False, hash=False)

    def is_working_day(self, day: date) -> bool:
        """`swapped_to_work(d) or (Mon-Fri and not day_off(d))`."""
        if not self.first_day <= day <= self.last_day:
            raise CalendarNotKnown(
                f"days off are known from {self.first_day} to {self.last_day}, not for {day}; "
                "add that year to the calendar or send due_at with the event"
            )
        return day in self.swapped_to_work or (day.weekday() < SATURDAY and day not in self.days_off)

    def kind_of(self, day: date) -> DayKind:
        """Why the day works or does not; a day off that falls on a weekend is named a day off."""
        if self.is_working_day(day):
            return DayKind.SWAPPED_TO_WORK if day in self.swapped_to_work else DayKind.WEEKDAY
        return DayKind.DAY_OFF if day in self.days_off else DayKind.WEEKEND

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """The hours of that day, were it a working day."""
        for dated in self.hours:
            if dated.first <= day <= dated.last:
                return dated.sessions
        return self.sessions

    def opening(self, day: date) -> datetime:
        """When the day's first session begins."""
        return datetime.combine(day, self.sessions_on(day)[0][0], LOCAL)

    def closing(self, day: date) -> datetime:
        """When the day's last session ends."""
        return datetime.combine(day, self.sessions_on(day)[-1][1], LOCAL)

    def on_or_after(self, day: date) -> date:
        """The first working day not before `day`."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def add_working_days(self, day: date, amount: int) -> date:
        """The `amount`-th working day after `day`; `day` itself is not counted."""
        last = day
        for last in self.working_days_after(day, amount):  # noqa: B007 - the last one is wanted
            pass
        return last

    def working_days_after(self, day: date, amount: int) -> Iterator[date]:
        """The `amount` working days after `day`, in order."""
        for _ in range(amount):
            day = self.on_or_after(day + ONE_DAY)
            yield day

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The instant at which `amount` of working time has passed since `start`; zero leaves `start` as it is."""
        end = start
        for _, end in self.worked(start, amount):  # noqa: B007 - the last one is wanted
            pass
        return end

    def worked(self, start: datetime, amount: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time from `start` on that make up `amount`, in order;
        the last ends where it is used up."""
        if amount <= timedelta(0):
            return
        start = local(start)
        day = start.date()
        while True:
            for opens, closes in self._sessions_after(start, day):
                if amount <= closes - opens:
                    yield opens, opens + amount
                    return
                yield opens, closes
                amount -= closes - opens
            day += ONE_DAY

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time in `start..end`; zero when `end` is not after `start`."""
        return sum((closes - opens for opens, closes in self.worked_between(start, end)), timedelta(0))

    def worked_between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time in `start..end`, in order."""
        start, end = local(start), local(end)
        day = start.date()
        while day <= end.date():
            for opens, closes in self._sessions_after(start, day):
                if opens < end:
                    yield opens, min(closes, end)
            day += ONE_DAY

    def _sessions_after(self, start: datetime, day: date) -> Iterator[tuple[datetime, datetime]]:
        """What is left of the day's sessions after `start`."""
        if not self.is_working_day(day):
            return
        for opens, closes in self.sessions_on(day):
            closing = datetime.combine(day, closes, LOCAL)
            if closing > start:
                yield max(start, datetime.combine(day, opens, LOCAL)), closing
