"""The log as a whole: read in order, sent to Kafka again, or given back from the topic what it lost."""

from collections.abc import AsyncGenerator
from typing import Annotated

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from services.intake.http.service import Intake, IntakeService
from services.intake.log import event_log
from services.intake.log.tables import EVENT_LOG
from services.intake.relaying import topic
from shared.contract.http.log import LogHead
from shared.contract.topics import EVENTS, STATUS
from shared.service.http import Ndjson, documented
from shared.service.kafka import connection
from shared.service.problems import Problem

router = APIRouter(tags=["log"])
LOG_PAGE = 2000
LAST_POSITION = 2**63 - 1
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})
EVENTS_AND_STATUS = f"{EVENTS.name} and {STATUS.name}"


class Resent(BaseModel):
    """The relay begins again from the first event; what is behind it recognises repeats."""

    events: int = Field(description="how many events are sent again", examples=[318023])


class Conflict(BaseModel):
    """An event of the topic in whose place the log has another one."""

    id: str = Field(description="the event's id", examples=["01JGX5T0Z3V6Q8Y1B2C3D4E5F6"])
    dossier: str = Field(description="the dossier's code", examples=["H59.15-231208-0001"])
    sequence: int = Field(description="the event's number within the dossier", examples=[4])


class RestoreAnswer(BaseModel):
    """What came back into the log; with a conflict nothing does."""

    restored: int = Field(description="events that the log lacked and has again", examples=[12])


@router.post("/v1/log/resend")
async def resend(intake: IntakeService) -> Resent:
    """Send the whole log into Kafka again, from its first event: for a broker that lost something, or to have
    everything derived anew."""
    async with intake.database.writer.begin() as writing:
        events = await event_log.set_back(writing)
    intake.relay.look_again()
    return Resent(events=events)


@router.post(
    "/v1/log/restore",
    responses=documented({409: "the log has other events in their place", 503: "the broker does not answer"}),
)
async def restore(intake: IntakeService) -> RestoreAnswer:
    """Bring events back that the event topic has and the log does not, after a backup of the log was restored."""
    try:
        missing = await topic.missing_events(intake.database, connection(intake.settings))
    except (KafkaError, TimeoutError) as trouble:
        detail = (
            f"the broker does not answer ({type(trouble).__name__}), and only its event topic has what the log lacks; "
            "start it first"
        )
        raise Problem(503, "Service Unavailable", detail, code="broker_away", headers={"Retry-After": "5"}) from trouble
    result = await topic.restore(intake.database, missing)
    if result.conflicts:
        raise _conflicting(result.conflicts)
    intake.relay.look_again()
    return RestoreAnswer(restored=result.restored)


def _conflicting(conflicts: list[topic.TopicEvent]) -> Problem:
    first = conflicts[0]
    listed = [
        Conflict(id=event.event_id, dossier=event.dossier, sequence=event.sequence).model_dump() for event in conflicts
    ]
    detail = (
        f"nothing was brought back: {len(conflicts)} events of the topic have another event in their place in the log "
        f"(event {first.sequence} of {first.dossier}, for one). Keep the log and give up those events by deleting the "
        f"topics {EVENTS_AND_STATUS}, then restart intake and processing and run `motcua rebuild`; or restore a "
        "backup that was made before the log took other events"
    )
    return Problem(
        409, "Conflict", detail, code="log_diverged", conflicts=listed[: topic.EXAMPLES], count=len(conflicts)
    )


@router.get("/v1/log", response_class=Ndjson, responses=INVALID)
async def get_log(
    intake: IntakeService,
    after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000_000)] = 10_000,
) -> Ndjson:
    """The logged events after a position, in commit order, as NDJSON: `{"position": n, "event": {...}}`."""
    return Ndjson(_log(intake, after, limit))


async def _log(intake: Intake, position: int, limit: int) -> AsyncGenerator[bytes]:
    while limit > 0:
        async with intake.database.reader.connect() as connection:
            rows = await event_log.after(connection, position, min(limit, LOG_PAGE))
        if not rows:
            return
        yield b"".join(b'{"position":%d,"event":%s}\n' % (row.position, row.event) for row in rows)
        position, limit = rows[-1].position, limit - len(rows)


@router.get("/v1/log/head", responses=INVALID)
async def get_log_head(intake: IntakeService) -> LogHead:
    """How far the log is, how many events it really holds, and how many of them Kafka has."""
    async with intake.database.reader.connect() as connection:
        position = await event_log.head(connection)
        counted = select(func.count()).select_from(EVENT_LOG).where(EVENT_LOG.c.position <= position)
        events = (await connection.execute(counted)).scalar_one()
        relayed = max(await event_log.relayed(connection), intake.relay.position)
    return LogHead(position=position, events=events, relayed=min(relayed, position))
