"""Turns status records into what is to be projected: the newest readable snapshot of each dossier; no I/O."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from services.reporting.entry import Entry, entry_of
from services.reporting.spans import day_number
from shared.contract.codec import decode_status
from shared.contract.status import StatusV1
from shared.domain.localtime import local_date
from shared.mapping import to_dossier

MALFORMED = "malformed"
STOP_AFTER_UNREADABLE = 100


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
    """What tells which of a dossier's records is the newest; only that one is worth reading in full."""

    code: str
    version: int


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
    """A dossier as it is to be stored; `snapshot` is the record's own bytes."""

    status: StatusV1
    snapshot: bytes
    received_day: int | None
    entry: Entry

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
    _snapshots: dict[str, list[tuple[int, Record]]] = field(default_factory=dict)

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
            self._snapshots[head.code] = [(head.version, record)]
        elif head.version > known[-1][0]:
            known.append((head.version, record))

    def codes(self) -> list[str]:
        return list(self._snapshots)

    def change(self, code: str) -> Change | None:
        """The newest snapshot of the dossier that makes sense; None when none of them does."""
        for _, record in reversed(self._snapshots[code]):
            assert record.value is not None
            try:
                status = decode_status(record.value)
                dossier = to_dossier(status)
                entry = entry_of(dossier)
            except (ValueError, OverflowError) as wrong:  # a state the domain does not know, a deadline after the last day there is
                self._refuse(record, wrong)
                continue
            received = None if dossier.received_at is None else day_number(local_date(dossier.received_at))
            return Change(status, record.value, received, entry)
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
