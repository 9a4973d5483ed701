"""Turns status records into what is to be projected: the usable snapshots of each dossier, one for a second; no I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

import msgspec

from services.reporting.entry import Entry, entry_of
from services.reporting.instants import microseconds
from shared.contract.status import StatusV1
from shared.domain.localtime import Instant, local
from shared.service.dead_letters import LARGEST_NUMBER, MALFORMED, Unusable, usable_status

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
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Head(msgspec.Struct, frozen=True, gc=False):
    """What tells which of a dossier's records are worth reading in full: the newest of each second."""

    code: str
    sequence: int
    version: int
    recordedtime: Instant

    @property
    def place(self) -> tuple[int, int]:
        """The order of a dossier's snapshots: the version alone is counted anew when a ledger was lost."""
        return self.sequence, self.version


_decode_head = msgspec.json.Decoder(Head).decode
Taken = tuple[Head, Record]


@dataclass(frozen=True, slots=True)
class Unreadable:
    record: Record
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version of a dossier as it is to be stored; `snapshot` is the record's own bytes, `known_at` in microseconds since 1970."""

    status: StatusV1
    entry: Entry
    snapshot: bytes
    known_at: int
    record: Record | None = None

    @property
    def recordedtime(self) -> datetime:
        return self.status.recordedtime

    @property
    def place(self) -> tuple[int, int]:
        return self.status.sequence, self.status.version


def change_of(snapshot: bytes | None, known_at: int, record: Record | None = None) -> Change:
    """What the snapshot makes of the read model, live, in a rebuild and in a check alike. Raises Unusable."""
    status = usable_status(snapshot)
    assert snapshot is not None
    try:
        entry = entry_of(status)
    except Exception as wrong:  # the dossier alone decides this
        raise Unusable(MALFORMED, str(wrong) or type(wrong).__name__) from wrong
    return Change(status, entry, snapshot, known_at, record)


@dataclass(slots=True)
class Batch:
    """The records of one transaction. Records of a partition are taken in their order."""

    statuses: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    _snapshots: dict[str, list[Taken]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Read one record; a tombstone changes nothing, for the dossier stays counted."""
        if record.value is None:
            return
        try:
            head = _decode_head(record.value)
            local(head.recordedtime)
        except Exception as wrong:  # noqa: BLE001 - bytes alone decide this, from broken UTF-8 to nesting beyond any stack
            self._refuse(record, MALFORMED, str(wrong) or type(wrong).__name__)
            return
        if not (0 < head.sequence <= LARGEST_NUMBER and 0 < head.version <= LARGEST_NUMBER):
            self._refuse(record, MALFORMED, f"sequence or version is not between 1 and {LARGEST_NUMBER}")
            return
        self.statuses += 1
        known = self._snapshots.get(head.code)
        if known is None:
            self._snapshots[head.code] = [(head, record)]
        elif record.value != known[-1][1].value:
            known.append((head, record))

    def codes(self) -> list[str]:
        return list(self._snapshots)

    def changes(self, code: str) -> list[Change]:
        """The versions of the dossier that make sense, oldest first: of those recorded within one second only the newest.

        So a projector that catches up after a day keeps what was known when, and a flood costs no more than before.
        """
        taken = self._snapshots[code]
        if any(one[0].place >= other[0].place for one, other in pairwise(taken)):
            taken = self._rising(taken)
        found = (self._newest(second) for second in _by_second(taken))
        return [change for change in found if change is not None]

    def _rising(self, taken: list[Taken]) -> list[Taken]:
        """Those above all before them; one that can't be used must not hide those behind it, so each is read."""
        rising: list[Taken] = []
        for head, record in taken:
            if rising and head.place <= rising[-1][0].place:
                continue
            if self._change(record, 0) is not None:
                rising.append((head, record))
        return rising

    def _newest(self, second: list[Taken]) -> Change | None:
        known_at = microseconds(max(second[0][0].recordedtime, second[-1][0].recordedtime))
        found = (self._change(record, known_at) for _, record in reversed(second))
        return next((change for change in found if change is not None), None)

    def _change(self, record: Record, known_at: int) -> Change | None:
        try:
            return change_of(record.value, known_at, record)
        except Unusable as unusable:
            self._refuse(record, unusable.reason, unusable.detail)
            return None

    def _refuse(self, record: Record, reason: str, detail: str) -> None:
        self.unreadable.append(Unreadable(record, reason, detail))


def in_a_row(records: Sequence[Record], unreadable: Iterable[Unreadable], before: int) -> int:
    """How many records at the end are unreadable, those `before` included when all of these are."""
    refused = {(one.record.partition, one.record.offset) for one in unreadable}
    for number, record in enumerate(reversed(records)):
        if (record.partition, record.offset) not in refused:
            return number
    return before + len(records)


def _by_second(taken: list[Taken]) -> list[list[Taken]]:
    """The records of each second; what a clock that was set back recorded earlier belongs to the second before it."""
    if not taken:
        return []
    end = taken[0][0].recordedtime.replace(microsecond=0) + ONE_SECOND
    if taken[-1][0].recordedtime < end:  # as nearly always
        return [taken]
    found: list[list[Taken]] = [[]]
    for one in taken:
        if (recorded := one[0].recordedtime) >= end:
            end = recorded.replace(microsecond=0) + ONE_SECOND
            found.append([])
        found[-1].append(one)
    return found
