"""A year's days off from the maintained `holidays` library,
as entries for calendar.toml that an operator checks and pastes.

The library is used here and in tests only: services read calendar.toml.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import version

import holidays

from shared.catalogue.model import CalendarEntry
from shared.domain.localtime import ONE_DAY

COUNTRY, LANGUAGE = "VN", "vi"
HEAD = """\
# {year}: days off and swapped days as the {library} library has them. \
Compare each with the year's announcement before it is relied on
# (Tết and swaps are announced each year), and move last_day of calendar.toml.
"""


def entries(year: int) -> list[CalendarEntry]:
    """The year's days off and swapped days, in order; the library with its version is their source."""
    known = holidays.country_holidays(COUNTRY, years=year, language=LANGUAGE)
    source = f"holidays {version('holidays')}"
    off = [CalendarEntry(day, works=False, name=known[day], source=source) for day in known]
    worked = [
        CalendarEntry(day, works=True, name=f"Ngày làm việc hoán đổi ({day:%d/%m/%Y})", source=source)
        for day in known.weekend_workdays
        if day.year == year
    ]
    return sorted(off + worked, key=lambda entry: entry.day)


def toml(year: int, calendar: Iterable[CalendarEntry]) -> str:
    """The entries as they stand in calendar.toml; days in a row with one name are one entry."""
    tables = [
        HEAD.format(year=year, library=f"holidays {version('holidays')}"),
        *(_table(run) for run in _runs(calendar)),
    ]
    return "\n".join(tables)


def _runs(calendar: Iterable[CalendarEntry]) -> Iterator[list[CalendarEntry]]:
    run: list[CalendarEntry] = []
    for entry in calendar:
        if run and not (
            entry.day - run[-1].day == ONE_DAY and (entry.works, entry.name) == (run[-1].works, run[-1].name)
        ):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _table(run: list[CalendarEntry]) -> str:
    first, last = run[0], run[-1].day
    days = f"day = {first.day}" if first.day == last else f"first = {first.day}\nlast = {last}"
    table = "swapped_to_work" if first.works else "days_off"
    return f"[[{table}]]\n{days}\nname = {_quoted(first.name)}\nsource = {_quoted(first.source)}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def seeded(year: int) -> str:
    """The TOML of a year."""
    return toml(year, entries(year))
