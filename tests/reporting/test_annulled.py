"""A closing that was none and a dossier that was a mistake: as known since then, and as known before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.figures.gauges import received_less_counted
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report
from services.reporting.opening.comparisons import changed_dossiers
from services.reporting.opening.lists import LIST_START
from services.reporting.read_model.store import snapshot
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import history as history_table
from shared.domain.columns import KEYS
from shared.domain.fields import CorrectableField
from tests.builders.events import CODE, Dated, event, received
from tests.reporting.delivery import Topic, statuses
from tests.reporting.lists import numbered, walked
from tests.reporting.recorded import BEGINNING
from tests.reporting.test_against_recount import SHIPPED
from tests.reporting.test_as_known_at import JANUARY

AN_HOUR = timedelta(hours=1)
CLOSED = (
    received(),
    event("resolved", "2023-01-09 10:00", outcome="refused"),
    event("returned", "2023-01-09 11:00", channel="postal"),
)
AS_CLOSED = {"received_total", "received_online", "resolved_total", "resolved_early", "refused", "returned_total"} | {
    "returned_postal"
}
AS_OPEN = {"received_total", "received_online", "in_progress_total", "in_progress_overdue"}


@pytest.mark.parametrize(
    ("annulment", "since"),
    [(event("reopened", "2023-01-12 08:00"), AS_OPEN), (event("voided", "2023-01-12 08:00"), set())],
)
async def test_it_was_closed_as_known_before_and_never_was_as_known_since(
    engine: AsyncEngine, annulment: Dated, since: set[str]
) -> None:
    history = (*CLOSED, annulment)
    known = [BEGINNING + number * AN_HOUR for number in range(len(history))]
    await Topic(engine).deliver(statuses(CODE, history, known), batch_size=1)
    for known_at, columns in ((known[-1] - AN_HOUR / 2, AS_CLOSED), (known[-1], since), (None, since)):
        found = await report(engine, replace(JANUARY, known_at=known_at), SHIPPED)
        assert {key for key in KEYS if found.total[key]} == columns, known_at
        assert all(identity.holds for identity in found.identities)
        for token, number, _, column in numbered(found, SHIPPED):
            assert len(await walked(engine, SHIPPED, token, 5)) == number, column
    then = replace(JANUARY, known_at=known[-2])
    async with snapshot(engine) as connection:
        now = await pinned(connection)
        before = now._replace(known_at=microseconds(known[-2]))
        (moved,), _ = await changed_dossiers(connection, then, before, now, limit=5, after=LIST_START)
        assert (set(moved.left), set(moved.entered)) == (AS_CLOSED - since, since - AS_CLOSED)
        assert (await connection.execute(select(func.count()).select_from(history_table))).scalar_one() == len(CLOSED)
        assert await received_less_counted(connection) == 0


async def test_what_adds_nothing_any_more_is_told_from_what_never_did(engine: AsyncEngine) -> None:
    """An application that was declined on its first day, and whose department was set right later."""
    history = (
        event("submitted", "2023-01-03 08:00", channel="online"),
        event("declined", "2023-01-03 09:00"),
        event(
            "corrected", "2023-01-03 10:00", field=CorrectableField.DEPARTMENT, old_value="H59.15", new_value="H59.02"
        ),
    )
    known = [BEGINNING + number * AN_HOUR for number in range(len(history))]
    await Topic(engine).deliver(statuses(CODE, history, known), batch_size=1)
    async with snapshot(engine) as connection:
        pin = await pinned(connection)
        then, until = (pin._replace(known_at=microseconds(instant)) for instant in known[:2])
        (moved,), _ = await changed_dossiers(connection, JANUARY, then, until, limit=5, after=LIST_START)
    assert (moved.left, moved.entered, moved.sequence_now) == (["awaiting_acceptance"], [], 2)
