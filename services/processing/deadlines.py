"""The passing of time: moves dossiers between the counts, and puts thresholds that were reached into the log as ticks."""

from collections import defaultdict
from datetime import datetime, timedelta

from services.processing.index import StatusIndex
from services.processing.ledger import Entry, Tick, needs_alert
from services.processing.store import LedgerStore, Partition
from shared.clock import Clock, system_clock
from shared.contract.codec import encode
from shared.contract.topics import TICKS
from shared.domain.timeliness import Standing, standing
from shared.publisher import Publisher, Record

MOST_AT_ONCE = 5000


class Deadlines:
    """Looks at the due-date index about once a second. A tick lost with the process is made again from the entries."""

    def __init__(self, store: LedgerStore, publisher: Publisher, clock: Clock, *, due_soon: timedelta, grace: timedelta) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._due_soon = due_soon
        self._grace = grace

    async def advance(self) -> int:
        """Bring the counts up to now and send the ticks that are due; how many were sent."""
        now = self._clock()
        ticks: dict[int, list[Record]] = defaultdict(list)
        for number, partition in self._store.partitions.items():
            if partition.index.needs_rebuild(len(partition.entries)):
                partition.index.rebuild(partition.entries.values(), now)
            for code in partition.index.reached(now, MOST_AT_ONCE):
                ticks[number].extend(self._look_at(partition, code, now))
        ticks = {number: records for number, records in ticks.items() if records}
        await self._publisher.publish(TICKS.name, ticks)
        return sum(len(records) for records in ticks.values())

    def _look_at(self, partition: Partition, code: str, now: datetime) -> list[Record]:
        entry = partition.entries.get(code)
        if entry is None or not entry.dossier.is_open:
            return []
        partition.index.refresh(entry.dossier, now)
        threshold = standing(entry.dossier, now, self._due_soon)
        due_at = entry.dossier.due_at
        if threshold not in (Standing.DUE_SOON, Standing.OVERDUE) or due_at is None or not needs_alert(entry, threshold.value, due_at):
            return []
        if not self._is_quiet(entry):
            self._again_after_grace(partition.index, entry, now)
            return []
        return [(code.encode(), encode(Tick(code, threshold.value, due_at)))]

    def _is_quiet(self, entry: Entry) -> bool:
        return system_clock() - entry.recordedtime >= self._grace

    def _again_after_grace(self, index: StatusIndex, entry: Entry, now: datetime) -> None:
        index.again_at(now + self._grace, entry.dossier.code)
