"""What one partition derives in memory from its entries and the clock:
the due-date index and the status per department."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from services.processing.ledger import LedgerEntry
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import State
from shared.domain.timeliness import Standing, Timeliness, closed_timeliness, standing, threshold_reached

CountKey = tuple[str, str]  # department, timeliness
STALE_SHARE = 2  # the heap is rebuilt when it holds more than this many times the thresholds that matter


class StatusIndex:
    """Counts per department and timeliness, kept current by entries and by the passing of time.

    Nothing here is saved: it is a function of the entries and the clock,
    and is rebuilt from them on assignment and recovery.
    """

    def __init__(self, due_soon: timedelta) -> None:
        self._due_soon = due_soon
        self._counted_as: dict[str, tuple[CountKey, bool]] = {}  # by code, and whether the dossier is open
        self._heap: list[tuple[datetime, str]] = []
        self.counts: Counter[CountKey] = Counter()
        self.open_counts: Counter[CountKey] = Counter()

    def rebuild(self, entries: Iterable[LedgerEntry], now: datetime) -> None:
        """Forget everything and derive it again."""
        for counted in (self._counted_as, self.counts, self.open_counts):
            counted.clear()
        self._heap = []
        for entry in entries:
            self.refresh(entry.dossier, now)
            self._heap.extend((at, entry.dossier.code) for at in self._thresholds(entry.dossier))
        heapify(self._heap)

    def put(self, before: LedgerEntry | None, after: LedgerEntry, now: datetime) -> None:
        """Take in a changed entry."""
        self.refresh(after.dossier, now)
        same = (
            before is not None
            and before.dossier.watched_due_at == after.dossier.watched_due_at
            and before.dossier.state == after.dossier.state
        )
        if not same:
            self.watch(after.dossier)

    def watch(self, dossier: Dossier) -> None:
        """Look at the dossier when its thresholds are reached, at once if they were."""
        for at in self._thresholds(dossier):
            heappush(self._heap, (at, dossier.code))

    def drop(self, code: str) -> None:
        """Count the dossier no more; its thresholds in the heap are stale."""
        self._count(code, None)

    def reached(self, now: datetime, most: int) -> Iterator[str]:
        """Codes whose next threshold has come, at most `most`; whether it still matters is for the caller to see."""
        while self._heap and self._heap[0][0] <= now and most > 0:
            most -= 1
            yield heappop(self._heap)[1]

    def needs_rebuild(self, entries: int) -> bool:
        """Whether stale thresholds (of deadlines that moved or dossiers that closed) make up most of the heap."""
        return len(self._heap) > 1000 + STALE_SHARE * 2 * entries

    def refresh(self, dossier: Dossier, now: datetime) -> str | None:
        """Count the dossier by its timeliness now; the threshold at which it stands, None before the first."""
        closed, stands = closed_timeliness(dossier), standing(dossier, now, self._due_soon)
        timeliness: Timeliness | Standing | None = closed or stands
        if timeliness is None:
            self._count(dossier.code, None)
        else:
            name = "within" if timeliness is Standing.NO_DEADLINE else timeliness.value
            self._count(dossier.code, ((dossier.department, name), closed is None))
        return threshold_reached(dossier, stands, now)

    def _count(self, code: str, new: tuple[CountKey, bool] | None) -> None:
        """Count the dossier under a key, or under none, and no more under the one before."""
        old = self._counted_as.get(code)
        if new == old:
            return
        for counted, step in ((old, -1), (new, 1)):
            if counted is not None:
                key, is_open = counted
                self.counts[key] += step
                if is_open:
                    self.open_counts[key] += step
        if new is None:
            del self._counted_as[code]
        else:
            self._counted_as[code] = new

    def has_reached(self, dossier: Dossier, threshold: str, now: datetime) -> bool:
        """Whether a dossier stands at the threshold, or beyond it."""
        return self.reached_by(dossier, now) in {threshold, Standing.OVERDUE.value}

    def reached_by(self, dossier: Dossier, now: datetime) -> str | None:
        """The threshold at which a dossier stands; None before the first."""
        return threshold_reached(dossier, standing(dossier, now, self._due_soon), now)

    def _thresholds(self, dossier: Dossier) -> Iterator[datetime]:
        deadline = dossier.deadline
        if dossier.state is State.SUBMITTED and dossier.watched_due_at is not None:
            yield dossier.watched_due_at + timedelta.resolution
        if dossier.is_open and deadline is not None and dossier.suspended_since is None:
            yield deadline.due_at - self._due_soon
            yield deadline.overdue_from()


def count_key_of_closed(dossier: Dossier) -> CountKey | None:
    """Where a closed dossier is counted; None for one that was declined."""
    timeliness = closed_timeliness(dossier)
    return None if timeliness is None else (dossier.department, timeliness.value)
