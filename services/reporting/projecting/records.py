"""Status records into versions to store: which records follow what was read, and each dossier's usable ones; no I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import msgspec

from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.versions import NewVersion, new_version, newest_by_second
from shared.contract.marks import LedgerMark, mark_of
from shared.domain.counting import RULES_VERSION
from shared.domain.localtime import Instant, local
from shared.service.dead_letters import LARGEST_NUMBER, MALFORMED, Unusable
from shared.service.kafka import KafkaRecord


@dataclass(slots=True)
class PartitionPosition:
    """How far a partition was read. `mark` is the furthest that was read, of the rules that it was last read by.

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
        if mark is not None and (self.mark is None or (self.mark.rules, self.mark.events) <= (mark.rules, mark.events)):
            self.mark = mark


@dataclass(slots=True)
class FetchedRecords:
    """A fetch, record by record: which records count, and which partitions had a gap.

    `again` are the partitions that may be read again from their beginning: nothing at and behind a gap is taken there.
    Elsewhere records behind a gap are taken and their marks are not: the gap is still seen after a restart.
    """

    positions: dict[int, PartitionPosition]
    again: set[int]
    gaps: dict[int, tuple[int, LedgerMark]] = field(default_factory=dict)
    marks: list[LedgerMark | None] = field(default_factory=list)  # of the records that were taken, in their order

    def __post_init__(self) -> None:
        """The positions are copied: those after the fetch hold only once its transaction does."""
        self.positions = {number: replace(position) for number, position in self.positions.items()}

    def taken(self, records: Iterable[KafkaRecord]) -> Iterator[KafkaRecord]:
        """The records to project, in their order; none made by earlier rules, for their ledger is derived anew."""
        for record in records:
            number, mark = record.partition, mark_of(record.headers)
            position = self.positions[number]
            if mark is not None and mark.rules < RULES_VERSION:
                position.take(record.offset, None)
                continue
            if mark is not None and not position.follows(record.offset, mark):
                self.gaps.setdefault(number, (record.offset, mark))
            if number not in self.gaps:
                position.take(record.offset, mark)
            elif number not in self.again:
                position.take(record.offset, None)
            else:
                continue
            self.marks.append(mark)
            yield record


@lru_cache(maxsize=1000)  # intake records many events at one instant
def _local(text: str) -> datetime:
    """Raises when it names no instant, or one that no office lives at."""
    return local(msgspec.convert(text, Instant))


@lru_cache(maxsize=1000)
def _microseconds(text: str) -> int:
    return microseconds(_local(text))


class StatusHead(msgspec.Struct, frozen=True, gc=False):
    """What tells which of a dossier's records are worth reading in full: the newest of each second."""

    code: str
    sequence: int
    version: int
    recordedtime: str

    @property
    def recorded_at(self) -> datetime:
        """The instant in local time."""
        return _local(self.recordedtime)

    @property
    def place(self) -> tuple[int, int]:
        """As `NewVersion.place`."""
        return self.sequence, self.version


_decode_head = msgspec.json.Decoder(StatusHead).decode
Headed = tuple[StatusHead, KafkaRecord, LedgerMark | None]


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    record: KafkaRecord
    reason: str
    detail: str


@dataclass(slots=True)
class Batch:
    """The records of one transaction. Records of a partition are taken in their order; `read` are those with a head."""

    read: list[Headed] = field(default_factory=list)
    unreadable: list[UnreadableRecord] = field(default_factory=list)
    _snapshots: dict[str, list[Headed]] = field(default_factory=dict)
    _unordered: set[str] = field(default_factory=set)  # dossiers whose records don't rise by their events

    def take(self, record: KafkaRecord, mark: LedgerMark | None = None) -> None:
        """Read one record with its mark; a tombstone changes nothing, for the dossier stays counted."""
        if record.value is None:
            return
        try:
            head = _decode_head(record.value)
            _local(head.recordedtime)
        except Exception as wrong:  # noqa: BLE001 - bytes alone decide this, from broken UTF-8 to nesting beyond any stack
            self._refuse(record, MALFORMED, str(wrong) or type(wrong).__name__)
            return
        if not (0 < head.sequence <= LARGEST_NUMBER and 0 < head.version <= LARGEST_NUMBER):
            self._refuse(record, MALFORMED, f"sequence or version is not between 1 and {LARGEST_NUMBER}")
            return
        headed = head, record, mark
        self.read.append(headed)
        known = self._snapshots.setdefault(head.code, [])
        if known:
            last, latest, _ = known[-1]
            if record.value == latest.value:
                return
            if head.sequence <= last.sequence:
                self._unordered.add(head.code)
        known.append(headed)

    def codes(self) -> list[str]:
        return list(self._snapshots)

    def versions(self, code: str) -> list[NewVersion]:
        """The versions of the dossier that make sense, oldest first, the newest of each second."""
        headed = self._snapshots[code]
        if code in self._unordered and any(one.place >= other.place for (one, *_), (other, *_) in pairwise(headed)):
            headed = self._rising(headed)
        return newest_by_second(headed, _recorded, self._version)

    def _rising(self, headed: list[Headed]) -> list[Headed]:
        """Those above all before them; one that can't be used must not hide those behind it, so each is read."""
        rising: list[Headed] = []
        for one in headed:
            if rising and one[0].place <= rising[-1][0].place:
                continue
            if self._version(one, 0) is not None:
                rising.append(one)
        return rising

    def _version(self, headed: Headed, known_at: int) -> NewVersion | None:
        record = headed[1]
        try:
            return new_version(record.value, known_at, record)
        except Unusable as unusable:
            self._refuse(record, unusable.reason, unusable.detail)
            return None

    def _refuse(self, record: KafkaRecord, reason: str, detail: str) -> None:
        self.unreadable.append(UnreadableRecord(record, reason, detail))


def _recorded(headed: Headed) -> int:
    return _microseconds(headed[0].recordedtime)


def unreadable_in_a_row(records: Sequence[KafkaRecord], unreadable: Iterable[UnreadableRecord], before: int) -> int:
    """How many records at the end are unreadable, those `before` included when all of these are."""
    refused = {(one.record.partition, one.record.offset) for one in unreadable}
    for number, record in enumerate(reversed(records)):
        if (record.partition, record.offset) not in refused:
            return number
    return before + len(records)
