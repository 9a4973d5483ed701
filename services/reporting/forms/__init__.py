"""The statutory form II.06a in the formats that people and programs read."""

from starlette.responses import JSONResponse, Response

from services.reporting.figures import Report
from services.reporting.forms.csv import as_csv
from services.reporting.forms.json import as_json
from services.reporting.forms.lines import lines
from services.reporting.forms.text import as_text
from services.reporting.query import Dimension
from shared.catalogue import Catalogue

FORMATS = ("json", "csv", "text")
GROUPINGS = (Dimension.DEPARTMENT, Dimension.FIELD)


def render(wanted: str, report: Report, catalogue: Catalogue) -> Response:
    """The form in one of FORMATS."""
    listed = lines(report, catalogue)
    match wanted:
        case "csv":
            name = f"II.06a_{report.query.first}_{report.query.last}.csv"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(as_csv(listed), media_type="text/csv; charset=utf-8", headers=headers)
        case "text":
            return Response(as_text(report, listed), media_type="text/plain; charset=utf-8")
        case _:
            return JSONResponse(as_json(report, listed))
