"""The calls that log one event: a new dossier, and an event of a dossier."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response

from services.intake import answers, bodies, composing
from services.intake.candidates import Candidate
from services.intake.documented import documented
from services.intake.metrics import Metrics
from services.intake.outcomes import Refused
from services.intake.parsing import UNREADABLE, parse
from services.intake.refusals import Malformed
from services.intake.schemas import CloudEventBody, DossierAnswer, EventAnswer, NewDossier, NewEvent
from services.intake.service import Intake, IntakeService
from shared.domain.errors import Refusal
from shared.parameters import only

router = APIRouter(tags=["dossiers"])
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="the same key with the same request gets the same answer, and nothing twice")
]
CLOUD_EVENT = "application/cloudevents+json"
EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [NewEvent.model_json_schema(), CloudEventBody.model_json_schema()]}},
            CLOUD_EVENT: {"schema": CloudEventBody.model_json_schema()},
        },
    }
}
DOSSIER_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {bodies.JSON: {"schema": NewDossier.model_json_schema()}}}}
PROBLEMS = documented(
    {
        409: "not allowed from this state, time goes back, or the id was used for other content",
        413: "the event is too large",
        415: "another media type, or compressed",
        422: "malformed, or not known to the catalogue",
        503: "the log can't be written right now; send again",
    }
)
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
        body = bodies.new_dossier(await bodies.read(request, intake.settings.max_event_bytes))
        use = composing.key_use(idempotency_key, "POST /v1/dossiers", body.model_dump(mode="json", exclude_unset=True))
        candidate = composing.receipt(body, now=intake.clock(), key_use=use, applicant_key=intake.settings.applicant_key)
    except Refusal as refusal:
        raise _refused(intake.metrics, "received", refusal) from refusal
    posted = await intake.post(candidate)
    answer = answers.opened(posted.event_id, posted.dossier)
    return Response(answer.model_dump_json(), 201, {"Location": f"/v1/dossiers/{posted.dossier.code}"}, media_type="application/json")


@router.post(
    "/v1/dossiers/{code}/events",
    status_code=201,
    dependencies=[Depends(only())],
    response_model=EventAnswer,
    responses={200: {"model": EventAnswer, "description": "a repeat"}, **PROBLEMS, **documented({404: "no such dossier"})},
    openapi_extra=EVENT_BODY,
)
async def post_event(code: str, request: Request, intake: IntakeService, idempotency_key: IdempotencyKey = None) -> Response:
    """Log an event of a dossier: `{event, occurred_at?, ...data}`, or a CloudEvent whose subject is the dossier."""
    try:
        body = await bodies.read(request, intake.settings.max_event_bytes)
        candidate = _candidate(body, code, bodies.media_type(request), intake)
        if idempotency_key is not None:
            use = composing.key_use(idempotency_key, f"POST /v1/dossiers/{code}/events", _decode_any(body))
            candidate = msgspec.structs.replace(candidate, key_use=use)
    except Refusal as refusal:
        raise _refused(intake.metrics, None, refusal) from refusal
    posted = await intake.post(candidate)
    answer = answers.accepted(posted.event_id, posted.dossier)
    return Response(answer.model_dump_json(), 200 if posted.repeated else 201, media_type="application/json")


def _candidate(body: bytes, code: str, media_type: str, intake: Intake) -> Candidate:
    if media_type != CLOUD_EVENT and not _is_cloud_event(body):
        return composing.short_form(body, code, now=intake.clock(), applicant_key=intake.settings.applicant_key)
    candidate = parse(body, intake.settings.applicant_key)
    if candidate.code != code:
        msg = f"subject: is {candidate.code}, but the path says {code}; send it to /v1/dossiers/{candidate.code}/events"
        raise Malformed(msg)
    return candidate


def _is_cloud_event(body: bytes) -> bool:
    try:
        found = _decode_any(body)
    except UNREADABLE as wrong:
        msg = f"not JSON: {wrong}; send {{event, occurred_at?, ...data}} or a CloudEvent"
        raise Malformed(msg) from wrong
    return isinstance(found, dict) and "specversion" in found


def _refused(metrics: Metrics, name: str | None, refusal: Refusal) -> Exception:
    metrics.count([Refused(None, name, refusal)])
    return answers.problem(refusal)
