"""What the pages log: the same receipts and events as the calls', with the key of the form they came from."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace
from pydantic import ValidationError

from services.intake.accepting.candidates import Candidate, Refused
from services.intake.accepting.parsing import key_of_form, short_form
from services.intake.http.dossier_messages import NewDossierBody
from services.intake.http.dossiers import receipt_in
from services.intake.http.service import NEW_DOSSIER, SHORT_FORM, Intake, PostedEvent, problem
from services.intake.log.metrics import RECEIVED
from shared.domain.errors import Refusal
from shared.service.access import Caller
from shared.service.problems import UNPROCESSABLE, Problem, plainly

_encode = msgspec.json.Encoder().encode


def candidate_of(
    intake: Intake, given: Mapping[str, Any], key: str | None = None, reader: str | None = None
) -> Candidate:
    """The receipt that a form says; raises the `Problem` that names the first field at fault."""
    try:
        return receipt_in(NewDossierBody.model_validate(given), key, intake, form_of=reader)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        field = str(first["loc"][0])
        raise Problem(422, UNPROCESSABLE, f"{field}: {plainly(first)}", code="malformed", field=field) from wrong
    except Refusal as refusal:
        raise problem(refusal, NEW_DOSSIER) from refusal


async def receive(intake: Intake, given: Mapping[str, Any], key: str, caller: Caller) -> PostedEvent:
    """Log the receipt; the same form again gets the first answer."""
    try:
        candidate = candidate_of(intake, given, key, caller.principal.id)
    except Problem as refused:
        intake.metrics.count([("rejected", RECEIVED, str(refused.details.code))])
        raise
    return await intake.post(candidate, NEW_DOSSIER, caller.scope)


async def log_event(intake: Intake, code: str, given: Mapping[str, Any], key: str, caller: Caller) -> PostedEvent:
    """Log an event of a dossier: `{event, occurred_at?, ...data}`."""
    try:
        candidate = short_form(_encode(given), code, now=intake.clock(), applicant_key=intake.settings.applicant_key)
        call, reader = f"POST /v1/dossiers/{code}/events", caller.principal.id
        use = key_of_form(key, reader, call, given, intake.settings.applicant_key)
        candidate = replace(candidate, key_use=use)
    except Refusal as refusal:
        intake.metrics.count([Refused(None, None, refusal).labels])
        raise problem(refusal, SHORT_FORM) from refusal
    return await intake.post(candidate, SHORT_FORM, caller.scope)
