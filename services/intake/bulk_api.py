"""POST /v1/events: NDJSON as it streams in, or a CloudEvents JSON batch."""

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Raw

from services.intake.bodies import JSON, media_type
from services.intake.bulk import Bulk
from services.intake.careful import UNREADABLE
from services.intake.committer import CannotBeStored, StoreUnavailable
from services.intake.desk import NotDecided
from services.intake.documented import documented
from services.intake.event_documents import cloud_event_example, cloud_event_schema
from services.intake.failures import failed
from services.intake.schemas import BulkAnswer
from services.intake.service import IntakeService
from services.intake.settings import IntakeSettings
from services.intake.splitting import LineSplitter
from shared.parameters import only
from shared.problems import Problem

router = APIRouter(tags=["events"])
NDJSON = "application/x-ndjson"
BATCH = "application/cloudevents-batch+json"
ARRAY_SCHEMA = {"type": "array", "items": cloud_event_schema(), "examples": [[cloud_event_example("received")]]}
BULK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {"schema": {"type": "string", "description": "one CloudEvent a line; each is one of those of the JSON batch"}},
            BATCH: {"schema": ARRAY_SCHEMA},
            JSON: {"schema": ARRAY_SCHEMA},
        },
    }
}
PROBLEMS = documented(
    {
        413: "the body is too large; says what was accepted before the limit",
        415: f"send {NDJSON} or {BATCH}, uncompressed",
        422: "not a JSON array, or a query parameter",
        503: "the log can't be written right now; says what was accepted; send again, repeats are recognised",
    }
)
_decode_array = msgspec.json.Decoder(list[Raw]).decode


@router.post("/v1/events", dependencies=[Depends(only())], response_model=BulkAnswer, responses=PROBLEMS, openapi_extra=BULK_BODY)
async def post_events(request: Request, intake: IntakeService) -> Response:
    """Log many events; good lines are accepted whatever their neighbours are, and a second delivery adds nothing."""
    sent_as = media_type(request)
    bulk = Bulk(intake.committer, intake.metrics, intake.settings)
    try:
        if sent_as == NDJSON:
            await _stream(request, bulk, intake.settings)
        elif sent_as in (BATCH, JSON):
            await bulk.add(enumerate(await _array(request, intake.settings), start=1))
        else:
            raise Problem(415, "Unsupported Media Type", f"send {NDJSON} (one CloudEvent a line), or a JSON array as {BATCH}")
        await bulk.finish()
    except (StoreUnavailable, CannotBeStored, NotDecided) as failure:
        raise failed(failure, **_so_far(bulk)) from failure
    return Response(bulk.answer.model_dump_json(), media_type=JSON)


async def _stream(request: Request, bulk: Bulk, settings: IntakeSettings) -> None:
    limit = settings.max_bulk_bytes
    splitter = LineSplitter(settings.max_event_bytes)
    _check_announced(request, limit, "MOTCUA_INTAKE_MAX_BULK_BYTES", bulk)
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                await bulk.finish()
                raise _too_large(limit, "MOTCUA_INTAKE_MAX_BULK_BYTES", bulk)
            await bulk.add(splitter.feed(chunk))
        await bulk.add(splitter.end())
    finally:
        await bulk.settled()


async def _array(request: Request, settings: IntakeSettings) -> list[bytes | None]:
    limit = settings.max_array_bytes
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            detail = f"a JSON array is at most {limit} bytes (MOTCUA_INTAKE_MAX_ARRAY_BYTES), nothing was accepted; stream it as {NDJSON}"
            raise Problem(413, "Content Too Large", detail, code="too_large", **BulkAnswer().model_dump())
    try:
        events = _decode_array(bytes(body))
    except UNREADABLE as wrong:
        raise Problem(422, "Unprocessable Content", f"not a JSON array of CloudEvents: {wrong}", code="malformed") from wrong
    return [None if len(bytes(event)) > settings.max_event_bytes else bytes(event) for event in events]


def _check_announced(request: Request, limit: int, setting: str, bulk: Bulk) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit, setting, bulk)


def _too_large(limit: int, setting: str, bulk: Bulk) -> Problem:
    done = bulk.answer
    detail = (
        f"the body is at most {limit} bytes ({setting}); of the lines before the limit {done.accepted} were accepted, "
        f"{done.duplicates} were duplicates and {done.rejected} rejected. Send the rest in further calls; lines sent again are recognised"
    )
    return Problem(413, "Content Too Large", detail, code="too_large", **_so_far(bulk))


def _so_far(bulk: Bulk) -> dict[str, Any]:
    return bulk.answer.model_dump()
