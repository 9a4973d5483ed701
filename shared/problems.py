"""Errors over HTTP as RFC 9457 problem details: what is wrong, where, and what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = "Unprocessable Content"

log = structlog.get_logger()


class Problem(Exception):
    """An HTTP error with a title, a detail for people, and members for machines."""

    def __init__(self, status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}

    def response(self) -> Response:
        return JSONResponse(self.body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer every error as problem details."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response()


async def _on_invalid(_request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    for error in invalid.errors():
        if error["type"] == "json_invalid":
            return _not_json(f"{error['ctx']['error']} at character {error['loc'][-1]}")
    errors = [{"field": _field(error["loc"]), "detail": error["msg"]} for error in invalid.errors()]
    detail = "; ".join(f"{error['field']}: {error['detail']}" for error in errors)
    return Problem(422, UNPROCESSABLE, detail, errors=errors).response()


def _field(place: tuple[str | int, ...]) -> str:
    """The field's path; what is wrong as a whole is called by where it came (`body`)."""
    return ".".join(str(part) for part in place[1:] or place)


def _not_json(why: str) -> Response:
    return Problem(422, UNPROCESSABLE, f"the body is not JSON: {why}").response()


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # FastAPI's 400 for bytes that are not UTF-8, numbers too long and nesting too deep; a caller who hung up is another cause of it
    if error.status_code == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, ValueError | RecursionError):
        return _not_json(str(error.__cause__))
    return Problem(error.status_code, _phrase(error.status_code), str(error.detail), headers=error.headers).response()


def _phrase(status: int) -> str:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return UNPROCESSABLE  # its name since RFC 9110
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


async def _on_bug(request: Request, bug: Exception) -> Response:
    """What nobody foresaw: Starlette raises it again after this answer."""
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=bug)
    detail = "the service failed on this request and logged why; try again, and if it fails again look at the service's log"
    return Problem(500, "Internal Server Error", detail).response()
