"""The report as a document (DOCX) to edit and sign, laid out as Decree 30/2020 says, with the form as its appendix."""

import io

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.image.image import Image
from docx.section import Section
from docx.shared import Cm, Length, Pt
from docx.table import Table, _Cell

from services.reporting.documents.charts.chart import Chart
from services.reporting.documents.comparison import compared_figures, compared_heads
from services.reporting.documents.docx_elements import (
    CENTRE,
    cm,
    kept_whole,
    page_number,
    put,
    repeated,
    rule,
    set_margins,
    set_properties,
    set_up,
    set_widths,
)
from services.reporting.documents.forms.form import Form
from services.reporting.documents.forms.text import comparison, paragraph, scope
from services.reporting.documents.frame import Frame
from services.reporting.documents.layout import HEAD_ROWS, head_cells, printed_columns, printed_rows
from services.reporting.documents.notes import notes, period_of
from services.reporting.documents.pictures import as_png, charts_of
from shared.language.numbers import count, signed
from shared.language.papers import (
    APPENDIX,
    APPENDIX_OF,
    BESIDE,
    COMPILER,
    COMPILER_SIGNS,
    COUNTRY,
    DETAILS,
    DOCUMENT_NUMBER,
    FORM_NUMBER,
    FORM_TITLE,
    HEAD_OF_OFFICE,
    HEAD_SIGNS,
    MOTTO,
    RECIPIENTS,
    RECIPIENTS_LISTED,
    REMARKS,
    REPORT,
    REPORT_SUBJECT,
    REPORTING_PERIOD,
    RESULTS,
    UNIT,
    Both,
)
from shared.language.words import in_language

BODY, SMALL, TABLE = 14, 11, 9
RIGHT, JUSTIFIED = WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.JUSTIFY
PORTRAIT, LANDSCAPE = Cm(16), Cm(25.7)
"""The width of the text on either page."""
TALLEST_PICTURE = Cm(19)
_NUMBER = Cm(1.65)
_LINE_NUMBER = Cm(1.1)
_LINES_FOR_REMARKS = 6


def as_docx(form: Form, frame: Frame) -> bytes:
    """The document."""
    file = io.BytesIO()
    _Report(form, frame).written().save(file)
    return file.getvalue()


class _Report:
    """A report that is being written, from its heading to its appendix."""

    def __init__(self, form: Form, frame: Frame) -> None:
        self.form, self.frame = form, frame
        self.document: Document = docx.Document()
        self.headings = 0

    def written(self) -> Document:
        tag = {"vi": "vi-VN", "en": "en-GB"}[self.form.language.value]
        subject, period = self._words(REPORT_SUBJECT), period_of(self.form.query, self.form.language)
        set_up(self.document, tag, BODY)
        set_properties(self.document, f"{subject}, {period}", self.frame.heading.office or "", tag, self.frame.made_at)
        self._page(self.document.sections[0])
        self._heading()
        self._title(self._words(REPORT), subject, period)
        if chosen := scope(self.form):
            put(self.document.add_paragraph(), chosen, italic=True, align=CENTRE)
        self._results()
        self._beside()
        self._remarks()
        self._signature()
        self._appendix()
        return self.document

    def _words(self, text: Both) -> str:
        return in_language(text, self.form.language)

    def _page(self, section: Section) -> None:
        """A4 with the decree's margins; the page's number at the top from the second page on."""
        section.page_width, section.page_height = cm(21, 29.7)
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = cm(2, 2, 3, 2)
        section.header_distance, section.footer_distance = cm(1, 1)
        section.different_first_page_header_footer = True
        page_number(section.header.paragraphs[0])
        if line := self.frame.publication(self.form.language):
            for footer in (section.footer, section.first_page_footer):
                put(footer.paragraphs[0], line, size=8)

    def _heading(self) -> None:
        heading, language = self.frame.heading, self.form.language
        superior, office = heading.lines
        widths = cm(7.8, 9.6)
        table = self.document.add_table(rows=1, cols=2)
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        left, right = table.rows[0].cells
        put(left, superior, size=12, align=CENTRE)
        put(left.add_paragraph(), office, bold=True, size=12, align=CENTRE)
        rule(left.add_paragraph(), Cm(2.5), Length(widths[0] - Cm(0.4)))
        put(left.add_paragraph(), self._words(DOCUMENT_NUMBER), size=13, align=CENTRE)
        put(right, self._words(COUNTRY), bold=True, size=12, align=CENTRE)
        put(right.add_paragraph(), self._words(MOTTO), bold=True, size=13, align=CENTRE)
        rule(right.add_paragraph(), Cm(5.6), Length(widths[1] - Cm(0.4)))
        dated = heading.dated(self.frame.made_at, language)
        put(right.add_paragraph(), dated, italic=True, size=13, align=CENTRE)
        set_widths(table, widths)

    def _title(self, title: str, *subject: str) -> None:
        above = put(self.document.add_paragraph(style="Title"), title, align=CENTRE)
        above.paragraph_format.space_before, above.paragraph_format.space_after = Pt(18), Pt(0)
        for line in subject:
            put(self.document.add_paragraph(), line, bold=True, align=CENTRE)
        rule(self.document.add_paragraph(), Cm(5), PORTRAIT)

    def _part(self, text: Both) -> None:
        self.headings += 1
        style = self.document.add_paragraph(style="Heading 1")
        put(style, f"{self.headings}. {self._words(text)}").paragraph_format.space_before = Pt(10)

    def _text(self, text: str) -> None:
        body = put(self.document.add_paragraph(), text, align=JUSTIFIED)
        body.paragraph_format.first_line_indent = Cm(1)
        body.paragraph_format.space_before = Pt(6)
        body.paragraph_format.line_spacing = 1.15

    def _results(self) -> None:
        self._part(RESULTS)
        self._text(paragraph(self.form))
        self._text(self._words(DETAILS).format(form=self._words(FORM_NUMBER)))
        for chart in charts_of(self.form):
            self._picture(chart)

    def _picture(self, chart: Chart) -> None:
        drawn = as_png(chart)
        natural = Image.from_blob(drawn)
        wide = min(PORTRAIT, natural.width, natural.width * TALLEST_PICTURE // natural.height)
        above = put(self.document.add_paragraph(), chart.title, bold=True, size=12, align=CENTRE)
        above.paragraph_format.space_before, above.paragraph_format.keep_with_next = Pt(10), True
        place = self.document.add_paragraph()
        place.alignment = CENTRE
        place.add_run().add_picture(io.BytesIO(drawn), width=Length(wide))
        self.document.inline_shapes[-1]._inline.docPr.set("descr", chart.title)  # noqa: SLF001 - no call for it

    def _beside(self) -> None:
        """The other period's figures in the form's order, where the form has one."""
        other, language = self.form.compared, self.form.language
        if other is None:
            return
        self._part(BESIDE)
        if said := comparison(self.form):
            self._text(said)
        self.document.add_paragraph()
        figures = compared_figures(self.form, other)
        table = self._table(1 + len(figures), 4)
        for cell, head in zip(table.rows[0].cells, compared_heads(self.form, other), strict=True):
            put(cell, head, bold=True, size=12, align=CENTRE)
        repeated(table.rows[0])
        for row, figure in zip(table.rows[1:], figures, strict=True):
            name, *numbers = row.cells
            put(name, figure.name, size=12)
            moved = signed(figure.now - figure.before, language)
            written = (count(figure.now, language), count(figure.before, language), moved)
            for cell, number in zip(numbers, written, strict=True):
                put(cell, number, size=12, align=RIGHT)
            kept_whole(row)
        set_widths(table, cm(5.4, 4, 4, 2.6))

    def _remarks(self) -> None:
        self._part(REMARKS)
        for _ in range(_LINES_FOR_REMARKS):
            self.document.add_paragraph()

    def _signature(self) -> None:
        table = self.document.add_table(rows=1, cols=2)
        kept_whole(table.rows[0])
        left, right = table.rows[0].cells
        put(left, self._words(RECIPIENTS), bold=True, italic=True, size=12)
        for recipient in RECIPIENTS_LISTED:
            put(left.add_paragraph(), self._words(recipient), size=SMALL)
        self._signs(right, HEAD_OF_OFFICE, HEAD_SIGNS)
        set_widths(table, cm(8, 8))

    def _signs(self, cell: _Cell, who: Both, how: Both) -> None:
        put(cell, self._words(who), bold=True, align=CENTRE)
        put(cell.add_paragraph(), self._words(how), italic=True, align=CENTRE)
        for _ in range(4):
            cell.add_paragraph()

    def _appendix(self) -> None:
        """The form on a page of its own, in landscape."""
        section = self.document.add_section()
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = cm(29.7, 21)
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = cm(2, 2, 2, 2)
        section.different_first_page_header_footer = False
        of_report = self._words(APPENDIX_OF).format(year=self.frame.made_at.year)
        put(self.document.add_paragraph(style="Heading 1"), self._words(APPENDIX), align=CENTRE)
        put(
            self.document.add_paragraph(),
            of_report,
            italic=True,
            size=12,
            align=CENTRE,
        )
        put(self.document.add_paragraph(), self._words(FORM_TITLE).upper(), bold=True, size=13, align=CENTRE)
        put(self.document.add_paragraph(), self._words(FORM_NUMBER), size=12, align=CENTRE)
        period = f"{self._words(REPORTING_PERIOD)}: {period_of(self.form.query, self.form.language)}"
        put(self.document.add_paragraph(), period, italic=True, size=12, align=CENTRE)
        put(self.document.add_paragraph(), self._words(UNIT), italic=True, size=SMALL, align=RIGHT)
        self._form()
        for note in notes(self.form):
            put(self.document.add_paragraph(), note, italic=True, size=10)
        table = self.document.add_table(rows=1, cols=2)
        kept_whole(table.rows[0])
        self._signs(table.rows[0].cells[1], COMPILER, COMPILER_SIGNS)

    def _form(self) -> None:
        columns = printed_columns(self.form)
        table = self._table(HEAD_ROWS + 1, len(columns))
        set_margins(table, Cm(0.08))
        numbers = len(columns) - 2
        name = Length(LANDSCAPE - _LINE_NUMBER - numbers * _NUMBER)
        set_widths(table, [_LINE_NUMBER, name, *[_NUMBER] * numbers])
        self._form_head(table)
        for place, column in enumerate(columns):
            put(table.rows[HEAD_ROWS].cells[place], column.spaced_mark, italic=True, size=7, align=CENTRE)
        for printed in printed_rows(self.form):
            row = table.add_row()  # type: ignore[no-untyped-call] # python-docx left this one out
            kept_whole(row)
            cells, bold = row.cells, not printed.is_line
            put(cells[0], printed.number, bold=bold, size=TABLE, align=CENTRE)
            put(cells[1], printed.name, bold=bold, size=TABLE)
            for cell, column in zip(cells[2:], columns[2:], strict=True):
                assert column.key is not None
                put(cell, count(printed.figures[column.key], self.form.language), bold=bold, size=TABLE, align=RIGHT)

    def _form_head(self, table: Table) -> None:
        for row in table.rows:
            repeated(row)
            kept_whole(row)
        for head in head_cells(printed_columns(self.form)):
            cell = table.cell(head.row, head.column)
            if head.rows > 1 or head.columns > 1:
                cell = cell.merge(table.cell(head.row + head.rows - 1, head.column + head.columns - 1))
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            put(cell, head.text, bold=True, size=TABLE, align=CENTRE)

    def _table(self, rows: int, columns: int) -> Table:
        table: Table = self.document.add_table(rows, columns, style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        return table
