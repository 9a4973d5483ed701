"""What an announcement does to an open dossier: its logged events decided again with the new calendar; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from services.intake.accepting.candidates import Candidate, CommitResult, ComputedFrom, Refused, enveloped
from services.intake.accepting.computing import due_by_catalogue
from services.intake.log.history import HistoryEntry, LoggedEvent
from shared.catalogue import CalendarEntry, Catalogue
from shared.contract.envelope import encode
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.localtime import local_date
from shared.domain.timeliness import NEVER_SOON, Standing, standing
from shared.domain.transitions import apply

DAYS_NAMED = 3
SOURCE = "/intake/calendar"
COMPUTED = frozenset({"due_at"})
AGAIN = frozenset({"dossier_changed", "id_reused"})  # another event of the dossier, or another instance, was quicker


class MoveOutcome(StrEnum):
    """What becomes of a deadline that an announcement affects: it moves, or it stays and why."""

    PLANNED = "planned"
    MOVED = "moved"
    OVERDUE = "overdue"
    WOULD_BE_OVERDUE = "would_be_overdue"
    CANNOT_BE_COMPUTED = "cannot_be_computed"
    CHANGED_MEANWHILE = "changed_meanwhile"


class WhyUntouched(StrEnum):
    """Why an announcement does not affect an open dossier's deadline."""

    NO_DEADLINE = "no_deadline"
    GIVEN_BY_SENDER = "given_by_sender"
    SAME_DEADLINE = "same_deadline"


MOVING = (MoveOutcome.PLANNED, MoveOutcome.MOVED)
STAYING = tuple(outcome for outcome in MoveOutcome if outcome not in MOVING)
WHY_IT_STAYS = {
    MoveOutcome.OVERDUE: "it is overdue already, and stays so",
    MoveOutcome.WOULD_BE_OVERDUE: "the new deadline has passed already: nobody becomes overdue in hindsight",
    MoveOutcome.CANNOT_BE_COMPUTED: (
        "the catalogue no longer has what its deadline was computed from, or the calendar ends before it"
    ),
    MoveOutcome.CHANGED_MEANWHILE: "it was closed, or got its deadline by another event, before it was moved",
}


class Move(Struct, frozen=True, kw_only=True, array_like=True):
    """One dossier whose deadline an announcement affects; `new_due_at` is None when it can't be computed."""

    code: str
    department: str
    procedure: str
    received_at: datetime
    due_at: datetime
    new_due_at: datetime | None
    outcome: MoveOutcome


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """The catalogues around an announcement: without it, with it, and with all that was announced after it too."""

    days: Sequence[CalendarEntry]
    before: Catalogue
    after: Catalogue
    newest: Catalogue


def move_of(history: Sequence[HistoryEntry], change: CalendarChange, now: datetime) -> Move | None:
    """What the announcement does at `now` to the dossier that has this history; None when it does not affect its
    deadline.

    It is affected when its deadline comes out differently without the announcement and with it, by the rules it has in
    the log; it then moves to what all that has been announced gives. One that is overdue stays, and none becomes
    overdue by the move itself.
    """
    dossier = history[-1].after
    if not _within_reach(dossier, history, change.days):
        return None
    try:
        before, after = due_by_catalogue(history, change.before), due_by_catalogue(history, change.after)
        newest = after if change.newest is change.after else due_by_catalogue(history, change.newest)
    except Refusal:
        return _move(dossier, None, MoveOutcome.CANNOT_BE_COMPUTED)
    if before == after or newest is None or newest == dossier.due_at:
        return None
    return _move(dossier, newest, _outcome(dossier, newest, now))


def untouched(history: Sequence[HistoryEntry]) -> WhyUntouched:
    """Why `move_of` found nothing to move in an open dossier."""
    if history[-1].after.due_at is None:
        return WhyUntouched.NO_DEADLINE
    return WhyUntouched.SAME_DEADLINE if _may_be_computed(history) else WhyUntouched.GIVEN_BY_SENDER


def moved_at(dossier: Dossier, now: datetime) -> datetime:
    """The instant of a move: now, and never before the dossier's latest event."""
    return max(now, dossier.last_occurred_at)


def _within_reach(dossier: Dossier, history: Iterable[HistoryEntry], days: Iterable[CalendarEntry]) -> bool:
    """Whether an open dossier's deadline may be intake's, and one of the days lies where it counts for it."""
    if not dossier.is_open or dossier.due_at is None or dossier.received_at is None:
        return False
    if not _may_be_computed(history):
        return False
    first = local_date(dossier.received_at)
    last = local_date(max(dossier.last_occurred_at, *(deadline.due_at for deadline in dossier.deadlines)))
    return any(first <= entry.day <= last for entry in days)


def _may_be_computed(history: Iterable[HistoryEntry]) -> bool:
    """Whether intake counted any of it: from the receipt, or over a pause."""
    return any(entry.due_computed or domain.ends_pause(entry.event) for entry in history)


def _outcome(dossier: Dossier, new_due_at: datetime, now: datetime) -> MoveOutcome:
    at = moved_at(dossier, now)
    if standing(dossier, at, NEVER_SOON) is Standing.OVERDUE:
        return MoveOutcome.OVERDUE
    try:
        moved = apply(dossier, dossier.code, domain.Extended(due_at=new_due_at), at)
    except Refusal:
        return MoveOutcome.CANNOT_BE_COMPUTED
    return MoveOutcome.WOULD_BE_OVERDUE if standing(moved, at, NEVER_SOON) is Standing.OVERDUE else MoveOutcome.PLANNED


def _move(dossier: Dossier, new_due_at: datetime | None, outcome: MoveOutcome) -> Move:
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


def reason(move: Move, days: Iterable[CalendarEntry]) -> str:
    """Why the deadline moves or stays, in words."""
    if move.outcome in WHY_IT_STAYS:
        return WHY_IT_STAYS[move.outcome]
    first, last = local_date(move.received_at), local_date(max(move.due_at, move.new_due_at or move.due_at))
    named = [
        f"{entry.day} is {'worked' if entry.works else 'a day off'}" for entry in days if first <= entry.day <= last
    ]
    more = f" and {len(named) - DAYS_NAMED} more days" if len(named) > DAYS_NAMED else ""
    return ", ".join(named[:DAYS_NAMED]) + more


def event_id(announcement_id: str, code: str) -> str:
    """The id of a dossier's move: the same however often it is tried."""
    return f"calendar:{announcement_id}:{code}"


def extension(announcement_id: str, decree: str, move: Move, dossier: Dossier, now: datetime) -> Candidate:
    """The `extended` event that moves the dossier; its deadline counts as computed, to be computed anew one day."""
    assert move.new_due_at is not None, "what is planned has a new deadline"
    event = domain.Extended(due_at=move.new_due_at, legal_ground=decree)
    at = moved_at(dossier, now)
    sent = enveloped(
        event, encode(event), code=dossier.code, at=at, source=SOURCE, event_id=event_id(announcement_id, dossier.code)
    )
    return Candidate(sent=sent, event=event, occurred_at=at, basis=ComputedFrom(dossier.sequence, COMPUTED))


def settled(move: Move, result: CommitResult) -> Move | None:
    """What became of a submitted move; None when it is to be computed again."""
    if not isinstance(result, Refused):
        return replace(move, outcome=MoveOutcome.MOVED)
    if result.refusal.code in AGAIN:
        return None
    return replace(move, new_due_at=None, outcome=MoveOutcome.CANNOT_BE_COMPUTED)


def already_logged(move: Move, logged: LoggedEvent) -> Move:
    """A move whose event is in the log already; an event that someone else gave its id is none."""
    ours = logged.code == move.code and logged.computed == COMPUTED
    return replace(move, outcome=MoveOutcome.MOVED if ours else MoveOutcome.CANNOT_BE_COMPUTED)
