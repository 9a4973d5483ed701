"""Refusals and failures as problem details: the status of each, the field as the call spells it, and what to do."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from services.intake.accepting.batch import NotDecided
from services.intake.accepting.committer import CannotBeStored, LogRefuses, StoreUnavailable
from shared.domain.errors import Refusal, TransitionNotAllowed
from shared.service.problems import Problem
from shared.service.sql import DATABASE_ERRORS, is_transient

TITLES = {404: "Not Found", 409: "Conflict", 413: "Content Too Large", 422: "Unprocessable Content"}
STATUS = {
    "unknown_dossier": 404,
    "transition_not_allowed": 409,
    "time_goes_back": 409,
    "id_reused": 409,
    "correction_does_not_match": 409,
    "too_large": 413,
}


Spelling = Mapping[str, str] | None  # how a call names what a CloudEvent calls otherwise; None for a CloudEvent
SHORT_FORM = {"type": "event", "time": "occurred_at", "subject": "code"}
NEW_DOSSIER = {"type": "code", "time": "received_at", "subject": "code"}  # what is received at the wrong time has a code that is taken


def problem(refusal: Refusal, spelling: Spelling = None) -> Problem:
    """The refusal as problem details; whatever is not a conflict is something to correct in the request.

    `spelling` is how the call names what a CloudEvent calls otherwise; None for a CloudEvent, whose data is an object of its own.
    """
    status = STATUS.get(refusal.code, 422)
    field, detail = refusal.field, refusal.detail
    if field is not None and spelling is not None:
        spelt = spelling.get(field, field.removeprefix("data."))
        if field.startswith("data."):
            detail = detail.replace(field, spelt)
        elif detail.startswith(f"{field}: "):
            detail = detail.replace(field, spelt, 1)
        field = spelt
    members: dict[str, Any] = {"allowed": list(refusal.allowed)} if isinstance(refusal, TransitionNotAllowed) else {}
    return Problem(status, TITLES[status], detail, code=refusal.code, field=field, **members)


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
        if not is_transient(trouble):
            raise trouble
        detail = f"the event log can't be read right now ({type(trouble).__name__}); try again"
        return Problem(503, "Service Unavailable", detail, headers={"Retry-After": "1"}).response()

    async def on_disconnect(_request: Request, _gone: Exception) -> Response:
        return Response(status_code=CLIENT_CLOSED_REQUEST)

    for failure in (LogRefuses, StoreUnavailable, CannotBeStored, NotDecided):
        app.add_exception_handler(failure, on_failure)
    for trouble in DATABASE_ERRORS:
        app.add_exception_handler(trouble, on_trouble)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
