"""What the log holds, as values: its rows, and what it knows of ids, keys and codes."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from msgspec import Struct


class LogRow(NamedTuple):
    """A row of the log, in the order of its columns; `added` names the fields that intake computed, with commas between them."""

    position: int
    event_id: str
    dossier: str
    sequence: int
    added: str
    recorded_at: float
    event: bytes


class LoggedEvent(Struct, frozen=True):
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


class RecentRows:
    """The rows committed last, without a gap; whoever has fallen further behind reads the log."""

    def __init__(self, capacity_events: int) -> None:
        self._rows: deque[LogRow] = deque()
        self._capacity = capacity_events

    def add(self, rows: Sequence[LogRow]) -> None:
        """Rows of a commit, in order. When they leave a gap, or are too many, what was kept is let go."""
        if self._rows and (self._rows[-1].position + 1 != rows[0].position or len(self._rows) + len(rows) > self._capacity):
            self._rows.clear()
        if len(rows) <= self._capacity:
            self._rows.extend(rows)

    def after(self, position: int, limit: int) -> list[LogRow]:
        """Up to `limit` rows right after `position`, whose predecessors nobody needs any more; none when they are not at hand."""
        while self._rows and self._rows[0].position <= position:
            self._rows.popleft()
        if not self._rows or self._rows[0].position != position + 1:
            return []
        return list(islice(self._rows, limit))
