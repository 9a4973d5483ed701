"""The day's lists: received today, due, waiting; found in the table of dossiers as they stand, once for all readers."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as day_time
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.database import Database
from services.intake.log.standings import Waiting
from services.intake.log.tables import DOSSIERS
from shared.access.roles import Scope
from shared.domain.calendar import WorkingCalendar
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.service.sql import among

LOOK_EVERY_S = 1.0
MOST_SHOWN = 50
MOST_FOUND = 100
MOST_KEPT = 64
SOON_WORKING_DAYS = 2
A_WORKING_DAY = timedelta(hours=8)
_TABLE = DOSSIERS.c
_COLUMNS = (
    _TABLE.code,
    _TABLE.department,
    _TABLE.place,
    _TABLE.procedure,
    _TABLE.channel,
    _TABLE.state,
    _TABLE.received_at,
    _TABLE.due_at,
    _TABLE.waits_for,
    _TABLE.waits_since,
    _TABLE.waits_until,
)


class ListedAtCounter(NamedTuple):
    """A dossier in a list, as its row has it, with instants."""

    code: str
    department: str
    place: str
    procedure: str
    channel: str
    state: str
    received_at: datetime | None
    due_at: datetime | None
    waits_for: str | None
    waits_since: datetime | None
    waits_until: datetime | None


class DayList(NamedTuple):
    """One of the lists: how many there are, and the first of them."""

    name: str
    number: int
    dossiers: Sequence[ListedAtCounter]


class Day(NamedTuple):
    """The lists of a scope, after the log's event `position`."""

    position: int
    lists: Sequence[DayList]


@dataclass(slots=True)
class Lists:
    """The latest lists by scope; nobody asks the database again while the log has not moved and the minute is the
    same."""

    _position: int = -1
    _looked_at: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _kept: dict[tuple[Scope, int, datetime], Day] = field(default_factory=dict)

    async def position(self, database: Database) -> int:
        """How far the log is: looked for once a second, whoever asks."""
        async with self._looking:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                async with database.reader.connect() as connection:
                    self._position = await event_log.head(connection)
                self._looked_at = time.monotonic()
            return self._position

    async def of_day(self, database: Database, scope: Scope, now: datetime, calendar: WorkingCalendar) -> Day:
        """The lists as they are now."""
        minute = now.replace(second=0, microsecond=0)
        async with database.reader.connect() as connection:
            position = await event_log.head(connection)
            key = (scope, position, minute)
            day = self._kept.get(key)
            if day is None:
                day = Day(position, await _lists(connection, scope, now, calendar))
                self._kept[key] = day
                while len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        return day


async def by_codes(database: Database, codes: Sequence[str], scope: Scope) -> list[ListedAtCounter]:
    """Those of the codes that the scope covers, in the order of the codes."""
    async with database.reader.connect() as connection:
        wanted = select(*_COLUMNS).where(among(connection, _TABLE.code, list(codes)))
        found = {row.code: _listed(row) for row in await connection.execute(wanted)}
    inside = (found[code] for code in codes if code in found)
    return [each for each in inside if scope.covers(each.department, each.place)]


async def by_applicants(database: Database, pseudonyms: Sequence[str], scope: Scope) -> list[ListedAtCounter]:
    """The dossiers of an applicant that the scope covers, the latest first."""
    async with database.reader.connect() as connection:
        inside = await _inside(connection, scope)
        wanted = select(*_COLUMNS).where(among(connection, _TABLE.applicant, list(pseudonyms)), inside)
        latest = wanted.order_by(_TABLE.received_at.desc()).limit(MOST_FOUND)
        return [_listed(row) for row in await connection.execute(latest)]


async def _lists(connection: AsyncConnection, scope: Scope, now: datetime, calendar: WorkingCalendar) -> list[DayList]:
    inside = await _inside(connection, scope)
    today = datetime.combine(now.date(), day_time(), LOCAL)
    tomorrow = today + ONE_DAY
    at, runs_out = now.timestamp(), _TABLE.runs_out_at
    answering = _TABLE.waits_for == Waiting.ACCEPTANCE
    asked: tuple[tuple[str, ColumnElement[bool], Iterable[Any]], ...] = (
        ("acceptance", answering, (_TABLE.waits_until.is_(None), _TABLE.waits_until, _TABLE.waits_since)),
        ("overdue", runs_out <= at, (runs_out, _TABLE.code)),
        ("due_today", (runs_out > at) & (runs_out <= tomorrow.timestamp()), (runs_out, _TABLE.due_at)),
        (
            "due_soon",
            (runs_out > tomorrow.timestamp()) & (runs_out <= _soon(now, calendar).timestamp()),
            (runs_out, _TABLE.due_at),
        ),
        (
            "waiting",
            _TABLE.waits_since.is_not(None) & ~answering,
            (_TABLE.waits_until.is_(None), _TABLE.waits_until, _TABLE.waits_since),
        ),
        (
            "received_today",
            (_TABLE.received_at >= today.timestamp()) & (_TABLE.received_at < tomorrow.timestamp()),
            (_TABLE.received_at.desc(),),
        ),
    )
    lists = []
    for name, condition, order in asked:
        number = (await connection.execute(select(func.count()).where(condition, inside))).scalar_one()
        rows: Sequence[Any] = ()
        if number:
            listed = select(*_COLUMNS).where(condition, inside).order_by(*order).limit(MOST_SHOWN)
            rows = (await connection.execute(listed)).all()
        lists.append(DayList(name, number, [_listed(row) for row in rows]))
    return lists


async def _inside(connection: AsyncConnection, scope: Scope) -> ColumnElement[bool]:
    if scope.departments is None:
        return true()
    return or_(
        among(connection, _TABLE.department, sorted(scope.departments)),
        among(connection, _TABLE.place, sorted(scope.received_by)),
    )


def _soon(now: datetime, calendar: WorkingCalendar) -> datetime:
    """The end of the day that lies two working days ahead; two days where the calendar ends before."""
    try:
        ahead = calendar.add_working_time(now, A_WORKING_DAY * SOON_WORKING_DAYS)
    except CalendarNotKnown:
        ahead = now + ONE_DAY * SOON_WORKING_DAYS
    return datetime.combine(ahead.date() + ONE_DAY, day_time(), LOCAL)


def _listed(row: Any) -> ListedAtCounter:
    return ListedAtCounter(
        row.code,
        row.department,
        row.place,
        row.procedure,
        row.channel,
        row.state,
        _instant(row.received_at),
        _instant(row.due_at),
        row.waits_for,
        _instant(row.waits_since),
        _instant(row.waits_until),
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, LOCAL)
