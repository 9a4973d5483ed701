"""The algebra of deltas against a straight recount:
random histories, delivered as badly as at-least-once delivery may."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import FigureGauges
from services.reporting.figures.query import OF_TIME, Dimension, FigureQuery
from services.reporting.figures.report import Report, report
from services.reporting.read_model.tables import sums
from shared import catalogue
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.domain.timeliness import DEFINITIONS
from tests.builders.histories import OF_HUNDREDS, Office, office, offices
from tests.reporting.delivery import Sent, Topic, empty, statuses
from tests.reporting.expected import any_filters, expected, recounted
from tests.support.recount import RecountedDossier

SHIPPED = catalogue.load()  # no fixture: hypothesis would print all of it with a failure
FIRST = date(2023, 1, 14)
AFTER_ALL = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
WORSE_THAN_ANY_BROKER = settings(max_examples=10, deadline=None, suppress_health_check=FIXTURES)
# a failure names its seed; making hundreds of dossiers fewer is left to the small offices
OF_SEEDS = settings(
    max_examples=3, deadline=None, suppress_health_check=FIXTURES, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
QUERIES = 12
SPREAD_DAYS = 60  # over which the dossiers of a large office begin
ADDITIVE = (
    "received_online", "received_online_full", "received_in_person", "received_postal", "received_in_person_or_postal",
    "resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue", "resolved_no_deadline",
    "withdrawn", "stopped", "returned_total", "returned_in_person", "returned_postal", "returned_online",
)  # fmt: skip


def records(of: Office) -> list[Sent]:
    return [record for code, history in of.items() for record in statuses(code, history)]


def scrambled(rng: Random, sent: list[Sent]) -> list[Sent]:
    """Every record at least once, a tenth of them again, in any order."""
    delivered = [*sent, *rng.sample(sent, len(sent) // 10)]
    rng.shuffle(delivered)
    return delivered


def any_query(rng: Random, days: int) -> FigureQuery:
    """Any period, grouping, filters and definition;
    the cut-off mostly after all, sometimes within the period or before it."""
    first = FIRST + timedelta(days=rng.randrange(days))
    cut = datetime.combine(FIRST + timedelta(days=rng.randrange(days)), time(12), LOCAL)
    return FigureQuery(
        first=first,
        last=first + timedelta(days=rng.choice([0, rng.randrange(days), rng.randrange(days)])),
        as_of=cut if rng.random() < 0.25 else AFTER_ALL,
        by=any_grouping(rng),
        filters=any_filters(rng),
        definition=rng.choice(list(DEFINITIONS)),
    )


def any_grouping(rng: Random) -> tuple[Dimension, ...]:
    """Any dimensions in any order, of those of time one at most; now and then one of those alone."""
    times = list(OF_TIME)
    if rng.random() < 0.15:
        return (rng.choice(times),)
    but = rng.sample(times, len(times) - 1)
    drawn = rng.sample(list(Dimension), rng.randint(0, len(Dimension)))
    return tuple(dimension for dimension in drawn if dimension not in but)


def _as_counted(found: Report, dossiers: list[RecountedDossier]) -> None:
    """Every figure of every row is the recount's, and every identity holds."""
    total, rows = expected(dossiers, found.query, SHIPPED)
    assert found.total == total, found.query
    assert {row.key: row.figures for row in found.rows} == rows, found.query
    assert all(identity.holds for identity in found.identities), (found.query, found.identities)


@WORSE_THAN_ANY_BROKER
@given(of=offices(), rng=st.randoms(use_true_random=False))
async def test_figures_are_those_of_a_straight_recount(engine: AsyncEngine, of: Office, rng: Random) -> None:
    await empty(engine)
    await Topic(engine).deliver(scrambled(rng, records(of)), batch_size=rng.randint(1, 10))
    dossiers = list(recounted(of).values())
    for definition in DEFINITIONS:
        query = replace(any_query(rng, 45), definition=definition)
        _as_counted(await report(engine, query, SHIPPED), dossiers)


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)  # small offices on both
@OF_SEEDS
@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from(OF_HUNDREDS))
@pytest.mark.slow
async def test_figures_of_hundreds_are_those_of_a_straight_recount(engine: AsyncEngine, seed: int, size: int) -> None:
    await empty(engine)
    rng = Random(seed)
    of = office(rng, size, SPREAD_DAYS)
    await Topic(engine).deliver(scrambled(rng, records(of)), batch_size=rng.choice([100, 700, 5000]))
    dossiers = list(recounted(of).values())
    for _ in range(QUERIES):
        _as_counted(await report(engine, any_query(rng, 2 * SPREAD_DAYS), SHIPPED), dossiers)
    await _consecutive_periods_agree(engine, rng)


async def _consecutive_periods_agree(engine: AsyncEngine, rng: Random) -> None:
    """What is in progress at the end of one period is carried over into the next, row by row;
    flows add up over both."""
    for definition in DEFINITIONS:
        query = replace(any_query(rng, SPREAD_DAYS), as_of=AFTER_ALL, definition=definition)
        query = replace(query, by=query.of_dossiers)
        following = replace(
            query, first=query.last + ONE_DAY, last=query.last + timedelta(days=rng.randint(1, SPREAD_DAYS))
        )
        one, two, both = [
            dict(_rows(await report(engine, each, SHIPPED)))
            for each in (query, following, replace(query, last=following.last))
        ]
        nothing = dict.fromkeys(next(iter(both.values())), 0)
        for key in {*one, *two, *both}:
            before, after, whole = (rows.get(key, nothing) for rows in (one, two, both))
            assert after["carried_over"] == before["in_progress_total"], (query, key)
            assert {name: whole[name] for name in ADDITIVE} == {
                name: before[name] + after[name] for name in ADDITIVE
            }, (query, key)
            assert whole["in_progress_overdue"] == after["in_progress_overdue"], (query, key)


def _rows(found: Report) -> Iterator[tuple[tuple[str | None, ...] | None, dict[str, int]]]:
    yield None, found.total
    for row in found.rows:
        yield row.key, row.figures


@WORSE_THAN_ANY_BROKER
@given(of=offices(), days=st.integers(0, 30))
async def test_the_four_classes_of_open_dossiers_are_disjoint_and_complete(
    engine: AsyncEngine, of: Office, days: int
) -> None:
    await empty(engine)
    await Topic(engine).deliver(records(of))
    today = FIRST + timedelta(days=days)
    gauges = FigureGauges(engine, lambda: datetime(today.year, today.month, today.day, 12, tzinfo=LOCAL), None)
    await gauges.refresh()
    samples = {family.name: family.samples for shown in gauges.collect() for family in shown.families}
    classes = [sample.value for sample in samples["motcua_dossiers_in_progress"]]
    assert min(classes, default=0) >= 0
    (form,) = [
        sample.value for sample in samples["motcua_form_ii06a"] if sample.labels["column"] == "in_progress_total"
    ]
    assert sum(classes) == form
    assert samples["motcua_reconciliation_difference"][0].value == 0


@WORSE_THAN_ANY_BROKER
@given(of=offices())
async def test_no_delta_of_zero_is_kept(engine: AsyncEngine, of: Office) -> None:
    await empty(engine)
    await Topic(engine).deliver(records(of), batch_size=2)
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).where(sums.c.amount == 0))).scalar_one() == 0
