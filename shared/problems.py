"""Errors over HTTP as RFC 9457 problem details: what is wrong, where, and what to do."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


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

    async def on_problem(_request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return problem.response()

    async def on_invalid(_request: Request, invalid: Exception) -> Response:
        assert isinstance(invalid, RequestValidationError)
        errors = [{"field": ".".join(str(part) for part in error["loc"][1:]), "detail": error["msg"]} for error in invalid.errors()]
        detail = "; ".join(f"{error['field']}: {error['detail']}" for error in errors)
        return Problem(422, "Unprocessable Content", detail, errors=errors).response()

    async def on_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return Problem(error.status_code, str(error.detail), str(error.detail), headers=error.headers).response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
