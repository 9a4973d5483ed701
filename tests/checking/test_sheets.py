"""Sheets in the layout of form II.06a: which column is what, which row is a total or a section, and hostile files."""

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest

from shared.checking.failures import UnreadableTable
from shared.checking.reading import TableForm
from shared.checking.report import check_bytes
from shared.checking.say import said, why_unreadable
from shared.checking.sheets import MOST_ROWS
from shared.contract.http.checks import CheckAnswer
from shared.language.languages import Language

NUMBERS = [f"({number})" for number in range(1, 14)]
TITLES = [["UBND TỈNH", "", "", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"], ["TÌNH HÌNH GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH"]]
WORDS = [
    ["Số TT", "Lĩnh vực", "SỐ LƯỢNG HỒ SƠ TIẾP NHẬN", "", "", "", "Số lượng hồ sơ đã giải quyết", "", "", "",
     "Số lượng hồ sơ đang giải quyết", "", ""],
    ["", "", "Tổng số", "Trong kỳ", "", "Từ kỳ trước", "Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn", "Tổng số",
     "Trong hạn", "Quá hạn"],
    ["", "", "", "Trực tuyến", "Trực tiếp, dịch vụ bưu chính", "", "", "", "", "", "", "", ""],
]  # fmt: skip
FLAT = [[
    "TT", "Đơn vị", "Tổng số hồ sơ tiếp nhận", "Tiếp nhận trực tuyến", "Tiếp nhận trực tiếp và bưu chính",
    "Tiếp nhận từ kỳ trước", "Tổng số đã giải quyết", "Giải quyết trước hạn", "Giải quyết đúng hạn",
    "Giải quyết quá hạn", "Tổng số đang giải quyết", "Đang giải quyết trong hạn", "Đang giải quyết quá hạn",
]]  # fmt: skip
HEALTH: list[Any] = ["1", "Y tế", 1000, 700, 250, 50, 900, 200, 695, 5, 100, 99, 1]
LAND: list[Any] = ["2", "Đất đai", 500, 300, 150, 50, 400, 100, 295, 5, 100, 99, 1]
TOTAL: list[Any] = ["", "Tổng số", 1500, 1000, 400, 100, 1300, 300, 990, 10, 200, 198, 2]
FOOT: list[list[Any]] = [[], ["", "Người lập biểu", "", "", "", "", "Thủ trưởng đơn vị"], ["", "Nguyễn Văn A"]]


def as_csv(rows: Sequence[Sequence[Any]], delimiter: str = ",", encoding: str = "utf-8") -> CheckAnswer:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return check_bytes(text.getvalue().encode(encoding), TableForm.CSV)


def book(rows: Sequence[Sequence[Any]]) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    return made


def as_xlsx(made: openpyxl.Workbook) -> CheckAnswer:
    content = io.BytesIO()
    made.save(content)
    return check_bytes(content.getvalue(), None)


def rows_of(answer: CheckAnswer) -> int:
    assert answer.good, [(each.code, each.row, each.figure, each.typed) for each in answer.findings]
    return {each.rule: each.rows for each in answer.holding}["3=4+5+6"]


@pytest.mark.parametrize(
    "head",
    [
        [*TITLES, *WORDS, NUMBERS], [*TITLES, *WORDS], [NUMBERS], [[str(number) for number in range(1, 14)]], FLAT,
        [["(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", *NUMBERS[7:]]],
        [[cell.upper() for cell in row] for row in WORDS],
    ],
    ids=["both", "words", "numbers", "bare numbers", "flat words", "sums in numbers", "capitals"],
)  # fmt: skip
def test_columns_are_known_by_numbers_or_by_the_headings_of_the_form(head: list[list[str]]) -> None:
    table = [*head, HEALTH, LAND, TOTAL, *FOOT]
    for answer in (*(as_csv(table, sign) for sign in ",;\t"), as_csv(table, "\t", "utf-16"), as_xlsx(book(table))):
        assert rows_of(answer) == 3
        assert "total=sum of rows" in {each.rule for each in answer.holding}
        assert [each.code for each in answer.unchecked] == ["no_shares"]


def test_a_finding_names_the_cell_of_the_sheet() -> None:
    answer = as_xlsx(book([*TITLES, *WORDS, NUMBERS, [*HEALTH[:5], 51, *HEALTH[6:]], LAND, TOTAL]))
    (repair,) = answer.repairs
    assert [(cell.row, cell.cell, cell.stated, cell.value) for cell in repair.cells] == [("Y tế", "F7", "51", "50")]
    assert answer.sheet == "Sheet"


def test_columns_in_another_order_are_read_by_their_headings_against_their_numbers() -> None:
    words = [[*row[:7], row[9], row[8], row[7], *row[10:]] for row in WORDS]
    rows = [[*row[:7], row[9], row[8], row[7], *row[10:]] for row in (HEALTH, LAND, TOTAL)]
    share = [["Tỷ lệ quá hạn", "", "", ""][:1], [""], [""]]
    table = [*(row + more for row, more in zip(words, share, strict=True)), [*NUMBERS, ""],
             *([*row, percent] for row, percent in zip(rows, ("0,556", "1,25", "0,769"), strict=True))]  # fmt: skip
    answer = as_csv(table)
    assert rows_of(answer) == 3
    assert [(each.figure, each.other) for each in answer.remarks if each.code == "heading_not_number"] == [
        ("resolved_overdue", "resolved_early"), ("resolved_early", "resolved_overdue"),
    ]  # fmt: skip


def test_sections_are_sums_of_their_rows_and_are_not_added_twice() -> None:
    province = ["I", "Cấp tỉnh", *TOTAL[2:]]
    commune = ["II", "Cấp xã", *HEALTH[2:]]
    total = ["", "Tổng cộng", *(a + b for a, b in zip(TOTAL[2:], HEALTH[2:], strict=True))]
    table = [NUMBERS, province, HEALTH, LAND, commune, ["1", *HEALTH[1:]], total]
    answer = as_csv(table)
    assert rows_of(answer) == 6
    assert {each.rule: each.rows for each in answer.holding}["section=sum of rows"] == 2
    wrong = as_csv([*table[:-1], ["", "Tổng cộng", *(2 * number for number in total[2:])]])
    assert {each.code for each in wrong.findings} == {"counted_twice"}
    assert [each.code for each in wrong.repairs] == ["total_in_itself"]


def test_headings_of_sections_without_figures_pass_their_rows_on() -> None:
    empty = [""] * 11
    table = [
        NUMBERS,
        ["A", "Lĩnh vực thuộc sở", *empty],
        HEALTH,
        ["B", "Lĩnh vực khác", *empty],
        ["1", *LAND[1:]],
        TOTAL,
    ]
    assert rows_of(as_csv(table)) == 3


@pytest.mark.parametrize("name", ["Tổng số", "TỔNG CỘNG", "Cộng", "Tổng", "Total", "Tổng cộng:"])
def test_a_total_row_is_known_by_its_name(name: str) -> None:
    answer = as_csv([NUMBERS, HEALTH, LAND, ["", name, *TOTAL[2:]]])
    assert "total=sum of rows" in {each.rule for each in answer.holding}


@pytest.mark.parametrize("name", ["Công ích", "Công Thương", "Tổng hợp", "Công tác dân tộc"])
def test_a_field_that_resembles_a_total_is_a_row(name: str) -> None:
    assert rows_of(as_csv([NUMBERS, ["1", name, *HEALTH[2:]], LAND, TOTAL])) == 3


def test_a_total_above_its_rows_is_one_too() -> None:
    assert "total=sum of rows" in {each.rule for each in as_csv([NUMBERS, TOTAL, HEALTH, LAND]).holding}


def test_a_row_after_the_total_does_not_make_the_table_one_without() -> None:
    table = [NUMBERS, HEALTH, LAND, TOTAL, ["", "Trong đó: cấp xã", *LAND[2:]]]
    answer = as_csv(table)
    assert rows_of(answer) == 4
    (unchecked,) = (each for each in said(answer, Language.ENGLISH).unchecked if each.rule == "total=sum of rows")
    assert (unchecked.code, unchecked.rows) == ("total_amid", ["Tổng số"])
    assert "other rows follow the total (Tổng số)" in unchecked.sentence
    assert [each.code for each in as_csv([NUMBERS, HEALTH, LAND]).unchecked] == ["no_total", "no_shares"]


def test_the_first_group_of_columns_alone_is_checked() -> None:
    assert rows_of(as_csv([row[:6] for row in (NUMBERS, HEALTH, LAND, TOTAL)])) == 3
    wrong = as_csv([row[:6] for row in (NUMBERS, HEALTH, [*LAND[:3], 301, *LAND[4:]], TOTAL)])
    assert [(each.code, each.cell) for each in wrong.findings] == [("identity", "C3"), ("sum_of_rows", "D4")]


@pytest.mark.parametrize("rows", [[], [["1", "Y tế", *[""] * 11], ["2", "Đất đai", *[""] * 11]]])
@pytest.mark.parametrize("head", [[NUMBERS], FLAT, [*WORDS, NUMBERS]])
def test_headings_without_figures_are_said_to_be_that(head: list[list[str]], rows: list[list[str]]) -> None:
    for check in (as_csv, lambda table: as_xlsx(book(table))):
        with pytest.raises(UnreadableTable) as raised:
            check([*head, *rows])
        assert raised.value.code == "no_rows"
        assert "no figures under them" in why_unreadable(raised.value, Language.ENGLISH)


def test_a_total_below_each_section_is_that_sections() -> None:
    empty = [""] * 11
    both = ["", "Tổng cộng", *(a + b for a, b in zip(TOTAL[2:], HEALTH[2:], strict=True))]
    table = [NUMBERS, ["I", "Cấp tỉnh", *empty], HEALTH, LAND, ["", "Cộng I", *TOTAL[2:]], ["II", "Cấp xã", *empty],
             ["1", *HEALTH[1:]], ["", "Cộng II", *HEALTH[2:]], both]  # fmt: skip
    assert rows_of(as_csv(table)) == 6
    wrong = [*table[:4], ["", "Cộng I", 1501, *TOTAL[3:]], *table[5:]]
    assert ("sum_of_rows", "1501") in [(each.code, each.stated) for each in as_csv(wrong).findings]


def test_words_that_say_something_else_are_not_passed_over_for_a_number() -> None:
    """The form of 2017 numbers its columns otherwise."""
    head = [
        ["STT", "Lĩnh vực", "Số hồ sơ nhận giải quyết", "", "", "Kết quả giải quyết", "", "", "", "", ""],
        ["", "", "Tổng số", "Số kỳ trước chuyển qua", "Số mới tiếp nhận", "Số hồ sơ đã giải quyết", "", "",
         "Số hồ sơ đang giải quyết", "", ""],
        ["", "", "", "", "", "Tổng số", "Trả đúng thời hạn", "Trả quá hạn", "Tổng số", "Chưa đến hạn", "Quá hạn"],
        NUMBERS[:11],
    ]  # fmt: skip
    answer = as_csv([*head, ["1", "Y tế", 1000, 50, 950, 900, 895, 5, 100, 99, 1]])
    assert answer.good
    assert {"11=12+13", "3=7+11"} <= {each.rule for each in answer.holding}


def test_headings_printed_again_on_the_next_page_are_no_rows() -> None:
    assert rows_of(as_csv([*WORDS, NUMBERS, HEALTH, *WORDS, NUMBERS, LAND, TOTAL])) == 3


SUMS = [
    "(1)",
    "(2)",
    "(3)=(4)+(5)+(6)",
    *NUMBERS[3:6],
    "(7)=(8)+(9)+(10)",
    *NUMBERS[7:10],
    "(11)=(12)+(13)",
    *NUMBERS[11:],
]


@pytest.mark.parametrize(
    "again",
    [
        [NUMBERS],
        [SUMS],
        [["", "", *SUMS[2:]]],
        [["Số TT", "Đơn vị", *FLAT[0][2:]], SUMS],
        [["STT", "Cơ quan", *(text.upper() for text in FLAT[0][2:])], NUMBERS],
        [[*WORDS[0][:1], "Đơn vị", *WORDS[0][2:]], WORDS[1], ["", "(2)", *WORDS[2][2:]], ["", "Đơn vị", *SUMS[2:]]],
    ],
    ids=["numbers", "sums", "sums alone", "flat words", "capitals", "groups"],
)
def test_headings_printed_again_in_other_words_are_no_rows(again: list[list[str]]) -> None:
    assert rows_of(as_csv([*FLAT, NUMBERS, HEALTH, *again, LAND, TOTAL])) == 3


def test_numbers_beside_words_say_what_the_columns_are() -> None:
    assert rows_of(as_csv([["TT", "Đơn vị", *NUMBERS[2:]], HEALTH, LAND, TOTAL])) == 3


def test_footnote_marks_in_headings_and_names_change_neither() -> None:
    head = [[f"{text}²" if text and place > 1 else text for place, text in enumerate(row)] for row in WORDS]
    answer = as_csv([*head, HEALTH, LAND, ["", "Tổng số¹", *TOTAL[2:]]])
    assert rows_of(answer) == 3
    assert "total=sum of rows" in {each.rule for each in answer.holding}


def test_a_row_of_words_that_are_no_headings_is_named() -> None:
    answer = as_csv([NUMBERS, HEALTH, ["2", "Đất đai", *["xem phụ lục"] * 11], TOTAL])
    assert {each.code for each in answer.findings} >= {"unreadable"}


@pytest.mark.parametrize(
    "name",
    [
        "Tháng {0}", "Tháng {0}/2023", "tháng 0{0} năm 2023", "T{0}", "2023-0{0}", "Tháng {0} (15/{0}–14/{1})",
        "Tháng {0} (từ 15/{0} đến 14/{1})", "tháng {0} năm 2023 (từ ngày 15/0{0}/2023 đến ngày 14/0{1}/2023)",
        "Tháng {0}: 15/{0}/2023 - 14/{1}/2023", "15/0{0}/2023 - 14/0{1}/2023", "Từ 15/{0} đến 14/{1}",
    ],
)  # fmt: skip
def test_rows_of_months_are_known_by_their_names(name: str) -> None:
    months = [["", name.format(month, month + 1), 15, 3, 2, 10, 5, 5, 0, 0, 10, 10, 0] for month in (1, 2, 3)]
    total = ["", "Tổng số", 25, 9, 6, 10, 15, 15, 0, 0, 10, 10, 0]
    answer = as_csv([NUMBERS, *months, total])
    assert answer.good, [(each.code, each.row, each.figure) for each in answer.findings]
    assert "6(t)=11(t-1)" in {each.rule for each in answer.holding}
    months[1][5] = 11
    assert "6(t)=11(t-1)" in {each.rule for each in as_csv([NUMBERS, *months, total]).findings}


def test_columns_numbered_from_1_behind_a_and_b_are_known_by_their_words() -> None:
    assert rows_of(as_csv([*WORDS, ["A", "B", *range(1, 12)], HEALTH, LAND, TOTAL])) == 3


def test_a_number_that_stands_alone_below_the_table_is_passed_over_and_said() -> None:
    answer = as_csv([NUMBERS, HEALTH, LAND, TOTAL, ["", "", "", "", "", "2023"]])
    assert rows_of(answer) == 3
    assert [(each.code, each.cell) for each in answer.remarks] == [("row_passed_over", "F5")]


def test_a_row_in_twice_is_told() -> None:
    answer = as_csv([NUMBERS, HEALTH, LAND, LAND, TOTAL])
    assert [(each.code, each.row) for each in answer.repairs] == [("row_not_added", "Đất đai")]


def test_a_missing_row_is_told_with_its_figures() -> None:
    (repair,) = as_csv([NUMBERS, HEALTH, ["2", "Khác", *[0] * 11], TOTAL]).repairs
    assert repair.code == "row_missing"
    assert [cell.value for cell in repair.cells] == [str(number) for number in LAND[2:]]


def test_two_columns_of_one_heading_are_named() -> None:
    words = [[*row[:8], row[7], *row[9:]] for row in WORDS]
    answer = as_csv([*words, HEALTH, LAND, TOTAL])
    first = answer.findings[0]
    assert (first.code, first.figure, first.cell) == ("column_twice", "resolved_early", "H3, I3")


def test_an_unknown_column_is_said_not_to_be_checked() -> None:
    words = [[*row, extra] for row, extra in zip(WORDS, ("Ghi chú", "", ""), strict=True)]
    answer = as_csv([*words, [*HEALTH, "có 3 hồ sơ liên thông"], [*LAND, ""], [*TOTAL, ""]])
    assert rows_of(answer) == 3
    assert [(each.code, each.figure) for each in answer.remarks] == [("unknown_column", "Ghi chú")]


def test_a_misspelt_key_of_a_column_is_named_with_the_nearest() -> None:
    answer = as_csv(
        [["name", "received_total", "resolved_total", "in_progres_total"], ["Y tế", 5, 3, 2], ["Tổng số", 5, 3, 2]]
    )
    assert [(each.code, each.figure, each.nearest, each.cell) for each in answer.findings] == [
        ("unknown_key", "in_progres_total", "in_progress_total", "D1")
    ]


def test_thousands_with_commas_outside_quotes_make_a_row_too_long_and_it_is_named() -> None:
    content = ",".join(NUMBERS) + "\n1,Y tế,1,000,700,250,50,900,200,695,5,100,99,1\n" + ",".join(map(str, LAND))
    answer = check_bytes(content.encode(), TableForm.CSV)
    assert [(each.code, each.row, each.stated, each.expected) for each in answer.findings] == [
        ("row_too_long", "Y tế", "14", "13")
    ]


@pytest.mark.parametrize(
    ("heading", "shares", "part"),
    [
        ("Tỷ lệ giải quyết đúng hạn (%)", ("99,44", "98,75", "99,23"), ["resolved_early", "resolved_on_time"]),
        ("Tỷ lệ quá hạn", ("0,60%", "1,20%", "0,80%"), ["resolved_overdue", "in_progress_overdue"]),
        ("Tỷ lệ trực tuyến", ("73,7", "66,7", "71,4"), ["received_online"]),
    ],
)
def test_a_percentage_of_several_usual_bases_is_right_of_any_and_it_is_said_of_which(
    heading: str, shares: tuple[str, ...], part: list[str]
) -> None:
    words = [[*row, extra] for row, extra in zip(WORDS, (heading, "", ""), strict=True)]
    rows = [[*row, share] for row, share in zip((HEALTH, LAND, TOTAL), shares, strict=True)]
    answer = as_csv([*words, *rows])
    assert rows_of(answer) == 3
    assert [(each.code, each.times, [cell.figure for cell in each.of[:-1]]) for each in answer.remarks] == [
        ("share_of", 3, part)
    ]


def test_numbers_of_a_workbook_are_read_as_they_are_shown() -> None:
    made = book([[*NUMBERS, ""], [*HEALTH, 0.7368], [*LAND, 0.66667], [*TOTAL, 0.7142857142857143]])
    page = made.active
    assert page is not None
    page["N1"] = "Tỷ lệ trực tuyến"
    page["N2"].number_format, page["N3"].number_format, page["N4"].number_format = "0.0%", "0.00%", "0.000%"
    page["C2"].number_format = "#,##0"
    answer = as_xlsx(made)
    assert rows_of(answer) == 3
    assert {each.rule: each.rows for each in answer.holding}["share:online_share"] == 3


@pytest.mark.parametrize("form", ['0.0"%"', "0.0\\%", '"%"0.0', '0.0" %"'])
def test_a_percent_sign_that_a_format_only_shows_multiplies_nothing(form: str) -> None:
    made = book([[*NUMBERS, "Tỷ lệ trực tuyến"], [*HEALTH, 73.7], [*LAND, 66.7], [*TOTAL, 71.4]])
    page = made.active
    assert page is not None
    for cell in ("N2", "N3", "N4"):
        page[cell].number_format = form
    assert rows_of(as_xlsx(made)) == 3


def test_a_formula_that_was_never_computed_is_named_not_taken_for_nothing() -> None:
    made = book([NUMBERS, HEALTH, LAND, ["", "Tổng số", *(f"=SUM({letter}2:{letter}3)" for letter in "CDEFGHIJKLM")]])
    answer = as_xlsx(made)
    assert {(each.code, each.typed) for each in answer.findings} == {("unreadable", "=?")}
    assert len(answer.findings) == 11


def test_the_sheet_of_the_form_is_found_among_others() -> None:
    made = openpyxl.Workbook()
    made["Sheet"].append(["Ghi chú", "không có gì"])
    page = made.create_sheet("06a")
    for row in (NUMBERS, HEALTH, LAND, TOTAL):
        page.append(row)
    assert as_xlsx(made).sheet == "06a"


def sheets(**named: Sequence[Sequence[Any]]) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in named.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append(list(row))
    return made


def test_every_sheet_in_the_layout_of_the_form_is_checked_and_findings_name_theirs() -> None:
    wrong: list[list[Any]] = [NUMBERS, HEALTH, [*LAND[:8], 999, *LAND[9:]], TOTAL]
    answer = as_xlsx(sheets(I=[NUMBERS, HEALTH, LAND, TOTAL], II=wrong, III=wrong))
    assert (answer.good, answer.sheets, answer.rows) == (False, ["I", "II", "III"], 9)
    assert [(each.sheet, each.code, each.cell) for each in answer.findings] == [
        ("II", "identity", "G3"), ("II", "sum_of_rows", "I4"), ("III", "identity", "G3"), ("III", "sum_of_rows", "I4"),
    ]  # fmt: skip
    assert [(each.sheet, each.breaks, each.cells[0].cell, each.cells[0].value) for each in answer.repairs] == [
        ("II", [0, 1], "I3", "295"), ("III", [2, 3], "I3", "295"),
    ]  # fmt: skip
    assert {each.rule: each.rows for each in answer.holding}["7=8+9+10"] == 7
    assert [(each.code, each.sheet) for each in answer.unchecked] == [("no_shares", None)]
    english = said(answer, Language.ENGLISH)
    assert english.findings[0].sentence.startswith("Sheet “II”: Đất đai (G3): 7=8+9+10 does not hold")


def test_a_sheet_of_figures_that_is_not_read_is_named_under_not_checked() -> None:
    figures: list[list[Any]] = [["Chỉ tiêu", "a", "b", "c"], ["Hồ sơ", 1, 2, 3], ["Thủ tục", "1.200", 5, 6]]
    partly: list[list[Any]] = [["name", "received_total", "resolved_total"], ["Y tế", 5, 3], ["Tổng số", 6, 3]]
    form = [NUMBERS, HEALTH, LAND, TOTAL]
    notes: list[list[Any]] = [["Người lập", "Nguyễn Văn A"], ["Năm", 2023], ["Trang", 1]]
    made = sheets(
        Notes=notes, Hidden=[*form, *[["", "", 1, 2, 3]] * MOST_ROWS], Form=form, Figures=figures, Partly=partly
    )
    made["Hidden"].sheet_state = "hidden"
    answer = as_xlsx(made)
    assert (answer.sheet, answer.sheets, answer.good) == ("Form", ["Form"], True)
    assert [each.rule for each in answer.unchecked if each.code == "other_sheet"] == ["Partly", "Hidden", "Figures"]
    vietnamese = [each.sentence for each in said(answer, Language.VIETNAMESE).unchecked]
    assert any(sentence.startswith("Trang “Figures” cũng có số liệu") for sentence in vietnamese)


@pytest.mark.parametrize("zero", ["", "-"])
def test_zeros_written_as_nothing_or_as_a_dash_are_zeros_and_said(zero: str) -> None:
    health = [*HEALTH[:11], 100, zero]
    land = [*LAND[:9], 0 if zero else "", *LAND[10:]]
    land[8] = 300
    total = ["", "Tổng số", 1500, 1000, 400, 100, 1300, 300, 995, 5, 200, 199, 1]
    if not zero:
        land[9] = ""
    answer = as_csv([NUMBERS, health, land, total])
    assert rows_of(answer) == 3
    assert "dash_is_zero" if zero else "blank_is_zero" in {each.code for each in answer.remarks}


def test_an_empty_cell_in_a_table_that_writes_zeros_is_not_stated() -> None:
    answer = as_csv([NUMBERS, [*HEALTH[:11], 100, ""], [*LAND[:11], 100, 0], ["", "Tổng số", *TOTAL[2:11], 200, 0]])
    assert ("11=12+13", ["Y tế"], "0") in [(each.rule, each.rows, each.value) for each in answer.unchecked]


def packed(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return content.getvalue()


def with_sheet(xml: bytes) -> bytes:
    content = io.BytesIO()
    book([NUMBERS]).save(content)
    with zipfile.ZipFile(content) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    return packed(**parts | {"xl/worksheets/sheet1.xml": xml})


def far_cell() -> bytes:
    made = book([])
    page = made.active
    assert page is not None
    page["XFD1048576"] = 1
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


ENTITIES = b"".join(b'<!ENTITY %c "%s">' % (98 + depth, b"&%c;" % (97 + depth) * 10) for depth in range(9))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (packed(a=b"0" * 150_000_000), "too_large_unpacked"),
        (packed(a=b"x"), "not_xlsx"),
        (with_sheet(b"<worksheet><sheetData><row>"), "not_xlsx"),
        (with_sheet(b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + ENTITIES + b"]><worksheet>&j;</worksheet>"), "not_xlsx"),
        (far_cell(), "too_many_cells"),
        (b",".join(b"(%d)" % number for number in range(1, 14)) + b"\n1" * 6_000, "too_many_cells"),
        (b"," * 4_000_000, "too_many_cells"),
    ],
    ids=["zip bomb", "no workbook", "cut off", "entities", "far cell", "rows", "columns"],
)
def test_a_hostile_file_gets_one_sentence(content: bytes, code: str) -> None:
    with pytest.raises(UnreadableTable) as raised:
        check_bytes(content, None if content.startswith(b"PK") else TableForm.CSV)
    assert raised.value.code == code
