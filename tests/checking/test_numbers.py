"""Numbers as people type them."""

from decimal import Decimal

import pytest

from shared.checking.numbers import Manner, read_count, read_share
from shared.checking.reading import TableForm
from shared.checking.report import check_bytes


@pytest.mark.parametrize(
    "typed",
    [
        "80121", "80.121", "80,121", "80 121", "80\u00a0121", "80\u202f121", " 80121 ", "８０１２１",
        "+80121", "80121,0",
        "80.121,00", "80'121", "80121 hồ sơ", "80.121 HS",
    ],
)  # fmt: skip
def test_a_count_in_any_dress_is_the_same(typed: str) -> None:
    assert read_count(typed).value == 80121


@pytest.mark.parametrize(
    ("typed", "value"),
    [("12,5", "12.5"), ("1234.567", "1234.567"), ("0.121", "0.121"),
     ("-45", "-45"), ("−1.200", "-1200")],
)  # fmt: skip
def test_what_no_count_can_be_keeps_its_value(typed: str, value: str) -> None:
    assert read_count(typed).value == Decimal(value)


@pytest.mark.parametrize(
    "typed", ["12o5", "1.23.4", "1,23,456", "?", "8e4",
              "80-121", "#REF!", "٣٤", "½", "62,8%", "9" * 16, "1" * 100, "0x10"]
)  # fmt: skip
def test_what_is_no_number_is_unreadable(typed: str) -> None:
    assert read_count(typed).manner is Manner.UNREADABLE


@pytest.mark.parametrize("mark", ["²", "¹", " ³", "₂", "①", "⑴", "⁵⁾"])
def test_the_mark_of_a_footnote_is_no_digit(mark: str) -> None:
    assert read_count(f"590{mark}").manner is Manner.UNREADABLE
    assert read_share(f"62,8{mark}").manner is Manner.UNREADABLE
    finding = check_bytes(f'resolved_total = "590{mark}"'.encode(), TableForm.TOML).findings[0]
    assert (finding.code, finding.typed) == ("unreadable", f"590{mark}")


@pytest.mark.parametrize("typed", ["-", "–", "—", " - "])
def test_a_dash_is_a_dash(typed: str) -> None:
    assert read_count(typed).manner is Manner.DASH


@pytest.mark.parametrize(
    ("typed", "value", "decimals"),
    [
        ("62,8", "62.8", 1), ("62.8 %", "62.8", 1), ("62,8%", "62.8", 1), ("24.636", "24.636", 3),
        ("75,356 %", "75.356", 3),
        ("100", "100", 0), ("98,380", "98.380", 3), ("62,8 phần trăm", "62.8", 1),
    ],
)  # fmt: skip
def test_a_percentage_keeps_its_printed_decimals(typed: str, value: str, decimals: int) -> None:
    number = read_share(typed)
    assert (number.value, number.decimals) == (Decimal(value), decimals)


def remarks_on(document: str) -> list[tuple[str, str | None, str | None, int]]:
    answer = check_bytes(document.encode(), TableForm.TOML)
    return [(each.code, each.typed, each.stated, each.times) for each in answer.remarks]


def test_the_tables_habit_is_said_once_with_how_many_cells_follow_it() -> None:
    document = 'received_total = "80.121"\nresolved_total = "78.784"\nin_progress_total = "1.337"'
    assert remarks_on(document) == [("grouped", "80.121", "80121", 3)]


def test_a_number_written_unlike_the_others_is_said_by_itself() -> None:
    document = 'received_total = 80121\nresolved_total = 78784\nin_progress_total = "1.337"'
    assert remarks_on(document) == [("grouped_unlike_others", "1.337", "1337", 1)]


def test_a_point_that_divides_in_percentages_and_groups_in_counts_is_said() -> None:
    document = (
        'received_total = "80.121"\nresolved_total = "78.784"\nin_progress_total = "1.337"\non_time_share = "75.356"'
    )
    assert remarks_on(document) == [("point_groups_here", "80.121", "80121", 3)]


def test_a_number_of_toml_that_looks_like_a_decimal_keeps_its_zero() -> None:
    document = "received_total = 80.120\nresolved_total = 80.000\nin_progress_total = 120"
    answer = check_bytes(document.encode(), TableForm.TOML)
    assert answer.good
    assert [each.rule for each in answer.holding] == ["3=7+11"]


def test_percentages_written_as_fractions_of_one_are_read_so_where_only_that_is_right() -> None:
    document = "received_total = 200\nreceived_online = 125\nonline_share = 0.625"
    assert remarks_on(document) == [("shares_are_fractions", "0.625", "62.5", 1)]
    assert check_bytes(document.encode(), TableForm.TOML).good


def test_a_small_percentage_is_no_fraction() -> None:
    document = "resolved_early = 19409\nresolved_on_time = 59369\nresolved_overdue = 6\noverdue_share = 0.008"
    assert check_bytes(document.encode(), TableForm.TOML).good
    assert remarks_on(document) == []
