"""Seeding a year from the holidays library: what it writes can be pasted, and what is shipped agrees with it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from shared.catalogue import CalendarEntry, load
from shared.catalogue.seed import seeded, toml

LIBRARY = "holidays"


def written(folder: Path, year: int) -> Mapping[date, CalendarEntry]:
    """The entries that an office gets that pastes the year into a calendar of its own."""
    text = f"first_day = {year}-01-01\nlast_day = {year}-12-31\n\n{seeded(year)}"
    (folder / "calendar.toml").write_text(text, encoding="utf-8")
    return {entry.day: entry for entry in load(folder).calendar_entries}


@pytest.mark.parametrize("year", range(2020, 2028))
def test_what_is_shipped_is_what_the_library_says_but_for_entries_that_name_another_source(
    tmp_path: Path, year: int
) -> None:
    shipped = load().entries(date(year, 1, 1), date(year, 12, 31))
    from_library = {entry.day: entry.works for entry in shipped if f"not in {LIBRARY}" not in entry.source}
    seed = {day: entry.works for day, entry in written(tmp_path, year).items()}
    assert {day: works for day, works in from_library.items() if day in seed or day.weekday() < 5} == seed


def test_every_seeded_day_names_the_library_with_its_version(tmp_path: Path) -> None:
    found = written(tmp_path, 2024)
    assert found
    assert all(entry.source.startswith(f"{LIBRARY} 0.") for entry in found.values())
    assert found[date(2024, 5, 4)].works
    assert not found[date(2024, 4, 29)].works


def test_days_in_a_row_with_one_name_are_one_entry() -> None:
    days = [CalendarEntry(date(2024, 2, day), False, 'Tết "Giáp Thìn"', "x") for day in (8, 9, 10, 12)]
    text = toml(2024, days)
    assert text.count("[[days_off]]") == 2
    assert "first = 2024-02-08\nlast = 2024-02-10\n" in text
    assert 'name = "Tết \\"Giáp Thìn\\""' in text
