"""One transaction for dossiers, deltas and offsets; what comes twice or late changes nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import Report, report
from services.reporting.projecting.projection import (
    OffsetAdvance,
    OffsetsMoved,
    culprits,
    project,
    rewind,
    stored_positions,
)
from services.reporting.projecting.records import Batch, FetchedRecords, PartitionPosition, unreadable_in_a_row
from services.reporting.read_model.store import migrate
from services.reporting.read_model.tables import dossiers, sums
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.marks import LedgerMark, mark_header
from shared.contract.status import status_of
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.domain.fields import CorrectableField
from shared.domain.localtime import LOCAL
from shared.service.pacing import poison_pause_s
from tests.builders.events import CODE, dossier_after, event, received
from tests.reporting.delivery import Sent, Topic, snapshot, statuses

NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
HISTORY = (received(), event("processing_started", "2023-01-04 08:00"), event("resolved", "2023-01-09 10:00"))
YEAR = FigureQuery(first=date(2023, 1, 1), last=date(2023, 12, 31), as_of=NOW, by=(Dimension.DEPARTMENT,))


async def year(engine: AsyncEngine, catalogue: Catalogue) -> Report:
    found = await report(engine, YEAR, catalogue)
    assert all(identity.holds for identity in found.identities)
    return found


async def test_migrating_twice_changes_nothing(engine: AsyncEngine, shipped: Catalogue) -> None:
    await Topic(engine).deliver(statuses(CODE, HISTORY))
    await migrate(engine)
    assert (await year(engine, shipped)).total["resolved_early"] == 1


async def test_a_record_delivered_again_is_ignored(engine: AsyncEngine, shipped: Catalogue) -> None:
    topic, records = Topic(engine), list(statuses(CODE, HISTORY))
    assert len(await topic.deliver(records, batch_size=1)) == 3
    assert await topic.deliver(records, batch_size=1) == []
    found = await year(engine, shipped)
    assert (found.total["received_total"], found.total["resolved_total"]) == (1, 1)


async def test_a_correction_moves_the_dossier_with_all_it_added(engine: AsyncEngine, shipped: Catalogue) -> None:
    corrected = event(
        "corrected", "2023-01-10 08:00", field=CorrectableField.DEPARTMENT, old_value="H59.15", new_value="H59.02"
    )
    await Topic(engine).deliver(statuses(CODE, (*HISTORY, corrected)), batch_size=1)
    assert [row.key for row in (await year(engine, shipped)).rows] == [("H59.02",)]


async def test_what_was_added_is_taken_back_whatever_the_rules_say_now(engine: AsyncEngine, shipped: Catalogue) -> None:
    """An entry written by an older release, with another rule for `returned`, goes as it came."""
    topic = Topic(engine)
    records = list(statuses(CODE, HISTORY))
    batch = Batch()
    batch.take(records[0])
    (version,) = batch.versions(CODE)
    version.contributions.deltas.append((20230104, 9, 7))
    stored = await stored_positions(engine, STATUS.name, [0])
    await project(
        engine, STATUS.name, {0: OffsetAdvance(stored[0].next_offset, PartitionPosition(1))}, {CODE: [version]}
    )
    assert (await year(engine, shipped)).total["returned_total"] == 7
    await topic.deliver(records)
    assert (await year(engine, shipped)).total["returned_total"] == 0


async def test_a_tombstone_leaves_the_dossier_counted(engine: AsyncEngine, shipped: Catalogue) -> None:
    await Topic(engine).deliver([*statuses(CODE, HISTORY), Sent(CODE.encode(), None)])
    assert (await year(engine, shipped)).total["resolved_total"] == 1
    assert (await stored_positions(engine, STATUS.name, [0])) == {0: PartitionPosition(4)}


async def test_of_two_projectors_the_slower_one_changes_nothing(engine: AsyncEngine, shipped: Catalogue) -> None:
    topic, records = Topic(engine), list(statuses(CODE, HISTORY))
    await topic.deliver(records[:1])
    batch = Batch()
    batch.take(records[2])
    with pytest.raises(OffsetsMoved):
        await project(engine, STATUS.name, {0: OffsetAdvance(0, PartitionPosition(3))}, {CODE: batch.versions(CODE)})
    found = await year(engine, shipped)
    assert (found.total["in_progress_total"], found.total["resolved_total"]) == (1, 0)
    with pytest.raises(OffsetsMoved):
        await rewind(engine, STATUS.name, {0: OffsetAdvance(0, PartitionPosition(5))})


async def test_a_dossier_never_received_adds_nothing(engine: AsyncEngine) -> None:
    await Topic(engine).deliver(
        statuses(
            CODE, [event("submitted", "2023-01-03 08:00", channel="postal"), event("declined", "2023-01-04 08:00")]
        )
    )
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(sums))).scalar_one() == 0
        assert (await connection.execute(select(func.count()).select_from(dossiers))).scalar_one() == 1


class TestUnreadable:
    def test_it_is_put_aside_and_the_next_one_is_read(self) -> None:
        batch = Batch()
        for record in (
            Sent(b"a", b"{not json"),
            Sent(b"b", b'{"code": "H59.15-230103-0001"}'),
            *statuses(CODE, HISTORY),
        ):
            batch.take(record)
        assert [one.reason for one in batch.unreadable] == ["malformed", "malformed"]
        assert batch.codes() == [CODE]

    def test_a_state_nobody_knows_does_not_hide_the_version_before_it(self) -> None:
        batch = Batch()
        batch.take(snapshot(dossier_after(*HISTORY[:1]), NOW))
        batch.take(snapshot(dossier_after(*HISTORY[:2]), NOW, state="lost"))
        (version,) = batch.versions(CODE)
        assert version.status.sequence == 1
        assert "lost" in batch.unreadable[0].detail

    def test_those_in_a_row_are_counted_over_batches_until_one_can_be_read(self) -> None:
        good = next(iter(statuses(CODE, HISTORY)))
        poison = [Sent(None, b"?", offset=number) for number in range(3)]
        batch = Batch()
        for record in poison:
            batch.take(record)
        assert unreadable_in_a_row(poison, batch.unreadable, 40) == 43
        assert unreadable_in_a_row([*poison[:1], replace(good, offset=9), *poison[1:]], batch.unreadable, 40) == 2

    @pytest.mark.parametrize(
        "value",
        [
            b'{"code":"\xff"}',
            b"[" * 100_000,
            encode(status_of(dossier_after(*HISTORY), version=2**63, recordedtime=NOW, alerted={})),
            encode(status_of(dossier_after(*HISTORY), version=3, recordedtime=END_OF_TIME, alerted={})),
            encode(status_of(dossier_after(*HISTORY), version=3, recordedtime=NOW, alerted={}))[:-1]
            + b',"x":'
            + b"[" * 200_000
            + b"]" * 200_000
            + b"}",
            snapshot(dossier_after(*HISTORY), NOW, returned_at=END_OF_TIME).value,
            snapshot(dossier_after(*HISTORY), NOW, department="H59\x00").value,
            snapshot(dossier_after(*HISTORY), NOW, closed_at=datetime(1999, 1, 1, tzinfo=LOCAL)).value,
        ],
        ids=[
            "utf-8",
            "nested",
            "64 bits",
            "year 9999",
            "nested beside",
            "returned in 9999",
            "NUL",
            "closed before receipt",
        ],
    )
    def test_whatever_a_record_holds_is_its_own_fault(self, value: bytes) -> None:
        batch = Batch()
        batch.take(Sent(b"a", value))
        (good,) = statuses("H59.15-230103-0002", HISTORY[:1])
        batch.take(good)
        assert {code: len(batch.versions(code)) for code in batch.codes()} | {CODE: 0} == {
            CODE: 0,
            "H59.15-230103-0002": 1,
        }
        assert len(batch.unreadable) == 1

    def test_one_that_claims_a_high_sequence_does_not_hide_those_behind_it(self) -> None:
        batch = Batch()
        batch.take(snapshot(dossier_after(*HISTORY), NOW, state="lost", sequence=999))
        batch.take(snapshot(dossier_after(*HISTORY), NOW))
        (version,) = batch.versions(CODE)
        assert (version.status.sequence, len(batch.unreadable)) == (3, 1)


async def test_a_later_event_counts_although_its_version_is_lower(engine: AsyncEngine, shipped: Catalogue) -> None:
    """The ledger was lost and counts versions anew; the sequence is the log's."""
    topic = Topic(engine)
    await topic.deliver([snapshot(dossier_after(*HISTORY[:2]), NOW, version=9)])
    await topic.deliver([snapshot(dossier_after(*HISTORY[:1]), NOW, version=20)])
    await topic.deliver([snapshot(dossier_after(*HISTORY), NOW, version=3)])
    assert (await year(engine, shipped)).total["resolved_total"] == 1


async def test_versions_that_come_again_under_one_number_are_both_kept_in_the_history(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    corrected = (
        event("corrected", f"2023-01-0{day} 08:00", field=CorrectableField.DEPARTMENT, old_value=old, new_value=new)
        for day, old, new in ((4, "H59.15", "H59.02"), (5, "H59.02", "H59.03"), (6, "H59.03", "H59.04"))
    )
    history_of = (received(), *corrected)
    topic = Topic(engine)
    for count, version in ((1, 7), (2, 7), (3, 7), (4, 8)):
        await topic.deliver(
            [snapshot(dossier_after(*history_of[:count]), NOW + timedelta(minutes=count), version=version)]
        )
    assert [row.key for row in (await year(engine, shipped)).rows] == [("H59.04",)]


async def test_what_the_database_cannot_hold_is_found_and_the_others_are_kept(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    codes = [f"H59.15-230103-{number:04}" for number in range(9)]
    batch = Batch()
    for number, code in enumerate(codes):
        for record in statuses(code, HISTORY):
            batch.take(replace(record, offset=number))
    versions = {code: batch.versions(code) for code in batch.codes()}
    versions[codes[4]] = [msgspec.structs.replace(version, known_at=2**70) for version in versions[codes[4]]]
    found = await culprits(engine, versions)
    assert {version.status.code for version, _ in found} == {codes[4]}
    await project(engine, STATUS.name, {}, {code: versions[code] for code in codes if code != codes[4]})
    assert (await year(engine, shipped)).total["received_total"] == 8


class TestMarks:
    def test_a_ledger_that_went_on_by_more_than_one_event_is_a_gap(self) -> None:
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(3, 3, 0, 0, RULES_VERSION))}, {0})
        kept = [record.offset for record in read.taken(marked((5, 4), (6, 4), (7, 6), (8, 7)))]
        assert (kept, read.gaps[0][0], read.positions[0].next_offset) == ([5, 6], 7, 7)

    def test_a_gap_is_gone_over_where_the_partition_may_not_be_read_again_yet(self) -> None:
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(3, 3, 0, 0, RULES_VERSION))}, set())
        assert [record.offset for record in read.taken(marked((5, 9), (6, 10)))] == [5, 6]
        assert (read.gaps[0][0], read.positions[0].next_offset) == (5, 7)
        assert read.positions[0].mark == LedgerMark(3, 3, 0, 0, RULES_VERSION), "the gap is still seen after a restart"

    def test_a_late_write_by_earlier_rules_is_no_gap(self) -> None:
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(3, 3, 0, 0, RULES_VERSION))}, {0})
        assert [
            record.offset for record in read.taken([*marked((5, 70), rules=RULES_VERSION - 1), *marked((6, 4))])
        ] == [6]
        assert not read.gaps

    @pytest.mark.parametrize(
        "value", [None, b"", b"{}", b"[1,2,3]", b"[-1,0,0,0,2]", b"[9223372036854775808,0,0,0,2]", b"[" * 100_000]
    )
    def test_a_header_that_is_no_mark_is_none(self, value: bytes) -> None:
        record = Sent(b"a", b"{}", 5, headers=[("motcua-ledger", value)])
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(3, 3, 0, 0, RULES_VERSION))}, {0})
        assert list(read.taken([record])) == [record]
        assert read.positions[0].mark == LedgerMark(3, 3, 0, 0, RULES_VERSION)

    def test_what_compaction_left_is_no_gap_while_a_partition_is_read_from_its_beginning(self) -> None:
        read = FetchedRecords({0: PartitionPosition(0, None, whole_until=20)}, {0})
        assert [record.offset for record in read.taken(marked((3, 9), (9, 40), (20, 41)))] == [3, 9, 20]
        assert not read.gaps

    def test_a_ledger_derived_anew_begins_at_its_first_event_and_a_mark_of_earlier_rules_is_passed_over(self) -> None:
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(90, 90, 0, 0, RULES_VERSION - 1))}, {0})
        earlier = marked((5, 91), rules=RULES_VERSION - 1)
        assert [record.offset for record in read.taken([*earlier, *marked((6, 1), (7, 2))])] == [6, 7]
        assert not read.gaps
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(90, 90, 0, 0, RULES_VERSION - 1))}, {0})
        assert not list(read.taken(marked((5, 2))))

    def test_records_without_a_mark_are_read_as_ever(self) -> None:
        read = FetchedRecords({0: PartitionPosition(5, LedgerMark(3, 3, 0, 0, RULES_VERSION))}, {0})
        assert len(list(read.taken([Sent(b"a", b"{}", 5), Sent(b"a", b"{}", 6)]))) == 2
        assert read.positions[0].mark == LedgerMark(3, 3, 0, 0, RULES_VERSION)

    async def test_the_mark_is_kept_with_the_offset(self, engine: AsyncEngine) -> None:
        (record,) = statuses(CODE, HISTORY[:1])
        await Topic(engine).deliver([replace(record, headers=mark_header(LedgerMark(1, 2, 1, 9, RULES_VERSION)))])
        assert (await stored_positions(engine, STATUS.name, [0])) == {
            0: PartitionPosition(1, LedgerMark(1, 2, 1, 0, RULES_VERSION))
        }


def marked(*records: tuple[int, int], rules: int = RULES_VERSION) -> list[Sent]:
    """Records by their offsets and by how many events the ledger had."""
    return [
        Sent(b"a", b"{}", offset, headers=mark_header(LedgerMark(events, events, 0, 0, rules)))
        for offset, events in records
    ]


@pytest.mark.parametrize(("in_a_row", "pause_s"), [(0, 0.0), (100, 0.0), (101, 0.101), (2_000, 2.0), (10**6, 5.0)])
def test_a_flood_of_unusable_records_slows_the_projector(in_a_row: int, pause_s: float) -> None:
    assert poison_pause_s(in_a_row) == pause_s
