"""The log as a whole: read in order, sent to Kafka again, or given back from the topic what it lost."""

from collections.abc import AsyncGenerator
from typing import Annotated, cast

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import func, select

from services.intake.http.bodies import CHECKED
from services.intake.http.service import Intake, IntakeService
from services.intake.log import event_log
from services.intake.log.consistency import LogCheck
from services.intake.log.database import audit_of, committing
from services.intake.log.tables import EVENT_LOG
from services.intake.relaying import topic
from shared.access.roles import Permission
from shared.auditing.entries import Act, AuditEntry
from shared.contract.envelope import encode
from shared.contract.http import answered, answered_lines
from shared.contract.http.log import CheckedLogLine, Conflict, LogHead, LogLine, Resent, RestoreAnswer
from shared.contract.http.rebuilds import InconsistencyLine
from shared.contract.topics import EVENTS, STATUS
from shared.service.access import Caller, requires
from shared.service.http import Ndjson, documented, json_response
from shared.service.kafka import connection
from shared.service.problems import Problem

router = APIRouter(tags=["log"])
LOG_PAGE = 2000
LAST_POSITION = 2**63 - 1
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})
EVENTS_AND_STATUS = f"{EVENTS.name} and {STATUS.name}"


@router.post(
    "/v1/log/resend",
    dependencies=[requires(Permission.REBUILD), *CHECKED],
    response_class=Response,
    responses={200: answered(Resent), **INVALID},
)
async def resend(intake: IntakeService) -> Response:
    """Send the whole log into Kafka again, from its first event: for a broker that lost something, or to have
    everything derived anew."""
    async with committing(intake.database) as writing:
        events = await event_log.set_back(writing)
        await audit_of(intake.database).write(writing, AuditEntry(Act.LOG_RESENT, details={"events": events}))
    intake.relay.look_again()
    return json_response(Resent(events=events))


@router.post(
    "/v1/log/restore",
    dependencies=[requires(Permission.REBUILD), *CHECKED],
    response_class=Response,
    responses={
        200: answered(RestoreAnswer),
        **INVALID,
        **documented({409: "the log has other events in their place", 503: "the broker does not answer"}),
    },
)
async def restore(intake: IntakeService) -> Response:
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
    return json_response(RestoreAnswer(restored=result.restored))


def _conflicting(conflicts: list[topic.TopicEvent]) -> Problem:
    first = conflicts[0]
    listed = [
        Conflict(id=event.event_id, dossier=event.dossier, sequence=event.sequence)
        for event in conflicts[: topic.EXAMPLES]
    ]
    detail = (
        f"nothing was brought back: {len(conflicts)} events of the topic have another event in their place in the log "
        f"(event {first.sequence} of {first.dossier}, for one). Keep the log and give up those events by deleting the "
        f"topics {EVENTS_AND_STATUS}, then restart intake and processing and run `motcua rebuild`; or restore a "
        "backup that was made before the log took other events"
    )
    return Problem(409, "Conflict", detail, code="log_diverged", conflicts=listed, count=len(conflicts))


@router.get(
    "/v1/log",
    dependencies=[requires(Permission.READ_LOG), *CHECKED],
    response_class=Ndjson,
    responses={200: answered_lines(LogLine), **INVALID},
)
async def get_log(
    request: Request,
    intake: IntakeService,
    after: Annotated[int, Query(ge=0, le=LAST_POSITION, description="the position that the events come after")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000_000, description="how many events at most")] = 10_000,
) -> Ndjson:
    """The logged events after a position, in commit order, as NDJSON: `{"position": n, "event": {...}}`.

    Who reads is in the audit: one entry for each caller and ten minutes, for a log is read page by page.
    """
    if intake.log_readings.begins(cast("Caller", request.state.caller).principal.id):
        details = {"after": after, "limit": limit}
        await audit_of(intake.database).write_alone(AuditEntry(Act.LOG_READ, details=details))
    return Ndjson(_log(intake, after, limit))


async def _log(intake: Intake, position: int, limit: int) -> AsyncGenerator[bytes]:
    while limit > 0:
        async with intake.database.reader.connect() as connection:
            rows = await event_log.after(connection, position, min(limit, LOG_PAGE))
        if not rows:
            return
        yield b"".join(b'{"position":%d,"event":%s}\n' % (row.position, row.event) for row in rows)
        position, limit = rows[-1].position, limit - len(rows)


@router.get(
    "/v1/log/consistency",
    dependencies=[requires(Permission.READ_LOG), *CHECKED],
    summary=(
        "What stands beside each event against the event itself, and each dossier as it stands against its events: "
        "the differences, NDJSON, a count at the end"
    ),
    response_class=Ndjson,
    responses=INVALID,
)
async def get_log_consistency(intake: IntakeService) -> Ndjson:
    return Ndjson(_consistency(intake))


async def _consistency(intake: Intake) -> AsyncGenerator[bytes]:
    check, differences = LogCheck(), 0
    async for line in check.lines(intake.database.reader):
        differences += isinstance(line, InconsistencyLine)
        yield encode(line) + b"\n"
    yield encode(CheckedLogLine(events=check.events, dossiers=check.dossiers, differences=differences)) + b"\n"


@router.get(
    "/v1/log/head",
    dependencies=[requires(Permission.READ_LOG), *CHECKED],
    response_class=Response,
    responses={200: answered(LogHead), **INVALID},
)
async def get_log_head(intake: IntakeService) -> Response:
    """How far the log is, how many events it really holds, and how many of them Kafka has."""
    async with intake.database.reader.connect() as connection:
        position = await event_log.head(connection)
        counted = select(func.count()).select_from(EVENT_LOG).where(EVENT_LOG.c.position <= position)
        events = (await connection.execute(counted)).scalar_one()
        relayed = max(await event_log.relayed(connection), intake.relay.position)
    return json_response(LogHead(position=position, events=events, relayed=min(relayed, position)))
