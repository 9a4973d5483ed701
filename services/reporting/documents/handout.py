"""A list of dossiers to hand out: one table, as a workbook or as CSV for a spreadsheet with Vietnamese settings."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime

import xlsxwriter

from services.reporting.documents.cells import A4, COUNT, TEXTS_STAY, Looks, height_of
from services.reporting.documents.forms.office_csv import BYTE_ORDER_MARK, as_text_cell
from shared.domain.localtime import local

Cell = str | int | datetime | None
NARROWEST, WIDEST = 10, 44  # of a column, in digits


@dataclass(frozen=True, slots=True)
class Handout:
    """What the list is of, what is to be known about it, and its rows under their heads; None is an empty cell."""

    title: str
    notes: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def handout_csv(handout: Handout) -> bytes:
    """Semicolons, CRLF, UTF-8 with its mark; the heads first, so that a spreadsheet can sort and filter."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(handout.heads)
    writer.writerows([_written(cell) for cell in row] for row in handout.rows)
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def _written(cell: Cell) -> str | int:
    if isinstance(cell, datetime):
        return f"{local(cell):%d/%m/%Y %H:%M}"
    return as_text_cell(cell) if isinstance(cell, str) else "" if cell is None else cell


def handout_xlsx(handout: Handout, made_at: datetime) -> bytes:
    """A4 landscape with the heads on each page; instants are dates, numbers are numbers, texts stay texts."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, **TEXTS_STAY})
    book.set_properties({"title": handout.title, "created": made_at.astimezone(UTC).replace(tzinfo=None)})
    sheet, looks = book.add_worksheet(), Looks(book)
    last, head = len(handout.heads) - 1, len(handout.notes) + 2
    sheet.merge_range(0, 0, 0, last, handout.title, looks.of(bold=True, font_size=14, align="center"))
    for place, note in enumerate(handout.notes, 1):
        sheet.merge_range(place, 0, place, last, note, looks.of(italic=True, text_wrap=True))
    widths = [_width(handout, column) for column in range(last + 1)]
    for column, (text, width) in enumerate(zip(handout.heads, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(head, column, text, looks.of(bold=True, border=1, align="center", text_wrap=True))
    for row, cells in enumerate(handout.rows, head + 1):
        sheet.set_row(row, max(height_of(str(cell), widths[at]) for at, cell in enumerate(cells)))
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                when = looks.of(border=1, num_format="dd/mm/yyyy hh:mm")
                sheet.write_datetime(row, column, local(cell).replace(tzinfo=None), when)
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell, looks.of(border=1, num_format=COUNT))
            elif cell is None:
                sheet.write_blank(row, column, None, looks.of(border=1))
            else:
                sheet.write_string(row, column, cell, looks.of_text(cell, border=1, text_wrap=True))
    sheet.freeze_panes(head + 1, 1)
    sheet.autofilter(head, 0, head + max(len(handout.rows), 1), last)
    sheet.repeat_rows(head)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P/&N")
    book.close()
    return file.getvalue()


def _width(handout: Handout, column: int) -> int:
    """As wide as its longest text, within reason; an instant takes sixteen letters."""
    cells = [row[column] for row in handout.rows]
    longest = max((16 if isinstance(cell, datetime) else len(str(cell)) for cell in cells), default=0)
    return min(max(longest + 1, NARROWEST), WIDEST)
