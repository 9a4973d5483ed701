"""Lines of intake's log into versions of dossiers, by the rules of the domain, as the processor and the projector make them; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from services.reporting.entry import entry_of
from services.reporting.instants import SECOND, microseconds
from services.reporting.projecting.batch import Change
from shared.contract.codec import encode
from shared.contract.envelope import CloudEvent
from shared.domain.dossier import Dossier, apply
from shared.domain.errors import Refusal
from shared.mapping import decode_data, to_event, to_status


class Line(msgspec.Struct, frozen=True):
    """One line of the log."""

    position: int
    event: CloudEvent


class BadLine(Exception):
    """A line that is not one of the log's: its number in the part, from 1, and why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event of the log that the rules do not allow; the dossier stays as it was before it."""

    position: int
    code: str
    detail: str


_decode = msgspec.json.Decoder(Line).decode


def read_lines(body: bytes, after: int) -> list[Line]:
    """The lines of a part of the log that begins after a position; raises BadLine."""
    lines: list[Line] = []
    for number, text in enumerate(body.split(b"\n"), 1):
        if not text:
            continue
        try:
            line = _decode(text)
        except ValueError as wrong:
            raise BadLine(f"line {number} is not a line of the log: {wrong}") from wrong
        before = lines[-1].position if lines else after
        if line.position <= before:
            raise BadLine(f"line {number} has position {line.position} after {before}; send the lines as GET /v1/log gives them")
        lines.append(line)
    return lines


@dataclass(slots=True)
class Fold:
    """Dossiers as they were before a part of the log, and the versions that the part makes of them."""

    dossiers: dict[str, Dossier]
    refused: list[Refused] = field(default_factory=list)
    latest: int = 0
    _versions: dict[str, list[tuple[int, Dossier, datetime]]] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Apply one event; of a dossier's versions within one second the newest is kept, as the projector does."""
        event = line.event
        before = self.dossiers.get(event.subject)
        try:
            after = _applied(before, event)
        except (Refusal, ValueError) as wrong:
            self.refused.append(Refused(line.position, event.subject, str(wrong)))
            return
        assert event.recordedtime is not None
        self.dossiers[event.subject] = after
        versions = self._versions.setdefault(event.subject, [])
        known_at = microseconds(event.recordedtime)
        self.latest = max(self.latest, known_at)
        if versions:
            known_at = max(known_at, versions[-1][0])
            if known_at // SECOND == versions[-1][0] // SECOND:
                versions.pop()
        versions.append((known_at, after, event.recordedtime))

    def codes(self) -> list[str]:
        return list(self._versions)

    def changes(self, code: str) -> list[Change]:
        """The dossier's versions, oldest first, numbered by their last events.

        The processor's own numbers are never lower, so what it publishes later is always newer.
        """
        return [_change(*version) for version in self._versions[code]]


def _applied(before: Dossier | None, event: CloudEvent) -> Dossier:
    known = 0 if before is None else before.sequence
    if event.sequence != known + 1 or event.recordedtime is None:
        msg = f"event {event.id} has number {event.sequence} and was recorded {event.recordedtime}, after event {known} of its dossier"
        raise ValueError(msg)
    return apply(before, event.subject, to_event(decode_data(event), event.time))


def _change(known_at: int, dossier: Dossier, recordedtime: datetime) -> Change:
    status = to_status(dossier, version=dossier.sequence, recordedtime=recordedtime, alerted={})
    return Change(status, dossier, entry_of(dossier), encode(status), known_at)


def refusals_as_json(refused: list[Refused]) -> list[Mapping[str, object]]:
    return [{"position": one.position, "code": one.code, "detail": one.detail} for one in refused]
