"""How far a partition of the status topic has been read, and whether a record follows what was read; no I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.reporting.projecting.batch import Record
from shared.contract.marks import LedgerMark, mark_of
from shared.domain.rules import RULES_VERSION


@dataclass(slots=True)
class Reading:
    """One partition. `mark` is the furthest that was read, of the rules that it was last read by.

    Below `whole_until` the partition is being read from its beginning: whatever is missing there, compaction removed.
    """

    next_offset: int = 0
    mark: LedgerMark | None = None
    whole_until: int = 0

    def follows(self, offset: int, mark: LedgerMark) -> bool:
        """Whether the ledger had no more events than one beyond those that were read; by other rules it begins anew."""
        known = self.mark.events if self.mark is not None and self.mark.rules == mark.rules else 0
        return offset < self.whole_until or mark.events <= known + 1

    def take(self, offset: int, mark: LedgerMark | None) -> None:
        """The record was read."""
        self.next_offset = offset + 1
        if mark is not None:
            self.mark = _further(self.mark, mark)


def _further(known: LedgerMark | None, mark: LedgerMark) -> LedgerMark:
    return known if known is not None and (known.rules, known.events) > (mark.rules, mark.events) else mark


@dataclass(slots=True)
class Read:
    """A fetch, record by record: which records count, and which partitions had a gap.

    `again` are the partitions that may be read again from their beginning: nothing at and behind a gap is taken there.
    Elsewhere records behind a gap are taken and their marks are not: the gap is still seen after a restart.
    """

    readings: dict[int, Reading]
    again: set[int]
    gaps: dict[int, tuple[int, LedgerMark]]

    @classmethod
    def of(cls, readings: dict[int, Reading], again: set[int]) -> "Read":
        """The readings are copied: they hold only once the transaction does."""
        copies = {number: Reading(one.next_offset, one.mark, one.whole_until) for number, one in readings.items()}
        return cls(copies, again, {})

    def taken(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records to project, in their order. A status made by earlier rules is none: its ledger is derived anew."""
        for record in records:
            number, mark = record.partition, mark_of(record.headers)
            reading = self.readings[number]
            if mark is not None and mark.rules < RULES_VERSION:
                reading.take(record.offset, None)
                continue
            if mark is not None and not reading.follows(record.offset, mark):
                self.gaps.setdefault(number, (record.offset, mark))
            if number not in self.gaps:
                reading.take(record.offset, mark)
                yield record
            elif number not in self.again:
                reading.take(record.offset, None)
                yield record
