"""A paper calendar with a pencil: working time counted tick by tick, sharing no code with the product."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from tests.golden.reading import CALENDARS

HERE = timezone(timedelta(hours=7))
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class PaperCalendar:
    """What one department's calendar on the wall says: whether each day is worked, and the hours of some days."""

    worked: dict[date, bool]
    hours: list[tuple[time, time]]
    other_hours: list[dict[str, Any]]

    def works_on(self, day: date) -> bool:
        return self.worked[day] if day in self.worked else day.isoweekday() not in (6, 7)

    def hours_on(self, day: date) -> list[tuple[time, time]]:
        for other in self.other_hours:
            if other["first"] <= day <= other["last"]:
                return [(opens, closes) for opens, closes in other["hours"]]
        return self.hours

    def works_at(self, instant: datetime) -> bool:
        """Whether the tick that begins at the instant is worked."""
        if not self.works_on(instant.date()):
            return False
        return any(opens <= instant.time() < closes for opens, closes in self.hours_on(instant.date()))

    def first_worked(self, day: date) -> date:
        while not self.works_on(day):
            day += DAY
        return day

    def nth_worked_after(self, day: date, n: int) -> date:
        while n:
            day += DAY
            n -= self.works_on(day)
        return day

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """The end of the tick with which the amount of working time is full."""
        tick = _tick(start, start + amount)
        while amount > timedelta(0):
            if self.works_at(start):
                amount -= tick
            start += tick
        return start

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The ticks worked from start to end."""
        tick, found = _tick(start, end), timedelta(0)
        while start < end:
            if self.works_at(start):
                found += tick
            start += tick
        return found


def on_the_wall(name: str) -> PaperCalendar:
    """The calendar of that name, with the one it extends under it."""
    own = CALENDARS[name]
    below = on_the_wall(own["extends"]) if "extends" in own else PaperCalendar({}, [], [])
    marked = dict(below.worked)
    for works, key in ((False, "days_off"), (True, "swapped_to_work")):
        for entry in own.get(key, []):
            day = entry.get("day", entry.get("first"))
            while day <= entry.get("day", entry.get("last")):
                marked[day] = works
                day += DAY
    hours = [(opens, closes) for opens, closes in own["hours"]] if "hours" in own else below.hours
    return PaperCalendar(marked, hours, own.get("other_hours", below.other_hours))


def _tick(*instants: datetime) -> timedelta:
    """A minute, or a second where seconds matter."""
    return timedelta(seconds=1) if any(instant.second for instant in instants) else timedelta(minutes=1)
