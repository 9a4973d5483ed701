"""The four printed reports (domain §6): everything that does not add up in them is found, and nothing else."""

from pathlib import Path

import pytest

from shared.checking.reading import TableForm
from shared.checking.report import check_bytes
from shared.contract.http.checks import CheckAnswer

REPORTS = Path(__file__).parents[2] / "examples" / "reports"
RECEIVED_IN_THE_PERIOD = "received_online + received_in_person_or_postal"


def checked(name: str) -> CheckAnswer:
    return check_bytes((REPORTS / f"{name}.toml").read_bytes(), TableForm.TOML)


def found(answer: CheckAnswer) -> list[tuple[str | None, ...]]:
    return [
        (each.code, each.rule or each.figure, each.stated, each.expected, each.difference) for each in answer.findings
    ]


def test_tra_vinh_breaks_two_identities_and_takes_62_8_of_another_base() -> None:
    answer = checked("tra-vinh-2023")
    assert found(answer) == [
        ("identity", "3=4+5+6", "80121", "80139", "-18"),
        ("identity", "3=7+11", "80121", "79921", "200"),
        ("share", "Tiếp nhận trực tuyến trong kỳ", "62.8", "63.8", "-1.0"),
    ]
    assert [(base.part, base.whole) for base in answer.findings[2].bases] == [(["received_online"], ["received_total"])]
    assert answer.unchecked == []


def test_no_single_cell_repairs_both_identities_of_tra_vinh() -> None:
    both, alone = checked("tra-vinh-2023").repairs
    assert (both.breaks, both.cells) == ([0, 1], [])
    assert alone.breaks == [0]
    assert [(cell.figure, cell.stated, cell.value) for cell in alone.cells] == [
        ("received_online", "50353", "50335"),
        ("received_in_person_or_postal", "28538", "28520"),
        ("carried_over", "1248", "1230"),
    ]


def test_75_356_of_tra_vinh_is_right_in_a_row_that_sums_to_100() -> None:
    remarks = [each for each in checked("tra-vinh-2023").remarks if each.code == "rounded_to_hundred"]
    assert [(each.figure, each.stated, each.expected) for each in remarks] == [("on_time_share", "75.356", "75.357")]


def test_quang_ngai_resolved_95_9_percent_not_99_5() -> None:
    answer = checked("quang-ngai-2021")
    assert found(answer) == [("share", "Tỷ lệ giải quyết", "99.5", "95.9", "3.6")]
    assert answer.findings[0].bases == []
    assert {(each.code, each.rule) for each in answer.unchecked} == {
        ("missing", "3=4+5+6"), ("missing", "7=8+9+10"), ("missing", "3=7+11"), ("no_base", "Tỷ lệ hài lòng"),
    }  # fmt: skip


def test_nearly_99_percent_of_quang_tri_holds() -> None:
    answer = checked("quang-tri-2023")
    assert answer.good
    assert [each.rule for each in answer.holding] == ["share:Tỷ lệ giải quyết"]
    assert {each.rule: each.value for each in answer.unchecked}["3=7+11"] == "12"


def test_vinh_phuc_misses_one_dossier_and_two_percentages() -> None:
    answer = checked("vinh-phuc-2022")
    assert found(answer) == [
        ("stated_sum", "Hồ sơ trực tuyến", "23541", "23540", "1"),
        ("share", "Tỷ lệ trực tuyến", "10.52", "34.71", "-24.19"),
        ("share", "Tỷ lệ thanh toán trực tuyến", "27.3", "26.2", "1.1"),
    ]
    assert [each.rule for each in answer.holding] == [
        "Hồ sơ đến hạn", "Thủ tục hành chính", "share:Tỷ lệ trước hạn và đúng hạn", "share:Tỷ lệ quá hạn",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.stem for path in REPORTS.glob("*.toml")))
def test_every_number_of_the_printed_reports_is_read(name: str) -> None:
    answer = checked(name)
    reading = {"unreadable", "unknown_key", "given_twice", "negative_count", "fraction_of_a_count"}
    assert not reading & {each.code for each in answer.findings}
    assert {each.code for each in answer.remarks} <= {"grouped", "grouped_unlike_others", "rounded_to_hundred"}


def test_the_example_of_the_documents_is_a_swapped_digit_and_a_letter_for_a_zero() -> None:
    answer = check_bytes((REPORTS / "quy-i.csv").read_bytes(), TableForm.CSV)
    assert [(each.code, each.cell) for each in answer.findings] == [
        ("unreadable", "G10"), ("identity", "G8"), ("sum_of_rows", "I11"),
    ]  # fmt: skip
    assert [(cell.cell, cell.value) for repair in answer.repairs for cell in repair.cells] == [("I8", "295")]
