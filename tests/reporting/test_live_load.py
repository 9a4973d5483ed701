"""A token pins a state of knowledge: lists stay as long as their number while events of the same
dossiers go on arriving."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report
from services.reporting.opening.lists import LIST_START, ListPlace, list_page
from services.reporting.opening.tokens import TokenFigure, Tokens
from services.reporting.read_model.store import snapshot
from tests.builders.histories import office
from tests.reporting.delivery import Sent, Topic, empty
from tests.reporting.lists import numbered, some, walked
from tests.reporting.recorded import Recorded, recorded
from tests.reporting.test_against_recount import OF_SEEDS, SHIPPED, SPREAD_DAYS, any_query

pytestmark = pytest.mark.slow

DOSSIERS = 150
BATCH = 25
FIGURES = 5


@OF_SEEDS
@given(seed=st.integers(0, 2**32 - 1))
async def test_random_figures_stay_exact_while_events_arrive(engine: AsyncEngine, seed: int) -> None:
    """One task projects; the other draws figures and opens them page by page, and opens old ones again."""
    await empty(engine)
    rng = Random(seed)
    known = recorded(rng, office(rng, DOSSIERS, SPREAD_DAYS))
    records = known.delivered(rng)
    topic, half = Topic(engine), len(records) // 2
    await topic.deliver(records[:half])
    arriving = asyncio.create_task(_project(topic, records[half:]))
    issued: list[tuple[str, int]] = []
    while not arriving.done():
        issued += await _drawn(engine, rng, known)
        for token, number in rng.sample(issued, min(FIGURES, len(issued))):
            codes = await walked(engine, SHIPPED, token, rng.choice([2, 17, 1000]))
            assert len(codes) == len(set(codes)) == number
    await arriving
    for token, number in issued:
        assert len(set(await walked(engine, SHIPPED, token, 1000))) == number


async def _project(topic: Topic, records: list[Sent]) -> None:
    for start in range(0, len(records), BATCH):
        await topic.deliver(records[start : start + BATCH])
        await asyncio.sleep(0)


async def _drawn(engine: AsyncEngine, rng: Random, known: Recorded) -> list[tuple[str, int]]:
    query = any_query(rng, 2 * SPREAD_DAYS)
    if rng.random() < 0.3:
        query = replace(query, known_at=known.any_instant(rng))
    return [one[:2] for one in some(rng, numbered(await report(engine, query, SHIPPED), SHIPPED), FIGURES)]


@OF_SEEDS
@given(seed=st.integers(0, 2**32 - 1))
async def test_pages_of_one_list_fit_though_everything_changes_between_them(engine: AsyncEngine, seed: int) -> None:
    await empty(engine)
    rng = Random(seed)
    records = recorded(rng, office(rng, DOSSIERS, SPREAD_DAYS)).delivered(rng)
    topic, third = Topic(engine), len(records) // 3
    await topic.deliver(records[:third])
    report_of = await report(engine, replace(any_query(rng, 2 * SPREAD_DAYS), by=()), SHIPPED)
    opened = [
        (Tokens(SHIPPED).read(token), number)
        for token, number, _, _ in some(rng, numbered(report_of, SHIPPED), FIGURES)
    ]
    first = [await _codes(engine, figure, number // 2 + 1) for figure, number in opened]
    await topic.deliver(records[third:])
    for (figure, number), (codes, after) in zip(opened, first, strict=True):
        rest = [] if after is None else (await _codes(engine, figure, number + 1, after))[0]
        assert len({*codes, *rest}) == len(codes) + len(rest) == number
    async with snapshot(engine) as connection:
        assert (await pinned(connection)).revision > report_of.pin.revision


async def _codes(
    engine: AsyncEngine, figure: TokenFigure, limit: int, after: ListPlace = LIST_START
) -> tuple[list[str], ListPlace | None]:
    async with snapshot(engine) as connection:
        page = await list_page(connection, figure, SHIPPED, limit, after)
    return [item.code for item in page.items], page.after
