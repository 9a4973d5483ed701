"""The running service as the routes see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from services.intake import log
from services.intake.announcements import store as announcement_store
from services.intake.announcements.known import Announcements
from services.intake.answers import problem
from services.intake.candidates import Candidate
from services.intake.committer import Committer
from services.intake.database import Database
from services.intake.dossiers import replay
from services.intake.metrics import Metrics
from services.intake.mover import Mover
from services.intake.outcomes import Duplicate, Refused
from services.intake.relay import Relay
from services.intake.settings import IntakeSettings
from shared.catalogue import Catalogue
from shared.domain.dossier import Dossier
from shared.service.clock import Clock


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
    mover: Mover

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force, with every announcement this instance knows of."""
        return self.announcements.catalogue

    async def follow(self) -> None:
        """Learn what was announced through another instance since."""
        async with self.database.reader.connect() as connection:
            await announcement_store.follow(connection, self.announcements)

    async def post(self, candidate: Candidate, spelling: Mapping[str, str] | None) -> Posted:
        """Log one event; raises the `Problem` of a refusal, its field spelt as the call does. A repeat gets what the first delivery got."""
        (outcome,) = await self.committer.submit([candidate])
        self.metrics.count([outcome])
        if isinstance(outcome, Refused):
            raise problem(outcome.refusal, spelling)
        if isinstance(outcome, Duplicate):
            async with self.database.reader.connect() as connection:
                events = await log.history(connection, outcome.code, up_to=outcome.sequence)
            return Posted(outcome.event_id, replay(outcome.code, events), repeated=True)
        return Posted(outcome.event_id, outcome.dossier, repeated=False)


async def _intake(request: Request) -> Intake:
    # async, for FastAPI sends a plain function to a thread
    return cast("Intake", request.app.state.intake)


IntakeService = Annotated[Intake, Depends(_intake)]
