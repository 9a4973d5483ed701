"""The lines of the form: number, code, name and figures, the total last."""

from dataclasses import dataclass

from services.reporting.figures import Report
from services.reporting.query import Dimension
from shared.catalogue import Catalogue
from shared.domain.figures import Figures

TOTAL_NAME = "Tổng số"
NO_FIELD = "Lĩnh vực khác"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form; the total line has neither number nor code."""

    number: int | None
    code: str | None
    name: str
    figures: Figures


def lines(report: Report, catalogue: Catalogue) -> list[Line]:
    """The rows of a report grouped by department or field, then the total."""
    (dimension,) = report.query.by
    listed = [
        Line(number, row.key[0], _name(dimension, row.key[0], catalogue), row.figures) for number, row in enumerate(report.rows, start=1)
    ]
    return [*listed, Line(None, None, TOTAL_NAME, report.total)]


def _name(dimension: Dimension, value: str | None, catalogue: Catalogue) -> str:
    if value is None:
        return NO_FIELD
    department = catalogue.departments.get(value) if dimension is Dimension.DEPARTMENT else None
    return value if department is None else department.name
