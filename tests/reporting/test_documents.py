"""The form as XLSX, PDF and DOCX: each read back by another library has the form's numbers, and texts stay texts."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from docx.shared import Length
from hypothesis import given, settings
from pypdf import PdfReader

from services.reporting.documents.document import as_docx
from services.reporting.documents.forms.form import Form
from services.reporting.documents.forms.text import paragraph
from services.reporting.documents.frame import Frame
from services.reporting.documents.layout import (
    HEAD_ROWS,
    PrintedRow,
    head_cells,
    printed_columns,
    printed_rows,
)
from services.reporting.documents.print import as_pdf
from services.reporting.documents.workbook import as_xlsx
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.report import TOTAL_IS_SUM
from shared.catalogue import Catalogue
from shared.domain.localtime import LOCAL
from shared.language.languages import Language
from shared.language.numbers import count, signed
from shared.papers.heading import Heading
from shared.publishing.traces import Published
from tests.builders.forms import TRAPS, MadeUp, made_up
from tests.support.libreoffice import convert, needs_libreoffice

MADE_AT = datetime(2023, 12, 16, 8, 0, 30, 123456, tzinfo=LOCAL)
OFFICE = Heading("Ủy ban nhân dân tỉnh Trà Vinh", "Trung tâm Phục vụ hành chính công", "Trà Vinh")
FRAME = Frame(MADE_AT, OFFICE)
PUBLISHED = Published(3, "9f" * 32, MADE_AT)
A_YEAR_BEFORE = FigureQuery(
    first=date(2021, 12, 15), last=date(2022, 12, 14), period="2022", as_of=datetime(2022, 12, 15, 9, tzinfo=LOCAL)
)
MANY = tuple(f"Ủy ban nhân dân xã số {number}" for number in range(1, 191))
SHOWN_AS_CSV = "csv:Text - txt - csv (StarCalc):59,34,76,1,,1066,false,true"
"""Cells as they are shown, with semicolons, in UTF-8, under Vietnamese settings."""
Make = Callable[[Form, Frame], bytes]

each_file = pytest.mark.parametrize("make", [as_xlsx, as_pdf, as_docx])


def printed(form: Form) -> list[list[int]]:
    """The numbers of each row, in the form's order."""
    keys = [column.key for column in printed_columns(form) if column.key is not None]
    return [[row.figures[key] for key in keys] for row in printed_rows(form)]


def first_row(sheet: Any) -> int:
    """The first row under the form's marks."""
    return 1 + next(place for place, cell in enumerate(sheet["A"], start=1) if cell.value == "(1)")


def sheet_of(content: bytes, *, values: bool) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values).worksheets[0]


def cells(sheet: Any, form: Form) -> list[list[Any]]:
    start, wide = first_row(sheet), len(printed_columns(form))
    rows = sheet.iter_rows(start, start - 1 + len(printed(form)), 3, wide)
    return [[cell.value for cell in row] for row in rows]


def computed(sheet: Any, value: Any) -> int:
    """What a spreadsheet makes of a formula of ours: sums of cells and of a column's part."""
    if not isinstance(value, str):
        return int(value)
    total = 0
    for term in value.removeprefix("=").split("+"):
        area = re.fullmatch(r"SUM\((\w+):(\w+)\)", term)
        found = [row[0] for row in sheet[f"{area[1]}:{area[2]}"]] if area else [sheet[term]]
        total += sum(computed(sheet, cell.value) for cell in found)
    return total


def words_of_pdf(content: bytes) -> list[str]:
    return [word for page in PdfReader(io.BytesIO(content)).pages for word in page.extract_text().split()]


def rows_of_docx(content: bytes, form: Form) -> list[list[str]]:
    table = docx.Document(io.BytesIO(content)).tables[-2]
    assert len(table.columns) == len(printed_columns(form))
    return [[cell.text for cell in row.cells] for row in list(table.rows)[HEAD_ROWS + 1 :]]


class TestHead:
    def test_it_covers_every_cell_once(self, shipped: Catalogue) -> None:
        columns = printed_columns(MadeUp(["Sở Y tế"]).form(shipped))
        covered = [
            (row, column)
            for cell in head_cells(columns)
            for row in range(cell.row, cell.row + cell.rows)
            for column in range(cell.column, cell.column + cell.columns)
        ]
        assert sorted(covered) == [(row, column) for row in range(HEAD_ROWS) for column in range(len(columns))]

    def test_the_marks_are_those_that_the_form_prints(self, shipped: Catalogue) -> None:
        marks = [column.mark for column in printed_columns(MadeUp(["A"], without_deadline=False).form(shipped))]
        assert marks == [
            *("(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)", "(10)"),
            *("(11)=(12)+(13)", "(12)", "(13)"),
        ]

    def test_dossiers_without_a_deadline_have_a_column_where_there_are_any(self, shipped: Catalogue) -> None:
        form = MadeUp(["A", "B", "C"], seed=3).form(shipped)
        assert form.total["resolved_no_deadline"] > 0
        marks = [column.mark for column in printed_columns(form)]
        assert (marks[6], marks[10]) == ("(7)=(8)+(9)+(10)+(10a)", "(10a)")


class TestWorkbook:
    @given(made_up())
    @settings(max_examples=25)
    def test_every_cell_has_the_forms_number_and_formulas_come_to_it(self, shipped: Catalogue, drawn: MadeUp) -> None:
        form = drawn.form(shipped)
        made = as_xlsx(form, FRAME)
        formulas = sheet_of(made, values=False)
        assert cells(sheet_of(made, values=True), form) == printed(form)
        assert [[computed(formulas, value) for value in row] for row in cells(formulas, form)] == printed(form)

    def test_totals_and_columns_3_7_11_are_formulas_and_counts_are_numbers(self, shipped: Catalogue) -> None:
        form = MadeUp(["A", "B"], sections=True, without_deadline=False).form(shipped)
        sheet = sheet_of(as_xlsx(form, FRAME), values=False)
        for row, values in zip(printed_rows(form), cells(sheet, form), strict=True):
            is_formula = [isinstance(value, str) for value in values]
            sums = {0, 4, 8}
            assert is_formula == [not row.is_line or place in sums for place in range(11)], row

    def test_a_total_that_is_not_the_sum_of_its_lines_is_no_formula(self, shipped: Catalogue) -> None:
        """Of several months what is open does not add up; the sums across still do."""
        form = MadeUp(["A", "B"]).form(shipped)
        of_months = replace(
            form,
            total=form.lines[0].figures,
            identities=tuple(each for each in form.identities if each.name != TOTAL_IS_SUM),
        )
        sheet = sheet_of(as_xlsx(of_months, FRAME), values=False)
        *_, total = cells(sheet, of_months)
        assert "SUM" not in "".join(map(str, total))
        assert [computed(sheet, value) for value in total] == printed(of_months)[-1]

    @needs_libreoffice
    @pytest.mark.parametrize("names", [TRAPS, (), MANY], ids=["traps", "no units", "190 units"])
    def test_a_spreadsheet_recomputes_it_and_shows_it_as_vietnamese_settings_do(
        self, shipped: Catalogue, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        form = MadeUp(names, sections=len(names) < 20).form(shipped)
        file = tmp_path / "form.xlsx"
        openpyxl.load_workbook(io.BytesIO(as_xlsx(form, FRAME))).save(file)  # formulas without their values
        assert names == () or None in cells(sheet_of(file.read_bytes(), values=True), form)[-1]
        shown = convert(file, SHOWN_AS_CSV).read_text("utf-8-sig").splitlines()
        found = list(csv.reader(shown, delimiter=";"))
        assert [row for row in (written(form, row) for row in printed_rows(form)) if row not in found] == []

    def test_names_are_texts_and_never_formulas(self, shipped: Catalogue) -> None:
        made = as_xlsx(MadeUp(TRAPS).form(shipped), FRAME)
        book = openpyxl.load_workbook(io.BytesIO(made))
        form_sheet, information = book.worksheets
        start = first_row(form_sheet)
        written = [form_sheet.cell(start + place, 2) for place in range(len(TRAPS))]
        assert ([cell.value for cell in written], {cell.data_type for cell in written}) == (list(TRAPS), {"s"})
        assert [cell.quotePrefix for cell in written[:4]] == [True] * 4
        codes = [cell for cell in information["A"] if cell.value in TRAPS]
        assert len(codes) == len(TRAPS)
        assert {cell.data_type for cell in codes} == {"s"}

    def test_it_is_set_up_to_be_printed(self, shipped: Catalogue) -> None:
        sheet = sheet_of(as_xlsx(MadeUp(["A"]).form(shipped), FRAME), values=False)
        start = first_row(sheet)
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == f"${start - HEAD_ROWS - 1}:${start - 1}"
        assert sheet.freeze_panes == f"C{start}"
        assert sheet.print_area.startswith("'II.06a'!$A$1:$N$")

    def test_the_second_sheet_says_what_the_figures_are(self, shipped: Catalogue) -> None:
        form = MadeUp(["A", "B"]).form(shipped)
        information = openpyxl.load_workbook(io.BytesIO(as_xlsx(form, replace(FRAME, published=PUBLISHED)))).worksheets[
            1
        ]
        said = [cell.value for row in information.iter_rows() for cell in row if isinstance(cell.value, str)]
        assert information.title == "Thông tin"
        for text in (
            "so theo ngày (by-date/1)",
            "09 giờ 05 phút ngày 15/12/2023",
            "toàn bộ thông tin đã ghi nhận",
            "năm 2023 (từ ngày 15/12/2022 đến ngày 14/12/2023)",
            "08 giờ 00 phút ngày 16/12/2023",
            "3=4+5+6",
            "tổng số = cộng các dòng",
            "Đã có kết quả, chưa trả",
        ):
            assert text in said
        assert any(PUBLISHED.sha256 in text for text in said)

    def test_numbers_open_the_lists_of_their_dossiers_where_the_address_is_known(self, shipped: Catalogue) -> None:
        form = MadeUp(["A"]).form(shipped)
        frame = replace(
            FRAME, address="http://bao-cao.example/", links=lambda: {(0, "received_online"): "/dossiers?token=of-a"}
        )
        found = {
            cell.hyperlink.target: cell.value
            for sheet in openpyxl.load_workbook(io.BytesIO(as_xlsx(form, frame))).worksheets
            for row in sheet.iter_rows()
            for cell in row
            if cell.hyperlink
        }
        assert found == {"http://bao-cao.example/dossiers?token=of-a": form.lines[0].figures["received_online"]}


class TestPages:
    @pytest.mark.parametrize(
        ("names", "sections", "language"),
        [
            (TRAPS, True, Language.VIETNAMESE),
            (TRAPS, False, Language.ENGLISH),
            ((), True, Language.VIETNAMESE),
            (MANY, False, Language.VIETNAMESE),
        ],
        ids=["sections", "english", "no units", "190 units"],
    )
    def test_every_row_of_numbers_is_in_the_text(
        self, shipped: Catalogue, names: tuple[str, ...], *, sections: bool, language: Language
    ) -> None:
        form = MadeUp(names, sections=sections, language=language).form(shipped)
        text = " ".join(words_of_pdf(as_pdf(form, FRAME)))
        rows = [" ".join(count(number, language) for number in row) for row in printed(form)]
        assert [row for row in rows if f" {row} " not in text] == []

    def test_names_are_printed_as_they_are(self, shipped: Catalogue) -> None:
        text = "".join(words_of_pdf(as_pdf(MadeUp(TRAPS).form(shipped), FRAME)))
        assert [name for name in TRAPS if "".join(name.split()) not in text] == []

    def test_its_fonts_are_embedded_and_have_every_vietnamese_letter(self, shipped: Catalogue) -> None:
        reader = PdfReader(io.BytesIO(as_pdf(MadeUp(["A"]).form(shipped), FRAME)))
        fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
        names = {font["/BaseFont"].partition("+")[2] for font in fonts}
        assert names <= {f"LiberationSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")}
        for font in fonts:
            assert "/FontFile2" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/ToUnicode" in font

    def test_heads_repeat_and_pages_are_numbered(self, shipped: Catalogue) -> None:
        pages = [page.extract_text() for page in PdfReader(io.BytesIO(as_pdf(MadeUp(MANY).form(shipped), FRAME))).pages]
        with_rows = [page for page in pages if "xã số" in page and "Tỷ lệ trên" not in page]
        assert len(with_rows) > 3
        assert all("STT" in page and "Số hồ sơ nhận giải quyết" in page for page in with_rows)
        assert all(f"{number}/{len(pages)}" in page for number, page in enumerate(pages, start=1))
        assert all(page.startswith(f"{number}\n") for number, page in enumerate(pages[1:], start=2))

    def test_the_same_form_is_the_same_bytes_also_from_several_threads(self, shipped: Catalogue) -> None:
        forms = [MadeUp(["A", "B"], seed=seed).form(shipped) for seed in range(4)]
        one_by_one = [as_pdf(form, FRAME) for form in forms]
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(lambda form: as_pdf(form, FRAME), forms)) == one_by_one
        assert len(set(one_by_one)) == len(forms)

    def test_it_can_be_kept_and_read_aloud(self, shipped: Catalogue) -> None:
        reader = PdfReader(io.BytesIO(as_pdf(MadeUp(["A"]).form(shipped), FRAME)))
        assert reader.trailer["/Root"]["/Lang"] == "vi"  # type: ignore[index]
        assert "<pdfaid:part>2</pdfaid:part>" in reader.trailer["/Root"]["/Metadata"].get_data().decode()  # type: ignore[index]
        assert reader.metadata is not None
        assert (reader.metadata.title or "").endswith("năm 2023 (từ ngày 15/12/2022 đến ngày 14/12/2023)")


class TestDocument:
    @pytest.mark.parametrize("names", [TRAPS, (), MANY], ids=["traps", "no units", "190 units"])
    def test_the_appendix_has_the_forms_rows(self, shipped: Catalogue, names: tuple[str, ...]) -> None:
        form = MadeUp(names, sections=len(names) < 20).form(shipped)
        assert rows_of_docx(as_docx(form, FRAME), form) == [written(form, row) for row in printed_rows(form)]

    def test_it_tells_the_paragraph_and_leaves_room_for_remarks(self, shipped: Catalogue) -> None:
        form = MadeUp(["A", "B"]).form(shipped)
        texts = [each.text for each in docx.Document(io.BytesIO(as_docx(form, FRAME))).paragraphs]
        assert paragraph(form) in texts
        remarks = texts.index("2. Nhận xét, kiến nghị")
        assert texts[remarks + 1 : remarks + 7] == [""] * 6

    def test_it_is_a4_the_form_in_landscape_with_heads_that_repeat(self, shipped: Catalogue) -> None:
        made = docx.Document(io.BytesIO(as_docx(MadeUp(["A"]).form(shipped), FRAME)))
        sizes = [
            tuple(round(Length(side or 0).cm, 1) for side in (each.page_width, each.page_height))
            for each in made.sections
        ]
        assert sizes == [(21, 29.7), (29.7, 21)]
        assert made.sections[1].orientation is WD_ORIENT.LANDSCAPE
        repeated = [
            row._tr.trPr is not None and row._tr.trPr.find(qn("w:tblHeader")) is not None
            for row in made.tables[-2].rows
        ]
        assert repeated == [True] * (HEAD_ROWS + 1) + [False] * 2

    def test_it_says_what_it_is_and_in_which_language(self, shipped: Catalogue) -> None:
        made = docx.Document(io.BytesIO(as_docx(MadeUp(["A"]).form(shipped), FRAME)))
        about = made.core_properties
        assert (about.title, about.language, about.author) == (
            "Tình hình, kết quả giải quyết thủ tục hành chính, năm 2023 (từ ngày 15/12/2022 đến ngày 14/12/2023)",
            "vi-VN",
            OFFICE.office,
        )
        body = made.styles["Normal"]
        assert {tag.get(qn("w:val")) for tag in made.styles.element.iter(qn("w:lang"))} == {"vi-VN"}
        assert set(body.element.rPr.rFonts.attrib.values()) == {"Times New Roman"}
        assert body.font.size.pt == 14

    def test_it_has_charts_with_their_titles_for_those_who_cannot_see_them(self, shipped: Catalogue) -> None:
        form = MadeUp(["A", "B"]).form(shipped)
        compared = replace(form, compared=MadeUp(["A", "B"], seed=2, query=A_YEAR_BEFORE).form(shipped))
        titles = [described(as_docx(each, FRAME)) for each in (form, compared)]
        assert titles == [
            ["Giải quyết đúng hạn theo đơn vị"],
            ["Giải quyết đúng hạn theo đơn vị", "So với cùng kỳ năm trước"],
        ]

    def test_a_chart_beside_another_period_than_last_years_does_not_say_last_year(self, shipped: Catalogue) -> None:
        other = MadeUp(["A"], query=replace(A_YEAR_BEFORE, first=date(2022, 1, 1))).form(shipped)
        *_, title = described(as_docx(replace(MadeUp(["A"]).form(shipped), compared=other), FRAME))
        assert title == "Kỳ này và kỳ so sánh"

    def test_another_period_stands_beside_this_one(self, shipped: Catalogue) -> None:
        other = MadeUp(["A"], seed=2, query=A_YEAR_BEFORE).form(shipped)
        form = replace(MadeUp(["A"]).form(shipped), compared=other)
        table = docx.Document(io.BytesIO(as_docx(form, FRAME))).tables[1]
        now, before = form.total["received_total"], other.total["received_total"]
        assert [cell.text for cell in table.rows[1].cells][:3] == [
            "Nhận giải quyết",
            count(now, Language.VIETNAMESE),
            count(before, Language.VIETNAMESE),
        ]

    @needs_libreoffice
    def test_a_word_processor_opens_it_with_every_number(self, shipped: Catalogue, tmp_path: Path) -> None:
        form = MadeUp(TRAPS, sections=True).form(shipped)
        file = tmp_path / "report.docx"
        file.write_bytes(as_docx(form, FRAME))
        text = " ".join(words_of_pdf(convert(file, "pdf").read_bytes()))
        rows = [" ".join(count(number, Language.VIETNAMESE) for number in row) for row in printed(form)]
        assert [row for row in rows if f" {row} " not in text] == []
        assert " ".join(paragraph(form).split()) in text

    @each_file
    def test_the_other_periods_figures_and_the_differences_are_in_every_file(
        self, shipped: Catalogue, make: Make
    ) -> None:
        other = MadeUp(["A"], seed=2, query=A_YEAR_BEFORE).form(shipped)
        form = replace(MadeUp(["A"]).form(shipped), compared=other)
        now, before = form.total["received_total"], other.total["received_total"]
        told = [count(now, form.language), count(before, form.language), signed(now - before, form.language)]
        if make is as_xlsx:
            told = [str(now), str(before), "=B2-C2"]
        assert f"Nhận giải quyết {' '.join(told)} " in text_of(make, make(form, FRAME))

    def test_a_period_that_is_counted_in_part_says_up_to_when(self, shipped: Catalogue) -> None:
        other = MadeUp(["A"], seed=2, query=A_YEAR_BEFORE).form(shipped)
        counted = replace(other, query=replace(other.query, as_of=datetime(2022, 6, 20, 17, tzinfo=LOCAL)))
        form = replace(MadeUp(["A"]).form(shipped), compared=counted)
        heads = [cell.text for cell in docx.Document(io.BytesIO(as_docx(form, FRAME))).tables[1].rows[0].cells]
        assert heads[2].endswith("số liệu đến 17 giờ 00 phút ngày 20/06/2022")
        assert "số liệu đến" not in heads[1]


class TestHeading:
    @each_file
    def test_it_is_the_offices(self, shipped: Catalogue, make: Make) -> None:
        text = text_of(make, make(MadeUp(["A"]).form(shipped), FRAME))
        for part in (
            "ỦY BAN NHÂN DÂN TỈNH TRÀ VINH",
            "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG",
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Độc lập - Tự do - Hạnh phúc",
            "Trà Vinh, ngày",
            "THỦ TRƯỞNG ĐƠN VỊ",
            "NGƯỜI LẬP BIỂU",
            "(Ký, ghi rõ họ tên, đóng dấu)",
        ):
            assert part in text

    @each_file
    def test_what_is_not_set_is_dotted(self, shipped: Catalogue, make: Make) -> None:
        text = text_of(make, make(MadeUp(["A"]).form(shipped), Frame(MADE_AT)))
        assert text.count("……………………………") >= 2
        assert "None" not in text

    @each_file
    def test_a_publication_is_named_in_its_files_only(self, shipped: Catalogue, make: Make) -> None:
        form = MadeUp(["A"]).form(shipped)
        line = f"Công bố số 3, 08 giờ 00 phút ngày 16/12/2023, sha256 {PUBLISHED.sha256}"
        assert line in text_of(make, make(form, replace(FRAME, published=PUBLISHED)))
        assert "Công bố số" not in text_of(make, make(form, FRAME))

    @each_file
    def test_a_broken_identity_and_an_unfinished_period_are_said(self, shipped: Catalogue, make: Make) -> None:
        form = MadeUp(["A"]).form(shipped)
        broken = replace(
            form,
            query=replace(form.query, as_of=datetime(2023, 12, 1, 9, tzinfo=LOCAL)),
            identities=(replace_identity(form), *form.identities[1:]),
        )
        text = text_of(make, make(broken, FRAME))
        assert "Số liệu không cân đối: 3=4+5+6." in text
        assert "Kỳ báo cáo chưa kết thúc" in text


def replace_identity(form: Form) -> Any:
    first = form.identities[0]
    return type(first)(name=first.name, holds=False, difference=18, row="total")


def written(form: Form, row: PrintedRow) -> list[str]:
    keys = [column.key for column in printed_columns(form) if column.key is not None]
    return [row.number, row.name, *(count(row.figures[key], form.language) for key in keys)]


def described(content: bytes) -> list[str]:
    return [shape._inline.docPr.get("descr") for shape in docx.Document(io.BytesIO(content)).inline_shapes]


def text_of(make: Make, content: bytes) -> str:
    """All that is written in a file, with single blanks."""
    parts: Iterator[str]
    if make is as_pdf:
        parts = iter(words_of_pdf(content))
    elif make is as_xlsx:
        sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
        parts = (str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.value)
    else:
        made = docx.Document(io.BytesIO(content))
        body = (text.text or "" for text in made.element.body.iter(qn("w:t")))
        feet = (each.text for section in made.sections for each in section.footer.paragraphs)
        parts = iter([*body, *feet])
    return " ".join(" ".join(parts).split())
