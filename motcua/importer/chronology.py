"""The order in which a file's lines are sent: by the time of their events, whatever order the file has them in.

Intake judges each dossier's events as they come: a later one that overtakes an earlier one may be allowed, and the
earlier one is then refused for good. So a file whose times go back is sorted first, outside memory when it is large.
"""

import heapq
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Self

from msgspec import Struct

from motcua.importer.lines import EventHead, EventLine, Spool, head_of
from motcua.importer.ports import EventSource
from shared.domain.lifecycle import place_at_one_instant

RUN_BYTES = 64 << 20
BATCH_LINES = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNDATED = -sys.maxsize  # intake refuses it, and what it should have come before waits for its correction

_ANYWHERE = frozenset({"fee_paid", "corrected"})


class _Placed(Struct, frozen=True, gc=False):
    """A line with what it is sorted by."""

    key: tuple[int, int, int]
    line: EventLine


class _OrderSeen:
    """Whether the times seen so far never go back, or never go on (newest first)."""

    def __init__(self) -> None:
        self.ascending = self.descending = True
        self._latest: datetime | None = None
        self._places: dict[str, int] = {}  # of the dossiers with an event at the latest instant

    def add(self, head: EventHead) -> None:
        if head.time is None:
            return
        if self._latest is not None and head.time != self._latest:
            if head.time < self._latest:
                self.ascending = False
            else:
                self.descending = False
            self._places.clear()
        self._latest = head.time
        if self.ascending and head.event not in _ANYWHERE:
            place = _place(head)
            if place < self._places.get(head.subject, place):
                self.ascending = False
            self._places[head.subject] = place


class Chronology:
    """The lines of a source in the order to send them; `survey` comes first and reads the file once or twice."""

    def __init__(self, source: EventSource) -> None:
        self._source = source
        self._stack = ExitStack()
        self._runs: list[Spool[_Placed]] | None = None
        self._held: list[_Placed] = []
        self._sign = 1
        self.sorted_lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def survey(self) -> Iterator[str]:
        """Find out whether the lines are in order, and sort them if not; yields what it is doing, again and again."""
        if self._source.in_order:
            return
        order = _OrderSeen()
        for batch in self._source.batches():
            for line in batch:
                if line.refusal is None:
                    order.add(head_of(line))
            if not (order.ascending or order.descending):
                break
            yield "looking at the order of the lines"
        if not order.ascending:
            self._sign = -1 if order.descending else 1  # newest first: of one instant, too, the last line comes first
            yield from self._sort()

    def batches(self) -> Iterator[list[EventLine]]:
        """The lines, a batch at a time."""
        if self._runs is None:
            yield from self._source.batches()
            return
        runs = [*(run.drain() for run in self._runs), iter(self._held)]
        batch: list[EventLine] = []
        for placed in heapq.merge(*runs, key=attrgetter("key")):
            batch.append(placed.line)
            if len(batch) >= BATCH_LINES:
                yield batch
                batch = []
        if batch:
            yield batch

    def _sort(self) -> Iterator[str]:
        """Sorted runs on disk, the last one in memory."""
        self._runs, size = [], 0
        for batch in self._source.batches():
            for line in batch:
                self._held.append(_Placed(self._key(line), line))
                size += len(line.body) + len(line.raw or b"")
            self.sorted_lines += len(batch)
            if size >= RUN_BYTES:
                self._keep_run()
                size = 0
            yield "putting the lines in order of time"
        self._held.sort(key=attrgetter("key"))

    def _keep_run(self) -> None:
        assert self._runs is not None
        run = self._stack.enter_context(closing(Spool(_Placed)))
        for placed in sorted(self._held, key=attrgetter("key")):
            run.add(placed)
        self._held.clear()
        self._runs.append(run)

    def _key(self, line: EventLine) -> tuple[int, int, int]:
        head = EventHead() if line.refusal is not None else head_of(line)
        at = _UNDATED if head.time is None else (head.time - _EPOCH) // _MICROSECOND
        return at, _place(head), self._sign * line.number


def _place(head: EventHead) -> int:
    return place_at_one_instant(head.event or "")
