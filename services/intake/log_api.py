"""What an operator asks of the log as a whole: to be sent again, or to get back from the topic what it lost."""

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.intake import log, restoring
from services.intake.service import IntakeService
from shared.contract.topics import EVENTS, STATUS
from shared.service.http import documented, only
from shared.service.kafka import connection
from shared.service.problems import Problem

router = APIRouter(tags=["log"])
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


@router.post("/v1/log/resend", dependencies=[Depends(only())])
async def resend(intake: IntakeService) -> Resent:
    """Send the whole log into Kafka again, from its first event: for a broker that lost something, or to have everything derived anew."""
    async with intake.database.writer.begin() as writing:
        events = await log.set_back(writing)
    intake.relay.look_again()
    return Resent(events=events)


@router.post(
    "/v1/log/restore",
    dependencies=[Depends(only())],
    responses=documented({409: "the log has other events in their place", 503: "the broker does not answer"}),
)
async def restore(intake: IntakeService) -> RestoreAnswer:
    """Bring events back that the event topic has and the log does not, after a backup of the log was restored."""
    try:
        missing = await restoring.missing_events(intake.database, connection(intake.settings))
    except (KafkaError, TimeoutError) as trouble:
        detail = f"the broker does not answer ({type(trouble).__name__}), and only its event topic has what the log lacks; start it first"
        raise Problem(503, "Service Unavailable", detail, code="broker_away", headers={"Retry-After": "5"}) from trouble
    found = await restoring.restore(intake.database, missing)
    if found.conflicts:
        raise _conflicting(found.conflicts)
    intake.relay.look_again()
    return RestoreAnswer(restored=found.restored)


def _conflicting(conflicts: list[restoring.TopicEvent]) -> Problem:
    first = conflicts[0]
    told = [Conflict(id=event.event_id, dossier=event.dossier, sequence=event.sequence).model_dump() for event in conflicts]
    detail = (
        f"nothing was brought back: {len(conflicts)} events of the topic have another event in their place in the log "
        f"(event {first.sequence} of {first.dossier}, for one). Keep the log and give up those events by deleting the topics "
        f"{EVENTS_AND_STATUS}, then restart intake and processing and run `motcua rebuild`; or restore a backup that was made before "
        "the log took other events"
    )
    return Problem(409, "Conflict", detail, code="log_diverged", conflicts=told[: restoring.EXAMPLES], count=len(conflicts))
