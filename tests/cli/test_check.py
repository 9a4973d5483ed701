"""`motcua check` on hand-compiled reports:
what it finds in the ones that were really printed, and what it says about unclear ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from motcua.check import UnreadableReport, check_report, read_report

TRA_VINH_AS_PRINTED: dict[str, Any] = {
    "received_total": 80_121,
    "carried_over": 1_248,
    "received_online": 50_353,
    "received_in_person_or_postal": 28_538,
    "resolved_total": 78_784,
    "resolved_early": 19_409,
    "resolved_on_time": 59_369,
    "resolved_overdue": 6,
    "in_progress_total": 1_137,
    "in_progress_within": 1_137,
    "in_progress_overdue": 0,
    "early_share": "24.636",
    "on_time_share": "75.356",
    "overdue_share": "0.008",
}
POSSIBLE = TRA_VINH_AS_PRINTED | {
    "received_in_person_or_postal": 28_520,
    "in_progress_total": 1_337,
    "in_progress_within": 1_337,
}


def test_the_printed_tra_vinh_report_breaks_two_identities_by_18_and_200() -> None:
    broken = check_report(TRA_VINH_AS_PRINTED).broken
    assert [(finding.rule, int(finding.difference)) for finding in broken] == [("3=4+5+6", -18), ("3=7+11", 200)]
    assert "80,139: 18 less" in str(broken[0])


def test_the_possible_tra_vinh_year_breaks_none_shares_included() -> None:
    checked = check_report(POSSIBLE | {"online_share": "62.8", "online_share_of_period": "63.8"})
    assert checked.broken == ()
    assert checked.unchecked == ()
    assert len(checked.holding) == 4


def test_a_wrong_share_is_found() -> None:
    (finding,) = check_report(POSSIBLE | {"online_share": "63.8"}).broken
    assert (finding.figure, str(finding.stated), str(finding.expected)) == ("online_share", "63.8", "62.8")


def test_in_person_and_postal_may_stand_apart() -> None:
    report = {key: value for key, value in POSSIBLE.items() if key != "received_in_person_or_postal"}
    assert check_report(report | {"received_in_person": 28_000, "received_postal": 520}).broken == ()


def test_an_identity_that_lacks_a_figure_is_named_with_it() -> None:
    checked = check_report({"resolved_total": 5, "resolved_early": 5, "resolved_on_time": 0})
    assert "total: 7=8+9+10 needs resolved_overdue" in checked.unchecked


def test_the_total_row_must_be_the_sum_of_its_rows() -> None:
    checked = check_report({"total": {"carried_over": 10}, "rows": [{"carried_over": 4}, {"carried_over": 5}]})
    assert [(finding.figure, int(finding.difference)) for finding in checked.broken] == [("carried_over", 1)]


@pytest.mark.parametrize("value", ["80.121", 80.121, -1, True, None])
def test_a_count_that_is_no_whole_number_says_how_to_write_it(value: object) -> None:
    with pytest.raises(UnreadableReport, match="write a whole number without separators"):
        check_report({"received_total": value})


def test_a_report_without_any_column_says_which_there_are() -> None:
    with pytest.raises(UnreadableReport, match="received_online"):
        check_report({"receivedTotal": 3})


def test_files_are_read_as_toml_or_json(tmp_path: Path) -> None:
    toml, as_json = tmp_path / "report.toml", tmp_path / "report.json"
    toml.write_text("carried_over = 3\n", encoding="utf-8")
    as_json.write_text(json.dumps({"carried_over": 3}), encoding="utf-8")
    assert read_report(toml) == read_report(as_json) == {"carried_over": 3}


@pytest.mark.parametrize(
    ("name", "text"), [("report.toml", "carried_over = "), ("report.json", "{"), ("report.json", "[1]")]
)
def test_an_unreadable_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableReport, match=name):
        read_report(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    ['{"received_total": 80121, "received_total": 80139}', '{"received_total": 80121, "received\\u005ftotal": 80139}'],
)
def test_a_figure_given_twice_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableReport, match="received_total is given twice; give it once"):
        read_report(tmp_path / "report.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableReport, match=r"missing\.toml"):
        read_report(tmp_path / "missing.toml")
