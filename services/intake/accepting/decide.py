"""Decides one event by the catalogue and the lifecycle, with what intake computes of it. Pure."""

from datetime import datetime, timedelta

from services.intake.accepting.candidates import Candidate
from services.intake.accepting.computing import Decision, decided
from services.intake.accepting.offer import check_offer
from services.intake.accepting.refusals import InFuture, NoPause, Wrong, wrong_field
from services.intake.accepting.units import check_there
from shared.catalogue import Catalogue
from shared.contract.accepted import REQUIRED_BY_LAW
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.errors import NamesItself
from shared.domain.lifecycle import EventKind
from shared.domain.localtime import local_date
from shared.domain.transitions import OPENING

FUTURE_ALLOWED = timedelta(minutes=5)
_WITH_TIME_TO_ANSWER = frozenset({EventKind.SUPPLEMENT_REQUESTED, EventKind.SUBMITTED, EventKind.SUPPLEMENTED})
_OPENS = frozenset(cls.kind for cls in OPENING)
_WITH_GROUNDS = frozenset({*map(EventKind, REQUIRED_BY_LAW), *_OPENS, EventKind.ASSIGNED})
_APPLIES = _OPENS | {EventKind.CORRECTED}


def decide(candidate: Candidate, dossier: Dossier | None, catalogue: Catalogue, now: datetime) -> Decision:
    """Accept the event or raise the `Refusal` that says why not.

    A fact carries what it decided: a deadline computed here (from the term, or moved by a pause) is stamped into the
    event.
    """
    event, at, code = candidate.event, candidate.occurred_at, candidate.code
    kind = event.kind
    if at > now + FUTURE_ALLOWED:
        msg = f"time {at.isoformat()} is more than five minutes after {now.isoformat()}; correct the sender's clock"
        raise InFuture(msg)
    decision = decided(code, event, at, dossier, catalogue)
    if kind in _WITH_GROUNDS:
        _check_grounds(kind, code, event)
    if domain.ends_pause(event) and event.due_at is not None:
        _check_moves_a_deadline(kind, event.due_at, dossier)
    if kind in _WITH_TIME_TO_ANSWER:
        _check_dates(kind, event, at)
    if kind in _APPLIES:
        check_there(event, at, dossier, catalogue)
        check_offer(event, at, dossier, catalogue)
    return decision


def _check_grounds(name: str, code: str, event: domain.Event) -> None:
    """Checks what the law wants said. Who may correct a deadline after the closing is to be asked here."""
    for field in REQUIRED_BY_LAW.get(name, ()):
        if not (getattr(event, field) or "").strip():
            raise wrong_field(f"data.{field}", Wrong.MISSING, _GROUNDS[field])
    if isinstance(event, OPENING) and event.follows == code:
        raise NamesItself(
            f"dossier {code} can't follow itself; name the earlier one, or leave follows out", "data.follows"
        )
    if isinstance(event, domain.Assigned) and event.unit is None and event.officer is None:
        raise wrong_field("data.officer", Wrong.MISSING, "say who has the dossier now: the officer, the unit or both")


def _check_dates(name: str, event: domain.Event, at: datetime) -> None:
    """Refuses a time to answer in that was over when it began; a day without a time of day is its start."""
    field = "due_at" if isinstance(event, domain.SupplementRequested) else "acceptance_due_at"
    until = getattr(event, field)
    if until is not None and local_date(until) < local_date(at):
        raise wrong_field(f"data.{field}", f"lies before {name} itself", "give the day until which there is time")


def _check_moves_a_deadline(name: str, due_at: datetime, dossier: Dossier | None) -> None:
    """Where no pause ends, a `due_at` that is not the deadline already would be kept and change nothing."""
    if dossier is not None and dossier.suspended_since is None and due_at != dossier.due_at:
        due = "without a deadline" if dossier.due_at is None else f"due at {dossier.due_at.isoformat()}"
        msg = (
            f"data.due_at: {name} ends no pause, so dossier {dossier.code} stays {due}; "
            "leave due_at out (extended moves a deadline on a legal ground, corrected sets a wrong one right)"
        )
        raise NoPause(msg)


_GROUNDS = {
    "ground": "say why, by a law or a fact",
    "reason": "say why, in words",
    "legal_ground": "cite the law that allows it, such as khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP",
}
