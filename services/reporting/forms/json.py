"""The form for programs: our keys, and the form's column numbers beside them."""

from typing import Any

from services.reporting.figures import Report, asked, row_json
from services.reporting.forms.lines import Line
from shared.domain.columns import OF_FORM


def as_json(report: Report, lines: list[Line]) -> dict[str, Any]:
    """Every line with all figures; `columns` says which of them the form prints."""
    query = report.query
    return {
        "form": "II.06a",
        **asked(query),
        "by": query.by[0].value,
        "columns": {str(number): column.key for number, column in OF_FORM.items()},
        "lines": [
            {"number": line.number, "code": line.code, "name": line.name, **row_json(line.figures)}
            for line in lines
            if line.number is not None
        ],
        "total": row_json(report.total),
        "identities": [one.as_json(query) for one in report.identities],
    }
