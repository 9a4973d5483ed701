"""The form's words: the paragraph of an office, what it compares itself with, and the two kinds of CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from services.reporting.documents.forms.form import Form, FormLine, FormSection
from services.reporting.documents.forms.office_csv import COUNTS, as_office_csv, as_text_cell
from services.reporting.documents.forms.tables import as_csv
from services.reporting.documents.forms.text import as_text, comparison, details, paragraph, title
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import figure_row
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.domain.figures import Figures
from shared.domain.localtime import LOCAL
from shared.language.languages import Language
from shared.language.words import FIGURES
from tests.support.libreoffice import CSV_OF_AN_OFFICE, convert, needs_libreoffice

VI, EN = Language.VIETNAMESE, Language.ENGLISH
NONE: Figures = dict.fromkeys(KEYS, 0)
TRA_VINH: Figures = NONE | {
    "received_total": 80121, "received_online": 50353, "received_in_person_or_postal": 28520,
    "received_in_person": 25650, "received_postal": 2870, "carried_over": 1248,
    "resolved_total": 78784, "resolved_early": 19409, "resolved_on_time": 59369, "resolved_overdue": 6,
    "in_progress_total": 1337, "in_progress_within": 1337,
}  # fmt: skip
YEAR = FigureQuery(
    first=date(2023, 1, 1),
    last=date(2023, 12, 31),
    as_of=datetime(2023, 12, 31, 23, 59, tzinfo=LOCAL),
    by=(Dimension.DEPARTMENT,),
)
QUARTER = replace(YEAR, first=date(2022, 12, 15), last=date(2023, 3, 14), period="2023-Q1")


def form(total: Figures, *lines: FormLine, query: FigureQuery = YEAR, language: Language = VI) -> Form:
    return Form(query, language, (FormSection(None, None, lines, total),), total, ())


class TestParagraph:
    def test_it_can_be_handed_in(self) -> None:
        assert title(form(TRA_VINH, query=QUARTER)) == (
            "TÌNH HÌNH TIẾP NHẬN, GIẢI QUYẾT HỒ SƠ THỦ TỤC HÀNH CHÍNH QUÝ I NĂM 2023"
        )
        assert paragraph(form(TRA_VINH, query=QUARTER)) == (
            "Trong quý I năm 2023 (từ ngày 15/12/2022 đến ngày 14/03/2023), tổng số hồ sơ thủ tục hành chính đã tiếp "
            "nhận là 80.121 hồ sơ, trong đó: tiếp nhận trực tuyến 50.353 hồ sơ (chiếm 62,8% tổng số hồ sơ đã tiếp nhận "
            "kể cả kỳ trước chuyển sang, 63,8% số hồ sơ tiếp nhận trong kỳ), trực tiếp hoặc qua dịch vụ bưu chính công "
            "ích 28.520 hồ sơ, kỳ trước chuyển sang 1.248 hồ sơ. Đã giải quyết 78.784 hồ sơ, trong đó: trước hạn "
            "19.409 hồ sơ (chiếm 24,636% số hồ sơ đã giải quyết), đúng hạn 59.369 hồ sơ (75,356%), quá hạn 6 hồ sơ "
            "(0,008%). Đang giải quyết 1.337 hồ sơ, trong đó: trong hạn 1.337 hồ sơ, không có hồ sơ quá hạn."
        )

    def test_it_says_the_same_in_english_with_english_numbers(self) -> None:
        assert paragraph(form(TRA_VINH, language=EN)) == (
            "From 1 Jan 2023 to 31 Dec 2023, 80,121 dossiers were to be handled, of which: 50,353 received online "
            "(62.8% of all to handle, 63.8% of those received in the period), 28,520 in person or by post, 1,248 "
            "carried over. 78,784 dossiers were resolved, of which: 19,409 early (24.636% of those resolved), 59,369 "
            "on time (75.356%), 6 overdue (0.008%). 1,337 dossiers are in progress, of which: 1,337 within time, none "
            "overdue."
        )

    def test_no_program_is_named_and_the_rule_is_said_in_words(self) -> None:
        text = as_text(form(TRA_VINH))
        assert "by-date" not in text
        assert "Cách tính đúng hạn: so theo ngày. Số liệu tính đến 23 giờ 59 phút ngày 31/12/2023." in text

    def test_what_there_is_none_of_is_left_out(self) -> None:
        nothing = paragraph(form(NONE))
        assert nothing == "Từ ngày 01/01/2023 đến ngày 31/12/2023, không có hồ sơ thủ tục hành chính nào."
        few = NONE | {"received_total": 2, "received_postal": 2, "received_in_person_or_postal": 2}
        few |= {"in_progress_total": 2, "in_progress_within": 2}
        assert paragraph(form(few)).partition(" 2 hồ sơ, trong đó: ")[2] == (
            "trực tiếp hoặc qua dịch vụ bưu chính công ích 2 hồ sơ. Không có hồ sơ được giải quyết trong kỳ. "
            "Đang giải quyết 2 hồ sơ, trong đó: trong hạn 2 hồ sơ, không có hồ sơ quá hạn."
        )

    def test_the_base_of_shares_is_named_where_some_have_no_deadline(self) -> None:
        text = paragraph(form(TRA_VINH | {"resolved_no_deadline": 12, "resolved_total": 78796}))
        assert "(chiếm 24,636% số hồ sơ đã giải quyết có quy định thời hạn)" in text
        assert "không quy định thời hạn 12 hồ sơ" in text

    def test_what_is_paused_unknown_or_ended_without_a_decision_is_named(self) -> None:
        told = TRA_VINH | {"in_progress_suspended": 81, "received_unknown": 12, "withdrawn": 3, "stopped": 2}
        text = paragraph(form(told))
        assert "trong hạn 1.337 hồ sơ (trong đó 81 hồ sơ đang tạm dừng), không có hồ sơ quá hạn" in text
        assert "28.520 hồ sơ (trong đó 12 hồ sơ không rõ kênh)" in text
        assert "Số đã giải quyết bao gồm 3 hồ sơ người nộp rút, 2 hồ sơ dừng xử lý." in text

    def test_a_paused_one_may_have_been_late_before_and_is_not_called_within_time(self) -> None:
        told = TRA_VINH | {"in_progress_suspended": 81, "in_progress_within": 1336, "in_progress_overdue": 1}
        assert (
            "Đang giải quyết 1.337 hồ sơ (trong đó 81 hồ sơ đang tạm dừng), trong đó: trong hạn 1.336 hồ sơ, "
            "quá hạn 1 hồ sơ."
        ) in paragraph(form(told))

    def test_lines_stand_under_their_level_and_without_zeros(self) -> None:
        line = FormLine(1, "H59.02", "Sở Y tế", TRA_VINH)
        of_levels = (
            FormSection("province", "Cấp tỉnh", (line,), TRA_VINH),
            FormSection("commune", "Cấp xã", (replace(line, name="Xã A", figures=NONE),), NONE),
        )
        figures = (
            "tiếp nhận 80.121 hồ sơ (trực tuyến 50.353), đã giải quyết 78.784 hồ sơ (quá hạn 6), "
            "đang giải quyết 1.337 hồ sơ."
        )
        assert details(replace(form(TRA_VINH), sections=of_levels)) == [
            "Chi tiết theo cơ quan:",
            f"I. Cấp tỉnh: {figures}",
            f"1. Sở Y tế: {figures}",
            "II. Cấp xã: không có hồ sơ.",
            "1. Xã A: không có hồ sơ.",
        ]


class TestComparison:
    def compared(self, before: Figures, query: FigureQuery, language: Language = VI) -> str:
        return comparison(replace(form(TRA_VINH, language=language), compared=form(before, query=query)))

    def test_with_the_same_period_of_the_year_before(self) -> None:
        before = TRA_VINH | {"received_total": 78887, "resolved_total": 80000, "resolved_overdue": 0}
        year_before = replace(YEAR, first=date(2022, 1, 1), last=date(2022, 12, 31))
        assert self.compared(before, year_before) == (
            "So với cùng kỳ năm trước (từ ngày 01/01/2022 đến ngày 31/12/2022): số hồ sơ đã tiếp nhận tăng 1.234 "
            "hồ sơ (1,6%), số hồ sơ đã giải quyết giảm 1.216 hồ sơ (1,5%), số hồ sơ giải quyết quá hạn tăng 6 hồ sơ, "
            "số hồ sơ đang giải quyết không thay đổi."
        )
        assert "the dossiers to be handled up by 1,234 dossiers (1.6%)" in self.compared(before, year_before, EN)

    @pytest.mark.parametrize(
        ("first", "last", "name", "said"),
        [
            (date(2022, 12, 1), date(2022, 12, 31), None, "kỳ trước liền kề (từ ngày 01/12/2022"),
            (date(2019, 12, 15), date(2020, 12, 14), "2020", "năm 2020 (từ ngày 15/12/2019"),
            (date(2020, 2, 1), date(2020, 2, 29), None, "kỳ (từ ngày 01/02/2020"),
        ],
    )
    def test_with_another_period_by_what_it_is(self, first: date, last: date, name: str | None, said: str) -> None:
        assert self.compared(NONE, replace(YEAR, first=first, last=last, period=name)).startswith(f"So với {said}")

    def test_the_end_of_february_has_a_year_before(self) -> None:
        leap = form(TRA_VINH, query=replace(YEAR, first=date(2024, 2, 1), last=date(2024, 2, 29)))
        other = form(NONE, query=replace(YEAR, first=date(2023, 2, 1), last=date(2023, 2, 28)))
        assert "cùng kỳ năm trước" in comparison(replace(leap, compared=other))

    def test_there_is_none_without_another_period(self) -> None:
        assert comparison(form(TRA_VINH)) == ""
        assert "So với" not in as_text(form(TRA_VINH))


class TestCsvForPrograms:
    def test_a_field_outside_the_catalogue_and_the_total_never_look_alike(self) -> None:
        content = as_csv(form(TRA_VINH, FormLine(1, None, "Lĩnh vực khác", TRA_VINH)))
        assert content.count(b"\r\n") == content.count(b"\n") == 3
        other, total = csv.DictReader(io.StringIO(content.decode(), newline=""))
        assert (other["code"], other["row"], total["code"], total["row"]) == ("", "line", "", "total")
        assert (total["early_share"], total["received_total"]) == ("24.636", "80121")

    def test_sections_are_rows_of_their_own(self) -> None:
        line = FormLine(1, "H59.02", "Sở Y tế", TRA_VINH)
        of_levels = (FormSection("province", "Cấp tỉnh", (line,), TRA_VINH),)
        rows = csv.DictReader(io.StringIO(as_csv(replace(form(TRA_VINH), sections=of_levels)).decode(), newline=""))
        assert [(row["row"], row["code"]) for row in rows] == [
            ("section", "province"),
            ("line", "H59.02"),
            ("total", ""),
        ]


NAMES = (
    "Sở Văn hóa, Thể thao và Du lịch", "=1+1", "+84", "-Sở", "@SUM(1)", "\t=2", "1.000635", "80.121", "12/5", "1E5",
    "0012", "(3)", 'Sở "A"; B', "＝1", "H59.15", "Phòng 1",
)  # fmt: skip
SCOPE = "kênh tiếp nhận: trực tuyến"
MARKED = {"=1+1", "+84", "-Sở", "@SUM(1)", "\t=2", "1.000635", "80.121", "12/5", "1E5", "0012", "(3)", "＝1"}


class TestCsvForAnOffice:
    def test_it_is_written_for_vietnamese_settings(self) -> None:
        content = as_office_csv(form(TRA_VINH, FormLine(1, "H59.02", "Sở Y tế", TRA_VINH)))
        assert content.startswith("\ufeffSTT;Mã;Tên;Nhận giải quyết;Tiếp nhận trực tuyến;".encode())
        heading, line, total = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";")
        assert heading[3:14] == [FIGURES[column.key][0] for column in OF_FORM.values()]
        assert line[:4] == ["1", "H59.02", "Sở Y tế", "80121"]
        assert total[:3] == ["", "", "Tổng số"]
        row = dict(zip(heading, total, strict=True))
        assert row[FIGURES["early_share"][0]] == "24,636"
        assert (row["Từ ngày"], row["Đến ngày"], row["Số liệu tính đến"]) == (
            "01/01/2023",
            "31/12/2023",
            "31/12/2023 23:59",
        )

    def test_a_text_that_a_spreadsheet_would_read_otherwise_is_marked_as_text(self) -> None:
        assert {name for name in NAMES if as_text_cell(name) != name} == MARKED
        assert all(as_text_cell(name) == f"'{name}" for name in MARKED)

    @needs_libreoffice
    def test_every_cell_opens_as_it_is_meant(self, tmp_path: Path) -> None:
        lines = [FormLine(number, name, name, TRA_VINH) for number, name in enumerate(NAMES, 1)]
        lines.append(FormLine(len(NAMES) + 1, None, "Lĩnh vực khác", NONE))
        made = form(TRA_VINH, *lines)
        of_levels = (FormSection("province", "Cấp tỉnh", tuple(lines), TRA_VINH),)
        cells = _opened(replace(made, sections=of_levels, scope=(SCOPE,)), tmp_path)
        assert cells[0][:3] == ["I", None, "Cấp tỉnh"]
        assert cells[-1][:3] == [None, None, "Tổng số"]
        for line, row in zip(lines, cells[1:-1], strict=True):
            said = [None if text is None else str(text).removeprefix("'") for text in row[1:3]]
            assert said == [line.code, line.name]
            assert row[0] == line.number
            _assert_figures(line.figures, row[3:])
        _assert_figures(TRA_VINH, cells[-1][3:])


def _opened(made: Form, folder: Path) -> Sequence[list[object]]:
    """The rows below the heading as a spreadsheet reads them, no formula among them."""
    file = folder / "form.csv"
    file.write_bytes(as_office_csv(made))
    sheet = load_workbook(convert(file, "xlsx", CSV_OF_AN_OFFICE)).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert not [cell.coordinate for row in rows for cell in row if cell.data_type == "f"]
    return [[cell.value for cell in row] for row in rows[1:]]


def _assert_figures(figures: Figures, cells: list[object]) -> None:
    expected = figure_row(figures)
    counts, shares, about = cells[: len(COUNTS)], cells[len(COUNTS) : -5], cells[-5:]
    assert counts == [expected[key] for key in COUNTS]
    assert shares == [None if expected[key] is None else float(expected[key]) for key in SHARE_KEYS]
    *instants, definition, scope = about
    assert [f"{instant:%Y-%m-%d %H:%M}" for instant in instants] == [
        "2023-01-01 00:00",
        "2023-12-31 00:00",
        "2023-12-31 23:59",
    ]
    assert (definition, scope) == ("so theo ngày", SCOPE)
