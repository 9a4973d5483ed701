"""POST /v1/events: NDJSON as it streams in, or a CloudEvents JSON batch."""

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.bodies import JSON, media_type
from services.intake.bulk import Bulk, HoldBack
from services.intake.committer import CannotBeStored, StoreUnavailable
from services.intake.desk import NotDecided
from services.intake.event_documents import cloud_event_example, cloud_event_schema
from services.intake.failures import failed
from services.intake.schemas import BulkAnswer
from services.intake.service import IntakeService
from services.intake.splitting import ArraySplitter, LineSplitter, NotAnArray
from shared.service.http import documented, only
from shared.service.problems import Problem

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
        422: "not a JSON array (says what was accepted of it), or a query parameter",
        503: "the log can't be written right now; says what was accepted; send again, repeats are recognised",
    }
)
PIECE_BYTES = 16 * 1024  # cut at once; between pieces others get their turn


Held = Annotated[
    HoldBack | None,
    Query(
        description="later: after an event whose content is refused, later ones of its dossier in this body are refused as held_back, so "
        "that it can still be corrected and sent before them; all: every event is. What is in the log already is a duplicate all the same"
    ),
]


@router.post(
    "/v1/events", dependencies=[Depends(only(("hold_back",)))], response_model=BulkAnswer, responses=PROBLEMS, openapi_extra=BULK_BODY
)
async def post_events(request: Request, intake: IntakeService, hold_back: Held = None) -> Response:
    """Log many events; good lines are accepted whatever their neighbours are, and a second delivery adds nothing."""
    sent_as = media_type(request)
    settings = intake.settings
    bulk = Bulk(intake.committer, intake.metrics, settings, hold_back)
    try:
        if sent_as == NDJSON:
            limit = Limit(settings.max_bulk_bytes, "MOTCUA_INTAKE_MAX_BULK_BYTES")
            await _stream(request, bulk, LineSplitter(settings.max_event_bytes), limit)
        elif sent_as in (BATCH, JSON):
            limit = Limit(settings.max_array_bytes, "MOTCUA_INTAKE_MAX_ARRAY_BYTES")
            await _stream(request, bulk, ArraySplitter(settings.max_event_bytes), limit)
        else:
            raise Problem(415, "Unsupported Media Type", f"send {NDJSON} (one CloudEvent a line), or a JSON array as {BATCH}")
        await bulk.finish()
    except (StoreUnavailable, CannotBeStored, NotDecided) as failure:
        raise failed(failure, **_so_far(bulk)) from failure
    return Response(bulk.answer.model_dump_json(), media_type=JSON)


class Limit(NamedTuple):
    """How long a body may be, and the setting that says so."""

    most_bytes: int
    setting: str


async def _stream(request: Request, bulk: Bulk, splitter: LineSplitter | ArraySplitter, limit: Limit) -> None:
    _check_announced(request, limit, bulk)
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit.most_bytes:
                await bulk.finish()
                raise _too_large(limit, bulk)
            for first in range(0, len(chunk), PIECE_BYTES):
                await bulk.add(splitter.feed(chunk[first : first + PIECE_BYTES]))
        await bulk.add(splitter.end())
    except NotAnArray as wrong:
        await bulk.finish()
        raise _not_an_array(wrong, bulk) from wrong
    finally:
        await bulk.settled()


def _check_announced(request: Request, limit: Limit, bulk: Bulk) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit.most_bytes:
        raise _too_large(limit, bulk)


def _too_large(limit: Limit, bulk: Bulk) -> Problem:
    detail = (
        f"the body is at most {limit.most_bytes} bytes ({limit.setting}); {_done(bulk)}. "
        "Send the rest in further calls; events sent again are recognised"
    )
    return Problem(413, "Content Too Large", detail, code="too_large", **_so_far(bulk))


def _not_an_array(wrong: NotAnArray, bulk: Bulk) -> Problem:
    detail = f"not a JSON array of CloudEvents: the body {wrong}; {_done(bulk)}. Send it whole; events sent again are recognised"
    return Problem(422, "Unprocessable Content", detail, code="malformed", **_so_far(bulk))


def _done(bulk: Bulk) -> str:
    done = bulk.answer
    return f"of the events before that {done.accepted} were accepted, {done.duplicates} were duplicates and {done.rejected} rejected"


def _so_far(bulk: Bulk) -> dict[str, Any]:
    return bulk.answer.model_dump()
