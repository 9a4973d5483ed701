"""Spans and rolled-up sums: any period is made of them exactly, with nothing twice."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.projecting.projector import gathering_s
from services.reporting.read_model.sums import (
    FIRST_DAY,
    MONTH,
    YEAR,
    Amounts,
    Cell,
    Group,
    covering,
    day_number,
    rolled_up,
)
from services.reporting.read_model.tables import sums
from shared.domain.localtime import ONE_DAY
from tests.builders.events import CODE, event, received
from tests.reporting.delivery import Topic, statuses

DAYS = st.dates(date(2022, 11, 1), date(2026, 2, 28))
CELLS = st.dictionaries(
    st.tuples(
        DAYS.map(day_number),
        st.sampled_from("pq"),
        st.sampled_from("de"),
        st.sampled_from([1, 2]),
        st.sampled_from([1, 12]),
        st.sampled_from(["", "f"]),
    ),
    st.integers(-3, 3),
)


def days_of(span: int) -> list[date]:
    """Every day of a span, the slow way."""
    year = date(span // YEAR, 1, 1)
    days = [year + timedelta(days=number) for number in range(366)]
    lengths = (1, MONTH, YEAR)
    return [
        day
        for day in days
        if day.year == year.year and span in {day_number(day) // length * length for length in lengths}
    ]


def grouped(cells: dict[Cell, int]) -> dict[Group, Amounts]:
    changes: dict[Group, Amounts] = {}
    for (day, procedure, department, channel, measure, place), amount in cells.items():
        changes.setdefault((procedure, department, channel, place), {})[day, measure] = amount
    return changes


@given(first=DAYS, last=DAYS, years=st.booleans())
def test_a_period_is_covered_once(*, first: date, last: date, years: bool) -> None:
    covered = Counter(day for span in covering(first, last, years=years) for day in days_of(span))
    assert covered == Counter(first + timedelta(days=number) for number in range((last - first).days + 1))


def test_whole_years_and_months_are_one_span_each() -> None:
    assert covering(date(2022, 12, 31), date(2024, 2, 1)) == [20221231, 20230000, 20240100, 20240201]
    assert covering(date(2023, 11, 1), date(2024, 1, 31), years=False) == [20231100, 20231200, 20240100]
    assert covering(date(1, 1, 1), FIRST_DAY - ONE_DAY) == []


@given(CELLS)
def test_every_level_sums_the_days(cells: dict[Cell, int]) -> None:
    expected: Counter[Cell] = Counter()
    for (day, procedure, department, channel, measure, place), amount in cells.items():
        for span in (day, day // MONTH * MONTH, day // YEAR * YEAR):
            for group in ((procedure, department), ("", department), *([] if place else [("", "")])):
                expected[span, *group, channel, measure, place] += amount
    rows = rolled_up(grouped(cells))
    assert len({row[:-1] for row in rows}) == len(rows)
    assert {row[:-1]: row[-1] for row in rows} == {cell: amount for cell, amount in expected.items() if amount}


async def test_the_stored_levels_agree_after_changes(engine: AsyncEngine) -> None:
    opening = received(received_by="H59.20")
    history = (opening, event("processing_started", "2023-01-04 08:00"), event("resolved", "2023-02-09 10:00"))
    await Topic(engine).deliver(statuses(CODE, history), batch_size=1)
    async with engine.connect() as connection:
        stored: dict[Cell, int] = {tuple(key): amount for *key, amount in await connection.execute(select(sums))}
    days = {cell: amount for cell, amount in stored.items() if cell[0] % MONTH and cell[1]}
    assert {place for *_, place in days} == {"", "H59.20"}
    assert {row[:-1]: row[-1] for row in rolled_up(grouped(days))} == stored


@pytest.mark.parametrize(
    ("records", "since_s", "pause_s"),
    [(0, 0.0, 0.0), (2, 0.005, 0.015), (300, 0.1, 0.2), (10_000, 0.2, 0.3), (10_000, 0.9, 0.0)],
)
def test_records_gather_for_as_long_as_there_are_many(records: int, since_s: float, pause_s: float) -> None:
    assert gathering_s(records, since_s) == pytest.approx(pause_s)
