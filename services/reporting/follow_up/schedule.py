"""When follow-ups go out: rounds at hours of the unit's working days, a digest at an hour of the week; no I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.calendar import WorkingCalendar
from shared.domain.localtime import LOCAL, ONE_DAY, local

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER = "never"
LOOK_BACK_DAYS = 30  # longer than any Tết
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class WeeklyHour:
    """An hour of one day of the week; where that day is off, of the next working day."""

    weekday: int
    hour: time


def rounds_of(setting: str) -> tuple[time, ...]:
    """The hours of `07:30,13:30`; raises ValueError."""
    return tuple(sorted({_hour(word.strip()) for word in setting.split(",")}))


def weekly_of(setting: str) -> WeeklyHour | None:
    """The hour of `mon 07:30`; None for `never`. Raises ValueError."""
    if setting == NEVER:
        return None
    day, _, hour = setting.partition(" ")
    if day not in WEEKDAYS:
        raise ValueError(
            f"{setting!r}: write a day and an hour such as `mon 07:30` ({', '.join(WEEKDAYS)}), or `never`"
        )
    return WeeklyHour(WEEKDAYS.index(day), _hour(hour))


def _hour(word: str) -> time:
    if not _HOUR.fullmatch(word):
        raise ValueError(f"{word!r} is no hour; write 07:30, several with commas between them")
    return time.fromisoformat(word)


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
