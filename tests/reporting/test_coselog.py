"""A real counter's log: its figures are those that its README states and that a straight
recount finds for any month."""

import gzip
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import report
from shared.catalogue import Catalogue
from shared.contract.envelope import decode_envelope, event_of
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL
from shared.domain.transitions import apply
from tests.reporting.delivery import Sent, Topic, snapshot
from tests.support.coselog import STATED
from tests.support.recount import TOTAL, dossiers_from, recount_dossiers

LOG = Path(__file__).parents[3] / "shared/data/coselog-receipt.ndjson.gz"
TODAY = datetime(2026, 1, 1, tzinfo=LOCAL)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not LOG.exists(), reason="needs coselog-receipt.ndjson.gz in ../shared/data, beside the project"
    ),
]


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    with gzip.open(LOG) as lines:
        return [json.loads(line) for line in lines]


def as_statuses(log: list[dict[str, Any]]) -> Iterator[Sent]:
    held: dict[str, Dossier] = {}
    for line in log:
        envelope = decode_envelope(json.dumps(line))
        event = event_of(envelope)
        held[envelope.subject] = apply(held.get(envelope.subject), envelope.subject, event, envelope.time)
        yield snapshot(held[envelope.subject], envelope.time)


async def test_every_figure_of_the_log(engine: AsyncEngine, shipped: Catalogue, log: list[dict[str, Any]]) -> None:
    await Topic(engine).deliver(as_statuses(log), batch_size=2000)
    whole = await report(engine, FigureQuery(first=date(2010, 1, 1), last=date(2012, 12, 31), as_of=TODAY), shipped)
    assert whole.total | STATED == whole.total

    dossiers = list(dossiers_from(log).values())
    for first, last in [(date(2010, 1, 1), date(2012, 12, 31)), *_months(date(2010, 10, 1), 16)]:
        query = FigureQuery(first=first, last=last, as_of=TODAY, by=(Dimension.DEPARTMENT,))
        found = await report(engine, query, shipped)
        assert all(identity.holds for identity in found.identities)
        expected = recount_dossiers(dossiers, first, last)
        assert found.total == expected.pop(TOTAL)
        assert {row.key[0]: row.figures for row in found.rows} == expected


def _months(first: date, count: int) -> Iterator[tuple[date, date]]:
    for _ in range(count):
        after = (first + timedelta(days=31)).replace(day=1)
        yield first, after - timedelta(days=1)
        first = after
