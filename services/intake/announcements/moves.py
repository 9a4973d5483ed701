"""What an announcement does to an open dossier: its logged events decided again with the new calendar; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from services.intake.announcements.known import AnnouncedDay
from services.intake.decide import PAUSE_ENDS, PauseEnd, decided
from shared.catalogue import Catalogue
from shared.contract.envelope import decode_envelope, event_of
from shared.domain import events as domain
from shared.domain.dossier import Dossier, apply
from shared.domain.errors import Refusal
from shared.domain.events import CorrectableField
from shared.domain.localtime import local_date
from shared.domain.timeliness import NEVER_SOON, Standing, standing

Computing = domain.Received | PauseEnd  # events for which intake computes a deadline
DAYS_NAMED = 3


class Outcome(StrEnum):
    """What becomes of a deadline that an announcement affects: it moves, or it stays and why."""

    PLANNED = "planned"
    MOVED = "moved"
    OVERDUE = "overdue"
    WOULD_BE_OVERDUE = "would_be_overdue"
    CANNOT_BE_COMPUTED = "cannot_be_computed"
    CHANGED_MEANWHILE = "changed_meanwhile"


class Untouched(StrEnum):
    """Why an announcement does not affect an open dossier's deadline."""

    NO_DEADLINE = "no_deadline"
    GIVEN_BY_SENDER = "given_by_sender"
    SAME_DEADLINE = "same_deadline"


MOVING = (Outcome.PLANNED, Outcome.MOVED)
STAYING = tuple(outcome for outcome in Outcome if outcome not in MOVING)
WHY_IT_STAYS = {
    Outcome.OVERDUE: "it is overdue already, and stays so",
    Outcome.WOULD_BE_OVERDUE: "the new deadline has passed already: nobody becomes overdue in hindsight",
    Outcome.CANNOT_BE_COMPUTED: "the catalogue no longer has what its deadline was computed from, or the calendar ends before it",
    Outcome.CHANGED_MEANWHILE: "it was closed, or got its deadline by another event, before it was moved",
}


class Fact(NamedTuple):
    """A logged event, when it happened, and whether the deadline in it is intake's own."""

    event: domain.Event
    occurred_at: datetime
    due_computed: bool


class Move(Struct, frozen=True, kw_only=True):
    """One dossier whose deadline an announcement affects; `new_due_at` is None when it can't be computed."""

    code: str
    department: str
    procedure: str
    received_at: datetime
    due_at: datetime
    new_due_at: datetime | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Change:
    """An announcement as the catalogues around it: without it, with it, and with whatever was announced after it too."""

    days: Sequence[AnnouncedDay]
    before: Catalogue
    after: Catalogue
    newest: Catalogue


def facts(history: Iterable[tuple[bytes, str]]) -> list[Fact]:
    """What the log says of a dossier: its events, each with the names of the fields that intake put in."""
    return [_fact(event, added) for event, added in history]


def _fact(event: bytes, added: str) -> Fact:
    envelope = decode_envelope(event)
    return Fact(event_of(envelope), envelope.time, "due_at" in added.split(","))


def as_logged(code: str, history: Iterable[Fact]) -> Dossier:
    """The dossier as it stands in the log."""
    dossier: Dossier | None = None
    for fact in history:
        dossier = apply(dossier, code, fact.event, fact.occurred_at)
    assert dossier is not None, f"the log has no event of {code}"
    return dossier


def move_of(dossier: Dossier, history: Sequence[Fact], change: Change, now: datetime) -> Move | None:
    """What the announcement does at `now` to the dossier that these events made; None when it does not affect its deadline.

    It is affected when its deadline comes out differently without the announcement and with it, by the rules it has in the log; it then
    moves to what all that has been announced gives. One that is overdue stays, and none becomes overdue by the move itself.
    """
    if not _within_reach(dossier, history, change.days):
        return None
    try:
        before, after = due_by(dossier.code, history, change.before), due_by(dossier.code, history, change.after)
        newest = after if change.newest is change.after else due_by(dossier.code, history, change.newest)
    except Refusal:
        return _move(dossier, None, Outcome.CANNOT_BE_COMPUTED)
    if before == after or newest is None or newest == dossier.due_at:
        return None
    return _move(dossier, newest, _outcome(dossier, newest, now))


def untouched(dossier: Dossier, history: Iterable[Fact]) -> Untouched:
    """Why `move_of` found nothing to move in an open dossier."""
    if dossier.due_at is None:
        return Untouched.NO_DEADLINE
    return Untouched.SAME_DEADLINE if _may_be_computed(history) else Untouched.GIVEN_BY_SENDER


def due_by(code: str, history: Iterable[Fact], catalogue: Catalogue) -> datetime | None:
    """The deadline that the dossier's events give with this calendar: intake's own are computed anew, a sender's stay.

    Raises a `Refusal` when the catalogue can't tell.
    """
    dossier: Dossier | None = None
    for fact in history:
        event, at = _undecided(fact, dossier), fact.occurred_at
        own = isinstance(event, Computing) and event.due_at is None
        dossier = decided(code, event, at, dossier, catalogue).dossier if own else apply(dossier, code, event, at)
    return None if dossier is None else dossier.due_at


def _undecided(fact: Fact, dossier: Dossier | None) -> domain.Event:
    """The event without what intake decided, as it would come in to a dossier whose deadline may be another by now."""
    event = fact.event
    if isinstance(event, domain.Extended) and fact.due_computed and dossier is not None and dossier.due_at is not None:
        return replace(event, due_at=dossier.due_at)  # the move of another announcement, which is in the calendar
    if isinstance(event, domain.Corrected) and event.field is CorrectableField.DUE_AT and dossier is not None:
        return replace(event, old_value=None if dossier.due_at is None else dossier.due_at.isoformat())
    if isinstance(event, Computing) and fact.due_computed:
        return replace(event, due_at=None)
    return event


def moved_at(dossier: Dossier, now: datetime) -> datetime:
    """The instant of a move: now, and never before the dossier's latest event."""
    return max(now, dossier.last_occurred_at)


def _within_reach(dossier: Dossier, history: Iterable[Fact], days: Iterable[AnnouncedDay]) -> bool:
    """Whether an open dossier has a deadline that may be intake's, and a day between the receipt and the last date that counts for it."""
    if not dossier.is_open or dossier.due_at is None or dossier.received_at is None:
        return False
    if not _may_be_computed(history):
        return False
    first = local_date(dossier.received_at)
    last = local_date(max(dossier.last_occurred_at, *(change.due_at for change in dossier.deadlines)))
    return any(first <= each.day <= last for each in days)


def _may_be_computed(history: Iterable[Fact]) -> bool:
    """Whether intake counted any of it: from the receipt, or over a pause."""
    return any(fact.due_computed or isinstance(fact.event, PAUSE_ENDS) for fact in history)


def _outcome(dossier: Dossier, new_due_at: datetime, now: datetime) -> Outcome:
    at = moved_at(dossier, now)
    if standing(dossier, at, NEVER_SOON) is Standing.OVERDUE:
        return Outcome.OVERDUE
    try:
        moved = apply(dossier, dossier.code, domain.Extended(due_at=new_due_at), at)
    except Refusal:
        return Outcome.CANNOT_BE_COMPUTED
    return Outcome.WOULD_BE_OVERDUE if standing(moved, at, NEVER_SOON) is Standing.OVERDUE else Outcome.PLANNED


def _move(dossier: Dossier, new_due_at: datetime | None, outcome: Outcome) -> Move:
    assert dossier.received_at is not None, "only a dossier that was received is open"
    assert dossier.due_at is not None, "a dossier without a deadline is not affected"
    return Move(
        code=dossier.code,
        department=dossier.department,
        procedure=dossier.procedure,
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        new_due_at=new_due_at,
        outcome=outcome,
    )


def reason(move: Move, days: Iterable[AnnouncedDay]) -> str:
    """Why the deadline moves or stays, in words."""
    if move.outcome in WHY_IT_STAYS:
        return WHY_IT_STAYS[move.outcome]
    first, last = local_date(move.received_at), local_date(max(move.due_at, move.new_due_at or move.due_at))
    named = [f"{each.day} is {'worked' if each.works else 'a day off'}" for each in days if first <= each.day <= last]
    more = f" and {len(named) - DAYS_NAMED} more days" if len(named) > DAYS_NAMED else ""
    return ", ".join(named[:DAYS_NAMED]) + more
