"""Which partitions this worker should work on:
membership in the workers' consumer group, and nothing else of a consumer.

What it is given is read by another consumer, from positions that the ledger knows (delivery.py). The offsets committed
here tell operators how far the worker is; their metadata binds each to the content of the ledger it was true for.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from services.processing.partition import LedgerPosition
from services.processing.settings import ProcessingSettings
from shared.contract.envelope import encode
from shared.contract.marks import LedgerMark
from shared.contract.topics import EVENTS, TICKS
from shared.service.kafka import BROKER_ERRORS, let_go

REBALANCE_WITHIN_SECONDS = 30
COMMIT_WITHIN_SECONDS = 5.0
MAX_POLL_SECONDS = 120
log = structlog.get_logger()
_decode_mark = msgspec.json.Decoder(LedgerMark).decode


class Membership(ConsumerRebalanceListener):
    """One membership. `epoch` changes with every assignment;
    `turn` is held while a batch is worked on, and a hand-over waits for it."""

    def __init__(self, settings: ProcessingSettings, connection: Mapping[str, Any], turn: asyncio.Lock) -> None:
        self.assigned: frozenset[int] = frozenset()
        self.epoch = 0
        self._positions: dict[int, LedgerPosition] = {}
        self._turn = turn
        self._group = settings.application_id
        self._connection = connection
        session_ms = int(settings.session_timeout_seconds * 1000)
        self._consumer = AIOKafkaConsumer(
            **connection,
            group_id=settings.application_id,
            group_instance_id=settings.instance,
            enable_auto_commit=False,
            partition_assignment_strategy=(
                RangePartitionAssignor,
            ),  # gives both topics' partitions of one number to one worker
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 100),
            rebalance_timeout_ms=REBALANCE_WITHIN_SECONDS * 1000,
            max_poll_interval_ms=MAX_POLL_SECONDS * 1000,
        )

    async def start(self) -> None:
        """Join the group."""
        self._consumer.subscribe([EVENTS.name, TICKS.name], listener=self)
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group."""
        await self._consumer.stop()

    async def check(self) -> None:
        """Raises the KafkaError that ended the membership, if one did; also tells the group that this worker moves."""
        await self._consumer.getmany(timeout_ms=0)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Finish the batch at hand and say how far the worker is, before another one takes over."""
        async with self._turn:
            await self.commit(self._positions)
            self._changed(frozenset())
        if revoked:
            log.info("partitions_revoked", partitions=sorted({tp.partition for tp in revoked}))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Only note it: the delivery takes the partitions over when the batch at hand is done."""
        self._consumer.pause(*assigned)
        events = {
            tp.partition for tp in assigned if tp.topic == EVENTS.name
        }  # and their ticks, also while that topic is being made anew
        self._changed(frozenset(events))
        log.info("partitions_assigned", partitions=sorted(events))

    def _changed(self, assigned: frozenset[int]) -> None:
        self.assigned = assigned
        self._positions = {}
        self.epoch += 1

    async def commit(self, positions: Mapping[int, LedgerPosition]) -> None:
        """Tell the group how far the worker is; a commit that fails harms nothing."""
        self._positions = dict(positions)
        offsets: dict[TopicPartition, tuple[int, str]] = {}
        for number in positions.keys() & self.assigned:
            offsets[TopicPartition(EVENTS.name, number)] = (
                positions[number].next_offset,
                encode(positions[number].mark()).decode(),
            )
            offsets[TopicPartition(TICKS.name, number)] = positions[number].next_tick, ""
        held = self._consumer.assignment()
        offsets = {tp: offset for tp, offset in offsets.items() if tp in held}
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_WITHIN_SECONDS):
                await self._consumer.commit(offsets)
        except BROKER_ERRORS as failure:
            log.warning("offsets_not_committed", error=repr(failure))

    async def committed(self, numbers: frozenset[int]) -> dict[int, tuple[LedgerMark | None, int]]:
        """What was committed last of each partition:
        where the events stood, with the content that was true for, and the ticks' offset."""
        wanted = [TopicPartition(topic.name, number) for number in numbers for topic in (EVENTS, TICKS)]
        admin = AIOKafkaAdminClient(**self._connection)
        await admin.start()
        try:
            committed = await admin.list_consumer_group_offsets(self._group, partitions=wanted)
        finally:
            await let_go(admin.close)
        events, ticks = (
            {tp.partition: offset for tp, offset in committed.items() if tp.topic == topic.name}
            for topic in (EVENTS, TICKS)
        )
        return {
            number: (
                _mark(events[number].metadata) if number in events else None,
                max(ticks[number].offset, 0) if number in ticks else 0,
            )
            for number in numbers
        }


def _mark(metadata: str) -> LedgerMark | None:
    try:
        return _decode_mark(metadata or "null")
    except msgspec.MsgspecError:
        return None
