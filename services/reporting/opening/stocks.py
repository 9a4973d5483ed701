"""How old the open dossiers are and how many days they have left, at the end of a query's last day.

Those that are open still, and whose clock runs, are counted in SQL, by the index of open ones. The few whose clock
stands, and those closed since, are judged one by one by the functions that make the figures.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import columns_of, timeliness_of
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import filtered
from services.reporting.read_model.contributions import decode_listed, stored_contributions
from services.reporting.read_model.store import answering, breathing
from services.reporting.read_model.sums import day_number, microseconds
from services.reporting.read_model.tables import dossiers
from shared.domain.lifecycle import PAUSED
from shared.domain.localtime import LOCAL, local_date

BREATHE_EVERY = 200
READ_AT_ONCE = 1000
_NO_DEADLINE = 100_000  # no number of days


@dataclass(slots=True)
class OpenDossiers:
    """Counts of open dossiers; by the first day of a range of AGES, LATE or LEFT, in days of the calendar."""

    ENDLESS: ClassVar = 10**9
    AGES: ClassVar = (range(6), range(6, 11), range(11, 31), range(31, 61), range(61, ENDLESS))
    LATE: ClassVar = (range(1, 6), range(6, 11), range(11, ENDLESS))
    LEFT: ClassVar = (range(1, 3), range(3, 6), range(6, 11), range(11, ENDLESS))

    by_age: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)
    left: Counter[int] = field(default_factory=Counter)
    due_today: int = 0
    suspended: int = 0
    no_deadline: int = 0

    @property
    def dossiers(self) -> int:
        """All of them."""
        return self.by_age.total()

    def received(self, days_ago: int, number: int = 1) -> None:
        """Count so many by their age."""
        self.by_age[_start(days_ago, self.AGES)] += number

    def due_in(self, days: int | None, number: int = 1) -> None:
        """Count so many by their days left; negative: late by so many."""
        if days is None:
            self.no_deadline += number
        elif days == 0:
            self.due_today += number
        elif days > 0:
            self.left[_start(days, self.LEFT)] += number
        else:
            self.late[_start(-days, self.LATE)] += number


def _start(days: int, ranges: Sequence[range]) -> int:
    return next(span.start for span in ranges if days in span)


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
        found.received((cut - _day(day)).days, number)


async def _by_deadline(
    connection: AsyncConnection, cut: date, conditions: Sequence[ColumnElement[bool]], found: OpenDossiers
) -> None:
    """By the first day of each range, from the longest overdue to those with the most days left."""
    late = [-span.start for span in reversed(OpenDossiers.LATE)]
    ends = [*((days, days + 1) for days in late), (0, 1), *((span.start, span.stop) for span in OpenDossiers.LEFT[:-1])]
    due = dossiers.c.due_at
    bucket = case(
        (due.is_(None), literal(_NO_DEADLINE)),
        *((due < _midnight(cut, end), literal(days)) for days, end in ends),
        else_=literal(OpenDossiers.LEFT[-1].start),
    ).label("bucket")
    counted = select(bucket, func.count()).where(*conditions).group_by(bucket.name)
    for days, number in (await connection.execute(counted)).all():
        found.due_in(None if days == _NO_DEADLINE else days, number)


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
        found.received((query.cut - _day(row.received_day)).days)
    due_at = decode_listed(row.listed).due_at
    if timeliness_of(contributions, query) == "suspended":
        found.suspended += 1
    else:
        found.due_in(None if due_at is None else (local_date(due_at) - query.cut).days)


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def _midnight(day: date, days: int) -> int:
    return microseconds(datetime.combine(day + timedelta(days), time(), LOCAL))
