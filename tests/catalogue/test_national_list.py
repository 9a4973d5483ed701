"""The shipped provinces and changes of units against the national list of provinces and wards after 2025-07-01."""

from datetime import date

from vietnam_provinces import Province, ProvinceCode, Ward

from shared.catalogue import load
from shared.catalogue.units import ChangeKind

REORGANISED = date(2025, 7, 1)
PROVINCES = 34


def test_a_province_that_is_there_has_the_name_and_the_code_of_the_national_list_and_one_that_ended_has_none() -> None:
    listed = {int(province.code): province.name for province in Province.iter_all()}
    assert len(listed) == PROVINCES
    catalogue = load()
    ended = {code.partition(".")[0] for code in catalogue.departments if catalogue.end_of(code, REORGANISED)}
    assert ended == {"H59"}
    for province in catalogue.provinces.values():
        if province.code in ended:
            assert province.official_code not in listed
            assert province.name not in listed.values()
        else:
            assert listed[province.official_code] == province.name


def test_the_departments_of_a_province_that_ended_go_where_the_list_has_its_capital_now() -> None:
    catalogue = load()
    own = [code for code in catalogue.departments if code.startswith("H59.")]
    heirs = {
        catalogue.province_of(catalogue.organised_on(REORGANISED).heir(code, procedure))
        for code in own
        for procedure in catalogue.procedures
    }
    (now,) = heirs
    assert now is not None
    assert {int(ward.province_code) for ward in Ward.iter_all() if ward.name == "Phường Trà Vinh"} == {
        now.official_code
    }
    assert ProvinceCode(now.official_code) is ProvinceCode.P_86


def test_every_department_of_tra_vinh_has_a_fate_and_all_four_kinds_are_there() -> None:
    catalogue = load()
    changed = [unit for change in catalogue.unit_changes for unit in change.units]
    assert sorted(changed) == [code for code in catalogue.departments if code.startswith("H59.")]
    assert {change.kind for change in catalogue.unit_changes} == set(ChangeKind)
    assert {(change.day, change.legal_ground) for change in catalogue.unit_changes} == {
        (REORGANISED, "Nghị quyết 202/2025/QH15")
    }
