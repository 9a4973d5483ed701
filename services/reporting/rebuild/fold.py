"""Lines of intake's log into versions of dossiers, as the processor and the projector make them; no I/O."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.versions import NewVersion, new_version, newest_by_second
from shared.contract.envelope import CloudEvent, encode, event_of
from shared.contract.http.log import LogLine
from shared.contract.http.rebuilds import UncountedEvent
from shared.contract.status import status_of, version_of
from shared.domain.dossier import Dossier
from shared.domain.transitions import apply
from shared.service.dead_letters import Unusable


class UnreadableLogLine(Exception):
    """A line that is not one of the log's: its number in the part, from 1, and why."""


_decode = msgspec.json.Decoder(LogLine).decode


def read_lines(body: bytes, after: int) -> list[LogLine]:
    """The lines of a part of the log that begins after a position; raises UnreadableLogLine."""
    lines: list[LogLine] = []
    for number, text in enumerate(body.split(b"\n"), 1):
        if not text:
            continue
        try:
            line = _decode(text)
        except Exception as wrong:  # bytes alone decide this, nesting beyond any stack too
            raise UnreadableLogLine(
                f"line {number} is not a line of the log: {str(wrong) or type(wrong).__name__}"
            ) from wrong
        before = lines[-1].position if lines else after
        if line.position <= before:
            detail = (
                f"line {number} has position {line.position} after {before}; send the lines as GET /v1/log gives them"
            )
            raise UnreadableLogLine(detail)
        lines.append(line)
    return lines


@dataclass(frozen=True, slots=True)
class _FoldedEvent:
    """The dossier after an event."""

    dossier: Dossier
    recordedtime: datetime
    position: int

    @property
    def recorded(self) -> int:
        return microseconds(self.recordedtime)

    def snapshot(self) -> bytes:
        """As the processor wrote it before any threshold was announced."""
        version = version_of(self.dossier.sequence, {}, None)
        return encode(status_of(self.dossier, version=version, recordedtime=self.recordedtime, alerted={}))


@dataclass(slots=True)
class LogFold:
    """Dossiers as they were before a part of the log, and the versions that the part makes of them."""

    dossiers: dict[str, Dossier]
    uncounted: list[UncountedEvent] = field(default_factory=list)
    latest: int = 0
    _folded: dict[str, list[_FoldedEvent]] = field(default_factory=lambda: defaultdict(list))

    def take(self, line: LogLine) -> None:
        """Apply one event."""
        event = line.event
        try:
            dossier = _applied(self.dossiers.get(event.subject), event)
        except Exception as wrong:  # noqa: BLE001 - the line and the dossier before it alone decide this
            self.uncounted.append(
                UncountedEvent(position=line.position, code=event.subject, detail=str(wrong) or type(wrong).__name__)
            )
            return
        assert event.recordedtime is not None
        self.dossiers[event.subject] = dossier
        folded = _FoldedEvent(dossier, event.recordedtime, line.position)
        self._folded[event.subject].append(folded)
        self.latest = max(self.latest, folded.recorded)

    def codes(self) -> list[str]:
        return list(self._folded)

    def versions(self, code: str) -> list[NewVersion]:
        """The dossier's versions that can be used, oldest first, the newest of each second as the projector does it."""
        return newest_by_second(self._folded[code], lambda folded: folded.recorded, self._version)

    def _version(self, folded: _FoldedEvent, known_at: int) -> NewVersion | None:
        try:
            return new_version(folded.snapshot(), known_at)
        except Unusable as unusable:
            self.uncounted.append(
                UncountedEvent(position=folded.position, code=folded.dossier.code, detail=unusable.detail)
            )
            return None


def _applied(before: Dossier | None, event: CloudEvent) -> Dossier:
    known = 0 if before is None else before.sequence
    if event.sequence != known + 1 or event.recordedtime is None:
        number, recorded = event.sequence, event.recordedtime
        msg = f"event {event.id} has number {number} and was recorded {recorded}, after event {known} of its dossier"
        raise ValueError(msg)
    return apply(before, event.subject, event_of(event), event.time)
