"""What happens to a dossier and moves no deadline: how it was handed in and answered, who has it, hops, apologies."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.explanation.steps import channel, when
from shared.contract.http.dossiers import Step
from shared.domain import events as domain
from shared.domain.dossier import Acceptance, Dossier


def submitted(at: datetime, after: Dossier) -> Step:
    due = _to_be_answered(after.counted_acceptances[-1]) if after.counted_acceptances else ""
    text = f"Submitted {when(at)} ({channel(after)}); the clock has not started{due}."
    return Step(step="submitted", at=at, text=text)


def submitted_again(at: datetime, after: Dossier) -> Step:
    """The application comes again after it was sent back."""
    due = _to_be_answered(after.counted_acceptances[-1]) if after.counted_acceptances else ""
    text = f"Handed in again {when(at)} with what was missing; the clock has not started{due}."
    return Step(step="submitted", at=at, text=text)


def _to_be_answered(acceptance: Acceptance) -> str:
    if acceptance.due_at is None:
        return ""
    return f"; to be accepted, declined or sent back by {when(acceptance.due_at)}"


def answered(name: str, at: datetime, before: Dossier | None) -> Iterator[Step]:
    """An application that waited is accepted, declined or sent back: in time or late."""
    waits = before.counted_acceptances[-1:] if before is not None else ()
    if not waits or waits[0].answered_at is not None:
        return
    waited = waits[0]
    if waited.due_at is None:
        kept = f"it had waited since {when(waited.asked_at)}"
    else:
        kept = f"{'late' if waited.is_late(at) else 'in time'}, it was to be answered by {when(waited.due_at)}"
    yield Step(step="acceptance", at=at, due_at=waited.due_at, text=f"{name} {when(at)}: {kept}.")


def assigned(event: domain.Assigned, at: datetime) -> Step:
    who = " of ".join(name for name in (event.officer, event.unit) if name)
    due = f", this step due {when(event.due_at)}" if event.due_at else ""
    text = f"With {who or 'nobody named'} since {when(at)}{due}; the dossier's clock and class stay."
    return Step(step="assigned", at=at, due_at=event.due_at, text=text)


def reopened(event: domain.Reopened, at: datetime, before: Dossier | None, due: str) -> Step:
    """The closing is annulled."""
    closing = ""
    if before is not None and before.closed_at is not None and before.closed_as is not None:
        closing = f" of {when(before.closed_at)} as {before.closed_as.value}"
    ground = ", ".join(text for text in (event.reason, event.legal_ground) if text)
    text = f"Reopened {when(at)} ({ground}): the closing{closing} was none, the dossier was never closed; {due}."
    return Step(step="reopened", at=at, due_at=None if before is None else event.due_at or before.due_at, text=text)


def voided(event: domain.Voided, at: datetime) -> Step:
    twin = f", entered before as {event.duplicate_of}" if event.duplicate_of else ""
    text = f"Voided {when(at)} ({event.reason}){twin}: no figure counts it from now on."
    return Step(step="voided", at=at, text=text)


def apology(event: domain.Apologised, after: Dossier) -> Step:
    promised = f", the result promised for {when(event.promised_at)}" if event.promised_at else ""
    due = f": still due {when(after.due_at)}" if after.due_at else ""
    at = after.last_occurred_at
    text = f"Apology {when(at)}{promised}; it does not move the deadline{due}."
    return Step(step="apologised", at=at, until=event.promised_at, due_at=after.due_at, text=text)


def forwarded(event: domain.Forwarded, at: datetime) -> Step:
    due = f"to answer by {when(event.due_at)}" if event.due_at else "without a deadline of its own"
    text = f"Forwarded {when(at)} to {event.agency or 'another agency'}, {due}; the dossier's own deadline stays."
    return Step(step="forwarded", at=at, due_at=event.due_at, text=text)


def hop_answered(before: Dossier | None, after: Dossier, event: domain.ForwardAnswered) -> Step:
    at = after.last_occurred_at
    waiting = before.hops if before is not None else ()
    hop = next((now for now, then in zip(after.hops, waiting, strict=True) if now != then), None)
    if hop is None:
        text = f"Answered {when(at)} by {event.agency or 'another agency'}, from which no answer was waited for."
        return Step(step="forward_answered", at=at, text=text)
    if hop.due_at is None:
        kept = "it had no deadline of its own"
    else:
        kept = f"{'late, its own deadline was' if hop.is_late(at) else 'within its own deadline,'} {when(hop.due_at)}"
    text = f"Answered {when(at)} by {hop.agency or 'the other agency'}: {kept}."
    return Step(step="forward_answered", at=at, due_at=hop.due_at, text=text)
