"""From decisions to HTTP answers: what an event or a dossier looks like, and the status of each refusal."""

from collections.abc import Mapping
from typing import Any

from services.intake.schemas import DossierAnswer, EventAnswer, Term
from shared.domain import terms
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal, TransitionNotAllowed
from shared.domain.timeliness import timeliness_of
from shared.service.problems import Problem

TITLES = {404: "Not Found", 409: "Conflict", 413: "Content Too Large", 422: "Unprocessable Content"}
STATUS = {
    "unknown_dossier": 404,
    "transition_not_allowed": 409,
    "time_goes_back": 409,
    "id_reused": 409,
    "correction_does_not_match": 409,
    "too_large": 413,
}


SHORT_FORM = {"type": "event", "time": "occurred_at", "subject": "code"}
NEW_DOSSIER = {"type": "code", "time": "received_at", "subject": "code"}  # what is received at the wrong time has a code that is taken


def problem(refusal: Refusal, spelling: Mapping[str, str] | None = None) -> Problem:
    """The refusal as problem details; whatever is not a conflict is something to correct in the request.

    `spelling` is how the call names what a CloudEvent calls otherwise; None for a CloudEvent, whose data is an object of its own.
    """
    status = STATUS.get(refusal.code, 422)
    field, detail = refusal.field, refusal.detail
    if field is not None and spelling is not None:
        spelt = spelling.get(field, field.removeprefix("data."))
        if field.startswith("data."):
            detail = detail.replace(field, spelt)
        elif detail.startswith(f"{field}: "):
            detail = detail.replace(field, spelt, 1)
        field = spelt
    members: dict[str, Any] = {"allowed": list(refusal.allowed)} if isinstance(refusal, TransitionNotAllowed) else {}
    return Problem(status, TITLES[status], detail, code=refusal.code, field=field, **members)


def accepted(event_id: str, dossier: Dossier) -> EventAnswer:
    """The answer to an event, judged at the event's own instant, so that a repeat gets the same."""
    return EventAnswer(
        id=event_id,
        subject=dossier.code,
        sequence=dossier.sequence,
        state=dossier.state.value,
        due_at=dossier.due_at,
        timeliness=timeliness_of(dossier, dossier.last_occurred_at),
    )


def opened(event_id: str, dossier: Dossier) -> DossierAnswer:
    """The answer to a new dossier."""
    return DossierAnswer(
        code=dossier.code,
        id=event_id,
        sequence=dossier.sequence,
        state=dossier.state.value,
        department=dossier.department,
        procedure=dossier.procedure,
        channel=dossier.channel.value,
        online_level=None if dossier.online_level is None else dossier.online_level.value,
        received_at=dossier.received_at,
        term=term_view(dossier.term),
        due_at=dossier.due_at,
        timeliness=timeliness_of(dossier, dossier.last_occurred_at),
    )


def term_view(term: terms.Term | None) -> Term | None:
    return None if term is None else Term(amount=term.amount, unit=term.unit.value)
