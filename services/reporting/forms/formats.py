"""The formats in which the form is to be had, each with how it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from services.reporting.forms.form import NUMBER, Form
from services.reporting.forms.tables import as_csv, as_json
from services.reporting.forms.text import as_text
from shared.contract.envelope import encode


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its media type, how it is made, and the ending of the file's name where it is one to keep."""

    media_type: str
    make: Callable[[Form], bytes]
    ending: str | None = None


FORMATS: Mapping[str, Format] = {
    "json": Format("application/json", lambda form: encode(as_json(form))),
    "csv": Format("text/csv; charset=utf-8", as_csv, "csv"),
    "text": Format("text/plain; charset=utf-8", lambda form: as_text(form).encode()),
}


def render(wanted: str, form: Form) -> Response:
    """The form in one of FORMATS."""
    format_ = FORMATS[wanted]
    headers = {}
    if format_.ending is not None:
        name = f"{NUMBER}_{form.query.first}_{form.query.last}.{format_.ending}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(format_.make(form), media_type=format_.media_type, headers=headers)
