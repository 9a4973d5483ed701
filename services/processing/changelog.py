"""Folding a changelog partition into a partition of the ledger:
the highest status of each dossier, whoever wrote it and in whatever order.

A fold does not mind being interrupted, repeated or fed by two writers, so the ledger needs no fence: a worker
that finds a record it did not write reads it before it goes on, and what a worker wrote after it had lost its
partition is just a lower status.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition

from services.processing.index import count_key_of_closed
from services.processing.ledger import entry_of
from services.processing.partition import Partition, is_forgettable
from shared.contract.marks import LedgerMark, mark_of
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.clock import Clock, system_clock
from shared.service.dead_letters import Unusable, usable_status
from shared.service.kafka import scan

log = structlog.get_logger()


class _Order(msgspec.Struct, frozen=True, gc=False):
    """What orders two snapshots of a dossier."""

    code: str
    sequence: int
    version: int


_decode_order = msgspec.json.Decoder(_Order).decode


@dataclass(slots=True)
class ChangelogFold:
    """What the records of one partition amount to, over what is known of it already."""

    known: Mapping[str, tuple[int, int]]
    newest: dict[str, tuple[tuple[int, int], bytes]] = field(default_factory=dict)
    misplaced: set[str] = field(default_factory=set)
    mark: LedgerMark | None = None
    unusable: int = 0

    def take(self, record: Any) -> None:
        """One record. What no ledger of these rules wrote (no mark, other rules) is not ours to read;
        what can't be read is counted."""
        mark = mark_of(record.headers)
        if mark is None or mark.rules != RULES_VERSION or record.value is None:
            return
        try:
            snapshot = _decode_order(record.value)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self.unusable += 1
            return
        if self.mark is None or _further(mark) >= _further(self.mark):
            self.mark = mark
        order, before = (snapshot.sequence, snapshot.version), self.order_of(snapshot.code)
        if before is None or order >= before:
            self.newest[snapshot.code] = (order, record.value)
            self.misplaced.discard(snapshot.code)
        else:
            self.misplaced.add(snapshot.code)

    def order_of(self, code: str) -> tuple[int, int] | None:
        """How far the dossier is known."""
        seen = self.newest.get(code)
        return self.known.get(code) if seen is None else seen[0]


def _further(mark: LedgerMark) -> tuple[int, int, int]:
    return mark.events, mark.number, mark.next_offset


class Changelog:
    """The status topic as the processor's own memory."""

    def __init__(self, connection: Mapping[str, Any], clock: Clock, kept: timedelta) -> None:
        self._connection = connection
        self._clock = clock
        self._kept = kept

    async def catch_up(self, partitions: Mapping[int, Partition]) -> None:
        """Fold in what was written to the partitions since they were last read, and work out the position of each."""
        folds = {number: _fold_over(partition) for number, partition in partitions.items()}
        ends = await self._read({number: partition.changelog_end for number, partition in partitions.items()}, folds)
        again = [
            number for number, partition in partitions.items() if _needs_whole(partition, folds[number], ends[number])
        ]
        if again:
            for number in again:
                partitions[number].clear()
                folds[number] = ChangelogFold({})
            ends |= await self._read(dict.fromkeys(again, 0), {number: folds[number] for number in again})
        for number, partition in partitions.items():
            self._settle(number, partition, folds[number], ends[number])

    async def recall(self, number: int, partition: Partition, codes: set[str]) -> None:
        """Take forgotten dossiers back into memory."""
        statuses = await self._newest(number, partition, lambda code: code in codes)
        partition.remember([entry_of(usable_status(value)) for value in statuses], self._clock())

    async def forgotten(self, number: int, partition: Partition) -> list[bytes]:
        """The statuses of the dossiers that are not in memory."""
        return await self._newest(number, partition, lambda code: code not in partition.entries)

    async def _newest(self, number: int, partition: Partition, wanted: Callable[[str], bool]) -> list[bytes]:
        fold = ChangelogFold({})

        def take(record: Any) -> None:
            if record.key is not None and wanted(record.key.decode(errors="replace")):
                fold.take(record)

        tp = TopicPartition(STATUS.name, number)
        await scan(self._connection, {tp: 0}, take, {tp: partition.changelog_end})
        return [value for code, (_, value) in fold.newest.items() if wanted(code)]

    async def _read(self, starts: Mapping[int, int], folds: Mapping[int, ChangelogFold]) -> dict[int, int]:
        wanted = {TopicPartition(STATUS.name, number): start for number, start in starts.items()}
        ends = await scan(self._connection, wanted, lambda record: folds[record.partition].take(record))
        return {tp.partition: end for tp, end in ends.items()}

    def _settle(self, number: int, partition: Partition, fold: ChangelogFold, end: int) -> None:
        now, old = self._clock(), system_clock() - self._kept
        first_read = not partition.entries and not partition.has_forgotten
        for code, (order, value) in fold.newest.items():
            try:
                status = usable_status(value)
            except Unusable as unusable:  # a marked record of ours that can't be read: the events tell what it said
                log.warning("status_unusable_at_recovery", partition=number, code=code, detail=unusable.detail)
                continue
            known = partition.entries.get(code)
            partition.position.events += order[0] - (0 if known is None else known.dossier.sequence)
            entry = entry_of(status)
            if known is None and is_forgettable(status, old):
                partition.count_forgotten(count_key_of_closed(entry.dossier))
            elif first_read:
                partition.entries[code] = entry
            else:
                partition.put(code, entry, now)
        if first_read:
            partition.index.rebuild(partition.entries.values(), now)
        partition.misplaced |= fold.misplaced & partition.entries.keys()
        partition.changelog_end = end
        _find_position(number, partition, fold.mark)


def _fold_over(partition: Partition) -> ChangelogFold:
    return ChangelogFold(
        {code: entry.order for code, entry in partition.entries.items()} if partition.changelog_end else {}
    )


def _needs_whole(partition: Partition, fold: ChangelogFold, end: int) -> bool:
    """Whether reading on is not enough: the topic was made anew,
    or somebody wrote about a dossier that is forgotten here."""
    return end < partition.changelog_end or (
        partition.has_forgotten and not fold.newest.keys() <= partition.entries.keys()
    )


def _find_position(number: int, partition: Partition, mark: LedgerMark | None) -> None:
    """Go on from the furthest mark, if the ledger holds what that mark says it held;
    else read the events again from their beginning.

    It holds less when a record is lost: by compaction behind a late writer, or with the topic.
    What it holds is right all the same.
    """
    position = partition.position
    if mark is not None:
        partition.highest = max(partition.highest, mark.number)
    if mark is None or (mark.events, mark.number) < (position.events, position.number):
        mark = position.mark()  # nobody got further than this worker did
    if mark.events == position.events:
        position.continue_from(mark, partition.highest)
    else:
        log.warning("ledger_incomplete", partition=number, holds=position.events, mark=mark.events)
        position.restart()
    log.info(
        "partition_recovered",
        partition=number,
        dossiers=len(partition.entries),
        events=position.events,
        offset=position.next_offset,
    )
