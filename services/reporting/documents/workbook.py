"""The form as a workbook (XLSX): a sheet to print, whose totals are formulas, and a sheet about the figures."""

import io
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from services.reporting.documents.cells import A4, COUNT, FONT, TEXTS_STAY, Looks, height_of
from services.reporting.documents.forms.form import NUMBER, Form
from services.reporting.documents.frame import Frame
from services.reporting.documents.information import write_comparison, write_information
from services.reporting.documents.layout import HEAD_ROWS, PrintedRow, head_cells, printed_columns, printed_rows
from services.reporting.documents.notes import notes, period_of
from services.reporting.figures.report import TOTAL_IS_SUM
from shared.language.papers import (
    BESIDE,
    COMPILER,
    COMPILER_SIGNS,
    COUNTRY,
    DOCUMENT_NUMBER,
    FORM_NUMBER,
    FORM_TITLE,
    HEAD_OF_OFFICE,
    HEAD_SIGNS,
    INFORMATION,
    MOTTO,
    PAGE,
    REPORTING_PERIOD,
    UNIT,
)
from shared.language.words import in_language

WIDE_NAME, WIDE_NUMBER, WIDE_NOTE = 36, 11, 140
MIDDLE = 4
"""The last column of what stands on the left of the sheet."""
_TABLE_FROM = 8


def as_xlsx(form: Form, frame: Frame) -> bytes:
    """The workbook; whatever is a text stays one, also where it begins as a formula does."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "dd/mm/yyyy", **TEXTS_STAY})
    title = in_language(FORM_TITLE, form.language)
    made_at = frame.made_at.astimezone(UTC).replace(tzinfo=None)
    book.set_properties({"title": title, "author": frame.heading.office or "", "created": made_at})
    looks = Looks(book)
    _FormSheet(book.add_worksheet(NUMBER), looks, form, frame).write()
    write_information(book.add_worksheet(in_language(INFORMATION, form.language)), looks, form, frame)
    if form.compared is not None:
        write_comparison(book.add_worksheet(in_language(BESIDE, form.language)), looks, form, form.compared)
    book.close()
    return file.getvalue()


class _FormSheet:
    """The sheet of the form: heading, table, notes, signatures; rows and columns count from 0."""

    def __init__(self, sheet: Worksheet, looks: Looks, form: Form, frame: Frame) -> None:
        self.sheet, self.looks, self.form, self.frame = sheet, looks, form, frame
        self.columns = printed_columns(form)
        self.rows = list(printed_rows(form))
        self.at = {column.key: place for place, column in enumerate(self.columns) if column.key is not None}
        self.first = _TABLE_FROM + HEAD_ROWS + 1
        self.end = self.first + len(self.rows)
        self.last = len(self.columns) - 1

    def write(self) -> None:
        self._heading()
        self._head()
        lists = self.frame.lists()
        for place, row in enumerate(self.rows):
            for column in self.columns[2:]:
                assert column.key is not None
                value = row.figures[column.key]
                is_line_or_total = row.is_line or row is self.rows[-1]
                link = lists(row.place, column.key) if value and is_line_or_total else None
                self._number(self.first + place, column.key, value, link, bold=not row.is_line)
            self._name(self.first + place, row)
        after = self._notes(self.end)
        self._signatures(after + 1)
        self._page(after + 7)

    def _merged(self, row: int, first: int, last: int, text: str, **properties: Any) -> None:
        self.sheet.merge_range(row, first, row, last, "")
        self.sheet.write_string(row, first, text, self.looks.of(align="center", text_wrap=True, **properties))

    def _two(self, row: int, left: str, right: str, how_left: Mapping[str, Any], how_right: Mapping[str, Any]) -> None:
        """Two texts side by side, across the sheet."""
        self._merged(row, 0, MIDDLE, left, **how_left)
        self._merged(row, MIDDLE + 1, self.last, right, **how_right)

    def _heading(self) -> None:
        language, heading = self.form.language, self.frame.heading
        superior, office = heading.lines
        ruled = {"bold": True, "underline": True}
        self._two(0, superior, in_language(COUNTRY, language), {}, {"bold": True})
        self._two(1, office, in_language(MOTTO, language), ruled, ruled)
        dated = heading.dated(self.frame.made_at, language)
        self._two(2, in_language(DOCUMENT_NUMBER, language), dated, {}, {"italic": True})
        period = period_of(self.form.query, language)
        self._merged(4, 0, self.last, in_language(FORM_TITLE, language).upper(), bold=True, font_size=14)
        self._merged(5, 0, self.last, in_language(FORM_NUMBER, language))
        self._merged(6, 0, self.last, f"{in_language(REPORTING_PERIOD, language)}: {period}", italic=True)
        self.sheet.set_row(4, 38)
        self.sheet.merge_range(7, 0, 7, self.last, "")
        self.sheet.write_string(7, 0, in_language(UNIT, language), self.looks.of(align="right", italic=True))

    def _head(self) -> None:
        look = self.looks.of(align="center", text_wrap=True, bold=True, border=1)
        for cell in head_cells(self.columns):
            row, down, across = _TABLE_FROM + cell.row, cell.rows - 1, cell.columns - 1
            if down or across:
                self.sheet.merge_range(row, cell.column, row + down, cell.column + across, "", look)
            self.sheet.write_string(row, cell.column, cell.text, look)
        marks = self.looks.of(align="center", text_wrap=True, italic=True, border=1, font_size=10)
        for place, column in enumerate(self.columns):
            self.sheet.write_string(_TABLE_FROM + HEAD_ROWS, place, column.mark, marks)
        for row, height in enumerate((34, 34, 50, 32)):
            self.sheet.set_row(_TABLE_FROM + row, height)

    def _name(self, row: int, printed: PrintedRow) -> None:
        bold = {} if printed.is_line else {"bold": True}
        number = self.looks.of(border=1, align="center", **bold)
        if printed.is_line:
            self.sheet.write_number(row, 0, int(printed.number), number)
        else:
            self.sheet.write_string(row, 0, printed.number, number)
        name = self.looks.of_text(printed.name, border=1, text_wrap=True, **bold)
        self.sheet.write_string(row, 1, printed.name, name)
        self.sheet.set_row(row, height_of(printed.name, WIDE_NAME))

    def _number(self, row: int, key: str, value: int, link: str | None, *, bold: bool) -> None:
        column = self.at[key]
        look = self.looks.of(num_format=COUNT, border=1, align="right", **({"bold": True} if bold else {}))
        if link is not None:
            self.sheet.write_url(row, column, link, look, "")
        formula = self._formula(row, key)
        if formula is None:
            self.sheet.write_number(row, column, value, look)
        else:
            self.sheet.write_formula(row, column, formula, look, value)

    def _formula(self, row: int, key: str) -> str | None:
        """What a cell adds up: columns 3, 7 and 11 their parts, totals and sections the lines; None for a count.

        The total is a formula only where the lines add up to it: a stock of several months is not their sum.
        """
        parts = self.columns[self.at[key]].parts
        if parts:
            return "=" + "+".join(xl_rowcol_to_cell(row, self.at[part]) for part in parts)
        printed = self.rows[row - self.first]
        if printed.is_line:
            return None
        lines = self._lines_of(row - self.first)
        if printed is self.rows[-1]:
            adds_up = any(identity.name == TOTAL_IS_SUM and identity.holds for identity in self.form.identities)
            lines = lines if adds_up else []
        return self._sum(lines, self.at[key]) if lines else None

    def _lines_of(self, place: int) -> list[int]:
        """The rows that a section or the total adds up, by their places."""
        if place == len(self.rows) - 1:
            sections = [each for each in range(place) if not self.rows[each].is_line]
            return sections or list(range(place))
        lines = []
        for each in range(place + 1, len(self.rows)):
            if not self.rows[each].is_line:
                break
            lines.append(each)
        return lines

    def _sum(self, places: list[int], column: int) -> str:
        cells = [xl_rowcol_to_cell(self.first + place, column) for place in places]
        if places[-1] - places[0] == len(places) - 1:
            return f"=SUM({cells[0]}:{cells[-1]})"
        return "=" + "+".join(cells)

    def _notes(self, row: int) -> int:
        look = self.looks.of(italic=True, font_size=10, text_wrap=True, valign="top")
        publication = self.frame.publication(self.form.language)
        said = [*notes(self.form), *([publication] if publication else [])]
        for note in said:
            self.sheet.merge_range(row, 0, row, self.last, "")
            self.sheet.write_string(row, 0, note, look)
            self.sheet.set_row(row, height_of(note, WIDE_NOTE))
            row += 1
        return row

    def _signatures(self, row: int) -> None:
        for down, left, right, how in (
            (0, COMPILER, HEAD_OF_OFFICE, {"bold": True}),
            (1, COMPILER_SIGNS, HEAD_SIGNS, {"italic": True}),
        ):
            said_left, said_right = (in_language(text, self.form.language) for text in (left, right))
            self._two(row + down, said_left, said_right, how, how)

    def _page(self, end: int) -> None:
        sheet = self.sheet
        sheet.set_column(0, 0, 6)
        sheet.set_column(1, 1, WIDE_NAME)
        sheet.set_column(2, self.last, WIDE_NUMBER)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.6, right=0.4, top=0.7, bottom=0.7)
        sheet.center_horizontally()
        sheet.repeat_rows(_TABLE_FROM, self.first - 1)
        sheet.freeze_panes(self.first, 2)
        sheet.print_area(0, 0, end, self.last)
        number, page = (in_language(text, self.form.language) for text in (FORM_NUMBER, PAGE))
        sheet.set_footer(f'&L&"{FONT}"&9{number}&R&"{FONT}"&9{page} &P/&N')
