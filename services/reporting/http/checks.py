"""`POST /v1/reports/check`: a report made by hand, checked without any figure of ours."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.reporting.http.bodies import bytes_in
from services.reporting.http.parameters import Lang, Parameters, language_wanted
from shared.access.roles import Permission
from shared.checking.failures import UnreadableTable
from shared.checking.reading import MOST_BYTES, OF_MEDIA_TYPE, TableForm
from shared.checking.report import check_bytes
from shared.checking.say import said, why_unreadable
from shared.contract.envelope import encode
from shared.contract.http import answered
from shared.contract.http.checks import CheckAnswer
from shared.language.languages import Language
from shared.language.numbers import count
from shared.service.access import requires
from shared.service.http import declared_parameters_only, documented
from shared.service.problems import UNPROCESSABLE, Problem

TOO_LONG = f"a report is at most {MOST_BYTES:,} bytes; send its table alone"
TOO_LONG_IN_VIETNAMESE = f"báo cáo không được quá {count(MOST_BYTES, Language.VIETNAMESE)} byte; hãy gửi riêng bảng"
REFUSED = documented(
    {
        413: f"the report is longer than {MOST_BYTES:,} bytes",
        415: f"its media type is none of {', '.join(OF_MEDIA_TYPE)}",
        422: "the report can't be read at all, or a parameter is wrong",
    }
)
_KEYED: dict[str, Any] = {
    "description": "a report under the columns' keys: its figures, or `total`, `rows`, `counts`, `sums`, `shares`",
    "type": "object",
    "examples": [{"total": {"received_total": "80.121", "resolved_total": "78.784", "in_progress_total": "1.137"}}],
}
_FILE = {"description": "the file's bytes: a table in the layout of form II.06a", "type": "string", "format": "binary"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": _KEYED if form is TableForm.JSON else _FILE}
            for media_type, form in OF_MEDIA_TYPE.items()
        },
    }
}


class CheckParameters(Parameters):
    """Of `/v1/reports/check`."""

    lang: Lang = None


def router() -> APIRouter:
    """The route; it needs no read model."""
    one_by_one = asyncio.Lock()
    routes = APIRouter(
        prefix="/v1",
        tags=["figures"],
        dependencies=[requires(Permission.CHECK_REPORTS), Depends(declared_parameters_only)],
    )

    @routes.post(
        "/reports/check",
        summary="Check a report made by hand: what in it cannot be true, what would repair it, what is unknown",
        responses={200: answered(CheckAnswer), **REFUSED},
        openapi_extra=BODY,
    )
    async def check_report(request: Request, given: Annotated[CheckParameters, Query()]) -> Response:
        language = language_wanted(given.lang, request.headers.get("accept-language"))
        form = _form(request.headers.get("content-type", ""))
        body = await bytes_in(request, MOST_BYTES, TOO_LONG, TOO_LONG_IN_VIETNAMESE)
        try:
            async with one_by_one:  # the parsers let nobody else compute while they read
                content = await asyncio.to_thread(_checked, body, form, language)
        except UnreadableTable as unreadable:
            detail = why_unreadable(unreadable, language)
            raise Problem(422, UNPROCESSABLE, detail, code="unreadable_report") from unreadable
        return Response(content, 200, {"Content-Language": language.value}, "application/json")

    return routes


def _form(content_type: str) -> TableForm | None:
    """What the media type says; None when there is none, and the bytes tell."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type not in OF_MEDIA_TYPE:
        detail = f"{media_type} is not read here; send the report as one of {', '.join(OF_MEDIA_TYPE)}"
        in_vietnamese = (
            f"không đọc được {media_type}; hãy gửi báo cáo dưới một trong các dạng {', '.join(OF_MEDIA_TYPE)}"
        )
        raise Problem(415, "Unsupported Media Type", detail, vietnamese=in_vietnamese)
    return OF_MEDIA_TYPE.get(media_type)


def _checked(body: bytes, form: TableForm | None, language: Language) -> bytes:
    return encode(said(check_bytes(body, form), language))
