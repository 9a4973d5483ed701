"""An office's own catalogue: what it may leave out, and how a mistake in it is reported."""

from datetime import date, datetime, time
from pathlib import Path

import pytest

from shared.catalogue import CatalogueError, load
from shared.domain.localtime import LOCAL

DEPARTMENT = '[[departments]]\ncode = "H10.01"\nname = "Sở A"\nname_en = "A"\n'
PROCEDURE = '[[procedures]]\ncode = "9.000001"\nname = "Thủ tục"\nfield = "Lĩnh vực"\nlevel = "province"\n'
CALENDAR = "first_day = 2023-01-01\nlast_day = 2023-12-31\n"


def test_a_file_that_the_folder_lacks_is_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "departments.toml").write_text(DEPARTMENT, encoding="utf-8")
    own = load(tmp_path)
    assert set(own.departments) == {"H10.01"}
    assert not own.calendar("H10.01").is_working_day(date(2023, 1, 20))
    # shipped procedures of departments that are not the office's own are left out; those of no department stay
    assert set(own.procedures) == {
        code for code, procedure in load().procedures.items() if procedure.department is None
    }


def test_a_department_may_keep_its_own_hours(tmp_path: Path) -> None:
    sessions = 'sessions = [["07:30:00", "11:30:00"], ["13:00:00", "17:00:00"]]\n'
    second = DEPARTMENT.replace("H10.01", "H10.02")
    (tmp_path / "departments.toml").write_text(DEPARTMENT + sessions + second, encoding="utf-8")
    own = load(tmp_path)
    assert own.calendar("H10.01").sessions[0] == (time(7, 30), time(11, 30))
    early = datetime(2023, 1, 3, 6, tzinfo=LOCAL)
    noon = datetime(2023, 1, 3, 12, tzinfo=LOCAL)
    assert own.calendar("H10.01").working_time_between(early, noon) < own.calendar("H10.02").working_time_between(
        early, noon
    )


@pytest.mark.parametrize(
    ("file", "text", "entry", "fix"),
    [
        ("departments.toml", DEPARTMENT + DEPARTMENT, "[[departments]] number 2 (H10.01)", "keep one entry"),
        ("departments.toml", "", "departments", "add at least one"),
        (
            "departments.toml",
            DEPARTMENT + 'sessions = [["11:30:00", "07:00:00"]]',
            "(H10.01)",
            "must follow each other",
        ),
        ("departments.toml", DEPARTMENT.replace("H10.01", "10-1"), "(10-1)", "correct that value"),
        (
            "departments.toml",
            DEPARTMENT.replace("Sở A", r"Sở A\r\nBcc: evil@x.example"),
            "(H10.01)",
            "name holds U+000D, a character that nobody sees; write it in one line",
        ),
        ("procedures.toml", PROCEDURE.replace('"Lĩnh vực"', '"""Lĩnh\nvực"""'), "(9.000001)", "field holds U+000A"),
        (
            "units.toml",
            '[[changes]]\nkind = "rename"\nday = 2025-07-01\nunits = ["H59.02"]\nlegal_ground = "a\\u2028b"',
            "[[changes]] number 1",
            "legal_ground holds U+2028",
        ),
        (
            "calendar.toml",
            CALENDAR + '[[days_off]]\nday = 2023-01-02\nname = "Tết\\u202e"\nsource = "x"',
            "[[days_off]] number 1",
            "name holds U+202E",
        ),
        ("procedures.toml", PROCEDURE + 'term = { amount = 0, unit = "months" }', "(9.000001)", "term"),
        ("procedures.toml", PROCEDURE + 'term = { amount = 1, unit = "weeks" }', "(9.000001)", "term.unit"),
        ("procedures.toml", PROCEDURE + 'department = "H10.77"', "(9.000001)", "add it there or correct"),
        ("calendar.toml", "", "first_day, last_day", "set both"),
        (
            "calendar.toml",
            CALENDAR + '[[days_off]]\nday = 2024-01-01\nname = "Tết"\nsource = "x"',
            "(Tết)",
            "lies outside",
        ),
        ("calendar.toml", CALENDAR + '[[days_off]]\nday = 2023-01-01\nname = "Tết"', "(Tết)", "source"),
        (
            "calendar.toml",
            CALENDAR + '[[days_off]]\nlast = 2023-01-01\nname = "Tết"\nsource = "x"',
            "(Tết)",
            "`first` and `last`",
        ),
        ("calendar.toml", "first_day = ", "", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_named_by_file_entry_and_fix(tmp_path: Path, file: str, text: str, entry: str, fix: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as raised:
        load(tmp_path)
    assert raised.value.file == tmp_path / file
    assert entry in raised.value.entry
    assert fix in raised.value.fix
    assert str(tmp_path / file) in str(raised.value)


def test_a_day_off_that_is_also_worked_is_refused(tmp_path: Path) -> None:
    entry = 'day = 2023-01-06\nname = "Ngày"\nsource = "x"\n'
    (tmp_path / "calendar.toml").write_text(
        f"{CALENDAR}[[days_off]]\n{entry}[[swapped_to_work]]\n{entry}", encoding="utf-8"
    )
    with pytest.raises(CatalogueError, match="stands there already"):
        load(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="is not a folder"):
        load(tmp_path / "missing")
