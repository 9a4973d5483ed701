"""Why a dossier is due when it is and judged as it is: the same domain code, told step by step."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from services.intake.changes import Change
from services.intake.explanation import pauses, receipts, recounts, verdicts
from services.intake.explanation.wording import channel, when
from services.intake.schemas import Step
from shared.catalogue import Catalogue
from shared.domain import events as domain
from shared.domain.definitions import BY_DATE, Definition
from shared.domain.dossier import Dossier
from shared.domain.events import CorrectableField

CatalogueAt = Callable[[datetime], Catalogue]  # the catalogue that was in force when an event was recorded


def explain(changes: Sequence[Change], catalogue_at: CatalogueAt, now: datetime, definition: Definition = BY_DATE) -> list[Step]:
    """Receipt, normalised start, each interval, deadline, what came after, closing, class: in the order in which they happened."""
    steps: list[Step] = []
    for number, change in enumerate(changes):
        if isinstance(change.event, domain.Extended) and change.computed:
            steps += recounts.recount(changes[:number], change, catalogue_at)
        steps += _steps(change, changes[:number], catalogue_at(change.recorded_at), definition)
    return [*steps, verdicts.verdict(changes[-1].after, now, definition)]


def _steps(change: Change, past: Sequence[Change], catalogue: Catalogue, definition: Definition) -> Iterator[Step]:
    event, before, after, at = change.event, change.before, change.after, change.after.last_occurred_at
    match event:
        case domain.Submitted():
            yield Step(step="submitted", at=at, text=f"Submitted {when(at)} ({channel(after)}); the clock has not started.")
        case domain.Received():
            yield from receipts.receipt(event, change, catalogue)
        case domain.SupplementRequested() | domain.PaymentRequested():
            yield pauses.begun(after, definition)
        case domain.Extended():
            ground = f" on a legal ground ({event.legal_ground})" if event.legal_ground else ", no legal ground given"
            anew = recounts.outcome(past, change, catalogue) if change.computed else ""
            yield Step(step="extended", at=at, due_at=after.due_at, text=f"Extended {when(at)}{ground}: {_moved(before, after)}{anew}.")
        case domain.Apologised():
            yield _apology(event, after)
        case domain.Forwarded():
            yield _forwarded(event, at)
        case domain.ForwardAnswered():
            yield _answered(before, after, event)
        case domain.Corrected():
            yield _correction(event, before, after)
        case domain.Returned():
            yield Step(step="returned", at=at, text=f"Returned {when(at)} ({event.channel.value}): the applicant has the result.")
        case _ if before is not None and before.suspended_since is not None and after.suspended_since is None:
            yield from pauses.ended(change, before, catalogue, definition)
    if after.closed_at is not None and (before is None or before.closed_at is None):
        yield Step(step="closed", at=after.closed_at, text=f"Closed {when(after.closed_at)} as {after.state.value}; the clock stops.")


def _apology(event: domain.Apologised, after: Dossier) -> Step:
    promised = f", the result promised for {when(event.promised_at)}" if event.promised_at else ""
    due = f": still due {when(after.due_at)}" if after.due_at else ""
    at = after.last_occurred_at
    text = f"Apology {when(at)}{promised}; it does not move the deadline{due}."
    return Step(step="apologised", at=at, until=event.promised_at, due_at=after.due_at, text=text)


def _forwarded(event: domain.Forwarded, at: datetime) -> Step:
    due = f"to answer by {when(event.due_at)}" if event.due_at else "without a deadline of its own"
    text = f"Forwarded {when(at)} to {event.agency or 'another agency'}, {due}; the dossier's own deadline stays."
    return Step(step="forwarded", at=at, due_at=event.due_at, text=text)


def _answered(before: Dossier | None, after: Dossier, event: domain.ForwardAnswered) -> Step:
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


def _correction(event: domain.Corrected, before: Dossier | None, after: Dossier) -> Step:
    at = after.last_occurred_at
    reason = f" ({event.reason})" if event.reason else ", no reason given"
    if event.field is CorrectableField.DUE_AT:
        late = before is not None and before.closed_at is not None
        changed = f"{'deadline corrected after closing' if late else 'the deadline'}, {_moved(before, after)}"
    else:
        field = event.field.value.replace("_", " ")
        changed = f"{field} from {event.old_value or 'nothing'} to {event.new_value or 'nothing'}"
    return Step(step="corrected", at=at, due_at=after.due_at, text=f"Corrected {when(at)}: {changed}{reason}.")


def _moved(before: Dossier | None, after: Dossier) -> str:
    old = None if before is None else before.due_at
    if after.due_at is None:
        return "there is no deadline any more" if old else "there is no deadline"
    if old is None or old == after.due_at:
        return f"due {when(after.due_at)} as before" if old else f"due {when(after.due_at)}"
    return f"due {when(after.due_at)} instead of {when(old)}"
