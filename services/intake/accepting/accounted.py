"""What the audit says of a commit: whose events it took, and each decision by which something became another. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from services.intake.log.history import LogRow
from shared.auditing.entries import EVENTS_SHA256, POSITIONS, Act, Actor, AuditEntry, digest_of, ranges
from shared.domain import events as domain
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import EventKind

_ACTS = {
    EventKind.CORRECTED: Act.CORRECTED,
    EventKind.REOPENED: Act.REOPENED,
    EventKind.VOIDED: Act.VOIDED,
    EventKind.DEADLINE_SET: Act.DEADLINE_SET,
    EventKind.EXTENDED: Act.EXTENDED,
}
JUDGED = frozenset(_ACTS)


class JudgedEvent(Struct, frozen=True):
    """An event that puts something else in the place of what held, at its position of the log."""

    position: int
    event_id: str
    event: domain.Event
    occurred_at: datetime
    before: Dossier | None
    after: Dossier


def accounted(
    requests: Iterable[tuple[Actor, Sequence[LogRow], Sequence[JudgedEvent]]],
) -> Iterator[AuditEntry]:
    """The entries of a commit: one for all that somebody's requests brought, then one for each judged event of theirs.

    The digest seals the log itself, at the cost of hashing its bytes.
    """
    of: dict[Actor, tuple[list[str], list[LogRow], list[tuple[Actor, JudgedEvent]]]] = {}
    for by, rows, judged in requests:
        if rows:
            names, all_rows, all_judged = of.setdefault(replace(by, requests=()), ([], [], []))
            names.extend(by.requests)
            all_rows.extend(rows)
            all_judged.extend((by, one) for one in judged)
    for actor, (names, rows, _) in of.items():
        yield AuditEntry(
            Act.EVENTS_ACCEPTED, details=sealing(rows), by=replace(actor, requests=tuple(dict.fromkeys(names)))
        )
    for _, _, all_judged in of.values():
        yield from (_decision(one, by) for by, one in all_judged)


def sealing(rows: Sequence[LogRow]) -> dict[str, Any]:
    """Which rows of the log an entry is about, and the digest over their events."""
    return {
        POSITIONS: ranges([row.position for row in rows]),
        "events": len(rows),
        EVENTS_SHA256: digest_of([row.event for row in rows]),
    }


def _decision(judged: JudgedEvent, by: Actor) -> AuditEntry:
    """Both values, what it was decided on, and where the log has it."""
    details = {
        **_both_values(judged),
        "position": judged.position,
        "event_id": judged.event_id,
        "occurred_at": judged.occurred_at.isoformat(),
    }
    return AuditEntry(_ACTS[judged.event.kind], judged.after.code, details, by)


def _both_values(judged: JudgedEvent) -> dict[str, Any]:
    event, before, after = judged.event, judged.before, judged.after
    match event:
        case domain.Corrected():
            values = {"field": event.field.value, "old": event.old_value, "new": event.new_value}
            return values | {"reason": event.reason} | _deadlines_moved(before, after, event)
        case domain.Reopened():
            closed_at = _written(before.closed_at if before else None)
            grounds = {"reason": event.reason, "legal_ground": event.legal_ground}
            return _states(before, after) | {"closed_at": closed_at} | grounds
        case domain.Voided():
            return _states(before, after) | {"reason": event.reason, "duplicate_of": event.duplicate_of}
        case domain.DeadlineSet():
            return {"field": "due_at", **_deadlines(before, after), "reason": event.ground}
        case domain.Extended():
            return {"field": "due_at", **_deadlines(before, after), "legal_ground": event.legal_ground}
    raise AssertionError(f"{event.kind} is not judged")


def _states(before: Dossier | None, after: Dossier) -> dict[str, Any]:
    return {"field": "state", "old": None if before is None else before.state.value, "new": after.state.value}


def _deadlines(before: Dossier | None, after: Dossier) -> dict[str, Any]:
    return {"old": _written(before.due_at if before else None), "new": _written(after.due_at)}


def _deadlines_moved(before: Dossier | None, after: Dossier, event: domain.Corrected) -> dict[str, Any]:
    """The deadline too, where correcting something else moved it."""
    deadlines = _deadlines(before, after)
    if event.field.value == "due_at" or deadlines["old"] == deadlines["new"]:
        return {}
    return {"old_due_at": deadlines["old"], "new_due_at": deadlines["new"]}


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
