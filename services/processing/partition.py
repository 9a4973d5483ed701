"""One partition of the ledger in memory: its dossiers, what is derived from them, and its position."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from services.processing.index import CountKey, StatusIndex, count_key_of_closed
from services.processing.ledger import LedgerEntry
from shared.contract.marks import LedgerMark
from shared.contract.status import StatusV1
from shared.domain.counting import RULES_VERSION
from shared.domain.lifecycle import CLOSED, State

SETTLED = CLOSED | {State.DECLINED, State.VOIDED}


@dataclass(slots=True)
class LedgerPosition:
    """A position in the events that is bound to the ledger's content: `events` is the sum of its dossiers' sequences.

    `number` is the highest number of an event read since the reading last began, `quarantined` how many numbered events
    became dead letters in it; `next_offset` and `next_tick` are the offsets to go on from. `missing` are the numbers
    that the reading passed over or put aside: their events may still come. `events` alone does not tell, for a ledger
    that is read again holds events that are still ahead.
    """

    events: int = 0
    number: int = 0
    quarantined: int = 0
    next_offset: int = 0
    next_tick: int = 0
    missing: tuple[range, ...] = ()

    def is_missing(self, number: int) -> bool:
        """Whether an event of this number may still come."""
        return any(number in passed for passed in self.missing)

    def reach(self, number: int) -> None:
        """An event beyond those read has this number; those between are missing."""
        if number > self.number + 1:
            self.missing += (range(self.number + 1, number),)
        self.number = number

    def put_aside(self) -> None:
        """The event that has the highest number became a dead letter; a better one of its number may still come."""
        self.quarantined += 1
        self.missing += (range(self.number, self.number + 1),)

    def find(self, number: int) -> None:
        """An event that was missing is there."""
        parts = (
            (range(passed.start, number), range(number + 1, passed.stop)) if number in passed else (passed,)
            for passed in self.missing
        )
        self.missing = tuple(part for split in parts for part in split if part)

    def mark(self) -> LedgerMark:
        """What a status decided here says of it."""
        return LedgerMark(self.events, self.number, self.quarantined, self.next_offset, RULES_VERSION)

    def continue_from(self, mark: LedgerMark, highest: int) -> None:
        """Take over where the writer of the mark stood; only right for a ledger that holds as many events.

        What that one missed is not known, only whether it missed any: then all may still come.
        """
        assert mark.events == self.events, "a position belongs to a content"
        if mark.number != self.number:
            missed_some = mark.events < mark.number or mark.number < highest
            self.missing = (range(1, mark.number + 1),) if missed_some else ()
        self.number, self.quarantined, self.next_offset = mark.number, mark.quarantined, mark.next_offset

    def restart(self) -> None:
        """Read the events from their beginning; what the ledger holds already is recognised by its sequences."""
        self.number = self.quarantined = self.next_offset = 0
        self.missing = ()


class Partition:
    """The fold of a changelog partition up to `changelog_end`.
    Dossiers closed long ago are forgotten: counted, not kept.

    `misplaced` are dossiers whose newest status lies before an older one in the changelog, so that compaction would
    keep the older: they are written again. `highest` is the highest event number this partition ever stood for; below
    it the events are being read again. Up to the number `searched_until` the topic was read from its beginning: what
    is missing there is not in it. `searched` says the same of single dossiers, by offset. `has_waited`: events that
    were missing did not come within the time that is waited for them. `catches_up_at` is where the events ended when
    their reading began, None before it does. Until `more_until` (monotonic seconds) more events are likely to follow
    those that were read last.
    """

    def __init__(self, new_index: Callable[[], StatusIndex]) -> None:
        self._new_index = new_index
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self.entries: dict[str, LedgerEntry] = {}
        self.index = self._new_index()
        self.position = LedgerPosition()
        self.changelog_end = 0
        self.highest = 0
        self.searched_until = 0
        self.misplaced: set[str] = set()
        self.forgotten: Counter[CountKey] = Counter()
        self.has_forgotten = False
        self.searched: dict[str, int] = {}
        self.has_waited = False
        self.catches_up_at: int | None = None
        self.more_until = -math.inf

    @property
    def is_catching_up(self) -> bool:
        """Whether events are still to be read that were there when the reading began:
        they may have closed what looks overdue here."""
        return self.catches_up_at is None or self.position.next_offset < self.catches_up_at

    def is_behind(self, more_until: float) -> bool:
        """Whether events are still to be read, or likely to come by then:
        what looks overdue here may have closed long ago."""
        return self.is_catching_up or time.monotonic() < more_until

    @property
    def is_reading_again(self) -> bool:
        """Whether it reads events that it had read before."""
        return self.position.number < self.highest

    @property
    def difference(self) -> int:
        """Numbered events read, less those held and quarantined:
        0 when nothing was skipped and all that is held is the log's."""
        return self.position.number - self.position.events - self.set_aside

    @property
    def set_aside(self) -> int:
        """Numbered events that are quarantined; one that counted when it was sent again is none of them any more."""
        return min(self.position.quarantined, max(self.position.number - self.position.events, 0))

    def read_again(self, number: int) -> None:
        """An event number jumped to `number`:
        read the events from their beginning to see whether those before it are there."""
        self.searched_until = max(self.searched_until, number)
        self.position.restart()

    def put(self, code: str, entry: LedgerEntry, now: datetime) -> None:
        """Keep a changed entry."""
        self.index.put(self.entries.get(code), entry, now)
        self.entries[code] = entry

    def counts(self) -> Counter[CountKey]:
        """Dossiers per department and timeliness, the forgotten ones included."""
        return self.index.counts + self.forgotten

    def forget(self, recorded_before: datetime) -> int:
        """Let go of dossiers that closed and had no event since an instant (by the recording clock); how many."""
        old = [
            code
            for code, entry in self.entries.items()
            if entry.dossier.state in SETTLED and entry.recordedtime < recorded_before
        ]
        for code in old:
            entry = self.entries.pop(code)
            self.index.drop(code)
            self.count_forgotten(count_key_of_closed(entry.dossier))
        return len(old)

    def count_forgotten(self, key: CountKey | None) -> None:
        """A dossier is counted, not kept."""
        self.has_forgotten = True
        if key is not None:
            self.forgotten[key] += 1

    def remember(self, entries: Iterable[LedgerEntry], now: datetime) -> None:
        """Take forgotten dossiers back, as the changelog has them."""
        for entry in entries:
            if (key := count_key_of_closed(entry.dossier)) is not None:
                self.forgotten[key] -= 1
            self.put(entry.dossier.code, entry, now)


def is_forgettable(status: StatusV1, recorded_before: datetime) -> bool:
    """Whether a snapshot is of a dossier that `forget` would let go of."""
    return State(status.state) in SETTLED and status.recordedtime < recorded_before
