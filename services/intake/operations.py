"""Health and metrics: open, for probes and Prometheus."""

import asyncio

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from services.intake import log
from services.intake.service import IntakeService
from shared.service.http import OPENMETRICS
from shared.service.observability import exposition
from shared.service.problems import Problem

router = APIRouter(tags=["operations"])
READY_SECONDS = 2.0


@router.get("/healthz/live")
async def live(intake: IntakeService) -> dict[str, str]:
    """The writer runs."""
    if intake.committer.closed:
        raise Problem(503, "Service Unavailable", "the writer has stopped; the process ends and is to be started again")
    return {"status": "ok"}


@router.get("/healthz/ready")
async def ready(intake: IntakeService) -> dict[str, str]:
    """The database answers. A broker that is down does not matter here: intake goes on accepting."""
    await live(intake)
    try:
        async with asyncio.timeout(READY_SECONDS), intake.database.reader.connect() as connection:
            refusal = await log.refusal(connection)
    except (SQLAlchemyError, OSError) as failure:
        detail = f"the database does not answer ({type(failure).__name__}); check MOTCUA_INTAKE_DATABASE_URL"
        raise Problem(503, "Service Unavailable", detail) from failure
    if refusal is not None:
        raise Problem(503, "Service Unavailable", refusal, code="log_behind_topic")
    if (trouble := intake.committer.trouble) is not None:
        raise Problem(503, "Service Unavailable", f"the event log can't be written ({trouble}); look at the database and its disk")
    return {"status": "ok"}


@router.get("/metrics", response_class=Response, responses=OPENMETRICS)
async def metrics(intake: IntakeService) -> Response:
    """OpenMetrics."""
    return exposition(intake.metrics.registry)
