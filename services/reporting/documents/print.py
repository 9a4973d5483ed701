"""The form as pages to print and sign (PDF), made from the template form.typ."""

from pathlib import Path
from typing import Any

from services.reporting.documents.comparison import compared_figures, compared_heads
from services.reporting.documents.forms.form import Form
from services.reporting.documents.frame import Frame
from services.reporting.documents.layout import head_cells, printed_columns, printed_rows
from services.reporting.documents.notes import notes, period_of
from services.reporting.documents.pictures import as_svg, charts_of
from shared.language.numbers import count, signed
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
    MOTTO,
    PAGE,
    RECIPIENTS,
    RECIPIENTS_LISTED,
    REPORTING_PERIOD,
    UNIT,
    Both,
)
from shared.language.words import in_language
from shared.papers.typesetting import typeset

TEMPLATE = Path(__file__).with_name("form.typ")


def as_pdf(form: Form, frame: Frame) -> bytes:
    """The page; the same form in the same frame is the same bytes."""
    return typeset(TEMPLATE, _values(form, frame), frame.made_at)


def _values(form: Form, frame: Frame) -> dict[str, Any]:
    language = form.language

    def words(text: Both) -> str:
        return in_language(text, language)

    superior, office = frame.heading.lines
    columns = printed_columns(form)
    return {
        "language": language.value,
        "title": f"{words(FORM_TITLE)}, {period_of(form.query, language)}",
        "author": frame.heading.office or "",
        "superior": superior,
        "office": office,
        "number": words(DOCUMENT_NUMBER),
        "country": words(COUNTRY),
        "motto": words(MOTTO),
        "dated": frame.heading.dated(frame.made_at, language),
        "heading": words(FORM_TITLE).upper(),
        "form": words(FORM_NUMBER),
        "period": f"{words(REPORTING_PERIOD)}: {period_of(form.query, language)}",
        "unit": words(UNIT),
        "heads": [
            {
                "text": cell.text,
                "row": cell.row,
                "column": cell.column,
                "rows": cell.rows,
                "columns": cell.columns,
            }
            for cell in head_cells(columns)
        ],
        "marks": [column.spaced_mark for column in columns],
        "rows": [
            {
                "number": row.number,
                "name": row.name,
                "line": row.is_line,
                "numbers": [count(row.figures[column.key], language) for column in columns if column.key is not None],
            }
            for row in printed_rows(form)
        ],
        "notes": notes(form),
        "recipients": [words(RECIPIENTS), *(words(each) for each in RECIPIENTS_LISTED)],
        "compiler": [words(COMPILER), words(COMPILER_SIGNS)],
        "head": [words(HEAD_OF_OFFICE), words(HEAD_SIGNS)],
        "footer": frame.publication(language) or words(FORM_NUMBER),
        "page": words(PAGE),
        "beside": None if form.compared is None else _beside(form, form.compared),
        "charts": [{"title": chart.title, "svg": as_svg(chart)} for chart in charts_of(form)],
    }


def _beside(form: Form, other: Form) -> dict[str, Any]:
    language = form.language
    return {
        "title": in_language(BESIDE, language),
        "heads": compared_heads(form, other),
        "rows": [
            [
                each.name,
                count(each.now, language),
                count(each.before, language),
                signed(each.now - each.before, language),
            ]
            for each in compared_figures(form, other)
        ],
    }
