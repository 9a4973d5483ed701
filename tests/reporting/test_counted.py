"""An event is late once at most: what is read again was counted before. A real backlog is late, whatever was lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.projecting import projector
from services.reporting.projecting.counted import (
    CountedEvents,
    KeptCount,
    counted_so_far,
    first_recorded,
    keeping_counts,
    kept_count,
    kept_counts,
    recalled,
)
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projection import OffsetAdvance, project, rewind, stored_positions
from services.reporting.projecting.projector import Projector
from services.reporting.projecting.records import Batch, FetchedRecords, PartitionPosition
from services.reporting.read_model.store import open_engine
from services.reporting.read_model.tables import dossiers, offsets
from services.reporting.settings import ReportingSettings
from shared.contract.marks import LedgerMark, mark_header
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.kafka import ensure_topics
from shared.service.sql import writing
from tests.builders.events import event, received
from tests.builders.times import at
from tests.reporting.delivery import Sent, statuses
from tests.reporting.test_service import send
from tests.support.ports import free_port_base
from tests.support.wait import wait_until_async

NOW = at("2023-02-01 09:00")
JUST_NOW, AN_HOUR_AGO, LONG_AGO = NOW - timedelta(seconds=1), NOW - timedelta(hours=1), NOW - timedelta(days=20)
BEFORE_ALL, TWO_HOURS_AGO = NOW - timedelta(days=21), NOW - timedelta(hours=2)
HISTORY = (received(), event("processing_started", "2023-01-04 08:00"))
WITHIN_S = 60.0


def records_of(events: int, recorded: datetime, after: int = 0, rules: int = RULES_VERSION) -> list[Sent]:
    """Status records of so many events of a partition, by two of each dossier, with the ledger's marks."""
    made: list[Sent] = []
    for number in range(after // 2, after // 2 + (events + 1) // 2):
        made += statuses(f"H59.15-230103-{number:04}", HISTORY, [recorded, recorded])
    return [
        replace(record, offset=after + index, headers=mark(after + index + 1, rules))
        for index, record in enumerate(made[:events])
    ]


def mark(events: int, rules: int = RULES_VERSION) -> list[tuple[str, bytes]]:
    return mark_header(LedgerMark(events, events, 0, events, rules))


@dataclass
class Reading:
    """A process of reporting that reads partition 0; `kept` is what the broker knows when it starts, at `now`."""

    engine: AsyncEngine
    end: int
    kept: KeptCount | None = None
    now: datetime = BEFORE_ALL

    async def start(self) -> None:
        stored = await stored_positions(self.engine, STATUS.name, [0])
        position = stored[0]
        if not position.next_offset:
            stored[0] = PartitionPosition(0, position.mark, self.end)
            await rewind(self.engine, STATUS.name, {0: OffsetAdvance(0, stored[0])})
        self.counted = {0: counted_so_far(None, position, self.kept, self.now)}

    async def read(self, records: Sequence[Sent]) -> list[datetime]:
        """When the events were recorded that are counted for the first time."""
        stored = await stored_positions(self.engine, STATUS.name, [0])
        batch, fetched = Batch(), FetchedRecords(stored, set())
        for record, mark in zip([*fetched.taken(records)], fetched.marks, strict=True):
            batch.take(record, mark)
        versions = {code: batch.versions(code) for code in batch.codes()}
        advances = {0: OffsetAdvance(stored[0].next_offset, fetched.positions[0])}
        await project(self.engine, STATUS.name, advances, versions)
        return first_recorded(batch.read, batch.unreadable, self.counted)


async def started(engine: AsyncEngine, end: int, kept: int | None = None, now: datetime = BEFORE_ALL) -> Reading:
    reading = Reading(engine, end, None if kept is None else KeptCount(kept, kept), now)
    await reading.start()
    return reading


async def lose_the_read_model(engine: AsyncEngine) -> None:
    async with writing(engine) as connected:
        for table in (dossiers, offsets):
            await connected.execute(delete(table))


async def test_a_backlog_is_late_also_after_a_restart_in_the_middle(engine: AsyncEngine) -> None:
    assert await (await started(engine, 0)).read(records_of(4, JUST_NOW)) == [JUST_NOW] * 4
    backlog = records_of(6, AN_HOUR_AGO, after=4)
    assert await (await started(engine, 10)).read(backlog[:2]) == [AN_HOUR_AGO] * 2
    assert await (await started(engine, 10)).read(backlog[2:]) == [AN_HOUR_AGO] * 4


async def test_what_is_read_again_is_not_late_though_the_read_model_had_lost_it(engine: AsyncEngine) -> None:
    reading, records = await started(engine, 0), records_of(6, LONG_AGO)
    assert len(await reading.read(records)) == 6
    async with writing(engine) as connected:
        await connected.execute(delete(dossiers))
    position = (await stored_positions(engine, STATUS.name, [0]))[0]
    await rewind(engine, STATUS.name, {0: OffsetAdvance(6, PartitionPosition(0, position.mark, 6))})
    assert await reading.read(records) == []
    assert await reading.read(records_of(1, JUST_NOW, after=6)) == [JUST_NOW]


async def test_of_a_lost_read_model_the_broker_knows_what_had_been_counted(engine: AsyncEngine) -> None:
    await (await started(engine, 0)).read(records_of(4, LONG_AGO))
    await lose_the_read_model(engine)
    both = [*records_of(4, LONG_AGO), *records_of(4, AN_HOUR_AGO, after=4)]
    assert await (await started(engine, 8, kept=4)).read(both[:6]) == [AN_HOUR_AGO] * 2
    assert await (await started(engine, 8, kept=6)).read(both[6:]) == [AN_HOUR_AGO] * 2, "it was interrupted"


async def test_a_read_model_put_back_older_counts_nothing_late_that_had_been_counted(engine: AsyncEngine) -> None:
    await (await started(engine, 0)).read(records_of(2, LONG_AGO))
    assert await (await started(engine, 8, kept=6)).read(records_of(6, AN_HOUR_AGO, after=2)) == [AN_HOUR_AGO] * 2


async def test_a_backlog_that_a_rebuild_brought_into_the_figures_is_late_all_the_same(engine: AsyncEngine) -> None:
    await (await started(engine, 0)).read(records_of(2, JUST_NOW))
    backlog, batch = records_of(4, AN_HOUR_AGO, after=2), Batch()
    for record in backlog:
        batch.take(record)
    await project(engine, STATUS.name, {}, {code: batch.versions(code) for code in batch.codes()})
    assert await (await started(engine, 6)).read(backlog) == [AN_HOUR_AGO] * 4


async def test_what_nobody_knows_is_counted_in_silence_until_the_read_model_is_filled(engine: AsyncEngine) -> None:
    records = records_of(6, LONG_AGO)
    assert await (await started(engine, 6, now=TWO_HOURS_AGO)).read(records[:2]) == []
    reading = await started(engine, 6, now=TWO_HOURS_AGO)
    assert await reading.read(records[2:]) == [], "also after a restart in the middle"
    assert await reading.read(records_of(2, AN_HOUR_AGO, after=6)) == [AN_HOUR_AGO] * 2


async def test_a_log_that_is_sent_into_an_empty_topic_is_no_backlog(engine: AsyncEngine) -> None:
    """Read model and broker are lost, and reporting is there first."""
    reading, records = await started(engine, 0, now=TWO_HOURS_AGO), records_of(8, LONG_AGO)
    assert await reading.read(records[:4]) == []
    told = KeptCount(4, 4, reading.counted[0].unknown_before)
    again = Reading(engine, 8, kept_count(4, told.words), NOW)
    await again.start()
    assert await again.read(records[4:]) == [], "also after a restart in the middle"
    assert await again.read(records_of(2, AN_HOUR_AGO, after=8)) == [AN_HOUR_AGO] * 2


def test_what_the_broker_was_told_is_read_as_it_was_written() -> None:
    for told in (KeptCount(5, 4), KeptCount(5, 4, NOW)):
        assert kept_count(5, told.words) == told
    for words in ("", "x", "-4", "4 yesterday", "4.0"):
        assert kept_count(5, words) is None, words


async def test_a_topic_with_another_number_of_partitions_was_never_read(engine: AsyncEngine) -> None:
    await (await started(engine, 0)).read(records_of(4, LONG_AGO))
    one, other = (await stored_positions(engine, STATUS.name, [0, 1])).values()
    assert one == other == PartitionPosition()
    assert list(await stored_positions(engine, STATUS.name, [0])) == [0]


def test_what_was_known_of_another_number_of_partitions_is_forgotten() -> None:
    """Each has fewer events in a topic with more of them: new ones would never be above what was counted."""
    counted, kept = {0: CountedEvents(100)}, {0: KeptCount(100, 100)}
    empty = {number: PartitionPosition() for number in (0, 1)}
    assert recalled(counted, {0: empty[0]}, {}, NOW) == recalled({}, {0: empty[0]}, kept, NOW) == counted
    assert recalled(counted, empty, kept, NOW) == dict.fromkeys(empty, CountedEvents(0, NOW))


async def test_a_version_without_a_new_event_says_nothing_of_lateness(engine: AsyncEngine) -> None:
    reading, records = await started(engine, 0), records_of(2, LONG_AGO)
    announced = replace(records[1], offset=2)
    assert len(await reading.read([*records, announced])) == 2
    assert await reading.read([replace(announced, offset=3)]) == []


async def test_a_ledger_derived_anew_by_other_rules_brings_no_event_again(
    engine: AsyncEngine,
) -> None:
    await (await started(engine, 0)).read(records_of(4, LONG_AGO))
    anew = [replace(record, offset=4 + record.offset) for record in records_of(6, LONG_AGO, rules=RULES_VERSION + 1)]
    reading = await started(engine, 4, kept=4)
    assert len(await reading.read(anew[:2])) == 0
    again = await started(engine, 4, kept=4)
    assert len(await again.read(anew[2:])) == 2, "the fifth and the sixth are new"


async def test_what_nobody_can_read_reaches_no_figure_and_is_not_late(engine: AsyncEngine) -> None:
    reading, (*good, last) = await started(engine, 0), records_of(3, LONG_AGO)
    broken = replace(last, value=(last.value or b"").replace(b'"received"', b'"lost"'))
    assert broken.value != last.value
    assert await reading.read([*good, broken]) == [LONG_AGO] * 2


async def test_a_broker_that_keeps_nothing_harms_nothing() -> None:
    """It is away, or gives no right to the group: nobody waits for it, and what it knows is unknown."""
    nowhere = {"bootstrap_servers": f"127.0.0.1:{free_port_base(1)}"}
    async with asyncio.timeout(WITHIN_S):
        assert await kept_counts(nowhere, [0]) == {}
        async with keeping_counts(nowhere, [0], lambda: {0: KeptCount(1, 1)}):
            pass


@dataclass
class Running:
    """A projector in this process, on a file."""

    metrics: PipelineMetrics
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    losses: int = 0

    def lost(self) -> None:
        self.losses += 1

    def late(self) -> tuple[float, float]:
        """How many events were observed within five seconds, and later."""
        name, stage = "motcua_pipeline_lag_seconds", {"stage": "figures"}
        within = self.registry.get_sample_value(f"{name}_bucket", stage | {"le": "5.0"}) or 0
        return within, (self.registry.get_sample_value(f"{name}_count", stage) or 0) - within


@asynccontextmanager
async def projecting(settings: ReportingSettings, read_to: int, now: datetime = NOW) -> AsyncIterator[Running]:
    """Once it has read so many records; its clock stands still."""
    registry, health, stopping = CollectorRegistry(), ProjectorHealth(), asyncio.Event()
    engine, running = open_engine(settings.database_url), Running(PipelineMetrics(registry), registry)
    projecting = Projector(settings, engine, lambda: now, health, running.metrics, running.lost)
    task = asyncio.create_task(projecting.run(stopping))

    async def has_read() -> bool:
        return health.positions.get(0) == read_to

    try:
        await wait_until_async(has_read, WITHIN_S, "it has read what was there")
        yield running
    finally:
        stopping.set()
        await task
        await engine.dispose()


@pytest.mark.broker
async def test_the_slo_sees_each_event_once_whatever_becomes_of_the_read_model(
    fresh_broker: str, tmp_path: Path, empty_read_model: Path
) -> None:
    file = tmp_path / "reporting.db"
    settings = ReportingSettings(
        api_key=SecretStr("a-key-for-this-test-only"),
        kafka_bootstrap=fresh_broker,
        database_url=f"sqlite+aiosqlite:///{file}",
    )
    await ensure_topics(settings)

    async def sent(records: Iterable[Sent]) -> None:
        await send(fresh_broker, records, partition=0)

    shutil.copy(empty_read_model, file)
    await sent(records_of(4, LONG_AGO))
    async with projecting(settings, 4, TWO_HOURS_AGO) as running:
        assert running.late() == (0, 0), "nobody knows whether these were counted before"
        await sent(records_of(2, TWO_HOURS_AGO, after=4))
        await wait_until_async(lambda: _is((2, 0), running), WITHIN_S, "two events more are counted")
    shutil.copy(file, tmp_path / "older.db")
    await sent(records_of(4, AN_HOUR_AGO, after=6))
    shutil.copy(empty_read_model, file)
    async with projecting(settings, 10) as running:
        assert running.late() == (0, 4), "the read model was lost, and four events had waited"
    shutil.copy(tmp_path / "older.db", file)
    async with projecting(settings, 10) as running:
        assert running.late() == (0, 0), "an older read model reads again what had been counted"


@pytest.mark.broker
async def test_a_read_model_that_is_emptied_is_filled_again_though_nothing_comes(
    fresh_broker: str, tmp_path: Path, empty_read_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "CHECK_EVERY_S", 0.1)
    settings = ReportingSettings(
        api_key=SecretStr("a-key-for-this-test-only"),
        kafka_bootstrap=fresh_broker,
        database_url=f"sqlite+aiosqlite:///{shutil.copy(empty_read_model, tmp_path / 'reporting.db')}",
    )
    await ensure_topics(settings)
    await send(fresh_broker, records_of(4, LONG_AGO), partition=0)
    engine = open_engine(settings.database_url)

    async def holds_both() -> bool:
        async with engine.connect() as connected:
            return len((await connected.execute(select(dossiers.c.code))).all()) == 2

    async with projecting(settings, 4) as running:
        await wait_until_async(holds_both, WITHIN_S, "it holds both dossiers")
        await lose_the_read_model(engine)
        await wait_until_async(holds_both, WITHIN_S, "it holds them again")
        assert (running.late(), running.losses) == ((0, 0), 1), "nothing of it is news, and the log knows more of it"
    await engine.dispose()


async def _is(expected: tuple[float, float], running: Running) -> bool:
    return running.late() == expected
