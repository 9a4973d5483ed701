"""The running service as the routes see it."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from services.intake import calendar
from services.intake.accepting.candidates import Candidate, Duplicate, Refused
from services.intake.accepting.committer import Committer
from services.intake.announcements.worker import MoveWorker
from services.intake.calendar import Announcements
from services.intake.http.problems import Spelling, problem
from services.intake.log import event_log
from services.intake.log.database import Database
from services.intake.metrics import Metrics
from services.intake.relaying.relay import Relay
from services.intake.settings import IntakeSettings
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.service.clock import Clock
from shared.service.observability import health, operations_router
from shared.service.problems import Problem
from shared.service.sql import DATABASE_ERRORS


@dataclass(frozen=True, slots=True)
class Posted:
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
    relay: Relay
    move_worker: MoveWorker

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force, with every announcement this instance knows of."""
        return self.announcements.catalogue

    async def follow(self) -> None:
        """Learn what was announced through another instance since."""
        async with self.database.reader.connect() as connection:
            await calendar.follow(connection, self.announcements)

    async def post(self, candidate: Candidate, spelling: Spelling) -> Posted:
        """Log one event; raises the `Problem` of a refusal, its field spelt as the call does. A repeat gets what the first delivery got."""
        (outcome,) = await self.committer.submit([candidate])
        self.metrics.count([outcome.labels])
        if isinstance(outcome, Refused):
            raise problem(outcome.refusal, spelling)
        if isinstance(outcome, Duplicate):
            async with self.database.reader.connect() as connection:
                dossier = await event_log.dossier_after(connection, outcome.code, outcome.sequence)
            return Posted(outcome.event_id, dossier, repeated=True)
        return Posted(outcome.event_id, outcome.dossier, repeated=False)


async def _intake(request: Request) -> Intake:
    # async, for FastAPI sends a plain function to a thread
    return cast("Intake", request.app.state.intake)


IntakeService = Annotated[Intake, Depends(_intake)]
READY_SECONDS = 2.0


async def live(request: Request) -> Response:
    """The writer runs."""
    intake = await _intake(request)
    if intake.committer.closed:
        raise Problem(503, "Service Unavailable", "the writer has stopped; the process ends and is to be started again")
    return health(good=True)


async def ready(request: Request) -> Response:
    """The database answers. A broker that is down does not matter here: intake goes on accepting."""
    await live(request)
    intake = await _intake(request)
    try:
        async with asyncio.timeout(READY_SECONDS), intake.database.reader.connect() as connection:
            refusal = await event_log.refusal(connection)
    except DATABASE_ERRORS as failure:
        detail = f"the database does not answer ({type(failure).__name__}); check MOTCUA_INTAKE_DATABASE_URL"
        raise Problem(503, "Service Unavailable", detail) from failure
    if refusal is not None:
        raise Problem(503, "Service Unavailable", refusal, code="log_behind_topic")
    if (trouble := intake.committer.trouble) is not None:
        raise Problem(503, "Service Unavailable", f"the event log can't be written ({trouble}); look at the database and its disk")
    return health(good=True)


async def registry(request: Request) -> CollectorRegistry:
    return (await _intake(request)).metrics.registry


router = operations_router(live, ready, registry)
