"""Failures that are not the caller's, as problem details: what was promised (nothing) and what to do."""

from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from services.intake.committer import CannotBeStored, LogRefuses, StoreUnavailable
from services.intake.desk import NotDecided
from shared.service.problems import Problem
from shared.service.sql import passes

CLIENT_CLOSED_REQUEST = 499  # nobody reads it; the access log of a proxy does


def failed(failure: Exception, **members: Any) -> Problem:
    """503 when sending again helps, 500 when it does not."""
    if isinstance(failure, LogRefuses):
        return Problem(503, "Service Unavailable", str(failure), code="log_behind_topic", headers={"Retry-After": "60"}, **members)
    if isinstance(failure, StoreUnavailable):
        return Problem(503, "Service Unavailable", str(failure), headers={"Retry-After": "1"}, **members)
    detail = f"this request can't be logged ({failure}); nothing was accepted but what is named here. Report it with the service's log"
    return Problem(500, "Internal Server Error", detail, **members)


def install(app: FastAPI) -> None:
    """Answer failures of the store as problem details."""

    async def on_failure(_request: Request, failure: Exception) -> Response:
        return failed(failure).response()

    async def on_trouble(_request: Request, trouble: Exception) -> Response:
        if not passes(trouble):
            raise trouble
        detail = f"the event log can't be read right now ({type(trouble).__name__}); try again"
        return Problem(503, "Service Unavailable", detail, headers={"Retry-After": "1"}).response()

    async def on_disconnect(_request: Request, _gone: Exception) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    for failure in (LogRefuses, StoreUnavailable, CannotBeStored, NotDecided):
        app.add_exception_handler(failure, on_failure)
    for trouble in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(trouble, on_trouble)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
