"""What a word processor's file needs and python-docx has no call for: fonts, rules, page numbers, repeated heads."""

from datetime import UTC, datetime
from typing import Any

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

FONT = "Times New Roman"
_SCRIPTS = ("ascii", "hAnsi", "cs", "eastAsia")
CENTRE = WD_ALIGN_PARAGRAPH.CENTER


def set_up(document: Document, language: str, size: int) -> None:
    """The body's font and the language that a spelling checker goes by."""
    tags = document.styles.element.iter(qn("w:lang"))
    for tag in tags:
        for name in ("w:val", "w:eastAsia"):
            tag.set(qn(name), language)
    set_font(document.styles["Normal"], size)
    spacing = document.styles["Normal"].paragraph_format
    spacing.space_before = spacing.space_after = Pt(0)
    for name in ("Title", "Heading 1", "Heading 2"):
        style = document.styles[name]
        set_font(style, size, bold=True)
        for border in style.element.iter(qn("w:pBdr")):
            border.getparent().remove(border)
        style.paragraph_format.keep_with_next = True


def set_font(style: Any, size: int, *, bold: bool = False) -> None:
    """The house's font for every script: a theme's fonts would go before its name."""
    assert isinstance(style, ParagraphStyle)
    style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for script in _SCRIPTS:
        fonts.set(qn(f"w:{script}"), FONT)


def put(
    place: Paragraph | _Cell,
    text: str,
    *,
    bold: bool = False,
    italic: bool = False,
    size: int | None = None,
    align: WD_ALIGN_PARAGRAPH | None = None,
) -> Paragraph:
    """Text into an empty paragraph or cell, as it is."""
    paragraph = place.paragraphs[0] if isinstance(place, _Cell) else place
    run = paragraph.add_run(text)
    run.bold, run.italic = bold or None, italic or None
    if size is not None:
        run.font.size = Pt(size)
    if align is not None:
        paragraph.alignment = align
    return paragraph


def rule(paragraph: Paragraph, wide: Length, room: Length) -> None:
    """A line so wide in the middle of the room, under what stands before."""
    border, above = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
        above.set(qn(f"w:{name}"), value)
    border.append(above)
    properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001 - python-docx names no borders
    properties.insert_element_before(border, "w:shd", "w:spacing", "w:ind", "w:jc", "w:rPr")
    side = Length((room - wide) // 2)
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = side
    paragraph.paragraph_format.line_spacing = Pt(4)


def page_number(paragraph: Paragraph) -> None:
    """The number of the page, which the word processor fills in."""
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = paragraph.add_run()
        if kind is None:
            instruction = OxmlElement("w:instrText")
            instruction.text = text
            run._r.append(instruction)  # noqa: SLF001 - python-docx has no fields
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)  # noqa: SLF001
    paragraph.alignment = CENTRE


def repeated(row: _Row) -> None:
    """A row of a table's head, which stands on every page."""
    _row_property(row, "w:tblHeader")


def kept_whole(row: _Row) -> None:
    """A row that no page's end divides."""
    _row_property(row, "w:cantSplit")


def _row_property(row: _Row, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))  # noqa: SLF001 - python-docx has no such call


def set_margins(table: Table, wide: Length) -> None:
    """What the table's cells leave free at both sides: as little as may be where long numbers stand in many columns."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(wide.twips)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties = table._tbl.tblPr  # noqa: SLF001 - python-docx has no such call
    properties.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")


def set_widths(table: Table, widths: list[Length]) -> None:
    """Column widths that every program keeps: of the grid and of each cell."""
    table.autofit = False
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = wide
    for row in table.rows:
        for cell, wide in zip(row.cells, widths, strict=True):
            cell.width = wide


def set_properties(document: Document, title: str, author: str, language: str, made_at: datetime) -> None:
    """What the file says about itself."""
    about, at = document.core_properties, made_at.astimezone(UTC).replace(tzinfo=None)
    about.title, about.author, about.language, about.comments = title, author, language, ""
    about.created = about.modified = at
    about.last_modified_by = author


def cm(*sizes: float) -> list[Length]:
    return [Cm(size) for size in sizes]
