"""The form as a table for programs: JSON and CSV, under the keys of the columns."""

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import starmap
from typing import Any

from msgspec import UNSET

from services.reporting.documents.forms.form import GROUPINGS, NUMBER, Form
from services.reporting.figures.pairs import difference_row, percent_row
from services.reporting.figures.report import figure_row
from shared.contract.http.figures import FormAnswer, FormDifferencesAnswer, FormPercentsAnswer, OfPublication, OtherForm
from shared.contract.http.rows import FormRow
from shared.domain.columns import KEYS, OF_FORM, SHARE_KEYS
from shared.domain.figures import Figures
from shared.publishing.traces import Published


def as_json(form: Form, published: Published | None = None) -> FormAnswer:
    """Every line with all figures; `columns` says which the form prints, `publication` where they are frozen."""
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
        lines=_lines(form, (figure_row(line.figures) for line in form.lines)),
        total=figure_row(form.total),
        identities=list(form.identities),
        against=UNSET if form.compared is None else _beside(form, form.compared),
        publication=UNSET if published is None else OfPublication(number=published.number, sha256=published.sha256),
    )


def _beside(form: Form, other: Form) -> OtherForm:
    query = other.query
    both = [(line.figures, beside.figures) for line, beside in zip(form.lines, other.lines, strict=True)]
    return OtherForm(
        first=query.first,
        last=query.last,
        period=query.period or UNSET,
        as_of=query.as_of,
        lines=_lines(form, (figure_row(line.figures) for line in other.lines)),
        total=figure_row(other.total),
        identities=list(other.identities),
        difference=FormDifferencesAnswer(
            total=difference_row(form.total, other.total), lines=_lines(form, starmap(difference_row, both))
        ),
        percent=FormPercentsAnswer(
            total=percent_row(form.total, other.total), lines=_lines(form, starmap(percent_row, both))
        ),
    )


def _lines(form: Form, values: Iterable[Mapping[str, Any]]) -> list[FormRow]:
    """The values of each line after what the line is."""
    lines = [(section, line) for section in form.sections for line in section.lines]
    return [
        {
            "number": line.number,
            "code": line.code,
            "name": line.name,
            **({} if section.title is None else {"section": section.code}),
            **of_line,
        }
        for (section, line), of_line in zip(lines, values, strict=True)
    ]


def as_csv(form: Form) -> bytes:
    """RFC 4180 (comma, CRLF) in UTF-8, every figure under its key with a decimal point; for programs.

    `row` says what a row is: a line, a section (before its lines), or the total. The rows of a form beside this one
    follow, told apart by their days. A share that is not applicable is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "code", "name", *KEYS, *SHARE_KEYS, "row", "from", "to"])
    for one in form.with_compared:
        days = one.query.first, one.query.last
        for section in one.sections:
            if section.title is not None:
                writer.writerow([None, section.code, section.title, *_figures(section.total), "section", *days])
            for line in section.lines:
                writer.writerow([line.number, line.code, line.name, *_figures(line.figures), "line", *days])
        writer.writerow([None, None, one.total_name, *_figures(one.total), "total", *days])
    return text.getvalue().encode()


def _figures(figures: Figures) -> list[object]:
    row = figure_row(figures)
    return [row[key] for key in (*KEYS, *SHARE_KEYS)]
