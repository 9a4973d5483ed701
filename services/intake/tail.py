"""The end of the log in memory, so that a relay that keeps up need not read back what was just written."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from services.intake.desk import Row


class Tail:
    """The rows committed last, without a gap; whoever has fallen further behind reads the log."""

    def __init__(self, capacity_events: int) -> None:
        self._rows: deque[Row] = deque()
        self._capacity = capacity_events

    def add(self, rows: Sequence[Row]) -> None:
        """Rows of a commit, in order. When they leave a gap, or are too many, what was kept is let go."""
        if self._rows and (self._rows[-1].position + 1 != rows[0].position or len(self._rows) + len(rows) > self._capacity):
            self._rows.clear()
        if len(rows) <= self._capacity:
            self._rows.extend(rows)

    def after(self, position: int, limit: int) -> list[Row]:
        """Up to `limit` rows right after `position`, of which nothing before is asked again; none when they are not at hand."""
        while self._rows and self._rows[0].position <= position:
            self._rows.popleft()
        if not self._rows or self._rows[0].position != position + 1:
            return []
        return list(islice(self._rows, limit))
