"""Counts that must agree: the ledger's marks and the stored dossiers, the sums, and intake's log once it is quiet."""

from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import (
    FigureGauges,
    LedgerTotals,
    StoredEvents,
    ledger_totals,
    received_less_counted,
)
from services.reporting.intake.client import AcceptedEvents
from services.reporting.projecting.projection import OffsetAdvance, rewind, stored_positions
from services.reporting.projecting.records import PartitionPosition
from services.reporting.read_model.store import answering
from services.reporting.read_model.tables import dossiers, sums
from shared.contract.marks import LedgerMark, mark_header
from shared.contract.topics import STATUS
from shared.domain.counting import RULES_VERSION
from shared.service.sql import writing
from tests.builders.events import event, received
from tests.builders.times import at
from tests.reporting.delivery import Sent, Topic, statuses

HISTORY = (received(), event("processing_started", "2023-01-04 08:00"), event("resolved", "2023-01-09 10:00"))


def an_office() -> list[Sent]:
    records = [record for number in range(3) for record in statuses(f"H59.15-230103-000{number}", HISTORY)]
    marks = [LedgerMark(number, number + 1, 1, number, RULES_VERSION) for number in range(1, len(records) + 1)]
    return [replace(record, headers=mark_header(mark)) for record, mark in zip(records, marks, strict=True)]


async def missing(engine: AsyncEngine, count: StoredEvents | None = None) -> int | None:
    async with answering(engine) as connection:
        return await (count or StoredEvents()).missing(connection, await ledger_totals(connection))


async def test_every_event_that_the_ledger_holds_is_in_a_stored_dossier(engine: AsyncEngine) -> None:
    assert await missing(engine) == 0
    await Topic(engine).deliver(an_office())
    assert await missing(engine) == 0
    async with answering(engine) as connection:
        assert await ledger_totals(connection) == LedgerTotals(9, 10)


async def test_a_lost_dossier_is_missed_on_both_counts(engine: AsyncEngine) -> None:
    await Topic(engine).deliver(an_office())
    async with writing(engine) as connection:
        await connection.execute(delete(dossiers).where(dossiers.c.code == "H59.15-230103-0001"))
    assert await missing(engine) == 3
    async with answering(engine) as connection:
        assert await received_less_counted(connection) == -1


async def said_of_the_form(engine: AsyncEngine) -> float:
    gauges = FigureGauges(engine, lambda: at("2023-01-20 12:00"), 2023)
    await gauges.refresh()
    (shown,) = gauges.collect()
    (line,) = [line for line in shown.text.splitlines() if 'stage="form"' in line]
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize("measure", [1, 3, 12, 13, 15, 16])
async def test_a_sum_of_one_unit_that_somebody_changed_contradicts_the_form(engine: AsyncEngine, measure: int) -> None:
    """Received, resolved, open, overdue, awaiting return, due soon: the unit's row or the office's column tells."""
    waiting = (received(due_at=at("2023-01-12 09:00")), HISTORY[1])
    records = [record for number in range(2) for record in statuses(f"H59.15-230103-010{number}", waiting)]
    await Topic(engine).deliver([*an_office(), *records])
    assert await said_of_the_form(engine) == 0
    changed = update(sums).where(sums.c.department == "H59.15", sums.c.measure == measure)
    async with writing(engine) as connection:
        assert (await connection.execute(changed.values(amount=sums.c.amount + 7))).rowcount > 0
    assert await said_of_the_form(engine) >= 7


async def test_without_marks_nothing_is_said(engine: AsyncEngine) -> None:
    await Topic(engine).deliver([replace(record, headers=[]) for record in an_office()])
    assert await missing(engine) is None


async def test_nothing_is_said_of_a_partition_that_is_being_read_from_its_beginning(engine: AsyncEngine) -> None:
    await Topic(engine).deliver(an_office())
    (reading,) = (await stored_positions(engine, STATUS.name, [0])).values()
    await rewind(
        engine,
        STATUS.name,
        {0: OffsetAdvance(reading.next_offset, PartitionPosition(0, reading.mark, whole_until=reading.next_offset))},
    )
    assert await missing(engine) is None


async def test_an_event_whose_status_was_of_no_use_is_missed(engine: AsyncEngine) -> None:
    *good, last = an_office()
    await Topic(engine).deliver([*good, replace(last, value=b"?")])
    assert await missing(engine) == 1


async def test_the_count_of_all_dossiers_is_taken_seldom(engine: AsyncEngine) -> None:
    clock = iter([0.0, 2.0, 10.0, 203.0, 203.5])
    count = StoredEvents(lambda: next(clock))
    await Topic(engine).deliver(an_office())
    assert await missing(engine, count) == 0
    async with writing(engine) as connection:
        await connection.execute(delete(dossiers))
    assert await missing(engine, count) == 0
    assert await missing(engine, count) == 9


class TestAccepted:
    async def told(self, *looks: tuple[float, int, int, int | None]) -> list[int | None]:
        """What is said at each instant, by what intake answers then: (seconds, events, relayed, read by the ledger)."""
        now, current = 0.0, (0, 0)

        def answer(_request: httpx.Request) -> httpx.Response:
            events, relayed = current
            head = {"position": events, "events": events, "relayed": relayed}
            return httpx.Response(200, json=head) if events else httpx.Response(503)

        accepted = AcceptedEvents("http://intake", SecretStr("k" * 16), lambda: now, httpx.MockTransport(answer))
        found: list[int | None] = []
        for now, events, relayed, read in looks:  # noqa: B007 - the functions above look at it
            current = events, relayed
            found.append(await accepted.less(read))
        return found

    async def test_it_is_told_at_once_where_nothing_is_missing(self) -> None:
        assert await self.told((0, 7, 7, 7), (15, 7, 7, 7), (30, 8, 8, 8)) == [0, 0, 0]

    async def test_it_is_told_while_events_come_in(self) -> None:
        """What is on its way at one look is counted by another."""
        steady = [(15.0 * number, 100 * number, 100 * number - 1, 100 * number - number % 3) for number in range(1, 20)]
        assert await self.told(*steady) == [None, None, *[0] * 17]

    async def test_more_read_than_accepted_is_told_at_once_whatever_is_on_its_way_and_for_as_long_as_it_lasts(
        self,
    ) -> None:
        steady = [(15.0 * number, 100 * number, 100 * number, 100 * number + 2 - number % 3) for number in range(1, 12)]
        assert await self.told(*steady) == [-1, -1, *[-2] * 9]
        mended = [(15.0 * number, number, number, number + 2 * (number < 3)) for number in range(1, 20)]
        assert await self.told(*mended) == [*[-2] * 14, *[0] * 5]

    async def test_what_is_missing_is_told_once_the_log_has_been_quiet(self) -> None:
        quiet = ((0.0, 7, 7, 5), (15.0, 7, 7, 5), (31.0, 7, 7, 5))
        assert await self.told(*quiet) == [None, None, 2]
        goes_on = ((46.0, 9, 9, 6), (61.0, 12, 12, 10), (76.0, 15, 15, 12))
        assert await self.told(*quiet, *goes_on) == [None, None, 2, 2, 2, 2], "events come in, and it lasts"
        refuted = ((46.0, 9, 9, 8), (61.0, 9, 9, 9))
        assert await self.told(*quiet, *refuted) == [None, None, 2, None, 0]

    async def test_it_is_not_told_while_something_is_to_be_relayed_or_intake_is_away(self) -> None:
        looks = ((0.0, 7, 6, 6), (40.0, 7, 6, 6), (80.0, 0, 0, 6), (120.0, 7, 7, None))
        assert await self.told(*looks) == [None, None, None, None]

    async def test_without_an_address_nobody_is_asked(self) -> None:
        assert await AcceptedEvents(None, SecretStr("k" * 16)).less(7) is None
