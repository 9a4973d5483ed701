"""What the log holds, as values: rows, and dossiers' histories, before and after each event; the newest at hand."""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from msgspec import Struct

from shared.contract.envelope import CloudEvent, decode_envelope, event_of
from shared.domain.dossier import Dossier
from shared.domain.errors import Refusal
from shared.domain.events import Event, Extended
from shared.domain.transitions import apply


class LogDisagrees(Exception):
    """What stands beside an event in the log is not what the event says, so nothing is told or decided by it."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(
            f"what the log has of {code} was changed behind its back ({why}), so nothing is told by it; "
            "`motcua verify` names what differs"
        )


class LogRow(NamedTuple):
    """A row of the log, in the order of its columns; `added` names the fields that intake computed, by commas."""

    position: int
    event_id: str
    dossier: str
    sequence: int
    added: str
    recorded_at: float
    event: bytes


class LoggedEvent(Struct, frozen=True, gc=False):
    """What the log knows of an id; `computed` are the fields of its data that intake put in."""

    event: bytes
    computed: frozenset[str]
    code: str
    sequence: int


class LoggedKey(Struct, frozen=True):
    """What an Idempotency-Key led to."""

    request_digest: bytes
    code: str
    event_id: str


class CodeSeries(Struct, frozen=True):
    """The dossier codes of one agency and one day (yyMMdd), which differ by their serials."""

    agency: str
    day: str


class HistoryEntry(Struct, frozen=True):
    """One logged event of a dossier; `computed` are the fields of its data that intake put in, not the sender."""

    envelope: CloudEvent
    event: Event
    before: Dossier | None
    after: Dossier
    computed: frozenset[str]

    @property
    def at(self) -> datetime:
        """When it happened, in local time."""
        return self.after.last_occurred_at

    @property
    def recorded_at(self) -> datetime:
        """When intake logged it, by the system's clock."""
        assert self.envelope.recordedtime is not None, "intake dates what it logs"
        return self.envelope.recordedtime

    @property
    def due_computed(self) -> bool:
        """Whether the deadline that the event carries is intake's own count."""
        return "due_at" in self.computed

    @property
    def is_move(self) -> bool:
        """Whether it is the move of an announcement, which counted the whole deadline anew."""
        return self.due_computed and isinstance(self.event, Extended) and self.event.by is None


def history(code: str, logged: Iterable[tuple[bytes, str]]) -> list[HistoryEntry]:
    """The history that logged events make, in order; each comes with the fields that intake computed, by commas.

    Raises LogDisagrees: of another dossier's event, of one that does not follow the last, and of what no rule allows.
    """
    entries: list[HistoryEntry] = []
    before: Dossier | None = None
    for number, (logged_event, added) in enumerate(logged, 1):
        try:
            envelope = decode_envelope(logged_event)
            if envelope.subject != code:
                raise LogDisagrees(code, f"event {number} is of {envelope.subject}")
            if envelope.sequence not in (None, number):
                raise LogDisagrees(code, f"event {envelope.sequence} stands in the place of event {number}")
            event = event_of(envelope)
            after = apply(before, code, event, envelope.time)
        except (Refusal, ValueError) as wrong:
            raise LogDisagrees(code, f"event {number}: {wrong}") from wrong
        entries.append(HistoryEntry(envelope, event, before, after, computed_fields(added)))
        before = after
    return entries


@lru_cache(maxsize=64)
def computed_fields(added: str) -> frozenset[str]:
    """The names that the log keeps in one text, with commas between them."""
    return frozenset(added.split(",")) if added else frozenset()


def logged_event(row: LogRow) -> LoggedEvent:
    """What a row says of its event's id."""
    return LoggedEvent(row.event, computed_fields(row.added), row.dossier, row.sequence)


class RecentRows:
    """The rows committed last, without a gap; whoever has fallen further behind reads the log."""

    def __init__(self, capacity_events: int) -> None:
        self._rows: deque[LogRow] = deque()
        self._capacity = capacity_events

    def add(self, rows: Sequence[LogRow]) -> None:
        """Rows of a commit, in order. When they leave a gap, or are too many, what was kept is let go."""
        if self._rows and (
            self._rows[-1].position + 1 != rows[0].position or len(self._rows) + len(rows) > self._capacity
        ):
            self._rows.clear()
        if len(rows) <= self._capacity:
            self._rows.extend(rows)

    def after(self, position: int, limit: int) -> list[LogRow]:
        """Up to `limit` rows right after `position`; none when they are not at hand. Rows before them are let go."""
        while self._rows and self._rows[0].position <= position:
            self._rows.popleft()
        if not self._rows or self._rows[0].position != position + 1:
            return []
        return list(islice(self._rows, limit))


class RecentDossiers:
    """The dossiers decided on last. The log stays the truth: one is used only while its sequence is the log's."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._dossiers: dict[str, Dossier] = {}
        self._capacity = capacity

    def get(self, code: str, sequence: int) -> Dossier | None:
        """The dossier after its event `sequence`, when it is at hand."""
        known = self._dossiers.get(code)
        return known if known is not None and known.sequence == sequence else None

    def put(self, dossiers: dict[str, Dossier]) -> None:
        """Keep these as they are after a commit; the ones that changed longest ago make room."""
        for code in dossiers:
            self._dossiers.pop(code, None)
        self._dossiers.update(dossiers)
        excess = len(self._dossiers) - self._capacity
        for code in list(islice(self._dossiers, max(excess, 0))):
            del self._dossiers[code]
