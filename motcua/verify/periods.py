"""Which periods are recounted: the whole span of the log, each calendar year, a few months; and days and odd periods drawn by chance."""

from datetime import date, timedelta
from random import Random

from shared.domain.localtime import ONE_DAY

MONTHS = 4
Period = tuple[date, date]
DECEMBER = 12


def periods(first: date, last: date) -> list[Period]:
    """Distinct periods of `first..last`; the last year ends with the log, for the days after it may not be over yet."""
    years = [(date(year, 1, 1), min(date(year, 12, 31), last)) for year in range(first.year, last.year + 1)]
    months = list(_months(first, last))
    step = max(1, (len(months) - 1) // (MONTHS - 1))
    return list(dict.fromkeys([(first, last), *years, *months[::step], months[-1]]))


def drawn_day(first: date, last: date, chance: Random) -> Period:
    """A single day of `first..last`."""
    day = first + timedelta(days=chance.randint(0, (last - first).days))
    return day, day


def drawn_period(first: date, last: date, chance: Random) -> Period:
    """Any days of `first..last` on end."""
    one, other = (drawn_day(first, last, chance)[0] for _ in range(2))
    return min(one, other), max(one, other)


def _months(first: date, last: date) -> list[Period]:
    found = []
    day = first.replace(day=1)
    while day <= last:
        following = date(day.year + day.month // DECEMBER, day.month % DECEMBER + 1, 1)
        found.append((day, min(following - ONE_DAY, last)))
        day = following
    return found
