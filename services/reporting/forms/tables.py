"""The form as a table for programs: JSON and CSV, under the keys of the columns."""

import csv
import io

from msgspec import UNSET

from services.reporting.figures.report import figure_row
from services.reporting.forms.form import GROUPINGS, NUMBER, Form
from shared.contract.http.figures import FormAnswer
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.domain.figures import Figures


def as_json(form: Form) -> FormAnswer:
    """Every line with all figures; `columns` says which of them the form prints."""
    query = form.query
    return FormAnswer(
        form=NUMBER,
        first=query.first,
        last=query.last,
        period=query.period or UNSET,
        definition=query.definition,
        as_of=query.as_of,
        as_known_at=query.known_at,
        organised=query.organised_as,
        by=next(each for each in query.by if each in GROUPINGS).value,
        columns={str(number): column.key for number, column in OF_FORM.items()},
        lines=[
            {
                "number": line.number,
                "code": line.code,
                "name": line.name,
                **({} if section.title is None else {"section": section.code}),
                **figure_row(line.figures),
            }
            for section in form.sections
            for line in section.lines
        ],
        total=figure_row(form.total),
        identities=list(form.identities),
    )


def as_csv(form: Form) -> bytes:
    """RFC 4180 (comma, CRLF) in UTF-8, every figure under its key with a decimal point; for programs.

    `row` says what a row is: a line, a section (before its lines), or the total. A share that is not applicable is
    empty.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "code", "name", *KEYS, *SHARE_KEYS, "row"])
    for section in form.sections:
        if section.title is not None:
            writer.writerow([None, section.code, section.title, *_figures(section.total), "section"])
        for line in section.lines:
            writer.writerow([line.number, line.code, line.name, *_figures(line.figures), "line"])
    writer.writerow([None, None, form.total_name, *_figures(form.total), "total"])
    return text.getvalue().encode()


def _figures(figures: Figures) -> list[object]:
    row = figure_row(figures)
    return [row[key] for key in (*KEYS, *SHARE_KEYS)]
