"""When follow-ups go out: rounds at hours of the unit's working days, a digest at an hour of the week; no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER = "never"
LOOK_BACK_DAYS = 30  # longer than any Tết


@dataclass(frozen=True, slots=True)
class WeeklyHour:
    """An hour of one day of the week; where that day is off, of the next working day."""

    weekday: int
    hour: time


def rounds_of(setting: str) -> tuple[time, ...]:
    """The hours of `07:30,13:30`."""
    return tuple(sorted({time.fromisoformat(hour) for hour in setting.split(",")}))


def weekly_of(setting: str) -> WeeklyHour | None:
    """The hour of `mon 07:30`; None for `never`."""
    if setting == NEVER:
        return None
    day, _, hour = setting.partition(" ")
    return WeeklyHour(WEEKDAYS.index(day), time.fromisoformat(hour))


def latest_round(rounds: Sequence[time], calendar: WorkingCalendar, now: datetime) -> datetime | None:
    """The last round that has come by now; None where there was none for a month."""
    here = local(now)
    for days in range(LOOK_BACK_DAYS):
        day = here.date() - days * ONE_DAY
        if calendar.is_working_day(day):
            come = [at for hour in rounds if (at := _at(day, hour)) <= here]
            if come:
                return come[-1]
    return None


def latest_digest(weekly: WeeklyHour, calendar: WorkingCalendar, now: datetime) -> datetime | None:
    """The last digest whose time has come by now."""
    here = local(now)
    monday = here.date() - timedelta(days=here.weekday())
    for weeks in range(LOOK_BACK_DAYS // 7):
        day = calendar.on_or_after(monday - timedelta(weeks=weeks) + timedelta(days=weekly.weekday))
        if (at := _at(day, weekly.hour)) <= here:
            return at
    return None


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, LOCAL)
