"""The formats in which the form is to be had, each with how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from services.reporting.documents.forms.form import NUMBER, Form
from services.reporting.documents.forms.office_csv import as_office_csv
from services.reporting.documents.forms.tables import as_csv, as_json
from services.reporting.documents.forms.text import as_text
from services.reporting.documents.frame import Frame
from services.reporting.documents.print import as_pdf
from services.reporting.documents.workbook import as_xlsx
from shared.contract.envelope import encode
from shared.contract.http.publications import HASH


def _as_docx(form: Form, frame: Frame) -> bytes:
    from services.reporting.documents.document import as_docx  # noqa: PLC0415 - slow to import, and few ask for it

    return as_docx(form, frame)


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its media type, how it is made, the ending of a file's name that is kept, and whether it has charts."""

    media_type: str
    make: Callable[[Form, Frame], bytes]
    ending: str | None = None
    has_charts: bool = False


FORMATS: Mapping[str, Format] = {
    "json": Format("application/json", lambda form, frame: encode(as_json(form, frame.published))),
    "csv": Format("text/csv; charset=utf-8", lambda form, _: as_csv(form), "csv"),
    "office-csv": Format(
        "text/csv; charset=utf-8", lambda form, frame: as_office_csv(form, frame.publication(form.language)), "csv"
    ),
    "text": Format(
        "text/plain; charset=utf-8", lambda form, frame: as_text(form, frame.publication(form.language)).encode()
    ),
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx, "xlsx"),
    "pdf": Format("application/pdf", as_pdf, "pdf", has_charts=True),
    "docx": Format(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _as_docx, "docx", has_charts=True
    ),
}


def render(wanted: str, form: Form, frame: Frame) -> Response:
    """The form in one of FORMATS."""
    format_ = FORMATS[wanted]
    headers = {} if frame.published is None else {HASH: frame.published.sha256}
    if format_.ending is not None:
        name = f"{NUMBER}_{form.query.first}_{form.query.last}.{format_.ending}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(format_.make(form, frame), media_type=format_.media_type, headers=headers)
