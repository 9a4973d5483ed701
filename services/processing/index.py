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
        self._counted_as: dict[str, CountKey] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._open_as: dict[str, CountKey] = {}
        self.counts: Counter[CountKey] = Counter()
        self.open_counts: Counter[CountKey] = Counter()

    def rebuild(self, entries: Iterable[LedgerEntry], now: datetime) -> None:
        """Forget everything and derive it again."""
        for counted in (self._counted_as, self.counts, self._open_as, self.open_counts):
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
        _move(code, None, self._counted_as, self.counts)
        _move(code, None, self._open_as, self.open_counts)

    def reached(self, now: datetime, most: int) -> Iterator[str]:
        """Codes whose next threshold has come, at most `most`; whether it still matters is for the caller to see."""
        while self._heap and self._heap[0][0] <= now and most > 0:
            most -= 1
            yield heappop(self._heap)[1]

    def needs_rebuild(self, entries: int) -> bool:
        """Whether stale thresholds (of deadlines that moved or dossiers that closed) make up most of the heap."""
        return len(self._heap) > 1000 + STALE_SHARE * 2 * entries

    def refresh(self, dossier: Dossier, now: datetime) -> Timeliness | Standing | None:
        """Count the dossier by its timeliness now, and give that."""
        closed = closed_timeliness(dossier)
        timeliness = closed or standing(dossier, now, self._due_soon)
        new = (
            None
            if timeliness is None
            else (dossier.department, "within" if timeliness is Standing.NO_DEADLINE else timeliness.value)
        )
        _move(dossier.code, new, self._counted_as, self.counts)
        _move(dossier.code, new if closed is None else None, self._open_as, self.open_counts)
        return timeliness

    def has_reached(self, dossier: Dossier, threshold: str, now: datetime) -> bool:
        """Whether a dossier stands at the threshold, or beyond it."""
        return self.reached_by(dossier, now) in {threshold, Standing.OVERDUE.value}

    def reached_by(self, dossier: Dossier, now: datetime) -> str | None:
        """The threshold at which a dossier stands; None before the first."""
        return threshold_reached(dossier, now, self._due_soon)

    def _thresholds(self, dossier: Dossier) -> Iterator[datetime]:
        deadline = dossier.deadline
        if dossier.state is State.SUBMITTED and dossier.watched_due_at is not None:
            yield dossier.watched_due_at + timedelta.resolution
        if dossier.is_open and deadline is not None and dossier.suspended_since is None:
            yield deadline.due_at - self._due_soon
            yield deadline.overdue_from()


def _move(code: str, new: CountKey | None, counted_as: dict[str, CountKey], counts: Counter[CountKey]) -> None:
    """Count the dossier under a key, or under none, and no more under the one before."""
    old = counted_as.get(code)
    if new == old:
        return
    if old is not None:
        counts[old] -= 1
        del counted_as[code]
    if new is not None:
        counts[new] += 1
        counted_as[code] = new


def count_key_of_closed(dossier: Dossier) -> CountKey | None:
    """Where a closed dossier is counted; None for one that was declined."""
    timeliness = closed_timeliness(dossier)
    return None if timeliness is None else (dossier.department, timeliness.value)
