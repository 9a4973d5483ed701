"""The passing of time: moves dossiers between the counts, and puts thresholds that were reached into the log as ticks."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from services.processing.ledger import Entry, Tick, needs_alert
from services.processing.store import LedgerStore, Partition
from shared.clock import Clock, system_clock
from shared.contract.codec import encode
from shared.contract.topics import TICKS
from shared.domain.timeliness import Standing
from shared.publisher import Publisher, Record

MOST_AT_ONCE = 5000
ALERTING = (Standing.DUE_SOON, Standing.OVERDUE)
NumberedRecord = tuple[int, Record]


class Deadlines:
    """Looks at the due-date index about once a second. A tick lost with the process is made again from the entries.

    A dossier must have been quiet for `grace` (by the system's clock, whatever the service's says): a file of old events makes every
    dossier overdue for the moment until its closing arrives.
    """

    def __init__(self, store: LedgerStore, publisher: Publisher, clock: Clock, *, grace: timedelta) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._grace = grace
        self._waiting: deque[tuple[datetime, int, str]] = deque()

    async def advance(self) -> int:
        """Bring the counts up to now and send the ticks that are due; how many were sent."""
        now, seen_at = self._clock(), system_clock()
        ticks: dict[int, list[Record]] = defaultdict(list)
        for number, record in [*self._quiet_by_now(now, seen_at), *self._reached(now, seen_at)]:
            ticks[number].append(record)
        await self._publisher.publish(TICKS.name, ticks)
        return sum(len(records) for records in ticks.values())

    def _reached(self, now: datetime, seen_at: datetime) -> list[NumberedRecord]:
        found = []
        for number, partition in self._store.partitions.items():
            if partition.index.needs_rebuild(len(partition.entries)):
                partition.index.rebuild(partition.entries.values(), now)
            for code in partition.index.reached(now, MOST_AT_ONCE):
                found += self._look_at(number, partition, code, now, seen_at)
        return found

    def _quiet_by_now(self, now: datetime, seen_at: datetime) -> list[NumberedRecord]:
        found = []
        while self._waiting and self._waiting[0][0] <= seen_at:
            _, number, code = self._waiting.popleft()
            if (partition := self._store.partitions.get(number)) is not None:
                found += self._look_at(number, partition, code, now, seen_at)
        return found

    def _look_at(self, number: int, partition: Partition, code: str, now: datetime, seen_at: datetime) -> list[NumberedRecord]:
        entry = partition.entries.get(code)
        if entry is None or not entry.dossier.is_open:
            return []
        found, due_at = partition.index.refresh(entry.dossier, now), entry.dossier.due_at
        if found not in ALERTING or due_at is None or not needs_alert(entry, found.value, due_at):
            return []
        if not self._is_quiet(entry, seen_at):
            self._waiting.append((seen_at + self._grace, number, code))
            return []
        return [(number, (code.encode(), encode(Tick(code, found.value, due_at))))]

    def _is_quiet(self, entry: Entry, seen_at: datetime) -> bool:
        return seen_at - entry.recordedtime >= self._grace
