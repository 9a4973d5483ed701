"""The events by which deadlines move, and what became of them."""

from datetime import datetime

import msgspec

from services.intake.announcements.known import Announcement
from services.intake.announcements.moves import Move, Outcome, moved_at
from services.intake.candidates import Basis, Candidate
from services.intake.desk import LoggedEvent
from services.intake.outcomes import Outcome as Decided
from services.intake.outcomes import Refused
from services.intake.parsing import parse
from shared.contract.codec import encode
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.domain.dossier import Dossier
from shared.domain.events import Extended

SOURCE = "/intake/calendar"
COMPUTED = "due_at"
AGAIN = frozenset({"dossier_changed", "id_reused"})  # another event of the dossier, or another instance, was quicker


def event_id(announcement: Announcement, code: str) -> str:
    """The id of a dossier's move: the same however often it is tried."""
    return f"calendar:{announcement.id}:{code}"


def extension(announcement: Announcement, move: Move, dossier: Dossier, now: datetime) -> Candidate:
    """The `extended` event that moves the dossier as it stands; its deadline is marked as intake's own, so that it can be computed anew."""
    assert move.new_due_at is not None, "what is planned has a new deadline"
    event = {
        "specversion": SPEC_VERSION,
        "id": event_id(announcement, dossier.code),
        "source": SOURCE,
        "type": event_type(Extended.kind),
        "subject": dossier.code,
        "time": moved_at(dossier, now),
        "datacontenttype": JSON,
        "data": Extended(due_at=move.new_due_at, legal_ground=announcement.source),
    }
    return msgspec.structs.replace(parse(encode(event), b""), basis=Basis(dossier.sequence, COMPUTED))


def settled(move: Move, decided: Decided) -> Move | None:
    """What became of a submitted move; None when it is to be computed again."""
    if not isinstance(decided, Refused):
        return msgspec.structs.replace(move, outcome=Outcome.MOVED)
    if decided.refusal.code in AGAIN:
        return None
    return msgspec.structs.replace(move, new_due_at=None, outcome=Outcome.CANNOT_BE_COMPUTED)


def already_logged(move: Move, logged: LoggedEvent) -> Move:
    """A move whose event is in the log already; an event that someone else gave its id is none."""
    ours = logged.code == move.code and logged.added == COMPUTED
    return msgspec.structs.replace(move, outcome=Outcome.MOVED if ours else Outcome.CANNOT_BE_COMPUTED)
