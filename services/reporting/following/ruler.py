"""Working time from now to many deadlines of a department: each day is walked once, and the list never fails for want of a calendar."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from shared.catalogue import Catalogue
from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local


def calendar_of(catalogue: Catalogue, department: str) -> WorkingCalendar:
    """The department's calendar, Monday to Friday beyond the announced days; usual hours for a department the catalogue does not have.

    A guess that is good enough to remind somebody, and never used to judge: the class of a dossier needs no calendar.
    """
    return replace(catalogue.calendar_of(department), first_day=date.min, last_day=date.max)


@dataclass(slots=True)
class Ruler:
    """Measures from `now` (local) by a calendar."""

    calendar: WorkingCalendar
    now: datetime
    # of the day before today, the day before that, ...: working days after it up to today, working time from its end until now
    _past: list[tuple[int, timedelta]] = field(default_factory=list)

    def until(self, due_at: datetime) -> timedelta:
        """Working time left until the deadline; negative: that much has passed since."""
        due = local(due_at)
        if due >= self.now:
            return self.calendar.working_time_between(self.now, due)
        if due.date() == self.now.date():
            return -self.calendar.working_time_between(due, self.now)
        return -(self.calendar.working_time_between(due, _start(due.date() + ONE_DAY)) + self._since(due.date())[1])

    def working_days(self, due_at: datetime) -> int:
        """Working days after today up to the deadline's day; negative: those after the deadline's day up to today."""
        due = local(due_at).date()
        if due < self.now.date():
            return -self._since(due)[0]
        days = (due - self.now.date()).days
        return sum(self.calendar.is_working_day(self.now.date() + timedelta(number)) for number in range(1, days + 1))

    def _since(self, day: date) -> tuple[int, timedelta]:
        """Working days and working time after a past day."""
        wanted = (self.now.date() - day).days
        while len(self._past) < wanted:
            self._past.append(self._one_day_more())
        return self._past[wanted - 1]

    def _one_day_more(self) -> tuple[int, timedelta]:
        day = self.now.date() - timedelta(len(self._past))
        days, passed = self._past[-1] if self._past else (0, timedelta(0))
        end = min(_start(day + ONE_DAY), self.now)
        return days + self.calendar.is_working_day(day), passed + self.calendar.working_time_between(_start(day), end)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL)
