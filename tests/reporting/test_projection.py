"""One transaction for dossiers, deltas and offsets; what comes twice or late changes nothing."""

from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures import Report, report
from services.reporting.migrate import migrate
from services.reporting.projecting.batch import STOP_AFTER_UNREADABLE, Batch, TooManyUnreadable
from services.reporting.projecting.projection import Move, OffsetsMoved, project, rewind, stored_offsets
from services.reporting.query import Dimension, FigureQuery
from services.reporting.tables import dossiers, sums
from shared.catalogue import Catalogue
from shared.contract.topics import STATUS
from shared.domain.events import CorrectableField
from shared.domain.localtime import LOCAL
from tests.builders.events import CODE, dossier_after, event, received
from tests.reporting.delivery import Sent, Topic, snapshot, statuses

NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
HISTORY = (received(), event("processing_started", "2023-01-04 08:00"), event("resolved", "2023-01-09 10:00"))
YEAR = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=NOW, by=(Dimension.DEPARTMENT,))


async def year(engine: AsyncEngine, catalogue: Catalogue) -> Report:
    found = await report(engine, YEAR, catalogue)
    assert all(identity.holds for identity in found.identities)
    return found


async def test_migrating_twice_changes_nothing(engine: AsyncEngine, shipped: Catalogue) -> None:
    await Topic(engine).deliver(statuses(CODE, HISTORY))
    await migrate(engine)
    assert (await year(engine, shipped)).total.resolved_early == 1


async def test_a_record_delivered_again_is_ignored(engine: AsyncEngine, shipped: Catalogue) -> None:
    topic, records = Topic(engine), list(statuses(CODE, HISTORY))
    assert len(await topic.deliver(records, batch_size=1)) == 3
    assert await topic.deliver(records, batch_size=1) == []
    found = await year(engine, shipped)
    assert (found.total.received_total, found.total.resolved_total) == (1, 1)


async def test_a_correction_moves_the_dossier_with_all_it_added(engine: AsyncEngine, shipped: Catalogue) -> None:
    corrected = event("corrected", "2023-01-10 08:00", corrected_field=CorrectableField.DEPARTMENT, old="H59.15", new="H59.02")
    await Topic(engine).deliver(statuses(CODE, (*HISTORY, corrected)), batch_size=1)
    assert [row.key for row in (await year(engine, shipped)).rows] == [("H59.02",)]


async def test_a_version_without_a_new_event_is_not_fresh(engine: AsyncEngine) -> None:
    dossier = dossier_after(*HISTORY[:2])
    first, alerted = snapshot(dossier, NOW, version=2), snapshot(dossier, NOW, version=3)
    assert [one.fresh for one in await Topic(engine).deliver([first, alerted], batch_size=1)] == [True, False]


async def test_what_was_added_is_taken_back_whatever_the_rules_say_now(engine: AsyncEngine, shipped: Catalogue) -> None:
    """An entry written by an older release, with another rule for `returned`, goes as it came."""
    topic = Topic(engine)
    records = list(statuses(CODE, HISTORY))
    batch = Batch()
    batch.take(records[0])
    (change,) = batch.changes(CODE)
    change.entry.deltas.append((20230104, 9, 7))
    stored = await stored_offsets(engine, STATUS.name, [0])
    await project(engine, STATUS.name, {0: Move(stored[0], 1)}, {CODE: [change]})
    assert (await year(engine, shipped)).total.returned_total == 7
    await topic.deliver(records)
    assert (await year(engine, shipped)).total.returned_total == 0


async def test_a_tombstone_leaves_the_dossier_counted(engine: AsyncEngine, shipped: Catalogue) -> None:
    await Topic(engine).deliver([*statuses(CODE, HISTORY), Sent(CODE.encode(), None)])
    assert (await year(engine, shipped)).total.resolved_total == 1
    assert (await stored_offsets(engine, STATUS.name, [0])) == {0: 4}


async def test_of_two_projectors_the_slower_one_changes_nothing(engine: AsyncEngine, shipped: Catalogue) -> None:
    topic, records = Topic(engine), list(statuses(CODE, HISTORY))
    await topic.deliver(records[:1])
    batch = Batch()
    batch.take(records[2])
    with pytest.raises(OffsetsMoved):
        await project(engine, STATUS.name, {0: Move(0, 3)}, {CODE: batch.changes(CODE)})
    found = await year(engine, shipped)
    assert (found.total.in_progress_total, found.total.resolved_total) == (1, 0)
    with pytest.raises(OffsetsMoved):
        await rewind(engine, STATUS.name, {0: Move(0, 5)})


async def test_a_dossier_never_received_adds_nothing(engine: AsyncEngine) -> None:
    await Topic(engine).deliver(statuses(CODE, [event("submitted", "2023-01-03 08:00"), event("declined", "2023-01-04 08:00")]))
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(sums))).scalar_one() == 0
        assert (await connection.execute(select(func.count()).select_from(dossiers))).scalar_one() == 1


class TestUnreadable:
    def test_it_is_put_aside_and_the_next_one_is_read(self) -> None:
        batch = Batch()
        for record in (Sent(b"a", b"{not json"), Sent(b"b", b'{"code": "H59.15-230103-0001"}'), *statuses(CODE, HISTORY)):
            batch.take(record)
        assert [one.reason for one in batch.unreadable] == ["malformed", "malformed"]
        assert batch.codes() == [CODE]
        assert batch.in_a_row == 0

    def test_a_state_nobody_knows_does_not_hide_the_version_before_it(self) -> None:
        batch = Batch()
        batch.take(snapshot(dossier_after(*HISTORY[:1]), NOW))
        batch.take(snapshot(dossier_after(*HISTORY[:2]), NOW, state="lost"))
        (change,) = batch.changes(CODE)
        assert change.status.version == 1
        assert "lost" in batch.unreadable[0].detail

    def test_a_hundred_in_a_row_stop_the_service_also_over_batches(self) -> None:
        first = Batch()
        for _ in range(STOP_AFTER_UNREADABLE - 1):
            first.take(Sent(None, b"?"))
        second = Batch(first.in_a_row)
        with pytest.raises(TooManyUnreadable, match="100 status records in a row"):
            second.take(Sent(None, b"?"))
