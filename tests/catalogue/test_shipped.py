"""The shipped catalogue: what it must hold,
and days off that agree with the announcements and with a maintained library."""

import re
from datetime import date, datetime, timedelta

import holidays
import pytest

from shared.catalogue import Catalogue, load
from shared.domain.deadline import due_by
from shared.domain.terms import Term, TermUnit

ANNOUNCED_BUT_NOT_IN_LIBRARY = {
    date(2026, 1, 2): False,  # swapped with Saturday 10 January by the announcement of 2025-12-25
    date(2026, 1, 10): True,
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def test_nineteen_departments_of_the_province_their_heirs_and_three_of_the_sample_counter(catalogue: Catalogue) -> None:
    heirs = [f"H61.{n:02d}" for n in (2, 3, 4, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20)]
    assert list(catalogue.departments) == (
        [f"H59.{n:02d}" for n in range(1, 20)] + heirs + [f"H90.{n:02d}" for n in range(1, 4)]
    )
    assert catalogue.departments["H59.02"].name == "Sở Y tế"
    assert catalogue.departments["H59.03"].name_en == "Department of Culture, Sports and Tourism"


def test_every_department_of_the_province_has_three_to_six_procedures(catalogue: Catalogue) -> None:
    own = [procedure.department for procedure in catalogue.procedures.values() if procedure.department]
    assert all(3 <= own.count(f"H59.{n:02d}") <= 6 for n in range(1, 20))
    assert all(re.fullmatch(r"\d\.\d{6}", code) for code in catalogue.procedures)


def test_the_contracts_example_procedure_takes_five_working_days(catalogue: Catalogue) -> None:
    procedure = catalogue.procedures["2.000635"]
    assert procedure.department == "H59.15"
    assert procedure.term == Term(5, TermUnit.WORKING_DAYS)


def test_the_sample_counters_procedure_is_shared_and_has_no_term(catalogue: Catalogue) -> None:
    procedure = catalogue.procedures["1.000001"]
    assert procedure.term is None
    assert all(procedure.may_be_handled_by(code) for code in ("H90.01", "H90.02", "H90.03"))


def test_all_four_units_of_terms_are_in_use(catalogue: Catalogue) -> None:
    assert {procedure.term.unit for procedure in catalogue.procedures.values() if procedure.term} == set(TermUnit)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2023, 1, 20), date(2023, 1, 26)),
        (date(2024, 2, 8), date(2024, 2, 14)),
        (date(2024, 4, 29), date(2024, 4, 29)),
        (date(2025, 5, 2), date(2025, 5, 2)),
        (date(2026, 2, 16), date(2026, 2, 20)),
        (date(2026, 8, 31), date(2026, 8, 31)),
    ],
)
def test_announced_days_off_are_off(catalogue: Catalogue, first: date, last: date) -> None:
    calendar = catalogue.calendar("H59.15")
    assert not any(calendar.is_working_day(day) for day in days(first, last))
    assert all(entry.source for entry in catalogue.entries(first, last))


def test_each_day_off_carries_the_name_of_one_holiday(catalogue: Catalogue) -> None:
    entries = catalogue.entries(catalogue.calendar_first_day, catalogue.calendar_last_day)
    assert [entry for entry in entries if "," in entry.name or " và " in entry.name] == []


def test_a_day_in_lieu_says_for_what_and_by_which_article(catalogue: Catalogue) -> None:
    entries = [
        (entry.day.day, entry.name, "111.3" in entry.source)
        for entry in catalogue.entries(date(2023, 4, 29), date(2023, 5, 3))
    ]
    assert entries == [
        (29, "Giỗ Tổ Hùng Vương", False),
        (30, "Ngày Chiến thắng", False),
        (1, "Quốc tế Lao động", False),
        (2, "Giỗ Tổ Hùng Vương (nghỉ bù)", True),
        (3, "Ngày Chiến thắng (nghỉ bù)", True),
    ]


@pytest.mark.parametrize("saturday", [date(2024, 5, 4), date(2025, 4, 26), date(2026, 8, 22), date(2026, 1, 10)])
def test_swapped_saturdays_are_worked(catalogue: Catalogue, saturday: date) -> None:
    assert catalogue.calendar("H59.15").is_working_day(saturday)


@pytest.mark.parametrize("year", range(2020, 2028))
def test_working_days_agree_with_the_holidays_library(catalogue: Catalogue, year: int) -> None:
    library = holidays.country_holidays("VN", years=year)
    ours = catalogue.calendar("H59.15")
    expected = {day: library.is_working_day(day) for day in days(date(year, 1, 1), date(year, 12, 31))}
    assert {day: ours.is_working_day(day) for day in expected} == expected | {
        day: works for day, works in ANNOUNCED_BUT_NOT_IN_LIBRARY.items() if day.year == year
    }


@pytest.mark.parametrize(
    ("received", "due"),
    [("2024-02-07T15:00", "2024-02-07T17:00"), ("2024-02-07T15:01", "2024-02-15T17:00")],  # the days after are Tết
)
def test_a_copy_is_certified_the_same_day_when_it_comes_by_15_00(catalogue: Catalogue, received: str, due: str) -> None:
    rule = catalogue.procedures["2.000815"].rule
    found = due_by(rule, datetime.fromisoformat(f"{received}+07:00"), catalogue.calendar("H59.15"))
    assert found == datetime.fromisoformat(f"{due}+07:00")
