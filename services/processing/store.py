"""The ledger's storage: a Faust table whose changelog is the status topic, kept per partition, recovered in one sweep."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import structlog
from aiokafka import TopicPartition
from faust import Table
from faust.stores.base import Store
from faust.types import TP, EventT
from typing_extensions import override

from services.processing.fatal import stops_the_worker
from services.processing.index import Seat, StatusIndex
from services.processing.ledger import Entry, entry_of
from services.processing.sweep import sweep
from shared.clock import Clock
from shared.contract.codec import decode_status

log = structlog.get_logger()


class Partition:
    """One partition of the ledger: its entries, what is derived from them, and the changelog offset they stand for."""

    def __init__(self, index: StatusIndex) -> None:
        self.entries: dict[str, Entry] = {}
        self.index = index
        self.persisted_offset: int | None = None


class LedgerStore(Store[str, Entry]):
    """Partitions held in memory; recovery reads a changelog partition by itself instead of through Faust's slower path.

    A version never goes back, whatever the changelog holds: a worker that lost its partitions may still have written late.
    """

    new_index: Callable[[], StatusIndex]
    clock: Clock
    connection: dict[str, Any]

    def __post_init__(self) -> None:
        self.partitions: dict[int, Partition] = {}

    def configure(self, *, new_index: Callable[[], StatusIndex], clock: Clock, connection: dict[str, Any]) -> None:
        """What the store needs from its process: an index per partition, the clock, and how to reach the broker."""
        self.new_index = new_index
        self.clock = clock
        self.connection = connection

    @property
    def changelog(self) -> str:
        return str(self.table.changelog_topic.get_topic_name())

    def counts(self) -> Counter[Seat]:
        """Dossiers per department and timeliness over the partitions held here."""
        total: Counter[Seat] = Counter()
        for partition in self.partitions.values():
            total.update(partition.index.counts)
        return total

    def entries(self) -> Iterator[Entry]:
        for partition in list(self.partitions.values()):
            yield from list(partition.entries.values())

    @override
    @stops_the_worker
    async def on_rebalance(self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0) -> None:
        """Drop what is no longer ours, and read what newly is from the changelog."""
        held = {tp.partition for tp in assigned if tp.topic == self.changelog}
        for gone in self.partitions.keys() - held:
            del self.partitions[gone]
        for tp in sorted(newly_assigned):
            if tp.topic == self.changelog:
                await self._recover(tp)

    async def _recover(self, tp: TP) -> None:
        latest, end = await sweep(self.connection, TopicPartition(tp.topic, tp.partition))
        partition = self.partitions[tp.partition] = Partition(self.new_index())
        for value in latest.values():
            self._take(partition, value)
        partition.index.rebuild(partition.entries.values(), self.clock())
        partition.persisted_offset = end - 1 if end else None
        log.info("partition_recovered", partition=tp.partition, dossiers=len(partition.entries), offset=end)

    def _take(self, partition: Partition, value: bytes) -> None:
        entry = entry_of(decode_status(value))
        known = partition.entries.get(entry.dossier.code)
        if known is None or entry.version > known.version:
            partition.entries[entry.dossier.code] = entry

    @override
    @stops_the_worker
    def apply_changelog_batch(self, batch: Iterable[EventT[bytes]], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]) -> None:
        """Take in what was written to the changelog after the sweep (by a worker that held the partition before)."""
        touched = set()
        for event in batch:
            message = event.message
            partition = self.partitions.setdefault(message.partition, Partition(self.new_index()))
            touched.add(message.partition)
            if message.value is not None:
                self._take(partition, message.value)
            elif message.key is not None:
                partition.entries.pop(message.key.decode(), None)
            partition.persisted_offset = max(message.offset, partition.persisted_offset or 0)
        for number in touched:
            self.partitions[number].index.rebuild(self.partitions[number].entries.values(), self.clock())

    @override
    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Late changelog records of an earlier generation may have brought back a partition that is not ours: drop it."""
        active = {tp.partition for tp in active_tps}
        for gone in self.partitions.keys() - active:
            del self.partitions[gone]

    def persisted_offset(self, tp: TP) -> int | None:
        """The changelog offset that the entries stand for; Faust recovers only what lies behind it."""
        partition = self.partitions.get(tp.partition)
        return None if partition is None else partition.persisted_offset

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        self.partitions[tp.partition].persisted_offset = offset

    def reset_state(self) -> None:
        self.partitions.clear()

    @override
    async def backup_partition(self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1) -> None:
        """Nothing to back up: the changelog is the copy."""

    @override
    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Nothing to restore from but the changelog."""

    def __getitem__(self, code: str) -> Entry:
        for partition in self.partitions.values():
            if code in partition.entries:
                return partition.entries[code]
        raise KeyError(code)

    def __setitem__(self, code: str, entry: Entry) -> None:
        raise TypeError("the ledger is written in batches, changelog first (processor.py)")

    def __delitem__(self, code: str) -> None:
        raise TypeError("the ledger is written in batches, changelog first (processor.py)")

    def __iter__(self) -> Iterator[str]:
        return (entry.dossier.code for entry in self.entries())

    def __len__(self) -> int:
        return sum(len(partition.entries) for partition in self.partitions.values())


class LedgerTable(Table[str, Entry]):
    """A Faust table on a LedgerStore."""

    def _new_store(self) -> LedgerStore:
        return LedgerStore("memory://", self.app, self, table_name=self.name, loop=self.loop)
