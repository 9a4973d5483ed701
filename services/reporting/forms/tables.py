"""The form as a table for programs: JSON and CSV, under the keys of the columns."""

import csv
import io

from msgspec import UNSET

from services.reporting.figures.report import figure_row
from services.reporting.forms.form import GROUPINGS, NUMBER, Form
from shared.contract.http.figures import FormAnswer
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS

BYTE_ORDER_MARK = "\ufeff"


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
    """RFC 4180 (comma, CRLF) in UTF-8 with a byte-order mark, for without it Excel shows Vietnamese as gibberish.

    Every figure stands under its key, unformatted; a share that is not applicable is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "code", "name", *KEYS, *SHARE_KEYS])
    for line in form.lines:
        row = figure_row(line.figures)
        writer.writerow([line.number, line.code, line.name, *(row[column] for column in (*KEYS, *SHARE_KEYS))])
    row = figure_row(form.total)
    writer.writerow([None, None, form.total_name, *(row[column] for column in (*KEYS, *SHARE_KEYS))])
    return (BYTE_ORDER_MARK + text.getvalue()).encode()
