"""The calls that log one event: a new dossier, and an event of a dossier."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response

from services.intake import answers, bodies, composing
from services.intake import event_documents as documents
from services.intake.candidates import Candidate
from services.intake.careful import UNREADABLE, members
from services.intake.hints import unreadable
from services.intake.metrics import Metrics
from services.intake.outcomes import Refused
from services.intake.parsing import parse
from services.intake.refusals import Malformed
from services.intake.schemas import DossierAnswer, EventAnswer, NewDossier
from services.intake.service import Intake, IntakeService
from shared.contract.accepted import ACCEPTED
from shared.domain.errors import Refusal
from shared.service.http import documented, only

router = APIRouter(tags=["dossiers"])
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="the same key with the same request gets the same answer, and nothing twice")
]
CLOUD_EVENT = "application/cloudevents+json"
EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {
                "schema": {"anyOf": [documents.event_schema(), documents.cloud_event_schema()]},
                "examples": documents.examples("now:", ((name, documents.short_form_example(name)) for name in ACCEPTED)),
            },
            CLOUD_EVENT: {
                "schema": documents.cloud_event_schema(),
                "examples": documents.examples("CloudEvent:", ((name, documents.cloud_event_example(name)) for name in ACCEPTED)),
            },
        },
    }
}
DOSSIER_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {bodies.JSON: {"schema": documents.reference(NewDossier)}}}}
POST_EVENT = "Log an event of a dossier: `{event, occurred_at?, ...data}`, or a CloudEvent whose subject is the dossier."
PROBLEMS = documented(
    {
        409: "not allowed from this state, time goes back, or the id was used for other content",
        413: "the event is too large",
        415: "another media type, or compressed",
        422: "malformed, or not known to the catalogue",
        503: "the log can't be written right now; send again",
    }
)
Spelling = Mapping[str, str] | None  # how the call names what a CloudEvent calls otherwise
_decode_any = msgspec.json.Decoder().decode


@router.post(
    "/v1/dossiers",
    status_code=201,
    dependencies=[Depends(only())],
    response_model=DossierAnswer,
    responses=PROBLEMS,
    openapi_extra=DOSSIER_BODY,
)
async def open_dossier(request: Request, intake: IntakeService, idempotency_key: IdempotencyKey = None) -> Response:
    """Receive a dossier; its code is minted when none is given."""
    bodies.require_json(request)
    try:
        read = await bodies.read(request, intake.settings.max_event_bytes)
        body = bodies.new_dossier(read)
        members(read)
        use = composing.key_use(idempotency_key, "POST /v1/dossiers", body.model_dump(mode="json", exclude_unset=True))
        candidate = composing.receipt(body, now=intake.clock(), key_use=use, applicant_key=intake.settings.applicant_key)
    except Refusal as refusal:
        raise _refused(intake.metrics, "received", refusal, answers.NEW_DOSSIER) from refusal
    posted = await intake.post(candidate, answers.NEW_DOSSIER)
    answer = answers.opened(posted.event_id, posted.dossier)
    return Response(answer.model_dump_json(), 201, {"Location": f"/v1/dossiers/{posted.dossier.code}"}, media_type="application/json")


@router.post(
    "/v1/dossiers/{code}/events",
    status_code=201,
    dependencies=[Depends(only())],
    response_model=EventAnswer,
    responses={200: {"model": EventAnswer, "description": "a repeat"}, **PROBLEMS, **documented({404: "no such dossier"})},
    description=f"{POST_EVENT}\n\n{documents.refusals()}",
    openapi_extra=EVENT_BODY,
)
async def post_event(code: str, request: Request, intake: IntakeService, idempotency_key: IdempotencyKey = None) -> Response:
    """Log an event of a dossier: `{event, occurred_at?, ...data}`, or a CloudEvent whose subject is the dossier."""
    spelling: Spelling = None
    try:
        body = await bodies.read(request, intake.settings.max_event_bytes)
        spelling = None if _is_cloud_event(body, bodies.media_type(request)) else answers.SHORT_FORM
        candidate = _candidate(body, code, spelling, intake)
        if idempotency_key is not None:
            use = composing.key_use(idempotency_key, f"POST /v1/dossiers/{code}/events", _decode_any(body))
            candidate = msgspec.structs.replace(candidate, key_use=use)
    except Refusal as refusal:
        raise _refused(intake.metrics, None, refusal, spelling) from refusal
    posted = await intake.post(candidate, spelling)
    answer = answers.accepted(posted.event_id, posted.dossier)
    return Response(answer.model_dump_json(), 200 if posted.repeated else 201, media_type="application/json")


def _candidate(body: bytes, code: str, spelling: Spelling, intake: Intake) -> Candidate:
    if spelling is not None:
        return composing.short_form(body, code, now=intake.clock(), applicant_key=intake.settings.applicant_key)
    candidate = parse(body, intake.settings.applicant_key)
    if candidate.code != code:
        msg = f"subject: is {candidate.code}, but the path says {code}; send it to /v1/dossiers/{candidate.code}/events"
        raise Malformed(msg, "subject")
    return candidate


def _is_cloud_event(body: bytes, media_type: str) -> bool:
    if media_type == CLOUD_EVENT:
        return True
    try:
        found = _decode_any(body)
    except UNREADABLE as wrong:
        msg = f"the body can't be read: {unreadable(wrong)}, {{event, occurred_at?, ...data}} or a CloudEvent"
        raise Malformed(msg) from wrong
    if not isinstance(found, dict):
        msg = "the body is not a JSON object; send {event, occurred_at?, ...data} or a CloudEvent"
        raise Malformed(msg)
    return "specversion" in found


def _refused(metrics: Metrics, name: str | None, refusal: Refusal, spelling: Spelling) -> Exception:
    metrics.count([Refused(None, name, refusal)])
    return answers.problem(refusal, spelling)
