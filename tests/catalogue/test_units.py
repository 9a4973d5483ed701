"""Units through time: the codes a unit goes by, who takes over what it leaves, and mistakes in the data about both."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue import Catalogue, CatalogueError, load
from shared.catalogue.units import UnitChange, UnitHistory
from tests.builders.unit_changes import trees

D1, D2, D3 = date(2025, 7, 1), date(2026, 1, 1), date(2027, 1, 1)
BEFORE = D1 - timedelta(days=1)
UNITS = [f"H10.{number:02d}" for number in range(1, 10)]


def departments(*more: str) -> str:
    entries = {unit: f'[[departments]]\ncode = "{unit}"\nname = "Sở"\nname_en = "A"\n' for unit in UNITS}
    for entry in more:
        unit, _, alias = entry.partition("\n")
        entries[unit] += alias
    return "".join(entries.values())


def alias(code: str, **dates: date) -> str:
    return f'[[departments.aliases]]\ncode = "{code}"\n' + "".join(f"{name} = {day}\n" for name, day in dates.items())


def change(
    kind: str, units: str, heir: str | None, day: date = D1, *, ground: str = "NQ 202/2025/QH15", more: str = ""
) -> str:
    """`change("merge", "1 2", "3")`: the units by their last digits."""
    listed = ", ".join(f'"H10.0{unit}"' for unit in units.split())
    named = "" if heir is None else f'heir = "H10.0{heir}"\n'
    return f'[[changes]]\nkind = "{kind}"\nday = {day}\nlegal_ground = "{ground}"\nunits = [{listed}]\n{named}{more}'


def part(heir: str, **what: str) -> str:
    named = "".join(
        f"{name} = [{', '.join(repr(one) for one in values.split('|'))}]\n" for name, values in what.items()
    )
    return f'[[changes.parts]]\nheir = "H10.0{heir}"\n{named}'


PROCEDURES = "".join(
    f'[[procedures]]\ncode = "9.00000{number}"\nname = "T"\nfield = "{field}"\nlevel = "province"\n'
    for number, field in ((1, "Đất đai"), (2, "Đất đai"), (3, "Tôn giáo"))
)


def office(folder: Path, *changes: str, aliases: str = "", calendar: str | None = None) -> Catalogue:
    (folder / "departments.toml").write_text(aliases or departments(), encoding="utf-8")
    (folder / "procedures.toml").write_text(PROCEDURES, encoding="utf-8")
    (folder / "units.toml").write_text("".join(changes), encoding="utf-8")
    if calendar is not None:
        (folder / "calendar.toml").write_text(calendar, encoding="utf-8")
    return load(folder)


def test_the_older_form_of_a_code_names_the_same_unit(tmp_path: Path) -> None:
    catalogue = office(tmp_path)
    assert catalogue.canonical("000.00.01.H10", D1) == "H10.01"
    assert catalogue.canonical("H10.01", D1) == "H10.01"
    assert catalogue.canonical("000.00.77.H10", D1) == "000.00.77.H10", "a stranger's code stays as it is"
    older = office(tmp_path, aliases='[[departments]]\ncode = "000.00.01.H10"\nname = "Sở"\nname_en = "A"\n')
    assert older.canonical("H10.01", D1) == "000.00.01.H10", "whichever form is the office's own"
    assert older.calendar_of("H10.01") == older.calendar("000.00.01.H10")


def test_an_alias_names_its_unit_in_its_days_in_either_form(tmp_path: Path) -> None:
    text = departments(
        "H10.01\n" + alias("H10.71", valid_from=D1, valid_to=D2), "H10.02\n" + alias("000.00.71.H10", valid_from=D3)
    )
    catalogue = office(tmp_path, aliases=text)
    days = (BEFORE, D1, D2, D2 + timedelta(days=1), D3)
    assert [catalogue.canonical("H10.71", day) for day in days] == ["H10.71", "H10.01", "H10.01", "H10.71", "H10.02"]
    assert [catalogue.canonical("000.00.71.H10", day) for day in (D1, D3)] == ["H10.01", "H10.02"]


def test_a_day_off_holds_for_a_unit_by_any_of_its_codes(tmp_path: Path) -> None:
    text = "first_day = 2025-01-01\nlast_day = 2025-12-31\n" + "".join(
        f'[[days_off]]\nday = 2025-03-1{number}\nname = "N"\nsource = "x"\napplies_to = ["{scope}"]\n'
        for number, scope in enumerate(("000.00.01.H10", "H10.71", "000.00.00.H10"))
    )
    catalogue = office(tmp_path, aliases=departments("H10.01\n" + alias("H10.71")), calendar=text)
    off = {
        unit: [day for day in range(10, 13) if not catalogue.calendar(unit).is_working_day(date(2025, 3, day))]
        for unit in ("H10.01", "H10.02")
    }
    assert off == {"H10.01": [10, 11, 12], "H10.02": [12]}
    assert [entry.applies_to for entry in catalogue.calendar_entries] == [("H10.01",), ("H10.01",), ("H10",)]


@pytest.mark.parametrize(
    ("aliases", "fix"),
    [
        (("H10.01\n" + alias("H10.02"),), "is the code of department H10.02"),
        (("H10.01\n" + alias("000.00.02.H10"),), "is the code of department H10.02"),
        (("H10.01\n" + alias("000.00.01.H10"),), "is H10.01 itself"),
        (("H10.01\n" + alias("H10.71", valid_from=D2, valid_to=D1),), "put them in order"),
        (("H10.01\n" + alias("H10.71"), "H10.02\n" + alias("H10.71", valid_from=D1)), "alias of H10.01 in"),
        (("H10.01\n" + alias("H10.71") + alias("000.00.71.H10"),), "alias of H10.01 in the same days"),
        (("H10.01\n" + alias("H10-71"),), "aliases"),
    ],
)  # fmt: skip
def test_a_mistake_in_aliases_is_named_with_its_fix(tmp_path: Path, aliases: tuple[str, ...], fix: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        office(tmp_path, aliases=departments(*aliases))
    assert fix in raised.value.fix
    assert raised.value.file.name == "departments.toml"
    assert "H10.0" in raised.value.entry


def test_two_forms_of_one_code_are_one_department(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"department H10\.01 stands there already"):
        office(tmp_path, aliases=departments() + '[[departments]]\ncode = "000.00.01.H10"\nname = "B"\nname_en = "B"\n')


def test_heirs_are_those_of_the_day(tmp_path: Path) -> None:
    catalogue = office(
        tmp_path,
        change("merge", "1 2", "3"),
        change("rename", "3", "4", D2),
        change("split", "4", "5", D3, more=part("6", fields="Đất đai") + part("7", procedures="9.000002")),
        change("dissolve", "8", "9"),
    )

    def heirs(unit: str, day: date) -> list[str]:
        return [catalogue.organised_on(day).heir(unit, f"9.00000{number}") for number in (1, 2, 3, 4)]

    assert heirs("H10.01", BEFORE) == ["H10.01"] * 4
    assert heirs("H10.01", D1) == heirs("H10.02", D1) == heirs("H10.03", D1) == ["H10.03"] * 4
    assert heirs("H10.02", D2) == ["H10.04"] * 4
    assert heirs("H10.01", D3) == heirs("H10.04", D3) == ["H10.06", "H10.07", "H10.05", "H10.05"]
    assert heirs("H10.08", D3) == ["H10.09"] * 4
    assert heirs("H10.99", D3) == ["H10.99"] * 4, "a unit that the catalogue lacks is its own heir"
    ends = {unit: catalogue.end_of(unit, D2) for unit in UNITS}
    assert {unit for unit, end in ends.items() if end is not None} == {"H10.01", "H10.02", "H10.03", "H10.08"}


def test_a_unit_may_go_on_with_less(tmp_path: Path) -> None:
    catalogue = office(
        tmp_path,
        change("split", "1", "1", more=part("2", fields="Tôn giáo")),
        change("merge", "1", "3", D2),
        change("merge", "2", "1", date(2025, 12, 31)),
    )
    assert [catalogue.organised_on(D1).heir("H10.01", procedure) for procedure in ("9.000001", "9.000003")] == [
        "H10.01",
        "H10.02",
    ]
    assert catalogue.end_of("H10.01", D1) is None
    assert [catalogue.organised_on(D2).heir("H10.01", procedure) for procedure in ("9.000001", "9.000003")] == [
        "H10.03",
        "H10.03",
    ]


LAND = part("4", fields="Đất đai")


@pytest.mark.parametrize(
    ("changes", "number", "fix"),
    [
        ([change("merge", "1", "2", ground=" ")], 1, "has no legal ground"),
        ([change("dissolve", "1", None)], 1, "leaves H10.01 without an heir"),
        ([change("merge", "", "2")], 1, "names no unit"),
        ([change("merge", "1 1", "2")], 1, "names one twice"),
        ([change("rename", "1 2", "3")], 1, "write an entry for each"),
        ([change("merge", "1 2", "2")], 1, "leave it out of units"),
        ([change("merge", "1", "0")], 1, "unit H10.00 is not in departments.toml"),
        ([change("merge", "0", "1")], 1, "unit H10.00 is not in departments.toml"),
        ([change("split", "1", "2", more=part("0", fields="Đất đai"))], 1, "unit H10.00 is not in departments.toml"),
        ([change("split", "1", "2")], 1, "a split has no parts"),
        ([change("merge", "1", "2", more=LAND)], 1, 'write kind = "split"'),
        ([change("split", "1", "2", more=part("3"))], 1, "is empty"),
        ([change("split", "1", "2", more=part("1", fields="Đất đai"))], 1, "is split itself; make it the heir"),
        ([change("split", "1", "2", more=part("2", fields="Đất đai"))], 1, "delete the part"),
        ([change("split", "1", "2", more=LAND + part("5", fields="Đất đai"))], 1, "given to two parts"),
        ([change("split", "1", "2", more=part("3", fields="Thủy sản"))], 1, "procedures.toml has no Thủy sản"),
        ([change("split", "1", "2", more=part("3", procedures="9.000009"))], 1, "procedures.toml has no 9.000009"),
        ([change("merge", "1", "2"), change("dissolve", "1", "3")], 2, "has another fate on 2025-07-01"),
        ([change("split", "1", "1", more=LAND), change("merge", "1", "2")], 2, "has another fate on 2025-07-01"),
        ([change("merge", "1", "2"), change("merge", "1", "3", D2)], 2, "has ended on 2025-07-01 already"),
        ([change("merge", "1", "2"), change("merge", "3", "1", D2)], 2, "name the unit that is there then"),
        ([change("merge", "1", "2"), change("merge", "2", "3")], 1, "heir H10.02 has ended on 2025-07-01 itself"),
        ([change("rename", "1", "2"), change("rename", "2", "1", D2)], 1, "H10.01 → H10.02 → H10.01 is a circle"),
        ([change("split", "1", "2", more=LAND), change("merge", "4", "1", D2)], 1, "is a circle"),
        (['[[changes]]\nkind = "vanish"\nday = 2025-07-01\nunits = []\n'], 1, "correct that value"),
        ([change("rename", "1", "2", more="day_of = 3\n")], 1, "correct that value"),
    ],
)  # fmt: skip
def test_a_mistake_in_changes_is_named_with_its_fix(tmp_path: Path, changes: list[str], number: int, fix: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        office(tmp_path, *changes)
    assert fix in raised.value.fix
    assert raised.value.file == tmp_path / "units.toml"
    assert raised.value.entry.startswith(f"[[changes]] number {number}")


def test_an_heir_by_an_alias_is_told_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"H10\.71 is another code of unit H10\.02; write H10\.02"):
        office(
            tmp_path, change("merge", "1", "2").replace('heir = "H10.02"', 'heir = "H10.71"'),
            aliases=departments("H10.02\n" + alias("H10.71")),
        )  # fmt: skip


def test_shipped_changes_count_only_where_the_office_has_their_units(tmp_path: Path) -> None:
    (tmp_path / "departments.toml").write_text(departments(), encoding="utf-8")
    assert load(tmp_path).unit_changes == ()


NAMES = [f"U{number}" for number in range(8)]
CODES = [f"P{number}" for number in range(4)]


@settings(max_examples=200, deadline=None)
@given(changes=trees(NAMES, CODES, D1, 6), day=st.integers(0, 8))
def test_every_dossier_has_one_heir_that_is_there_and_is_found_from_the_heirs_side_once(
    changes: list[UnitChange], day: int
) -> None:
    units, on = UnitHistory(changes), D1 + timedelta(days=day)
    organised = units.organised_on(on)
    for unit in NAMES:
        for procedure in CODES:
            heir = organised.heir(unit, procedure)
            assert units.end_of(heir, on) is None
            found = [
                wanted
                for wanted in NAMES
                for source in organised.sources([wanted])
                if source.unit == unit
                and (procedure in source.only if source.only is not None else procedure not in source.but)
            ]
            assert found == [heir]
