"""The calls about one dossier: to open it, to log an event of it, to see how it stands and why."""

import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from services.intake.accepting.candidates import Candidate, Refused
from services.intake.accepting.parsing import key_of_form, key_use, parse, receipt, short_form
from services.intake.accepting.refusals import Malformed, echo, unreadable
from services.intake.accepting.strict_json import UNREADABLE
from services.intake.accepting.within import outside
from services.intake.http import bodies, documents
from services.intake.http.dossier_messages import NewDossierBody, dossier_answer, dossier_view, event_answer
from services.intake.http.service import NEW_DOSSIER, SHORT_FORM, Intake, IntakeService, Spelling, problem
from services.intake.log import calendar, event_log
from services.intake.log.history import HistoryEntry
from services.intake.log.metrics import RECEIVED, Metrics
from shared.access.roles import Permission
from shared.contract.accepted import ACCEPTED
from shared.contract.http import answered, reference
from shared.contract.http.dossiers import DossierAnswer, DossierView, EventAnswer, NewDossier
from shared.domain.errors import Refusal
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import BY_DATE, DEFINITIONS
from shared.language.languages import Language, of_header
from shared.service.access import Caller, Requires, requires
from shared.service.http import documented, json_response
from shared.service.problems import Problem

router = APIRouter(tags=["dossiers"])
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the same key with the same request gets the same answer, and nothing twice",
    ),
]
Poster = Annotated[Caller, Depends(Requires(Permission.POST_EVENTS))]
DossierPath = Annotated[str, Path(description="the dossier's code")]
AcceptLanguage = Annotated[
    str | None, Header(description="vi or en: in which language the explanation is told; English otherwise")
]
DefinitionName = Annotated[str, Query(description=f"what the class is judged by: {', '.join(DEFINITIONS)}")]
CLOUD_EVENT = "application/cloudevents+json"
EVENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            bodies.JSON: {
                "schema": {"anyOf": [documents.event_schema(), documents.cloud_event_schema()]},
                "examples": documents.examples(
                    "now:", ((name, documents.short_form_example(name)) for name in ACCEPTED)
                ),
            },
            CLOUD_EVENT: {
                "schema": documents.cloud_event_schema(),
                "examples": documents.examples(
                    "CloudEvent:", ((name, documents.cloud_event_example(name)) for name in ACCEPTED)
                ),
            },
        },
    }
}
DOSSIER_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {bodies.JSON: {"schema": reference(NewDossier), "example": documents.EXAMPLES["received"]}},
    }
}
POST_EVENT = (
    "Log an event of a dossier: `{event, occurred_at?, ...data}`, or a CloudEvent whose subject is the dossier."
)
PROBLEMS = documented(
    {
        409: "not allowed from this state, time goes back, or the id was used for other content",
        413: "the event is too large",
        415: "another media type, or compressed",
        422: "malformed, or not known to the catalogue",
        503: "the log can't be written right now; send again",
    }
)
NOT_FOUND = documented({404: "no such dossier"})
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})


class _Kind(Struct):
    """What tells a CloudEvent from the short form."""

    specversion: Raw | UnsetType = UNSET


_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_any = msgspec.json.Decoder().decode


def receipt_in(
    body: NewDossierBody, idempotency_key: str | None, intake: Intake, *, form_of: str | None = None
) -> Candidate:
    """The receipt that a new dossier's body says, by whatever way it came; raises a `Refusal`. The key of a page's form
    belongs to the reader `form_of`."""
    asked = body.model_dump(mode="json", exclude_unset=True)
    call = "POST /v1/dossiers"
    secret = intake.settings.applicant_key
    if form_of is None or idempotency_key is None:
        use = key_use(idempotency_key, call, asked, secret)
    else:
        use = key_of_form(idempotency_key, form_of, call, asked, secret)
    candidate = receipt(
        body.model_dump(exclude_none=True, exclude={"received_at", "code"}),
        code=body.code,
        received_at=body.received_at or intake.clock(),
        applicant_key=intake.settings.applicant_key,
    )
    return replace(candidate, key_use=use)


@router.post(
    "/v1/dossiers",
    dependencies=[requires(Permission.POST_EVENTS), *bodies.CHECKED],
    status_code=201,
    response_class=Response,
    responses={201: answered(DossierAnswer), **PROBLEMS},
    openapi_extra=DOSSIER_BODY,
)
async def open_dossier(
    request: Request, intake: IntakeService, caller: Poster, idempotency_key: IdempotencyKey = None
) -> Response:
    """Receive a dossier; its code is minted when none is given."""
    bodies.require_json(request)
    try:
        body = bodies.new_dossier(await bodies.read(request, intake.settings.max_event_bytes))
        candidate = receipt_in(body, idempotency_key, intake)
    except Refusal as refusal:
        raise _refused(intake.metrics, RECEIVED, refusal, NEW_DOSSIER) from refusal
    except RequestValidationError:
        intake.metrics.malformed(RECEIVED)
        raise
    posted = await intake.post(candidate, NEW_DOSSIER, caller.scope)
    answer = dossier_answer(posted.event_id, posted.dossier)
    return json_response(answer, 201, {"Location": f"/v1/dossiers/{posted.dossier.code}"})


@router.post(
    "/v1/dossiers/{code}/events",
    dependencies=[requires(Permission.POST_EVENTS), *bodies.CHECKED],
    status_code=201,
    response_class=Response,
    responses={
        200: answered(EventAnswer) | {"description": "a repeat"},
        201: answered(EventAnswer),
        **PROBLEMS,
        **documented({404: "no such dossier"}),
    },
    description=f"{POST_EVENT}\n\n{documents.refusals()}",
    openapi_extra=EVENT_BODY,
)
async def post_event(
    code: DossierPath,
    request: Request,
    intake: IntakeService,
    caller: Poster,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Log an event of a dossier: `{event, occurred_at?, ...data}`, or a CloudEvent whose subject is the dossier."""
    spelling: Spelling = None
    try:
        body = await bodies.read(request, intake.settings.max_event_bytes)
        spelling = None if _is_cloud_event(body, bodies.media_type(request)) else SHORT_FORM
        candidate = _candidate(body, code, spelling, intake)
        if idempotency_key is not None:
            call = f"POST /v1/dossiers/{code}/events"
            use = key_use(idempotency_key, call, _decode_any(body), intake.settings.applicant_key)
            candidate = replace(candidate, key_use=use)
    except Refusal as refusal:
        raise _refused(intake.metrics, None, refusal, spelling) from refusal
    posted = await intake.post(candidate, spelling, caller.scope)
    answer = event_answer(posted.event_id, posted.dossier)
    return json_response(answer, 200 if posted.repeated else 201)


@router.get(
    "/v1/dossiers/{code}",
    dependencies=[requires(Permission.READ_DOSSIERS), *bodies.CHECKED],
    response_class=Response,
    responses={200: answered(DossierView), **NOT_FOUND, **INVALID},
)
async def get_dossier(
    code: DossierPath,
    intake: IntakeService,
    caller: Annotated[Caller, Depends(Requires(Permission.READ_DOSSIERS))],
    definition: DefinitionName = BY_DATE.name,
    accept_language: AcceptLanguage = None,
) -> Response:
    """State, deadline, timeliness, history, and the explanation from receipt to class; `definition` chooses what
    the class is judged by."""
    by = DEFINITIONS.get(definition)
    if by is None:
        detail = f"there is no {echo(definition)}; choose one of {', '.join(DEFINITIONS)}"
        raise Problem(422, "Unprocessable Content", f"definition: {detail}", code="malformed", field="definition")
    histories: dict[str, list[HistoryEntry]] = {}
    if re.fullmatch(DOSSIER_CODE, code, re.ASCII):
        async with intake.database.reader.connect() as connection:
            histories = await event_log.histories(connection, [code])
            await calendar.follow(connection, intake.announcements)
    if not histories:
        raise Problem(
            404, "Not Found", f"there is no dossier {echo(code)}; check the code", code="unknown_dossier", field="code"
        )
    dossier = histories[code][-1].after
    if not caller.scope.covers(dossier.department, dossier.received_by):
        raise problem(outside(caller.scope, dossier.department, of=code))
    language = of_header(accept_language, Language.ENGLISH)
    catalogue_at, now = intake.announcements.catalogue_at, intake.clock()
    return json_response(dossier_view(histories[code], catalogue_at, now, by, language))


def _candidate(body: bytes, code: str, spelling: Spelling, intake: Intake) -> Candidate:
    if spelling is not None:
        return short_form(body, code, now=intake.clock(), applicant_key=intake.settings.applicant_key)
    candidate = parse(body, intake.settings.applicant_key)
    if candidate.code != code:
        msg = f"subject: is {candidate.code}, but the path says {code}; send it to /v1/dossiers/{candidate.code}/events"
        raise Malformed(msg, "subject")
    return candidate


def _is_cloud_event(body: bytes, media_type: str) -> bool:
    if media_type == CLOUD_EVENT:
        return True
    try:
        return _decode_kind(body).specversion is not UNSET
    except msgspec.ValidationError as wrong:
        msg = "the body is not a JSON object; send {event, occurred_at?, ...data} or a CloudEvent"
        raise Malformed(msg) from wrong
    except UNREADABLE as wrong:
        msg = f"the body can't be read: {unreadable(wrong)}, {{event, occurred_at?, ...data}} or a CloudEvent"
        raise Malformed(msg) from wrong


def _refused(metrics: Metrics, name: str | None, refusal: Refusal, spelling: Spelling) -> Exception:
    metrics.count([Refused(None, name, refusal).labels])
    return problem(refusal, spelling)
