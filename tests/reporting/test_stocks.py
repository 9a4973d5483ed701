"""Open dossiers by age and by days to the deadline add up to the figures of the same day, whichever day that is."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.generated import FIRST, Generated
from bench.loading import load
from services.reporting.figures.query import FigureQuery, Filters
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report
from services.reporting.opening.lists import list_page
from services.reporting.opening.stocks import AGES, BY_AGE, BY_DEADLINE, LATE, LEFT, is_counted_as, open_dossiers
from services.reporting.opening.tokens import TokenFigure
from services.reporting.read_model.store import snapshot
from shared.catalogue import Catalogue
from shared.domain.fields import Channel
from shared.domain.localtime import LOCAL
from tests.builders.times import at

CUTS = [date(2023, 12, 31), date(2023, 12, 29), FIRST + timedelta(days=12)]
DAYS = [FIRST - timedelta(days=9), FIRST + timedelta(days=9), date(2023, 12, 20), date(2023, 12, 27)]


@pytest.mark.parametrize("filters", [Filters(), Filters(channels=frozenset({Channel.ONLINE}))], ids=["all", "online"])
async def test_open_dossiers_by_age_and_deadline_are_those_of_the_figures(
    engine: AsyncEngine, shipped: Catalogue, filters: Filters
) -> None:
    await load(engine, Generated(2000, shipped, DAYS))
    for cut in CUTS:
        query = FigureQuery(first=FIRST, last=cut, as_of=at("2023-12-31 23:59").astimezone(LOCAL), filters=filters)
        found, figures = await open_dossiers(engine, query), (await report(engine, query, shipped)).total
        assert found.dossiers == figures["in_progress_total"] > 0
        assert sum(found.counts[name] for name in BY_DEADLINE) == found.dossiers
        assert sum(found.counts[one.name] for one in LATE) == figures["in_progress_overdue"]
        assert found.counts.keys() <= {*BY_AGE, *BY_DEADLINE}


@pytest.mark.parametrize("cut", CUTS)
async def test_each_name_lists_as_many_dossiers_as_it_counts(
    engine: AsyncEngine, shipped: Catalogue, cut: date
) -> None:
    await load(engine, Generated(2000, shipped, DAYS))
    query = FigureQuery(first=FIRST, last=cut, as_of=at("2023-12-31 23:59").astimezone(LOCAL))
    found = await open_dossiers(engine, query)
    async with snapshot(engine) as connection:
        figure = TokenFigure(query, (), "in_progress_total", await pinned(connection))
        for name in (*BY_AGE, *BY_DEADLINE):
            chosen = partial(is_counted_as, name=name, cut=cut)
            page = await list_page(connection, figure, shipped, 2000, chosen=chosen)
            assert (name, len(page.items)) == (name, found.counts[name])


def test_ranges_of_days_follow_each_other() -> None:
    for ranges, first in ((AGES, 0), (LATE, 1), (LEFT, 1)):
        assert ranges[0].first == first
        assert [(one.last or 0) + 1 for one in ranges[:-1]] == [one.first for one in ranges[1:]]
        assert ranges[-1].last is None
