"""Reports under keys: what is misspelt, given twice, unreadable or left out is named, and nothing else is lost."""

import json
from typing import Any

import pytest

from shared.checking.failures import UnreadableTable
from shared.checking.reading import TableForm
from shared.checking.report import check_bytes
from shared.contract.http.checks import CheckAnswer, CheckFinding

POSSIBLE: dict[str, Any] = {
    "received_total": 80_121, "carried_over": 1_248, "received_online": 50_353, "received_in_person_or_postal": 28_520,
    "resolved_total": 78_784, "resolved_early": 19_409, "resolved_on_time": 59_369, "resolved_overdue": 6,
    "in_progress_total": 1_337, "in_progress_within": 1_337, "in_progress_overdue": 0,
    "online_share": "62.8", "online_share_of_period": "63.8",
    "early_share": "24.636", "on_time_share": "75.356", "overdue_share": "0.008",
}  # fmt: skip


def of_json(document: Any) -> CheckAnswer:
    return check_bytes(json.dumps(document, ensure_ascii=False).encode(), TableForm.JSON)


def of_toml(text: str) -> CheckAnswer:
    return check_bytes(text.encode(), TableForm.TOML)


def only(answer: CheckAnswer) -> CheckFinding:
    (finding,) = answer.findings
    return finding


def test_a_possible_year_holds_shares_included() -> None:
    answer = of_json(POSSIBLE)
    assert answer.good
    assert answer.unchecked == []
    assert len(answer.holding) == 4 + 5


def test_a_wrong_share_names_where_it_would_be_right() -> None:
    finding = only(of_json(POSSIBLE | {"online_share": "63.8"}))
    assert (finding.figure, finding.stated, finding.expected) == ("online_share", "63.8", "62.8")
    assert (["received_online"], ["received_online", "received_in_person_or_postal"]) in [
        (base.part, base.whole) for base in finding.bases
    ]


def test_a_share_that_was_cut_off_is_told_from_a_wrong_one() -> None:
    finding = only(of_json({"shares": [{"name": "x", "percent": "66,6", "part": 2, "whole": 3}]}))
    assert (finding.code, finding.expected) == ("share_cut_off", "66.7")


def test_a_share_without_the_parts_of_its_base_is_taken_of_their_total() -> None:
    finding = only(of_json({"received_total": 67_822, "received_online": 23_541, "online_share": "10,52"}))
    assert (finding.code, finding.expected) == ("share", "34.71")


def test_a_hundred_percent_of_nothing_is_no_percentage() -> None:
    row = {"resolved_total": 0, "resolved_early": 0, "resolved_on_time": 0, "resolved_overdue": 0}
    assert only(of_json(row | {"on_time_share": 100})).code == "share_of_nothing"
    assert of_json(row | {"on_time_share": 0}).good


@pytest.mark.parametrize("share", ["101", "-1", "24636"])
def test_a_percentage_of_a_part_lies_between_0_and_100(share: str) -> None:
    assert only(of_json({"resolved_total": 5, "early_share": share})).code == "impossible_share"


def test_in_person_and_postal_may_stand_apart() -> None:
    apart = {key: value for key, value in POSSIBLE.items() if key != "received_in_person_or_postal"}
    assert of_json(apart | {"received_in_person": 28_000, "received_postal": 520}).good
    finding = only(of_json(apart | {"received_in_person": 28_000, "received_postal": 521}))
    assert (finding.rule, finding.difference) == ("3=4+5+6", "-1")


def test_column_5_is_the_sum_of_its_two_channels() -> None:
    row = {"received_total": 5, "received_online": 3, "received_in_person": 1, "received_postal": 1, "carried_over": 1}
    finding = only(of_json(row | {"received_in_person_or_postal": 1}))
    assert (finding.rule, finding.stated, finding.expected) == ("received_in_person_or_postal", "1", "2")


@pytest.mark.parametrize(
    ("whole", "part"),
    [("received_online", "received_online_full"), ("resolved_total", "refused"), ("resolved_total", "withdrawn"),
     ("in_progress_total", "in_progress_suspended"), ("stopped", "stopped_administrative")],
)  # fmt: skip
def test_a_part_is_not_greater_than_its_whole(whole: str, part: str) -> None:
    finding = only(of_json({whole: 5, part: 6}))
    assert (finding.code, finding.figure, [cell.figure for cell in finding.of]) == ("limit", whole, [part])
    assert of_json({whole: 5, part: 5}).good


def test_known_parts_that_exceed_a_total_are_found_though_one_is_missing() -> None:
    finding = only(of_json({"received_total": 10, "received_online": 8, "carried_over": 3}))
    assert (finding.code, finding.expected) == ("parts_exceed_total", "11")


@pytest.mark.parametrize(
    ("total", "parts", "rule"),
    [
        (5, {"resolved_overdue": 6}, "3=7+11"),
        (5, {"in_progress_overdue": 6}, "3=7+11"),
        (10, {"resolved_early": 5, "in_progress_within": 6}, "3=7+11"),
        (5, {"received_online_full": 6}, "3=4+5+6"),
        (5, {"received_in_person": 4, "received_postal": 2}, "3=4+5+6"),
        (5, {"received_unknown": 6}, "3=4+5+6"),
        (5, {"refused": 3, "withdrawn": 3}, "3=7+11"),
        (5, {"in_progress_suspended": 4, "resolved_overdue": 2}, "3=7+11"),
    ],
)
def test_parts_two_steps_below_a_total_do_not_exceed_it(total: int, parts: dict[str, int], rule: str) -> None:
    finding = only(of_json({"received_total": total, **parts}))
    assert (finding.code, finding.rule) == ("parts_exceed_total", rule)
    assert {each.figure: each.value for each in finding.of} == {key: str(value) for key, value in parts.items()}
    assert of_json({"received_total": sum(parts.values()), **parts}).good


def test_a_missing_row_is_at_least_its_parts() -> None:
    rows = [{"name": "Y tế", "resolved_overdue": 4}, {"name": "Tư pháp", "received_total": 3}]
    finding = only(of_json({"total": {"received_total": 6}, "rows": rows}))
    assert (finding.rule, finding.expected) == ("total=sum of rows", "7")


def test_sums_that_are_made_of_each_other_end() -> None:
    sums = [{"name": name, "total": name, "parts": [other, "c"]} for name, other in (("a", "b"), ("b", "a"))]
    assert of_json({"counts": {"a": "", "b": "", "c": 1}, "sums": sums}).good


def test_a_missing_figure_is_named_with_what_it_would_have_to_be() -> None:
    answer = of_json({"resolved_total": 5, "resolved_early": 2, "resolved_on_time": 2})
    rules = {each.rule: (each.missing, each.value) for each in answer.unchecked}
    assert answer.good
    assert rules["7=8+9+10"] == (["resolved_overdue"], "1")
    assert "shares" in rules


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("recieved_total", "received_total"), ("receivedTotal", "received_total"),
     ("Resolved-Overdue", "resolved_overdue"),
     ("in_progres_within", "in_progress_within"), ("on_time_shar", "on_time_share"), ("weather", None)],
)  # fmt: skip
def test_an_unknown_key_is_named_with_the_nearest(written: str, nearest: str | None) -> None:
    finding = only(of_json(POSSIBLE | {written: 3}))
    assert (finding.code, finding.figure, finding.typed, finding.nearest) == ("unknown_key", written, "3", nearest)


def test_unknown_keys_are_named_wherever_they_stand() -> None:
    document = {
        "total": {"carried_over": 3, "carriedover": 3},
        "rows": [{"name": "Sở Y tế", "carried_over": 3, "carry": 1}],
        "sums": [{"name": "x", "total": 1, "parts": [1], "part": 2}],
        "shares": [{"name": "y", "percent": 50, "part": 1, "whole": 2, "base": 3}],
    }
    assert [each.cell for each in of_json(document).findings] == [
        "total.carriedover", "rows[1].carry", "sums[1].part", "shares[1].base",
    ]  # fmt: skip


def test_a_key_given_twice_in_json_is_named_with_both_values_and_neither_is_used() -> None:
    text = json.dumps(POSSIBLE)[:-1] + ', "received_total": 80139}'
    answer = check_bytes(text.encode(), TableForm.JSON)
    finding = only(answer)
    assert (finding.code, finding.figure, finding.typed, finding.other) == (
        "given_twice",
        "received_total",
        "80121",
        "80139",
    )
    assert ["received_total"] in [each.missing for each in answer.unchecked]


def test_an_escaped_key_is_the_same_key() -> None:
    text = '{"received_total": 80121, "received\\u005ftotal": 80139}'
    assert only(check_bytes(text.encode(), TableForm.JSON)).code == "given_twice"


@pytest.mark.parametrize(
    "text",
    [
        "received_total = 1\nreceived_total = 2\n",
        '"received_total" = 1 # one\nreceived_total = 2',
        'title = "x"\nreceived_total = 1\ncarried_over = 0\nreceived_total = 2\n[[rows]]\nreceived_total = 5\n',
    ],
)
def test_a_key_given_twice_in_toml_is_named_with_both_values(text: str) -> None:
    finding = of_toml(text).findings[0]
    assert (finding.code, finding.figure, finding.typed, finding.other) == ("given_twice", "received_total", "1", "2")


def test_a_key_given_twice_alike_is_named_and_used() -> None:
    answer = of_toml("received_total = 3\nresolved_total = 2\nin_progress_total = 1\nreceived_total = 3\n")
    assert only(answer).code == "given_twice"
    assert [each.rule for each in answer.holding] == ["3=7+11"]


def test_a_figure_at_the_top_and_under_total_is_given_twice() -> None:
    finding = only(of_json({"carried_over": 3, "total": {"carried_over": 4, "received_total": 9}}))
    assert (finding.typed, finding.other) == ("3", "4")


@pytest.mark.parametrize("value", ["không rõ", True, [3], {"a": 1}])
def test_a_cell_that_cannot_be_read_is_named_and_nothing_else_is_lost(value: object) -> None:
    answer = of_json(POSSIBLE | {"carried_over": value})
    finding = only(answer)
    assert (finding.code, finding.cell) == ("unreadable", "carried_over")
    assert {each.rule: each.value for each in answer.unchecked} == {"3=4+5+6": "1248"}
    assert len(answer.holding) == 3 + 5


def test_an_empty_value_is_not_stated_and_a_dash_is_zero() -> None:
    answer = of_json({"in_progress_total": 5, "in_progress_within": None, "in_progress_overdue": "-"})
    assert [(each.rule, each.missing, each.value) for each in answer.unchecked if each.rule == "11=12+13"] == [
        ("11=12+13", ["in_progress_within"], "5")
    ]
    assert [(each.code, each.typed) for each in answer.remarks] == [("dash_is_zero", "-")]


def test_the_total_is_the_sum_of_its_rows() -> None:
    document = {"total": {"carried_over": 10}, "rows": [{"carried_over": 4}, {"name": "b", "carried_over": 5}]}
    answer = of_json(document)
    finding = only(answer)
    assert (finding.code, finding.figure, finding.difference) == ("sum_of_rows", "carried_over", "1")
    assert [(cell.row, cell.value) for cell in answer.repairs[0].cells] == [(None, "9"), ("1", "5"), ("b", "6")]


def test_rows_without_a_total_are_said_to_be_without() -> None:
    answer = of_json({"rows": [{"name": "a", "carried_over": 4}, {"name": "b", "carried_over": 5}]})
    assert "no_total" in {each.code for each in answer.unchecked}


def test_months_carry_over_and_their_stocks_are_not_added_up() -> None:
    def month(name: str, before: int, new: int, done: int) -> dict[str, Any]:
        received = {"received_total": before + new, "received_online": new, "received_in_person_or_postal": 0}
        done_and_open = {"resolved_total": done, "in_progress_total": before + new - done}
        return {"key": {"month": name}, "carried_over": before} | received | done_and_open

    rows = [month("2023-01", 5, 10, 8), month("2023-02", 7, 10, 12), month("2023-03", 5, 4, 9)]
    total = month("", 5, 24, 29) | {"key": {}}
    answer = of_json({"total": total, "rows": rows})
    assert answer.good
    assert {"6(t)=11(t-1)", "total 6=first 6", "total 11=last 11"} <= {each.rule for each in answer.holding}
    rows[1]["carried_over"] = 6
    assert ("6(t)=11(t-1)", "2023-02") in [
        (each.rule, each.row) for each in of_json({"total": total, "rows": rows}).findings
    ]


@pytest.mark.parametrize(
    ("content", "form", "code"),
    [
        (b"{", TableForm.JSON, "not_json"), (b"[1]", TableForm.JSON, "no_figures"),
        (b"a = ", TableForm.TOML, "not_toml"),
        (b'{"name": "x"}', TableForm.JSON, "no_figures"), (b"", None, "empty"),
        (b"[" * 100_000, TableForm.JSON, "too_deep"),
        (b'{"a": "\\ud800"}', TableForm.JSON, "not_json"), (b"\xff\xfe\xff", TableForm.CSV, "encoding"),
        (b"\x80\x81", TableForm.TOML, "encoding"), (b"%PDF-1.4", None, "pdf"), (b"x" * 5_000_001, None, "too_large"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", TableForm.XLSX, "old_office"), (b"PK\x03\x04junk", None, "not_xlsx"),
        (b"a;b\n1;2\n", TableForm.CSV, "no_headings"), (b"a.b.c" * 500 + b" = 1", TableForm.TOML, "not_toml"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_report_says_why(content: bytes, form: TableForm | None, code: str) -> None:
    with pytest.raises(UnreadableTable) as raised:
        check_bytes(content, form)
    assert raised.value.code == code
