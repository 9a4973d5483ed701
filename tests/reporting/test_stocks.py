"""Open dossiers by age and by days to the deadline add up to the figures of the same day, whichever day that is."""

from datetime import date, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.generated import FIRST, Generated
from bench.loading import load
from services.reporting.figures.query import FigureQuery, Filters
from services.reporting.figures.report import report
from services.reporting.opening.stocks import OpenDossiers, open_dossiers
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
        by_deadline = found.late.total() + found.due_today + found.left.total() + found.suspended + found.no_deadline
        assert by_deadline == found.dossiers
        assert found.late.total() == figures["in_progress_overdue"]


def test_ranges_of_days_follow_each_other() -> None:
    for ranges, first in ((OpenDossiers.AGES, 0), (OpenDossiers.LATE, 1), (OpenDossiers.LEFT, 1)):
        assert ranges[0].start == first
        assert [one.stop for one in ranges[:-1]] == [one.start for one in ranges[1:]]
        assert ranges[-1].stop == OpenDossiers.ENDLESS
