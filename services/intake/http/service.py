"""The running service as the calls see it: what they need, its health, and how refusals and failures are answered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends, FastAPI, Request
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from services.intake.accepting.batch import NotDecided
from services.intake.accepting.candidates import Candidate, Duplicate, Refused
from services.intake.accepting.committer import CannotBeStored, Committer, LogRefuses, StoreUnavailable
from services.intake.announcements.worker import MoveWorker
from services.intake.applicants.keeping import Applicants
from services.intake.http.in_vietnamese import in_vietnamese
from services.intake.log import calendar, event_log
from services.intake.log.calendar import Announcements
from services.intake.log.database import Database
from services.intake.log.history import LogDisagrees
from services.intake.log.metrics import Metrics
from services.intake.relaying.announcements import AnnouncementRelay
from services.intake.relaying.dead_letters import DeadLetterBox
from services.intake.relaying.relay import Relay
from services.intake.settings import IntakeSettings
from services.intake.watch import IntakeWatch
from shared.access.roles import Scope
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal, TransitionNotAllowed
from shared.service.access import access_of
from shared.service.audit import Readings
from shared.service.clock import Clock
from shared.service.damage import is_damaged
from shared.service.observability import health, operations_router
from shared.service.problems import Problem
from shared.service.sql import DATABASE_ERRORS, is_transient

READY_SECONDS = 2.0
TITLES = {403: "Forbidden", 404: "Not Found", 409: "Conflict", 413: "Content Too Large", 422: "Unprocessable Content"}
STATUS = {
    "forbidden": 403,
    "unknown_dossier": 404,
    "transition_not_allowed": 409,
    "time_goes_back": 409,
    "id_reused": 409,
    "correction_does_not_match": 409,
    "too_large": 413,
}
Spelling = Mapping[str, str] | None  # how a call names what a CloudEvent calls otherwise; None for a CloudEvent
SHORT_FORM = {"type": "event", "time": "occurred_at", "subject": "code"}
NEW_DOSSIER = {
    "type": "code",
    "time": "received_at",
    "subject": "code",
}  # what is received at the wrong time has a code that is taken


@dataclass(frozen=True, slots=True)
class PostedEvent:
    """What a single post led to: the event, the dossier right after it, and whether it was there before."""

    event_id: str
    dossier: Dossier
    repeated: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything a request may need, built once by the lifespan."""

    settings: IntakeSettings
    announcements: Announcements
    clock: Clock
    database: Database
    metrics: Metrics
    committer: Committer
    applicants: Applicants
    relay: Relay
    announcement_relay: AnnouncementRelay
    move_worker: MoveWorker
    dead_letters: DeadLetterBox
    watch: IntakeWatch
    log_readings: Readings = field(default_factory=Readings)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force, with every announcement this instance knows of."""
        return self.announcements.catalogue

    async def follow(self) -> None:
        """Learn what was announced through another instance since."""
        async with self.database.reader.connect() as connection:
            await calendar.follow(connection, self.announcements)

    async def post(self, candidate: Candidate, spelling: Spelling, scope: Scope) -> PostedEvent:
        """Log one event; raises the `Problem` of a refusal, spelt as the call does. A repeat gets the first answer."""
        (outcome,) = await self.committer.submit([candidate], scope)
        self.metrics.count([outcome.labels])
        if isinstance(outcome, Refused):
            raise problem(outcome.refusal, spelling)
        if isinstance(outcome, Duplicate):
            async with self.database.reader.connect() as connection:
                dossier = await event_log.dossier_after(connection, outcome.code, outcome.sequence)
            return PostedEvent(outcome.event_id, dossier, repeated=True)
        return PostedEvent(outcome.event_id, outcome.dossier, repeated=False)


async def service_of(request: Request) -> Intake:
    # async, for FastAPI sends a plain function to a thread
    return cast("Intake", request.app.state.intake)


IntakeService = Annotated[Intake, Depends(service_of)]


async def live(request: Request) -> Response:
    """The writer runs."""
    intake = await service_of(request)
    if intake.committer.closed:
        raise Problem(503, "Service Unavailable", "the writer has stopped; the process ends and is to be started again")
    return health(good=True)


async def ready(request: Request) -> Response:
    """The database answers. A broker that is down does not matter here: intake goes on accepting."""
    await live(request)
    intake = await service_of(request)
    if is_damaged(intake.database.reader):
        raise Problem(503, "Service Unavailable", "the file of the event log is damaged; put the last good backup back")
    try:
        async with asyncio.timeout(READY_SECONDS), intake.database.reader.connect() as connection:
            refusal = await event_log.refusal(connection)
    except DATABASE_ERRORS as failure:
        detail = f"the database does not answer ({type(failure).__name__}); check MOTCUA_INTAKE_DATABASE_URL"
        raise Problem(503, "Service Unavailable", detail) from failure
    if refusal is not None:
        raise Problem(503, "Service Unavailable", refusal, code="log_behind_topic")
    if (trouble := intake.committer.trouble) is not None:
        raise Problem(
            503, "Service Unavailable", f"the event log can't be written ({trouble}); look at the database and its disk"
        )
    return health(good=True, access=access_of(request).trouble)


async def registry(request: Request) -> CollectorRegistry:
    return (await service_of(request)).metrics.registry


router = operations_router(live, ready, registry)


def problem(refusal: Refusal, spelling: Spelling = None) -> Problem:
    """The refusal as problem details; whatever is not a conflict is something to correct in the request.

    `spelling` is how the call names what a CloudEvent calls otherwise; None for a CloudEvent, whose data is an object
    of its own.
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
    vietnamese = in_vietnamese(refusal, field)
    return Problem(status, TITLES[status], detail, code=refusal.code, field=field, vietnamese=vietnamese, **members)


def failed(failure: Exception, **members: Any) -> Problem:
    """503 when sending again helps, 500 when it does not."""
    if isinstance(failure, LogRefuses):
        return Problem(
            503, "Service Unavailable", str(failure), code="log_behind_topic", headers={"Retry-After": "60"}, **members
        )
    if isinstance(failure, LogDisagrees):
        return Problem(503, "Service Unavailable", str(failure), code="log_disagrees", **members)
    if isinstance(failure, StoreUnavailable):
        return Problem(503, "Service Unavailable", str(failure), headers={"Retry-After": "1"}, **members)
    detail = (
        f"this request can't be logged ({failure}); nothing was accepted but what is named here. "
        "Report it with the service's log"
    )
    return Problem(500, "Internal Server Error", detail, **members)


def answer_failures(app: FastAPI) -> None:
    """Answer failures of the store as problem details."""

    async def on_failure(_request: Request, failure: Exception) -> Response:
        return failed(failure).response()

    async def on_trouble(_request: Request, trouble: Exception) -> Response:
        if not is_transient(trouble):
            raise trouble
        detail = f"the event log can't be read right now ({type(trouble).__name__}); try again"
        return Problem(503, "Service Unavailable", detail, headers={"Retry-After": "1"}).response()

    for failure in (LogRefuses, StoreUnavailable, CannotBeStored, NotDecided, LogDisagrees):
        app.add_exception_handler(failure, on_failure)
    for trouble in DATABASE_ERRORS:
        app.add_exception_handler(trouble, on_trouble)
