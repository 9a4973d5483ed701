"""Setting a wrong fact of a dossier right."""

from datetime import datetime

from msgspec.structs import replace

from shared.domain import events
from shared.domain.dossier import Dossier, deadline_from
from shared.domain.errors import CorrectionDoesNotMatch, DeadlineBeforeReceipt
from shared.domain.fields import CorrectableField, DeadlineChange, OnlineLevel
from shared.domain.localtime import local, written
from shared.domain.terms import Term

INSTANTS = frozenset({CorrectableField.DUE_AT, CorrectableField.RECEIVED_AT})
"""What a correction writes as an instant."""


def corrected(dossier: Dossier, event: events.Corrected, at: datetime) -> Dossier:
    field, old, new = event.field, event.old_value, event.new_value
    present = _present(dossier, field)
    if not _same(field, old, present):
        msg = f"the correction says {field.value} was {_written(old)}, but it is {_written(present)}"
        raise CorrectionDoesNotMatch(msg)
    counted_anew = event.deadlines is not None
    try:
        right = _set_right(replace(dossier, deadlines=()) if counted_anew else dossier, field, new, at)
    except DeadlineBeforeReceipt as too_early:
        raise too_early.about("data.new_value") from too_early
    except ValueError as wrong:
        msg = f"the correction's new value for {field.value} is not possible: {wrong}"
        raise CorrectionDoesNotMatch(msg, "data.new_value") from wrong
    if field is CorrectableField.CHANNEL:
        right = replace(right, channel_class=event.channel_class)
    return right if event.deadlines is None else _recomputed(right, event.deadlines, event.term)


def _present(dossier: Dossier, field: CorrectableField) -> str | None:
    """What the dossier says now, as a correction writes it."""
    if field in INSTANTS:
        instant: datetime | None = getattr(dossier, field.value)
        return None if instant is None else instant.isoformat()
    value: str | None = getattr(dossier, field.value)
    return value


def _recomputed(dossier: Dossier, deadlines: tuple[DeadlineChange, ...], term: Term | None) -> Dossier:
    """The deadlines as they would have held by the right rule; the first is the one given at receipt."""
    assert dossier.received_at is not None, "only what was received has deadlines"
    right = tuple(deadline_from(change.due_at, change.at, dossier.received_at, term) for change in deadlines)
    return replace(dossier, deadlines=right, due_original=right[0].due_at if right else None, term=term)


def _written(value: str | None) -> str:
    return "null" if value is None else value


def _same(field: CorrectableField, old: str | None, present: str | None) -> bool:
    if field in INSTANTS and old and present:
        try:
            return written(old) == written(present)
        except (ValueError, TypeError):
            return False
    return old == present


def _set_right(dossier: Dossier, field: CorrectableField, new: str | None, at: datetime) -> Dossier:
    match field:
        case CorrectableField.ONLINE_LEVEL:
            return replace(dossier, online_level=None if new is None else OnlineLevel(new))
        case CorrectableField.DUE_AT if dossier.received_at is not None:
            if new is None:
                return replace(dossier, deadlines=())
            at = dossier.deadlines[-1].at if dossier.deadlines else dossier.received_at
            right = deadline_from(written(new), at, dossier.received_at, dossier.term)
            return replace(dossier, deadlines=(*dossier.deadlines[:-1], right))
        case CorrectableField.RECEIVED_AT if new is not None and dossier.received_at is not None:
            return _received_then(dossier, dossier.received_at, written(new), at)
        case CorrectableField.RECEIVED_BY if new != "":
            return replace(dossier, received_by=new)
        case CorrectableField.APPLICANT if new != "":
            return replace(dossier, applicant=new)
        case CorrectableField.CHANNEL if new:
            return replace(dossier, channel=new)
        case CorrectableField.DEPARTMENT if new:
            return replace(dossier, department=new)
        case CorrectableField.PROCEDURE if new:
            return replace(dossier, procedure=new)
        case _:
            msg = f"{field.value} cannot become {_written(new)}"
            raise ValueError(msg)


def _received_then(dossier: Dossier, before: datetime, right: datetime, at: datetime) -> Dossier:
    """Received at another time; not before it was handed in, for the last time if it had been sent back, nor after what
    is known to have happened later."""
    right = local(right)
    handed_in = dossier.acceptances[-1].asked_at if dossier.acceptances else dossier.submitted_at
    later = [
        *(pause.started_at for pause in dossier.suspensions[:1]),
        *(change.at for change in dossier.deadlines if change.at > before),
        *(hop.forwarded_at for hop in dossier.hops[:1]),
        *(
            instant
            for instant in (dossier.closed_at, dossier.returned_at, dossier.apologised_at)
            if instant is not None
        ),
        at,
    ]
    if handed_in is not None and right < handed_in:
        msg = f"it was handed in at {handed_in.isoformat()}, and {right.isoformat()} is before that"
        raise ValueError(msg)
    if right > min(later):
        msg = f"something happened to it at {min(later).isoformat()}, and {right.isoformat()} is after that"
        raise ValueError(msg)
    if dossier.due_at is not None:
        deadline_from(dossier.due_at, right, right, dossier.term)
    return replace(
        dossier,
        received_at=right,
        deadlines=tuple(replace(change, at=right) if change.at == before else change for change in dossier.deadlines),
        acceptances=tuple(
            replace(each, answered_at=right) if each.answered_at == before else each for each in dossier.acceptances
        ),
    )
