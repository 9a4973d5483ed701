"""Errors over HTTP as RFC 9457 problem details: what is wrong, where, and what to do."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from shared.contract.envelope import encode
from shared.contract.http.service import FieldMistake, ProblemDetails
from shared.language.languages import Language, of_header
from shared.service.answer_headers import EVERY_ANSWER
from shared.service.echoes import LONGEST_ECHO, shortened

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = "Unprocessable Content"
LONGEST_DETAIL = 1_000
CLIENT_CLOSED_REQUEST = 499  # nobody reads it; the access log of a proxy does
MOST_ERRORS = 50
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

log = structlog.get_logger()


CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    410: "gone",
    413: "too_large",
    414: "too_large",
    415: "unsupported_media_type",
    421: "wrong_host",
    422: "malformed",
    429: "too_many_requests",
    431: "too_large",
    500: "internal_error",
    503: "unavailable",
}


class Problem(Exception):
    """An HTTP error with a title, a detail for people, and members for machines.

    Each has a `code`, that of its status unless a narrower one is given, and a `field`:
    the one at fault, null when none is. `vietnamese` is the detail for who asks for it (`lang=vi`, Accept-Language).
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        vietnamese: str | None = None,
        **members: Any,
    ) -> None:
        detail = shortened(detail, LONGEST_DETAIL)
        super().__init__(detail)
        self.status = status
        self.vietnamese = detail if vietnamese is None else shortened(vietnamese, LONGEST_DETAIL)
        self.headers = headers
        self.details = ProblemDetails(
            type="about:blank",
            title=title,
            status=status,
            detail=detail,
            code=code or CODES.get(status, "error"),
            field=field or members.get("parameter"),
            **members,
        )

    def response(self, language: Language = Language.ENGLISH) -> Response:
        vietnamese = language is Language.VIETNAMESE
        details = replace(self.details, detail=self.vietnamese) if vietnamese else self.details
        return Response(encode(details), self.status, self.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer every error as problem details."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(language_wanted(request, Language.ENGLISH))


def language_wanted(request: Request, otherwise: Language) -> Language:
    """By the parameter `lang`, or as Accept-Language prefers."""
    lang = request.query_params.get("lang")
    return of_header(lang if lang in tuple(Language) else request.headers.get("accept-language"), otherwise)


async def _on_invalid(request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    language = language_wanted(request, Language.ENGLISH)
    for error in invalid.errors():
        if error["type"] == "json_invalid":
            return _not_json(f"{error['ctx']['error']} at character {error['loc'][-1]}").response(language)
    errors = [FieldMistake(_field(error["loc"]), plainly(error, language)) for error in invalid.errors()[:MOST_ERRORS]]
    detail = "; ".join(f"{error.field}: {error.detail}" for error in errors)
    return Problem(422, UNPROCESSABLE, detail, field=errors[0].field, errors=errors).response()


def _field(place: tuple[str | int, ...]) -> str:
    """The field's path; what is wrong as a whole is called by where it came (`body`)."""
    return shortened(".".join(str(part) for part in place[1:] or place), 2 * LONGEST_ECHO)


def plainly(error: Mapping[str, Any], language: Language = Language.ENGLISH) -> str:
    """What pydantic finds wrong, as a sentence that says what to write;
    what is not foreseen here keeps its own words, which a model may give in Vietnamese too (`vietnamese`)."""
    if error["type"] not in _SENTENCES:
        of_model = (error.get("ctx") or {}).get("vietnamese", _NOT_FORESEEN)
        return str(error["msg"] if language is Language.ENGLISH else of_model)
    sentence = _SENTENCES[error["type"]][language is Language.VIETNAMESE]
    return sentence if isinstance(sentence, str) else sentence(error.get("ctx") or {})


Limits = Mapping[str, Any]
Sentence = str | Callable[[Limits], str]
_SENTENCES: dict[str, tuple[Sentence, Sentence]] = {  # English, Vietnamese
    "missing": ("is missing; write it", "chưa có; hãy ghi"),
    "extra_forbidden": (
        "is not known here; correct its name or leave it out",
        "không phải trường được nhận ở đây; hãy sửa tên hoặc bỏ đi",
    ),
    "string_type": ("is not a text; write one in quotes", "không phải đoạn chữ; hãy ghi trong dấu ngoặc kép"),
    "string_too_short": (
        lambda limits: f"is too short; write at least {limits['min_length']} characters",
        lambda limits: f"quá ngắn; hãy ghi ít nhất {limits['min_length']} ký tự",
    ),
    "string_too_long": (
        lambda limits: f"is too long; write at most {limits['max_length']} characters",
        lambda limits: f"quá dài; hãy ghi nhiều nhất {limits['max_length']} ký tự",
    ),
    "string_pattern_mismatch": (
        "is not written as it should be; the API documents (/docs) show how",
        "viết chưa đúng; tài liệu API (/docs) có cách viết",
    ),
    "greater_than_equal": (
        lambda limits: f"is too small; write at least {limits['ge']}",
        lambda limits: f"quá nhỏ; hãy ghi ít nhất {limits['ge']}",
    ),
    "less_than_equal": (
        lambda limits: f"is too large; write at most {limits['le']}",
        lambda limits: f"quá lớn; hãy ghi nhiều nhất {limits['le']}",
    ),
    "date_from_datetime_inexact": (
        "is not a date; write one without a time, such as 2023-12-08",
        "không phải ngày; hãy ghi ngày không kèm giờ, như 2023-12-08",
    ),
    "timezone_aware": (
        "has no offset; write it with its offset, such as 2023-12-08T08:31:00+07:00",
        "thiếu múi giờ; hãy ghi như 2023-12-08T08:31:00+07:00",
    ),
    "model_attributes_type": (
        "is not a JSON object; send one with Content-Type: application/json",
        "không phải đối tượng JSON; hãy gửi với Content-Type: application/json",
    ),
    "list_type": ("is not a list; write it in square brackets", "không phải danh sách; hãy ghi trong ngoặc vuông"),
    "too_long": (
        lambda limits: f"has {limits['actual_length']} entries; send at most {limits['max_length']} at once",
        lambda limits: f"có {limits['actual_length']} mục; hãy gửi nhiều nhất {limits['max_length']} mục một lần",
    ),
    "too_short": (
        lambda limits: f"has {limits['actual_length']} entries; send at least {limits['min_length']}",
        lambda limits: f"có {limits['actual_length']} mục; hãy gửi ít nhất {limits['min_length']} mục",
    ),
    **dict.fromkeys(
        ("literal_error", "enum"),
        (
            lambda limits: f"is none of its values; choose one of {_choices(limits)}",
            lambda limits: f"không phải giá trị được nhận; hãy chọn một trong {_choices(limits)}",
        ),
    ),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float"),
        ("is not a whole number; write one, such as 100", "không phải số nguyên; hãy ghi như 100"),
    ),
    **dict.fromkeys(
        ("bool_type", "bool_parsing"),
        ("is neither true nor false; write one of them", "không phải true hay false; hãy ghi một trong hai"),
    ),
    **dict.fromkeys(
        ("model_type", "dict_type"),
        ("is not a JSON object; send one", "không phải đối tượng JSON; hãy gửi một đối tượng"),
    ),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing"),
        ("is not a date; write one, such as 2023-12-08", "không phải ngày; hãy ghi như 2023-12-08"),
    ),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing"),
        (
            "is not an instant; write it with its offset, such as 2023-12-08T08:31:00+07:00",
            "không phải thời điểm; hãy ghi kèm múi giờ, như 2023-12-08T08:31:00+07:00",
        ),
    ),
}
_NOT_FORESEEN = "giá trị chưa đúng; tài liệu API (/docs) có cách viết"


def _choices(limits: Limits) -> str:
    """`a, b, c` of pydantic's `'a', 'b' or 'c'`."""
    return str(limits["expected"]).replace(" or ", ", ").replace("'", "")


def _not_json(why: str) -> Problem:
    return Problem(
        422,
        UNPROCESSABLE,
        f"the body is not JSON: {why}",
        vietnamese="nội dung gửi không phải JSON; hãy xem lại dấu ngoặc, dấu phẩy và bảng mã UTF-8",
    )


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = _methods(request)
        detail = f"{request.method} is not possible here; possible: {allowed}"
        return Problem(405, "Method Not Allowed", detail, headers={"Allow": allowed}).response()
    if isinstance(error.__cause__, Problem):  # raised while the framework read the body
        return error.__cause__.response(language_wanted(request, Language.ENGLISH))
    # FastAPI's 400 for bytes that are not UTF-8, numbers too long and nesting too deep;
    # a caller who hung up is another cause of it
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, ValueError | RecursionError):
        return _not_json(str(error.__cause__)).response(language_wanted(request, Language.ENGLISH))
    return Problem(error.status_code, _phrase(error.status_code), str(error.detail), headers=error.headers).response()


def _methods(request: Request) -> str:
    """What the address takes, of all its routes: the framework names those of the first one only."""
    taken = [
        method
        for method in METHODS
        if any(
            route.matches(dict(request.scope, method=method))[0] is Match.FULL for route in request.app.router.routes
        )
    ]
    return ", ".join(["HEAD", *taken] if "GET" in taken else taken)


def _phrase(status: int) -> str:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return UNPROCESSABLE  # its name since RFC 9110
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


async def _on_disconnect(_request: Request, _gone: Exception) -> Response:
    """The caller left, or was too slow and has been told so: no fault of ours, and nothing for the log."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _on_bug(request: Request, bug: Exception) -> Response:
    """What nobody foresaw: Starlette raises it again after this answer."""
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=bug)
    detail = (
        "the service failed on this request and logged why; try again, and if it fails again look at the service's log"
    )
    return Problem(500, "Internal Server Error", detail, headers=EVERY_ANSWER).response()  # no middleware sees this one
