"""A read model made anew beside the live one is the live one where that was right,
and repairs and names what was wrong in it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from random import Random

import msgspec
import pytest
from sqlalchemy import Connection, delete, func, insert, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import Report, report
from services.reporting.read_model.contributions import decode_contributions, encode_contributions
from services.reporting.read_model.tables import dossiers, history, sums
from services.reporting.rebuild import progress
from services.reporting.rebuild.fold import UnreadableLogLine, read_lines
from services.reporting.rebuild.progress import RebuildProgress, UnknownRebuild
from services.reporting.rebuild.swap import NotSettled, SwapResult, swap
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.log import LogLine
from shared.contract.status import decode_status, status_of, version_of
from shared.domain.dossier import Dossier, apply
from shared.domain.localtime import LOCAL
from shared.domain.timeliness import DEFINITIONS
from shared.service.sql import writing
from tests.builders.events import CODE, Dated, received
from tests.reporting.delivery import Sent, Topic
from tests.reporting.expected import expected, recounted
from tests.reporting.logged import an_office, body_of, event_of, log_of
from tests.reporting.recorded import Recorded

NOW = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
PERIOD = (date(2023, 1, 20), date(2023, 3, 10))
BY = (Dimension.DEPARTMENT, Dimension.CHANNEL)


def query(definition: str = "by-date/1", known_at: datetime | None = None) -> FigureQuery:
    return FigureQuery(first=PERIOD[0], last=PERIOD[1], as_of=NOW, by=BY, definition=definition, known_at=known_at)


async def send(
    engine: AsyncEngine, number: int, lines: Sequence[LogLine], after: int = 0, size: int = 37
) -> RebuildProgress:
    stands = None
    for start in range(0, len(lines), size):
        part = list(lines[start : start + size])
        stands, refused = await progress.take(engine, number, after, part)
        assert refused == []
        after = stands.position
    assert stands is not None
    return stands


async def rebuilt(engine: AsyncEngine, lines: Sequence[LogLine], *, dry_run: bool = False) -> SwapResult:
    number = (await progress.start(engine, NOW)).number
    await send(engine, number, lines)
    await progress.settle(engine, number)
    return await swap(engine, number, dry_run=dry_run)


async def figures(
    engine: AsyncEngine, catalogue: Catalogue, definition: str = "by-date/1", known_at: datetime | None = None
) -> Report:
    found = await report(engine, query(definition, known_at), catalogue)
    assert all(identity.holds for identity in found.identities)
    return found


async def assert_the_figures_are_those_of(engine: AsyncEngine, catalogue: Catalogue, office: Recorded) -> None:
    """Of all definitions, as known now and at some past instants."""
    rng = Random(0)
    for known_at in (None, *(office.any_instant(rng) for _ in range(4))):
        known = list(recounted(office.office if known_at is None else office.until(known_at)).values())
        for definition in DEFINITIONS:
            found = await figures(engine, catalogue, definition, known_at)
            total, rows = expected(known, query(definition), catalogue)
            assert found.total == total | {"received_online_full": found.total["received_online_full"]}
            assert {row.key: row.figures["received_total"] for row in found.rows} == {
                key: row["received_total"] for key, row in rows.items() if any(row.values())
            }


@pytest.mark.parametrize("seed", [1, 2])
async def test_where_nothing_was_wrong_nothing_is_named_and_no_figure_changes(
    engine: AsyncEngine, shipped: Catalogue, seed: int
) -> None:
    office = an_office(seed)
    lines, records = log_of(office)
    await Topic(engine).deliver(records, batch_size=29)
    before = await figures(engine, shipped)
    outcome = await rebuilt(engine, lines)
    assert (outcome.differences, outcome.sums, outcome.swapped) == ([], [], True)
    assert (outcome.events, outcome.dossiers) == (len(lines), len(office.office))
    after = await figures(engine, shipped)
    assert (after.total, after.rows) == (before.total, before.rows)
    assert after.pin.generation == outcome.generation > before.pin.generation
    await assert_the_figures_are_those_of(engine, shipped, office)


async def test_a_rebuild_may_follow_a_rebuild(engine: AsyncEngine) -> None:
    lines, records = log_of(an_office(3))
    await Topic(engine).deliver(records)
    generations = [(await rebuilt(engine, lines)).generation for _ in range(3)]
    assert generations == sorted(set(generations))


async def test_an_empty_model_is_filled(engine: AsyncEngine, shipped: Catalogue) -> None:
    office = an_office(4)
    lines, _records = log_of(office)
    outcome = await rebuilt(engine, lines)
    assert {one.detail for one in outcome.differences} == {"was missing"}
    await assert_the_figures_are_those_of(engine, shipped, office)


async def counting(engine: AsyncEngine, size: int = 1) -> list[str]:
    """Dossiers that count in some figure."""
    async with engine.connect() as connection:
        found = await connection.execute(
            select(dossiers.c.code).where(dossiers.c.flags != 0).order_by(dossiers.c.code).limit(size)
        )
        return list(found.scalars())


async def a_wrong_sum(engine: AsyncEngine) -> tuple[str, str]:
    async with writing(engine) as connection:
        wrong = select(func.min(sums.c.span)).scalar_subquery()
        await connection.execute(update(sums).where(sums.c.span == wrong).values(amount=sums.c.amount + 2))
    return "", ""


async def wrong_contributions(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        stored = (
            await connection.execute(select(dossiers.c.contributions).where(dossiers.c.code == code))
        ).scalar_one()
        entry = decode_contributions(stored)
        moved = encode_contributions(type(entry)(entry.department, entry.procedure, entry.channel, entry.deltas[1:]))
        await connection.execute(update(dossiers).where(dossiers.c.code == code).values(contributions=moved))
    return code, "counted otherwise (contributions)"


async def contributions_nobody_can_read(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        await connection.execute(update(dossiers).where(dossiers.c.code == code).values(contributions=b"["))
    return code, "counted otherwise (contributions)"


async def a_missing_dossier(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        await connection.execute(delete(dossiers).where(dossiers.c.code == code))
    return code, "was missing"


async def a_dossier_of_nobody(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        row = (await connection.execute(select(dossiers).where(dossiers.c.code == code))).one()
        await connection.execute(insert(dossiers).values({**row._asdict(), "code": "H59.15-230101-9999"}))
    return "H59.15-230101-9999", "is not in the log"


async def a_wrong_snapshot(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        stored = (await connection.execute(select(dossiers.c.snapshot).where(dossiers.c.code == code))).scalar_one()
        wrong = encode({**_as_dict(stored), "department": "H59.01"})
        await connection.execute(update(dossiers).where(dossiers.c.code == code).values(snapshot=wrong))
    return code, "its snapshot said other department"


async def a_lost_history(engine: AsyncEngine) -> tuple[str, str]:
    async with writing(engine) as connection:
        code = (await connection.execute(select(func.min(history.c.code)))).scalar_one()
        await connection.execute(delete(history))
    return code, "what was known of it before differed"


async def an_event_not_seen(engine: AsyncEngine) -> tuple[str, str]:
    (code,) = await counting(engine)
    async with writing(engine) as connection:
        await connection.execute(update(dossiers).where(dossiers.c.code == code).values(sequence=1, version=1))
        seen = (await connection.execute(select(dossiers.c.sequence).where(dossiers.c.code == code))).scalar_one()
    return code, f"had seen {seen} of its "


def _as_dict(snapshot: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(snapshot)
    return found


@pytest.mark.parametrize(
    "damage",
    [
        a_wrong_sum,
        wrong_contributions,
        contributions_nobody_can_read,
        a_missing_dossier,
        a_dossier_of_nobody,
        a_wrong_snapshot,
        a_lost_history,
        an_event_not_seen,
    ],
)
async def test_damage_is_named_and_repaired(engine: AsyncEngine, shipped: Catalogue, damage: object) -> None:
    office = an_office(5)
    lines, records = log_of(office)
    await Topic(engine).deliver(records)
    code, detail = await damage(engine)  # type: ignore[operator]
    outcome = await rebuilt(engine, lines)
    if code:
        assert outcome.differences[0].code == code
        assert outcome.differences[0].detail.startswith(detail)
    else:
        assert {drift.off_by for drift in outcome.sums} == {2}
        assert outcome.differences == []
    again = await rebuilt(engine, lines, dry_run=True)
    assert (again.differences, again.sums) == ([], [])
    await assert_the_figures_are_those_of(engine, shipped, office)


async def test_a_dry_run_names_and_changes_nothing(engine: AsyncEngine) -> None:
    lines, records = log_of(an_office(6))
    await Topic(engine).deliver(records)
    code, _detail = await a_missing_dossier(engine)
    outcomes = [await rebuilt(engine, lines, dry_run=True) for _ in range(2)]
    assert [(one.swapped, [found.code for found in one.differences]) for one in outcomes] == [(False, [code])] * 2
    async with engine.connect() as connection:
        assert not [
            name
            for name in await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            if name.startswith("rebuild")
        ]


@pytest.mark.parametrize("seed", [7, 8, 9])
async def test_what_is_projected_meanwhile_is_neither_lost_nor_counted_twice(
    engine: AsyncEngine, shipped: Catalogue, seed: int
) -> None:
    """The projector goes on between the parts, and is ahead of the log as read at the swap."""
    office = an_office(seed)
    lines, records = log_of(office)
    third = len(lines) // 3
    topic = Topic(engine)
    await topic.deliver(records[:third])
    number = (await progress.start(engine, NOW)).number
    await send(engine, number, lines[:third])
    await topic.deliver(records[third : third + 20], batch_size=7)
    await progress.settle(engine, number)
    await send(engine, number, lines[third : third + 30], third)
    await topic.deliver(records[third + 20 : 2 * third], batch_size=5)
    outcome = await swap(engine, number)
    assert (outcome.differences, outcome.sums) == ([], [])
    assert await topic.deliver(records[: 2 * third]) == [], "delivered again, nothing counts"
    topic.end = 2 * third
    await topic.deliver(records[2 * third :], batch_size=11)
    await assert_the_figures_are_those_of(engine, shipped, office)
    again = await rebuilt(engine, lines, dry_run=True)
    assert (again.differences, again.sums) == ([], [])


@pytest.mark.parametrize("of_an_earlier_release", [0, 1000])
async def test_an_announced_threshold_stays_announced_and_the_next_one_is_not_ignored(
    engine: AsyncEngine, of_an_earlier_release: int
) -> None:
    office = an_office(10)
    lines, records = log_of(office)
    topic = Topic(engine)
    await topic.deliver(records)
    (code,) = await counting(engine)
    dossier = _folded(code, office.office[code])
    due = {"due_soon": dossier.due_at or NOW}
    version = version_of(dossier.sequence, due, dossier.due_at)
    ticked = status_of(dossier, version=of_an_earlier_release or version, recordedtime=office.at[code][-1], alerted=due)
    await topic.deliver([Sent(code.encode(), encode(ticked))])
    assert (await rebuilt(engine, lines)).differences == []
    async with engine.connect() as connection:
        row = (await connection.execute(select(dossiers).where(dossiers.c.code == code))).one()
    kept = decode_status(row.snapshot)
    assert (row.version, kept.version, kept.alerted) == (version, version, due)
    due["overdue"] = due["due_soon"]
    overdue = status_of(
        dossier,
        version=version_of(dossier.sequence, due, dossier.due_at),
        recordedtime=office.at[code][-1],
        alerted=due,
    )
    assert len(await topic.deliver([Sent(code.encode(), encode(overdue))])) == 1


async def test_events_count_after_a_rebuild_of_a_model_whose_versions_are_higher(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    """An earlier release counted versions otherwise; what follows the rebuild is known by its sequence."""
    office = an_office(13)
    lines, records = log_of(office)
    half = len(lines) // 2
    topic = Topic(engine)
    await topic.deliver([_numbered(record, 10_000 + offset) for offset, record in enumerate(records[:half])])
    assert (await rebuilt(engine, lines[:half])).differences == []
    await topic.deliver(records[half:])
    await assert_the_figures_are_those_of(engine, shipped, office)


def _numbered(record: Sent, version: int) -> Sent:
    assert record.value is not None
    return replace(record, value=encode(msgspec.structs.replace(decode_status(record.value), version=version)))


async def test_an_event_that_no_dossier_can_hold_is_refused_and_named(engine: AsyncEngine) -> None:
    """What the rules of a dossier's life let pass may still be nothing that figures can count."""
    nested = event_of(CODE, received(), 1, NOW)[:-1] + b',"data":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    odd = event_of("H59.15-230103-0002", received(), 1, datetime(9999, 12, 31, tzinfo=LOCAL))
    number = (await progress.start(engine, NOW)).number
    with pytest.raises(UnreadableLogLine):
        read_lines(body_of([nested]), 0)
    _, refused = await progress.take(
        engine, number, 0, read_lines(body_of([odd, event_of(CODE, received(), 1, NOW)]), 0)
    )
    assert [(one.position, "9999" in one.detail) for one in refused] == [(1, True)]


def _folded(code: str, events: Sequence[Dated]) -> Dossier:
    dossier: Dossier | None = None
    for event in events:
        dossier = apply(dossier, code, *event)
    assert dossier is not None
    return dossier


async def test_a_dossier_on_its_way_is_no_difference(engine: AsyncEngine) -> None:
    """The log is ahead of the live model:
    what was recorded after the model had time to catch up may still be on its way."""
    office = an_office(11)
    lines, records = log_of(office)
    await Topic(engine).deliver(records[:-15])
    number = (await progress.start(engine, NOW)).number
    await send(engine, number, lines[:-15])
    await progress.settle(engine, number)
    await send(engine, number, lines[-15:], len(lines) - 15)
    outcome = await swap(engine, number)
    assert (outcome.differences, outcome.sums) == ([], [])


async def test_an_unfinished_rebuild_leaves_the_live_model_alone_and_is_dropped_by_the_next(
    engine: AsyncEngine, shipped: Catalogue
) -> None:
    office = an_office(12)
    lines, records = log_of(office)
    await Topic(engine).deliver(records)
    left = (await progress.start(engine, NOW)).number
    await send(engine, left, lines[: len(lines) // 2])
    await assert_the_figures_are_those_of(engine, shipped, office)
    assert (await rebuilt(engine, lines)).differences == []
    with pytest.raises(UnknownRebuild):
        await progress.take(engine, left, len(lines) // 2, [])


async def test_a_dropped_rebuild_is_gone(engine: AsyncEngine) -> None:
    number = (await progress.start(engine, NOW)).number
    await progress.drop(engine, number)
    with pytest.raises(UnknownRebuild):
        await progress.drop(engine, number)


async def test_parts_follow_one_another(engine: AsyncEngine) -> None:
    lines, _records = log_of(an_office(13))
    number = (await progress.start(engine, NOW)).number
    await send(engine, number, lines[:10])
    with pytest.raises(progress.PositionMoved) as moved:
        await progress.take(engine, number, 0, lines[:10])
    assert moved.value.position == 10


async def test_an_event_against_the_rules_counts_nowhere_and_is_told(engine: AsyncEngine) -> None:
    lines, _records = log_of(an_office(14))
    number = (await progress.start(engine, NOW)).number
    opened = lines[0].event.subject
    repeated = type(lines[0])(len(lines) + 1, lines[0].event)
    _stands, refused = await progress.take(engine, number, 0, [*lines, repeated])
    assert [(one.position, one.code) for one in refused] == [(len(lines) + 1, opened)]


async def test_without_a_word_that_the_live_model_has_caught_up_nothing_is_swapped(engine: AsyncEngine) -> None:
    number = (await progress.start(engine, NOW)).number
    with pytest.raises(NotSettled):
        await swap(engine, number)


async def test_the_lists_of_indexes_are_those_of_a_model_that_was_never_rebuilt(engine: AsyncEngine) -> None:
    """But for their names: a table that is renamed keeps the names of its indexes."""

    def of(sync: Connection) -> dict[str, list[list[str | None]]]:
        return {
            table.name: sorted(one["column_names"] for one in inspect(sync).get_indexes(table.name))
            for table in (dossiers, history, sums)
        }

    async def indexes() -> dict[str, list[list[str | None]]]:
        async with engine.connect() as connection:
            return await connection.run_sync(of)

    before = await indexes()
    lines, records = log_of(an_office(15))
    await Topic(engine).deliver(records)
    await rebuilt(engine, lines)
    assert await indexes() == before
