"""Turns status records into what is to be projected: the readable snapshots of each dossier, one for a second; no I/O."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from services.reporting.entry import Entry, entry_of
from services.reporting.instants import microseconds
from shared.contract.codec import decode_status
from shared.contract.status import StatusV1
from shared.domain.dossier import Dossier
from shared.mapping import to_dossier

MALFORMED = "malformed"
STOP_AFTER_UNREADABLE = 100
ONE_SECOND = timedelta(seconds=1)


class Record(Protocol):
    """A Kafka record, as far as projecting needs it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Head(msgspec.Struct, frozen=True, gc=False):
    """What tells which of a dossier's records are worth reading in full: the newest of each second."""

    code: str
    version: int
    recordedtime: datetime


_decode_head = msgspec.json.Decoder(Head).decode


class TooManyUnreadable(Exception):
    """So many unreadable records in a row that the reader, not the records, must be wrong."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    record: Record
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version of a dossier as it is to be stored; `snapshot` is the record's own bytes, `known_at` in microseconds since 1970."""

    status: StatusV1
    dossier: Dossier
    entry: Entry
    snapshot: bytes
    known_at: int

    @property
    def recordedtime(self) -> datetime:
        return self.status.recordedtime


@dataclass(slots=True)
class Batch:
    """The records of one transaction. Records of a partition are taken in their order.

    `in_a_row` counts unreadable records since the last readable one, over batches too.
    """

    in_a_row: int = 0
    statuses: int = 0
    next_offsets: dict[int, int] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    _snapshots: dict[str, list[tuple[Head, Record]]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Read one record; a tombstone (the ledger evicted a closed dossier) changes nothing, for the dossier stays counted."""
        self.next_offsets[record.partition] = record.offset + 1
        if record.value is None:
            return
        try:
            head = _decode_head(record.value)
        except ValueError as wrong:  # msgspec's errors are ValueErrors; broken UTF-8 is one too
            self._refuse(record, wrong)
            return
        self.in_a_row = 0
        self.statuses += 1
        known = self._snapshots.get(head.code)
        if known is None:
            self._snapshots[head.code] = [(head, record)]
        elif head.version > known[-1][0].version:
            known.append((head, record))

    def codes(self) -> list[str]:
        return list(self._snapshots)

    def changes(self, code: str) -> list[Change]:
        """The versions of the dossier that make sense, oldest first: of those recorded within one second only the newest.

        So a projector that catches up after a day keeps what was known when, and a flood costs no more than before.
        """
        found = (self._newest(second) for second in _by_second(self._snapshots[code]))
        return [change for change in found if change is not None]

    def _newest(self, second: list[tuple[Head, Record]]) -> Change | None:
        known_at = microseconds(max(second[0][0].recordedtime, second[-1][0].recordedtime))
        for _, record in reversed(second):
            assert record.value is not None
            try:
                status = decode_status(record.value)
                dossier = to_dossier(status)
                return Change(status, dossier, entry_of(dossier), record.value, known_at)
            except (ValueError, OverflowError) as wrong:  # a state the domain does not know, a deadline after the last day there is
                self._refuse(record, wrong)
        return None

    def _refuse(self, record: Record, wrong: Exception) -> None:
        self.unreadable.append(Unreadable(record, MALFORMED, str(wrong)))
        self.in_a_row += 1
        if self.in_a_row >= STOP_AFTER_UNREADABLE:
            msg = (
                f"{self.in_a_row} status records in a row are unreadable, the last at {record.topic}/{record.partition}@{record.offset}: "
                f"{wrong}; this reader is probably older than their writer: update reporting before starting it again"
            )
            raise TooManyUnreadable(msg)


def _by_second(snapshots: list[tuple[Head, Record]]) -> list[list[tuple[Head, Record]]]:
    """The records of each second; what a clock that was set back recorded earlier belongs to the second before it."""
    end = snapshots[0][0].recordedtime.replace(microsecond=0) + ONE_SECOND
    if snapshots[-1][0].recordedtime < end:  # as nearly always
        return [snapshots]
    found: list[list[tuple[Head, Record]]] = [[]]
    for one in snapshots:
        if (recorded := one[0].recordedtime) >= end:
            end = recorded.replace(microsecond=0) + ONE_SECOND
            found.append([])
        found[-1].append(one)
    return found
