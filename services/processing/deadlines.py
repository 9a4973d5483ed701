"""The passing of time: finds thresholds that were reached and puts them into the log as ticks."""

import time
from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import NamedTuple

from services.processing.ledger import LedgerEntry, Tick, needs_alert
from services.processing.partition import Partition
from shared.contract.envelope import encode
from shared.contract.topics import TICKS
from shared.service.clock import Clock, system_clock
from shared.service.publisher import NewRecord, Publisher

MOST_AT_ONCE = 5000
NumberedRecord = tuple[int, NewRecord]


class _Waiting(NamedTuple):
    """A dossier that is looked at again `at` (monotonic seconds),
    to see whether it had an event since one recorded then."""

    at: float
    number: int
    code: str
    recordedtime: datetime


class Deadlines:
    """Looks at the due-date index about once a second. A tick lost with the process is made again from the entries.

    A dossier must have been quiet for `grace`: a file of old events makes every dossier overdue for the moment
    until its closing arrives. Quiet by intake's recording clock, or for that long under our eyes: a clock that was
    set wrong, then or now, delays no alert for longer. Nothing is said of a partition that catches up, or that
    expects more events at once, as while a relay fills an emptied topic again: what closed long ago looks overdue
    until its closing is read.
    """

    def __init__(
        self, partitions: dict[int, Partition], publisher: Publisher, clock: Clock, *, grace: timedelta
    ) -> None:
        self._partitions = partitions
        self._publisher = publisher
        self._clock = clock
        self._grace = grace
        self._waiting: deque[_Waiting] = deque()

    async def advance(self) -> int:
        """Bring the counts up to now and send the ticks that are due; how many were sent.
        What can't be sent is due again later."""
        now, ticks = self._clock(), defaultdict[int, list[NewRecord]](list)
        for number, record in [*self._quiet_by_now(now), *self._reached(now)]:
            ticks[number].append(record)
        try:
            await self._publisher.publish(TICKS.name, ticks)
        except BaseException:
            for number in ticks.keys() & self._partitions.keys():
                self._partitions[number].index.rebuild(self._partitions[number].entries.values(), now)
            raise
        return sum(len(records) for records in ticks.values())

    def forget(self, kept: timedelta) -> None:
        """Let go of dossiers that closed and had no event for `kept`."""
        for partition in self._partitions.values():
            partition.forget(system_clock() - kept)

    def _reached(self, now: datetime) -> list[NumberedRecord]:
        ticks = []
        for number, partition in self._partitions.items():
            if partition.is_behind(partition.more_until):
                continue
            if partition.index.needs_rebuild(len(partition.entries)):
                partition.index.rebuild(partition.entries.values(), now)
            for code in dict.fromkeys(partition.index.reached(now, MOST_AT_ONCE)):  # it may have come to two
                ticks += self._look_at(number, partition, code, now)
        return ticks

    def _quiet_by_now(self, now: datetime) -> list[NumberedRecord]:
        ticks = []
        while self._waiting and self._waiting[0].at <= time.monotonic():
            seen = self._waiting.popleft()
            if (partition := self._partitions.get(seen.number)) is not None:
                ticks += self._look_at(seen.number, partition, seen.code, now, seen)
        return ticks

    def _look_at(
        self, number: int, partition: Partition, code: str, now: datetime, seen: _Waiting | None = None
    ) -> list[NumberedRecord]:
        entry = partition.entries.get(code)
        if entry is None:
            return []
        due_at, threshold = entry.dossier.watched_due_at, partition.index.refresh(entry.dossier, now)
        if threshold is None or due_at is None or not needs_alert(entry, threshold, due_at):
            return []
        if partition.is_behind(partition.more_until) or not self._is_quiet(entry, seen):
            self._waiting.append(
                _Waiting(time.monotonic() + self._grace.total_seconds(), number, code, entry.recordedtime)
            )
            return []
        return [(number, (code.encode(), encode(Tick(code, threshold, due_at))))]

    def _is_quiet(self, entry: LedgerEntry, seen: _Waiting | None) -> bool:
        if seen is not None and seen.recordedtime == entry.recordedtime:
            return True
        return system_clock() - entry.recordedtime >= self._grace
