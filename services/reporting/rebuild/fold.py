"""Lines of intake's log into versions of dossiers, by the rules of the domain, as the processor and the projector make them; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from services.reporting.instants import SECOND, microseconds
from services.reporting.projecting.batch import Change, change_of
from shared.contract.codec import encode
from shared.contract.envelope import CloudEvent, event_of
from shared.contract.status import status_of, version_of
from shared.domain.dossier import Dossier, apply
from shared.service.dead_letters import Unusable


class Line(msgspec.Struct, frozen=True):
    """One line of the log."""

    position: int
    event: CloudEvent


class BadLine(Exception):
    """A line that is not one of the log's: its number in the part, from 1, and why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event of the log that the rules do not allow, or that leads to a dossier that can't be counted; it stays as it was before."""

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
        except Exception as wrong:  # bytes alone decide this, nesting beyond any stack too
            raise BadLine(f"line {number} is not a line of the log: {str(wrong) or type(wrong).__name__}") from wrong
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
    _versions: dict[str, list["_Folded"]] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        """Apply one event; of a dossier's versions within one second the newest is kept, as the projector does."""
        event = line.event
        before = self.dossiers.get(event.subject)
        try:
            after = _applied(before, event)
        except Exception as wrong:  # noqa: BLE001 - the line and the dossier before it alone decide this
            self.refused.append(Refused(line.position, event.subject, str(wrong) or type(wrong).__name__))
            return
        assert event.recordedtime is not None
        self.dossiers[event.subject] = after
        versions = self._versions.setdefault(event.subject, [])
        known_at = microseconds(event.recordedtime)
        self.latest = max(self.latest, known_at)
        if versions:
            known_at = max(known_at, versions[-1].known_at)
            if known_at // SECOND == versions[-1].known_at // SECOND:
                versions.pop()
        versions.append(_Folded(known_at, after, event.recordedtime, line.position))

    def codes(self) -> list[str]:
        return list(self._versions)

    def changes(self, code: str) -> list[Change]:
        """The dossier's versions that can be used, oldest first, with the numbers that the processor gave them before any announcement."""
        changes: list[Change] = []
        for folded in self._versions[code]:
            try:
                changes.append(change_of(folded.snapshot(), folded.known_at))
            except Unusable as unusable:
                self.refused.append(Refused(folded.position, code, unusable.detail))
        return changes


@dataclass(frozen=True, slots=True)
class _Folded:
    known_at: int
    dossier: Dossier
    recordedtime: datetime
    position: int

    def snapshot(self) -> bytes:
        version = version_of(self.dossier.sequence, {}, None)
        return encode(status_of(self.dossier, version=version, recordedtime=self.recordedtime, alerted={}))


def _applied(before: Dossier | None, event: CloudEvent) -> Dossier:
    known = 0 if before is None else before.sequence
    if event.sequence != known + 1 or event.recordedtime is None:
        msg = f"event {event.id} has number {event.sequence} and was recorded {event.recordedtime}, after event {known} of its dossier"
        raise ValueError(msg)
    return apply(before, event.subject, event_of(event), event.time)


def refusals_as_json(refused: list[Refused]) -> list[Mapping[str, object]]:
    return [{"position": one.position, "code": one.code, "detail": one.detail} for one in refused]
