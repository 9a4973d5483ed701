"""The algebra of deltas against a straight recount: random histories, delivered as badly as at-least-once delivery may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.columns import counts
from services.reporting.figures import report
from services.reporting.gauges import FigureGauges
from services.reporting.query import Dimension, FigureQuery
from services.reporting.store import metadata, sums, writing
from shared.catalogue import Catalogue
from shared.domain.events import Event, Received, Submitted
from shared.domain.lifecycle import EventKind
from shared.domain.localtime import LOCAL
from tests.builders.histories import histories
from tests.reporting.delivery import Sent, Topic, statuses
from tests.reporting.wire import travelling
from tests.support.recount import TOTAL, Story, recount

FIRST = date(2023, 1, 14)
AFTER_ALL = datetime(2023, 12, 31, 12, tzinfo=LOCAL)
WORSE_THAN_ANY_BROKER = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
DEPARTMENTS, PROCEDURES = ("H59.15", "H59.02"), ("2.000635", "1.004616", "9.999999")


@st.composite
def offices(draw: st.DrawFn) -> dict[str, list[Event]]:
    """Dossiers of several departments and procedures by code."""
    found = {}
    for number in range(draw(st.integers(1, 6))):
        _, history = draw(histories())
        department, procedure = draw(st.sampled_from(DEPARTMENTS)), draw(st.sampled_from(PROCEDURES))
        if not any(event.kind is EventKind.CORRECTED for event in history):  # a correction names what it corrects
            history = [_about(event, department, procedure) for event in history]
        found[f"H59.15-230117-{number:04}"] = history
    return found


def _about(event: Event, department: str, procedure: str) -> Event:
    return replace(event, department=department, procedure=procedure) if isinstance(event, (Submitted, Received)) else event


@st.composite
def deliveries(draw: st.DrawFn, records: list[Sent]) -> list[Sent]:
    """Every record at least once, some again, in any order."""
    again = draw(st.lists(st.sampled_from(records), max_size=8))
    return draw(st.permutations([*records, *again]))


@WORSE_THAN_ANY_BROKER
@given(data=st.data())
async def test_figures_are_those_of_a_straight_recount(engine: AsyncEngine, shipped: Catalogue, data: st.DataObject) -> None:
    await _empty(engine)
    office = data.draw(offices())
    records = [record for code, history in office.items() for record in statuses(code, history)]
    await Topic(engine).deliver(data.draw(deliveries(records)), batch_size=data.draw(st.integers(1, 10)))

    first = FIRST + timedelta(days=data.draw(st.integers(0, 40)))
    last = first + timedelta(days=data.draw(st.integers(0, 40)))
    events = [travelling(code, event) for code, history in office.items() for event in history]
    for by, group_by in _groupings(shipped):
        found = await report(engine, FigureQuery(first=first, last=last, as_of=AFTER_ALL, by=by), shipped)
        expected = recount(events, first, last, group_by)
        assert all(identity.holds for identity in found.identities), found.identities
        assert counts(found.total) == expected.pop(TOTAL)
        assert {row.key: counts(row.figures) for row in found.rows} == expected


@WORSE_THAN_ANY_BROKER
@given(data=st.data())
async def test_each_month_is_a_period_of_its_own(engine: AsyncEngine, shipped: Catalogue, data: st.DataObject) -> None:
    await _empty(engine)
    office = data.draw(offices())
    await Topic(engine).deliver(record for code, history in office.items() for record in statuses(code, history))
    events = [travelling(code, event) for code, history in office.items() for event in history]

    by = (Dimension.DEPARTMENT, Dimension.MONTH)
    found = await report(engine, FigureQuery(first=date(2023, 1, 20), last=date(2023, 3, 10), as_of=AFTER_ALL, by=by), shipped)
    rows = {row.key: counts(row.figures) for row in found.rows}
    expected: dict[tuple[str | None, ...], dict[str, int]] = {}
    for month, first, last in (("01", 20, 31), ("02", 1, 28), ("03", 1, 10)):
        groups = recount(events, date(2023, int(month), first), date(2023, int(month), last))
        expected |= {(department, f"2023-{month}"): row for department, row in groups.items() if department is not TOTAL}
    assert rows == expected


@WORSE_THAN_ANY_BROKER
@given(data=st.data())
async def test_the_four_classes_of_open_dossiers_are_disjoint_and_complete(engine: AsyncEngine, data: st.DataObject) -> None:
    await _empty(engine)
    office = data.draw(offices())
    await Topic(engine).deliver(record for code, history in office.items() for record in statuses(code, history))
    today = FIRST + timedelta(days=data.draw(st.integers(0, 30)))
    gauges = FigureGauges(engine, lambda: datetime(today.year, today.month, today.day, 12, tzinfo=LOCAL), None)
    await gauges.refresh()
    samples = {family.name: family.samples for family in gauges.collect()}
    classes = [sample.value for sample in samples["motcua_dossiers_in_progress"]]
    assert min(classes, default=0) >= 0
    (form,) = [sample.value for sample in samples["motcua_form_ii06a"] if sample.labels["column"] == "in_progress_total"]
    assert sum(classes) == form
    assert samples["motcua_reconciliation_difference"][0].value == 0


@WORSE_THAN_ANY_BROKER
@given(data=st.data())
async def test_no_delta_of_zero_is_kept(engine: AsyncEngine, data: st.DataObject) -> None:
    await _empty(engine)
    office = data.draw(offices())
    await Topic(engine).deliver((record for code, history in office.items() for record in statuses(code, history)), batch_size=2)
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).where(sums.c.amount == 0))).scalar_one() == 0


def _groupings(catalogue: Catalogue) -> list[tuple[tuple[Dimension, ...], Callable[[Story], Any]]]:
    def of_procedure(story: Story, name: str) -> str | None:
        procedure = catalogue.procedures.get(story.about["procedure"])
        return None if procedure is None else str(getattr(procedure, name))

    return [
        ((Dimension.DEPARTMENT,), lambda story: (story.about["department"],)),
        ((Dimension.PROCEDURE, Dimension.CHANNEL), lambda story: (story.about["procedure"], story.about["channel"])),
        ((Dimension.FIELD, Dimension.LEVEL), lambda story: (of_procedure(story, "field"), of_procedure(story, "level"))),
    ]


async def _empty(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        for table in metadata.sorted_tables:
            await connection.execute(delete(table))
