"""A dossier's log as the changes it made: what happened, the dossier before and after, and what intake itself computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.contract.envelope import CloudEvent, event_of
from shared.domain.dossier import Dossier, apply
from shared.domain.events import Event


@dataclass(frozen=True, slots=True)
class Change:
    """`computed`: the deadline that the event carries is intake's own count, not the sender's."""

    event: Event
    before: Dossier | None
    after: Dossier
    recorded_at: datetime
    computed: bool


def changes(code: str, logged: Iterable[tuple[CloudEvent, str]]) -> list[Change]:
    """Of each logged event with the fields that intake put into it (with commas between them), in order."""
    found: list[Change] = []
    before: Dossier | None = None
    for envelope, added in logged:
        event = event_of(envelope)
        after = apply(before, code, event, envelope.time)
        assert envelope.recordedtime is not None, "intake dates what it logs"
        found.append(Change(event, before, after, envelope.recordedtime, "due_at" in added.split(",")))
        before = after
    return found
