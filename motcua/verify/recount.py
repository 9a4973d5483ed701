"""The dossiers as the event log makes them: every event applied by the rules of the domain, one after another."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec
from msgspec import Struct

from motcua.verify.difference import Difference, of_dossier
from shared.contract.envelope import CloudEvent, event_of
from shared.domain.dossier import Dossier, apply
from shared.domain.errors import Refusal
from shared.domain.localtime import local_date

LOG = "the log"


class Entry(Struct, frozen=True):
    """One line of intake's log."""

    position: int
    event: CloudEvent


decode_entry = msgspec.json.Decoder(Entry).decode


@dataclass(slots=True)
class Recount:
    """Dossiers after the events taken so far; `faults` are events that the rules or the order of the log do not allow.

    For each instant of `instants` it keeps those that have changed since, as they were known then.
    """

    instants: tuple[datetime, ...] = ()
    dossiers: dict[str, Dossier] = field(default_factory=dict)
    faults: list[Difference] = field(default_factory=list)
    events: int = 0
    position: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    _before: dict[datetime, dict[str, Dossier | None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and the last local day of the log; None while it is empty."""
        if self.first_at is None or self.last_at is None:
            return None
        return local_date(self.first_at), local_date(self.last_at)

    def known_at(self, instant: datetime | None) -> Iterator[Dossier]:
        """The dossiers made of what had been recorded at the instant (one of `instants`), that instant included; None: of everything.

        Knowledge of a dossier never goes back: once one of its events counts as later, the following ones do too.
        """
        before = {} if instant is None else self._before[instant]
        for code, dossier in self.dossiers.items():
            known = before.get(code) if code in before else dossier
            if known is not None:
                yield known

    def take(self, line: bytes) -> None:
        """Apply one line of the log."""
        entry = decode_entry(line)
        event, code = entry.event, entry.event.subject
        if entry.position <= self.position:
            self._fault(code, f"has position {entry.position} after {self.position}")
        self.position = entry.position
        self.events += 1
        before = self.dossiers.get(code)
        try:
            after = apply(before, code, event_of(event), event.time)
        except (Refusal, ValueError) as refusal:
            self._fault(code, f"holds event {event.id} against the rules: {refusal}")
            return
        if event.sequence != after.sequence:
            self._fault(code, f"numbers event {event.id} {event.sequence}, it is the dossier's {after.sequence}th")
        self._remember(code, before, event)
        self.dossiers[code] = after
        self.first_at = min(event.time, self.first_at or event.time)
        self.last_at = max(event.time, self.last_at or event.time)

    def _remember(self, code: str, before: Dossier | None, event: CloudEvent) -> None:
        """Keep the dossier as it was before its first event that was recorded after an instant."""
        if event.recordedtime is None:
            self._fault(code, f"does not say when event {event.id} was recorded")
            return
        for instant in self.instants:
            if event.recordedtime > instant:
                self._before[instant].setdefault(code, before)

    def _fault(self, code: str, detail: str) -> None:
        self.faults.append(of_dossier(LOG, code, detail))
