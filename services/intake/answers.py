"""From decisions to HTTP answers: what an event or a dossier looks like, and the status of each refusal."""

from services.intake.schemas import DossierAnswer, EventAnswer, Term
from shared.domain import terms
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.mapping import timeliness_of
from shared.problems import Problem

TITLES = {404: "Not Found", 409: "Conflict", 413: "Content Too Large", 422: "Unprocessable Content"}
STATUS = {
    "unknown_dossier": 404,
    "transition_not_allowed": 409,
    "time_goes_back": 409,
    "id_reused": 409,
    "correction_does_not_match": 409,
    "too_large": 413,
}


def problem(refusal: Refusal) -> Problem:
    """The refusal as problem details; whatever is not a conflict is something to correct in the request."""
    status = STATUS.get(refusal.code, 422)
    return Problem(status, TITLES[status], refusal.detail, code=refusal.code)


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
