"""As known at: any past instant's figures and lists are the recount of what had been recorded by then;
changes explain the rest."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report
from services.reporting.opening.comparisons import changed_dossiers
from services.reporting.opening.lists import LIST_START
from services.reporting.read_model.store import snapshot
from shared.contract.http.figures import ChangedDossier
from shared.domain.columns import KEYS
from shared.domain.fields import CorrectableField
from tests.builders.events import CODE, event, received
from tests.builders.histories import OF_HUNDREDS, Office, office, offices
from tests.builders.times import at
from tests.reporting.delivery import Topic, empty, statuses
from tests.reporting.expected import expected, recounted
from tests.reporting.lists import behind, numbered, some, walked
from tests.reporting.recorded import BEGINNING, Recorded, recorded
from tests.reporting.test_against_recount import OF_SEEDS, SHIPPED, SPREAD_DAYS, WORSE_THAN_ANY_BROKER, any_query
from tests.support.recount import RecountedDossier

HISTORY = (received(), event("processing_started", "2023-01-04 08:00"), event("resolved", "2023-01-09 10:00"))
JANUARY = FigureQuery(first=at("2023-01-01").date(), last=at("2023-01-31").date(), as_of=at("2023-12-31"))


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
@pytest.mark.slow
async def test_what_was_known_is_a_recount_of_what_had_been_recorded(
    engine: AsyncEngine, of: Office, rng: Random
) -> None:
    await empty(engine)
    known = recorded(rng, of)
    await Topic(engine).deliver(known.delivered(rng), batch_size=rng.randint(1, 12))
    for _ in range(3):
        await _as_recorded(engine, rng, known, replace(any_query(rng, 45), known_at=known.any_instant(rng)), most=6)
        await _explained(engine, rng, known, any_query(rng, 45), limit=rng.randint(1, 3))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # small offices on both
@OF_SEEDS
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from(OF_HUNDREDS))
@pytest.mark.slow
async def test_what_was_known_of_hundreds_is_a_recount_of_what_had_been_recorded(
    engine: AsyncEngine, seed: int, size: int
) -> None:
    await empty(engine)
    rng = Random(seed)
    known = recorded(rng, office(rng, size, SPREAD_DAYS))
    await Topic(engine).deliver(known.delivered(rng), batch_size=rng.choice([100, 700, 5000]))
    for _ in range(3):
        await _as_recorded(
            engine, rng, known, replace(any_query(rng, 2 * SPREAD_DAYS), known_at=known.any_instant(rng)), most=3
        )
        await _explained(engine, rng, known, any_query(rng, 2 * SPREAD_DAYS), limit=rng.choice([10, 1000]))


async def _as_recorded(engine: AsyncEngine, rng: Random, known: Recorded, query: FigureQuery, *, most: int) -> None:
    assert query.known_at is not None
    by_code = recounted(known.until(query.known_at))
    found = await report(engine, query, SHIPPED)
    total, rows = expected(by_code.values(), query, SHIPPED)
    assert found.total == total, query
    assert {row.key: row.figures for row in found.rows} == rows, query
    assert all(identity.holds for identity in found.identities), (query, found.identities)
    for one in some(rng, numbered(found, SHIPPED), most):
        codes = await walked(engine, SHIPPED, one[0], rng.choice([3, 1000]))
        assert len(codes) == one[1], (query, one)
        assert set(codes) == behind(by_code, query, SHIPPED, one), (query, one)


async def _explained(engine: AsyncEngine, rng: Random, known: Recorded, query: FigureQuery, *, limit: int) -> None:
    """Over all dossiers, entered less left is the difference; and who moved is who counts otherwise by the recount."""
    first, second = sorted([known.any_instant(rng), known.any_instant(rng)])
    then, now = replace(query, known_at=first), replace(query, known_at=rng.choice([second, None]))
    before, since = [(await report(engine, one, SHIPPED)).total for one in (then, now)]
    found = await _all_moved(engine, then, now, limit)
    sums = Counter(column for one in found for column in one.entered)
    sums.subtract(column for one in found for column in one.left)
    assert {column: sums[column] for column in KEYS} == {column: since[column] - before[column] for column in KEYS}
    codes = [one.code for one in found]
    assert codes == sorted(set(codes))
    dossiers_then, dossiers_now = recounted(known.until(first)), recounted(known.until(now.known_at or known.end))
    assert set(codes) == {
        code for code in known.office if _columns(dossiers_then, code, then) != _columns(dossiers_now, code, now)
    }


async def _all_moved(engine: AsyncEngine, then: FigureQuery, now: FigureQuery, limit: int) -> list[ChangedDossier]:
    found: list[ChangedDossier] = []
    after = LIST_START
    while True:
        async with snapshot(engine) as connection:
            pins = await pinned(connection, then.known_at), await pinned(connection, now.known_at)
            page, end = await changed_dossiers(connection, now, *pins, limit=limit, after=after)
        found += page
        if end is None:
            return found
        after = end


def _columns(by_code: dict[str, RecountedDossier], code: str, query: FigureQuery) -> set[str]:
    if code not in by_code:
        return set()
    total, _ = expected([by_code[code]], query, SHIPPED)
    return {column for column, count in total.items() if count}


async def test_a_version_that_counts_the_same_changes_neither_since_nor_known(engine: AsyncEngine) -> None:
    known = [BEGINNING + timedelta(hours=number) for number in range(3)]
    await Topic(engine).deliver(statuses(CODE, HISTORY, known), batch_size=1)
    (one,) = await _all_moved(engine, replace(JANUARY, known_at=known[1]), JANUARY, 10)
    assert set(one.left) == {"in_progress_total", "in_progress_overdue"}
    assert set(one.entered) == {"resolved_total", "resolved_early", "awaiting_return"}
    assert (one.sequence_then, one.sequence_now, one.known_at) == (2, 3, known[2])


async def test_a_batch_keeps_what_was_known_in_between(engine: AsyncEngine) -> None:
    """Read at once after a day of standing still, the same as if it had been read event by event."""
    known = [BEGINNING + timedelta(hours=number) for number in range(3)]
    await Topic(engine).deliver(statuses(CODE, HISTORY, known))
    assert await _totals(
        engine, [known[0] - timedelta(seconds=1), known[0], known[2] - timedelta(seconds=1), known[2]]
    ) == [
        (0, 0),
        (1, 0),
        (1, 0),
        (0, 1),
    ]


async def test_of_one_second_a_batch_knows_only_the_end(engine: AsyncEngine) -> None:
    known = [BEGINNING + timedelta(milliseconds=number) for number in (0, 300, 600)]
    await Topic(engine).deliver(statuses(CODE, HISTORY, known))
    assert await _totals(engine, [known[1], BEGINNING + timedelta(seconds=1)]) == [(0, 0), (0, 1)]


async def test_a_clock_that_was_set_back_takes_no_knowledge_away(engine: AsyncEngine) -> None:
    known = [BEGINNING, BEGINNING + timedelta(hours=2), BEGINNING - timedelta(hours=1)]
    resolved_then_returned = (HISTORY[0], HISTORY[2], event("returned", "2023-01-10 10:00"))
    await Topic(engine).deliver(statuses(CODE, resolved_then_returned, known), batch_size=1)
    found = await report(engine, replace(JANUARY, known_at=BEGINNING + timedelta(hours=1)), SHIPPED)
    assert (found.total["in_progress_total"], found.total["resolved_total"], found.total["returned_total"]) == (1, 0, 0)


async def _totals(engine: AsyncEngine, instants: list[datetime]) -> list[tuple[int, int]]:
    found = [(await report(engine, replace(JANUARY, known_at=instant), SHIPPED)).total for instant in instants]
    return [(one["in_progress_total"], one["resolved_total"]) for one in found]


async def test_what_left_a_figure_before_the_receipt_is_told(engine: AsyncEngine) -> None:
    """Submitted online, then found to have come by post: it adds nothing until it is received."""
    history = (
        event("submitted", "2023-01-03 08:00", channel="online"),
        event("corrected", "2023-01-03 09:00", field=CorrectableField.CHANNEL, old_value="online", new_value="postal"),
        event("received", "2023-01-04 08:00", due_at=at("2023-01-10"), channel="postal"),
    )
    known = [BEGINNING + timedelta(hours=number) for number in range(3)]
    await Topic(engine).deliver(statuses(CODE, history, known), batch_size=1)
    waiting, corrected = (replace(JANUARY, known_at=instant) for instant in known[:2])
    (one,) = await _all_moved(engine, waiting, corrected, 10)
    assert (one.left, one.entered, one.sequence_then, one.sequence_now) == (["awaiting_acceptance"], [], 1, 2)
    (one,) = await _all_moved(engine, corrected, JANUARY, 10)
    assert (one.left, one.sequence_then, one.sequence_now) == ([], 2, 3)
    assert "received_postal" in one.entered
