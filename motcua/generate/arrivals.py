"""When dossiers come in: by month, weekday and hour; counters only in working hours, online also in the evening and at weekends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from motcua.generate.axis import HOUR, midnight
from shared.domain.calendar import WorkingCalendar

MONTHS = (0.92, 0.97, 1.1, 1.0, 1.05, 1.05, 1.0, 1.06, 0.95, 1.04, 1.02, 0.95)
WEEKDAYS = (1.16, 1.08, 1.02, 0.98, 0.9, 0.16, 0.1)
WEEKEND = 5
DAY_OFF = 0.04  # of an ordinary day, online: Tết and other days off
HALF_HOUR = HOUR // 2
COUNTER_HOURS = {7: 0.9, 8: 1.4, 9: 1.4, 10: 1.1, 11: 0.5, 12: 0.4, 13: 0.9, 14: 1.3, 15: 1.1, 16: 0.6}
COUNTER_OTHER_HOUR = 0.4
ONLINE_HOURS = (2, 1, 1, 1, 1, 3, 8, 30, 75, 90, 80, 45, 20, 45, 80, 75, 55, 25, 15, 22, 28, 24, 14, 6)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Days and half hours with their weights, ready to be drawn from."""

    days: tuple[int, ...]
    day_weights: tuple[float, ...]
    slots: tuple[int, ...]
    slot_weights: tuple[float, ...]

    def draw(self, rng: Random, amount: int) -> Iterator[int]:
        """So many instants, in whole seconds."""
        days = rng.choices(self.days, self.day_weights, k=amount)
        slots = rng.choices(self.slots, self.slot_weights, k=amount)
        return (day + slot + rng.randrange(HALF_HOUR) for day, slot in zip(days, slots, strict=True))


def counter(calendar: WorkingCalendar, first: date, last: date) -> Pattern:
    """Receipts at a counter: working days and sessions only."""
    days = {day: _weight(day) for day in _days(first, last) if calendar.is_working_day(day)}
    slots = {slot: COUNTER_HOURS.get(slot // HOUR, COUNTER_OTHER_HOUR) for slot in range(0, 24 * HOUR, HALF_HOUR) if _open(calendar, slot)}
    return _pattern(days, slots)


def online(calendar: WorkingCalendar, first: date, last: date) -> Pattern:
    """Receipts online: any day and hour, most when people are at work."""
    days = {day: _weight(day) if day.weekday() >= WEEKEND or calendar.is_working_day(day) else DAY_OFF for day in _days(first, last)}
    return _pattern(days, {slot: ONLINE_HOURS[slot // HOUR] for slot in range(0, 24 * HOUR, HALF_HOUR)})


def _pattern(days: dict[date, float], slots: dict[int, float]) -> Pattern:
    return Pattern(tuple(midnight(day) for day in days), tuple(days.values()), tuple(slots), tuple(slots.values()))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def _weight(day: date) -> float:
    return MONTHS[day.month - 1] * WEEKDAYS[day.weekday()]


def _open(calendar: WorkingCalendar, slot: int) -> bool:
    """Whether the whole half hour that starts `slot` seconds after midnight lies in a session."""
    return any(
        opens.hour * HOUR + opens.minute * 60 <= slot and slot + HALF_HOUR <= closes.hour * HOUR + closes.minute * 60
        for opens, closes in calendar.sessions
    )
