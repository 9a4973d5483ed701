"""How old the open dossiers are and how many days they have left, at the end of a query's last day.

Those that are open still, and whose clock runs, are counted in SQL, by the index of open ones. The few whose clock
stands, and those closed since, are judged one by one by the functions that make the figures.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import columns_of, timeliness_of
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import filtered
from services.reporting.read_model.contributions import decode_listed, stored_contributions
from services.reporting.read_model.store import answering, breathing
from services.reporting.read_model.sums import day_number, microseconds
from services.reporting.read_model.tables import dossiers
from shared.contract.http.figures import ListedDossier
from shared.domain.lifecycle import PAUSED
from shared.domain.localtime import LOCAL, local_date

BREATHE_EVERY = 200
READ_AT_ONCE = 1000
SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Range:
    """From so many days to so many, under a name; `kind` says which days: of age, late, or left."""

    kind: str
    first: int
    last: int | None

    @property
    def name(self) -> str:
        """late.1 for those that are late by 1 to 5 days."""
        return f"{self.kind}.{self.first}"


AGES = (Range("age", 0, 5), Range("age", 6, 10), Range("age", 11, 30), Range("age", 31, 60), Range("age", 61, None))
LATE = (Range("late", 1, 5), Range("late", 6, 10), Range("late", 11, None))
LEFT = (Range("left", 1, 2), Range("left", 3, 5), Range("left", 6, 10), Range("left", 11, None))
TODAY, PAUSED_CLOCK, NO_DEADLINE = "today", "paused", "none"
BY_DEADLINE = (*(one.name for one in LATE), TODAY, *(one.name for one in LEFT), PAUSED_CLOCK, NO_DEADLINE)
BY_AGE = tuple(one.name for one in AGES)


def age_of(received_on: date, cut: date) -> str:
    """The name under which a dossier is counted by its age."""
    return _named((cut - received_on).days, AGES)


def time_left(due_on: date | None, cut: date, *, paused: bool) -> str:
    """Likewise by the days to its deadline, or since."""
    if paused:
        return PAUSED_CLOCK
    if due_on is None:
        return NO_DEADLINE
    days = (due_on - cut).days
    if days == 0:
        return TODAY
    return _named(days, LEFT) if days > 0 else _named(-days, LATE)


def _named(days: int, ranges: Sequence[Range]) -> str:
    return next(one.name for one in reversed(ranges) if days >= one.first)


@dataclass(slots=True)
class OpenDossiers:
    """Counts of open dossiers, by the names of BY_AGE and those of BY_DEADLINE."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def dossiers(self) -> int:
        """All of them."""
        return sum(self.counts[name] for name in BY_AGE)


def is_counted_as(one: ListedDossier, name: str, cut: date) -> bool:
    """Whether an open dossier of a list is among those of a name."""
    if name in BY_AGE:
        return one.received_at is not None and age_of(local_date(one.received_at), cut) == name
    due_on = None if one.due_at is None else local_date(one.due_at)
    return time_left(due_on, cut, paused=one.timeliness == SUSPENDED) == name


async def open_dossiers(engine: AsyncEngine, query: FigureQuery) -> OpenDossiers:
    """The open dossiers of the query's filters; by all that is known."""
    found, query = OpenDossiers(), replace(query, by=(), known_at=None)
    received_by_then = [dossiers.c.received_day <= day_number(query.cut), *filtered(dossiers, query)]
    is_open = dossiers.c.closed_day.is_(None)
    async with answering(engine) as connection:
        await _by_age(connection, query.cut, [is_open, *received_by_then], found)
        await _by_deadline(connection, query.cut, [is_open, ~_is_paused(), *received_by_then], found)
        await _judged(connection, query, [is_open, _is_paused(), *received_by_then], found)
        await _judged(connection, query, [dossiers.c.closed_day > day_number(query.cut), *received_by_then], found)
    return found


def _is_paused() -> ColumnElement[bool]:
    """Its clock stands now: by the state, which `listed` begins with."""
    beginnings = [f'["{state.value}"'.encode() for state in sorted(PAUSED)]
    return or_(*(func.substr(dossiers.c.listed, 1, len(each)) == each for each in beginnings))


async def _by_age(
    connection: AsyncConnection, cut: date, conditions: Sequence[ColumnElement[bool]], found: OpenDossiers
) -> None:
    counted = select(dossiers.c.received_day, func.count()).where(*conditions).group_by(dossiers.c.received_day)
    for day, number in (await connection.execute(counted)).all():
        found.counts[age_of(_day(day), cut)] += number


async def _by_deadline(
    connection: AsyncConnection, cut: date, conditions: Sequence[ColumnElement[bool]], found: OpenDossiers
) -> None:
    """Each range ends where the next one begins, from the longest overdue on."""
    due = dossiers.c.due_at
    ends = [*((one.name, 1 - one.first) for one in reversed(LATE)), (TODAY, 1)]
    ends += [(one.name, one.last + 1) for one in LEFT if one.last is not None]
    bucket = case(
        (due.is_(None), literal(NO_DEADLINE)),
        *((due < _midnight(cut, days), literal(name)) for name, days in ends),
        else_=literal(LEFT[-1].name),
    ).label("bucket")
    counted = select(bucket, func.count()).where(*conditions).group_by(bucket.name)
    for name, number in (await connection.execute(counted)).all():
        found.counts[name] += number


async def _judged(
    connection: AsyncConnection, query: FigureQuery, conditions: Sequence[ColumnElement[bool]], found: OpenDossiers
) -> None:
    wanted = select(
        dossiers.c.code, dossiers.c.received_day, dossiers.c.closed_day, dossiers.c.contributions, dossiers.c.listed
    ).where(*conditions)
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as parts:
        async for part in parts.partitions():
            async for row in breathing(part, BREATHE_EVERY):
                _judge(row, query, found)


def _judge(row: Any, query: FigureQuery, found: OpenDossiers) -> None:
    contributions = stored_contributions(row.code, row.contributions)
    if row.closed_day is not None:  # the others were counted by age in SQL
        if "in_progress_total" not in columns_of(row.code, contributions, query):
            return
        found.counts[age_of(_day(row.received_day), query.cut)] += 1
    due_at = decode_listed(row.listed).due_at
    due_on = None if due_at is None else local_date(due_at)
    found.counts[time_left(due_on, query.cut, paused=timeliness_of(contributions, query) == SUSPENDED)] += 1


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def _midnight(day: date, days: int) -> int:
    return microseconds(datetime.combine(day + timedelta(days), time(), LOCAL))
