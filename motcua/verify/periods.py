"""Which periods are recounted: the whole span of the log, each calendar year, and a few months."""

from datetime import date

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


def _months(first: date, last: date) -> list[Period]:
    found = []
    day = first.replace(day=1)
    while day <= last:
        following = date(day.year + day.month // DECEMBER, day.month % DECEMBER + 1, 1)
        found.append((day, min(following - ONE_DAY, last)))
        day = following
    return found
