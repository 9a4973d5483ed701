"""Dated and scoped data: what is in force on a day, and for whom."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from shared.catalogue import CalendarEntry, Catalogue, CatalogueError, load
from shared.domain.calendar import DayKind
from shared.domain.deadline import due_by
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import LOCAL
from shared.domain.terms import Term, TermUnit

DEPARTMENTS = "".join(
    f'[[departments]]\ncode = "{code}"\nname = "Sở"\nname_en = "A"\n' for code in ("H59", "H59.15", "H59.16", "H60.15")
)
SUMMER = '[[departments.hours]]\nfirst = 2023-06-01\nlast = 2023-08-31\nsessions = [["06:30:00", "11:30:00"]]\n'
CALENDAR = "first_day = 2023-01-01\nlast_day = 2026-12-31\n"
DAY = date(2023, 3, 15)


def procedure(code: str = "9.000001", **fields: str) -> str:
    lines = {"name": '"Thủ tục"', "field": '"Lĩnh vực"', "level": '"province"'} | fields
    return f'[[procedures]]\ncode = "{code}"\n' + "".join(f"{name} = {value}\n" for name, value in lines.items())


def office(folder: Path, **files: str) -> Catalogue:
    for name, text in ({"departments": DEPARTMENTS, "calendar": CALENDAR} | files).items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return load(folder)


def entry(day: date = DAY, *applies_to: str, works: bool = False, name: str = "Ngày nghỉ") -> CalendarEntry:
    return CalendarEntry(day, works, name, "a decree", applies_to)


def works(catalogue: Catalogue, day: date = DAY) -> dict[str, bool]:
    return {code: catalogue.calendar(code).is_working_day(day) for code in catalogue.departments}


def test_hours_of_a_period_hold_in_it_and_not_around_it(tmp_path: Path) -> None:
    calendar = office(tmp_path, departments=DEPARTMENTS + SUMMER).calendar("H60.15")
    assert calendar.sessions_on(date(2023, 5, 31)) == calendar.sessions
    assert (
        calendar.sessions_on(date(2023, 6, 1))
        == calendar.sessions_on(date(2023, 8, 31))
        == ((time(6, 30), time(11, 30)),)
    )
    assert calendar.sessions_on(date(2023, 9, 1)) == calendar.sessions
    in_summer = datetime(
        2023, 8, 31, 10, 30, tzinfo=LOCAL
    )  # an hour before it closes for the day; five hours reach into the autumn
    assert calendar.add_working_time(in_summer, timedelta(hours=5)) == datetime(2023, 9, 1, 11, tzinfo=LOCAL)


def test_a_day_off_holds_where_its_scope_says(tmp_path: Path) -> None:
    text = (
        f'{CALENDAR}[[days_off]]\nday = {DAY}\nname = "Ngày của tỉnh"\nsource = "x"\n'
        'applies_to = ["H59"]\nannounced = 2023-03-01\n'
    )
    catalogue = office(tmp_path, calendar=text)
    assert works(catalogue) == {"H59": False, "H59.15": False, "H59.16": False, "H60.15": True}
    (found,) = catalogue.entries(DAY, DAY, "H59.16")
    assert (found.name, found.applies_to, found.announced) == ("Ngày của tỉnh", ("H59",), date(2023, 3, 1))
    assert not catalogue.entries(DAY, DAY)


def test_the_most_specific_scope_wins_in_either_direction(tmp_path: Path) -> None:
    everywhere_off = office(tmp_path).with_entries([entry(), entry(DAY, "H59", works=True), entry(DAY, "H59.16")])
    assert works(everywhere_off) == {"H59": True, "H59.15": True, "H59.16": False, "H60.15": False}
    assert everywhere_off.calendar("H59.15").kind_of(DAY) is DayKind.SWAPPED_TO_WORK


def test_a_scope_ends_at_a_dot(tmp_path: Path) -> None:
    assert works(office(tmp_path).with_entries([entry(DAY, "H59.1")])) == dict.fromkeys(
        ("H59", "H59.15", "H59.16", "H60.15"), True
    )


def test_new_entries_add_and_replace_by_day_and_scope_and_leave_the_original(tmp_path: Path) -> None:
    before = office(tmp_path).with_entries([entry(DAY, "H59", "H60"), entry(date(2023, 3, 16))])
    after = before.with_entries([entry(DAY, "H60", works=True, name="Làm bù"), entry(date(2023, 3, 17))])
    assert [(found.day.day, found.works, found.applies_to) for found in after.calendar_entries] == [
        (15, False, ("H59",)),
        (15, True, ("H60",)),
        (16, False, ()),
        (17, False, ()),
    ]
    assert after.calendar("H60.15").names[DAY] == "Làm bù"
    assert (before.calendar("H60.15").is_working_day(DAY), after.calendar("H60.15").is_working_day(DAY)) == (
        False,
        True,
    )


def test_the_same_entries_again_change_nothing(tmp_path: Path) -> None:
    once = office(tmp_path).with_entries([entry(DAY, "H59", "H60")])
    assert once.with_entries(once.calendar_entries) == once


def test_an_entry_outside_the_known_calendar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarNotKnown, match="add that year"):
        office(tmp_path).with_entries([entry(date(2027, 1, 1))])


def test_a_code_the_catalogue_lacks_has_the_days_off_of_its_province(tmp_path: Path) -> None:
    catalogue = office(tmp_path).with_entries([entry(DAY, "H59")])
    assert not catalogue.calendar_of("H59.99").is_working_day(DAY)
    assert catalogue.calendar_of("H61.01").is_working_day(DAY)
    with pytest.raises(KeyError):
        catalogue.calendar("H59.99")


def test_a_procedure_is_the_version_of_the_day(tmp_path: Path) -> None:
    versions = procedure(valid_to="2023-06-30", term='{ amount = 5, unit = "working_days" }') + procedure(
        valid_from="2023-07-01", field='"Khác"', term='{ amount = 3, unit = "working_days" }'
    )
    catalogue = office(tmp_path, procedures=versions)
    old, new = (catalogue.procedure("9.000001", day) for day in (date(2023, 6, 30), date(2023, 7, 1)))
    assert old is not None
    assert new is not None
    assert (old.term, new.term) == (Term(5, TermUnit.WORKING_DAYS), Term(3, TermUnit.WORKING_DAYS))
    assert catalogue.procedures["9.000001"] is new
    assert catalogue.procedures_on(date(2020, 1, 1)) == [old]
    assert catalogue.procedure("9.000002", DAY) is None


def test_a_district_procedure_ends_with_its_level_unless_it_says_otherwise(tmp_path: Path) -> None:
    text = procedure(level='"district"') + procedure("9.000002", level='"district"', valid_to="2025-12-31")
    catalogue = office(tmp_path, procedures=text)
    days = (date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31), date(2026, 1, 1))
    assert [[version.code[-1] for version in catalogue.procedures_on(day)] for day in days] == [
        ["1", "2"],
        ["2"],
        ["2"],
        [],
    ]
    assert set(catalogue.procedures) == {"9.000001", "9.000002"}  # field and level of an old dossier stay known


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2023-03-15 14:00:00", "2023-03-15 17:00:00"),
        ("2023-03-15 15:00:00", "2023-03-15 17:00:00"),  # at the closing hour still counts for the day
        ("2023-03-15 15:00:01", "2023-03-16 17:00:00"),
        ("2023-03-15 15:30:00", "2023-03-16 17:00:00"),
        ("2023-03-17 16:00:00", "2023-03-20 17:00:00"),  # Friday afternoon: Monday
        ("2023-03-18 09:00:00", "2023-03-20 17:00:00"),  # a Saturday
        ("2023-03-15 06:00:00", "2023-03-15 17:00:00"),
    ],
)
def test_an_answer_of_the_same_day_is_due_when_the_day_closes(tmp_path: Path, received: str, due: str) -> None:
    catalogue = office(tmp_path, procedures=procedure(same_day="true", closing_hour="15:00:00"))
    at = datetime.fromisoformat(received).replace(tzinfo=LOCAL)
    rule = catalogue.procedures["9.000001"].rule
    assert due_by(rule, at, catalogue.calendar("H59.15")) == datetime.fromisoformat(due).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("unit", "due"),
    [
        ("working_hours", "2023-03-16 11:00:00"),  # from the next opening, not from 15:30
        ("working_days", "2023-03-22 07:00:00"),  # the day of receipt is the 16th
        ("calendar_days", "2023-03-20 07:00:00"),
    ],
)
def test_a_receipt_after_the_closing_hour_counts_as_made_at_the_next_opening(
    tmp_path: Path, unit: str, due: str
) -> None:
    catalogue = office(
        tmp_path, procedures=procedure(term=f'{{ amount = 4, unit = "{unit}" }}', closing_hour="15:00:00")
    )
    rule = catalogue.procedures["9.000001"].rule
    at = datetime(2023, 3, 15, 15, 30, tzinfo=LOCAL)
    assert due_by(rule, at, catalogue.calendar("H59.15")) == datetime.fromisoformat(due).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("files", "fix"),
    [
        ({"procedures": procedure() + procedure()}, "keep one entry"),
        ({"procedures": procedure() + procedure(valid_from="2023-07-01")}, "valid_to = 2023-06-30"),
        ({"procedures": procedure(valid_from="2023-07-01", valid_to="2023-06-30")}, "lies before valid_from"),
        ({"procedures": procedure(level='"district"', valid_from="2025-07-01")}, "level district ended then"),
        ({"procedures": procedure(same_day="true", term='{ amount = 1, unit = "months" }')}, "delete one of them"),
        ({"procedures": procedure(closing_hour='"three"')}, "closing_hour"),
        (
            {"procedures": procedure(), "levels": '[[levels]]\ncode = "commune"\nname = "cấp xã"\n'},
            "level province is not in levels.toml",
        ),
        ({"departments": DEPARTMENTS + SUMMER + SUMMER}, "hours overlap"),
        ({"departments": DEPARTMENTS + SUMMER.replace("2023-08-31", "2023-05-31")}, "put them in order"),
        ({"departments": DEPARTMENTS + SUMMER.replace("11:30", "06:00")}, "sessions must follow each other"),
        (
            {"calendar": CALENDAR + f'[[days_off]]\nday = {DAY}\nname = "A"\nsource = "x"\napplies_to = ["59"]\n'},
            "applies_to",
        ),
        (
            {"calendar": CALENDAR + 2 * f'[[days_off]]\nday = {DAY}\nname = "A"\nsource = "x"\napplies_to = ["H59"]\n'},
            "already for H59 (A)",
        ),
    ],
)
def test_a_mistake_in_dated_data_is_named_with_its_fix(tmp_path: Path, files: dict[str, str], fix: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        office(tmp_path, **files)
    assert fix in raised.value.fix
    assert raised.value.entry
