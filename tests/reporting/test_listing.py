"""Figure = list: any number of any answer has exactly as many dossiers behind it,
and they are those that the recount counts."""

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import report
from services.reporting.read_model.sums import STORED
from shared.domain.columns import KEYS, Kind, terms_of
from shared.domain.counting import Measure
from shared.domain.timeliness import DEFINITIONS
from tests.builders.histories import OF_HUNDREDS, Office, office, offices
from tests.reporting.delivery import Topic, empty
from tests.reporting.expected import recounted
from tests.reporting.lists import behind, numbered, some, walked
from tests.reporting.test_against_recount import (
    AFTER_ALL,
    OF_SEEDS,
    SHIPPED,
    SPREAD_DAYS,
    WORSE_THAN_ANY_BROKER,
    any_query,
    records,
    scrambled,
)


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
@pytest.mark.slow
async def test_every_number_has_exactly_its_dossiers(engine: AsyncEngine, of: Office, rng: Random) -> None:
    await empty(engine)
    await Topic(engine).deliver(scrambled(rng, records(of)), batch_size=rng.randint(1, 10))
    for definition in DEFINITIONS:
        await _lists_agree(
            engine, rng, of, replace(any_query(rng, 45), definition=definition), most=12, limit=rng.randint(1, 4)
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # small offices on both
@OF_SEEDS
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from(OF_HUNDREDS))
@pytest.mark.slow
async def test_every_number_over_hundreds_has_exactly_its_dossiers(engine: AsyncEngine, seed: int, size: int) -> None:
    await empty(engine)
    rng = Random(seed)
    of = office(rng, size, SPREAD_DAYS)
    await Topic(engine).deliver(scrambled(rng, records(of)), batch_size=rng.choice([100, 700, 5000]))
    for _ in range(4):
        await _lists_agree(engine, rng, of, any_query(rng, 2 * SPREAD_DAYS), most=6, limit=rng.choice([7, 100, 1000]))


async def _lists_agree(
    engine: AsyncEngine, rng: Random, of: Office, query: FigureQuery, *, most: int, limit: int
) -> None:
    found = await report(engine, query, SHIPPED)
    by_code = recounted(of)
    for one in some(rng, numbered(found, SHIPPED), most):
        token, number, key, column = one
        codes = await walked(engine, SHIPPED, token, limit)
        assert len(codes) == number, (query, key, column)
        assert len(set(codes)) == number
        assert set(codes) == behind(by_code, query, SHIPPED, one), (query, key, column)


def test_every_count_says_where_its_dossiers_are_searched() -> None:
    assert set(STORED) == set(Measure)
    assert {count.measure for key in KEYS for count, sign in terms_of(key) if count.kind is Kind.BEFORE} == {
        Measure.OPEN
    }
    assert all(any(sign > 0 for _count, sign in terms_of(key)) for key in KEYS)


async def test_a_row_of_procedures_that_the_catalogue_does_not_have_can_be_opened(engine: AsyncEngine) -> None:
    await Topic(engine).deliver(records(office(Random(7), 40)))
    query = FigureQuery(
        first=date(2023, 1, 1), last=date(2023, 3, 31), as_of=AFTER_ALL, by=(Dimension.MONTH, Dimension.FIELD)
    )
    found = numbered(await report(engine, query, SHIPPED), SHIPPED)
    unknown = [(token, number) for token, number, key, _ in found if key is not None and key[1] is None]
    assert max(number for _, number in unknown) > 0
    for token, number in unknown:
        assert len(await walked(engine, SHIPPED, token, 10)) == number
