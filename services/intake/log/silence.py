"""Who has sent nothing for how long: by department in working time, by source on the clock.

It follows the log from 30 days back, a part at each look, so that it knows after a restart what it knew before, and
what other instances took. A department without an event in that time is not watched: it may not work with this log.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client.core import Metric
from sqlalchemy import JSON, ColumnElement, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.tables import DOSSIERS, EVENT_LOG
from shared.catalogue import Catalogue
from shared.domain.errors import CalendarNotKnown
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.domain.texts import personal
from shared.service.metric_catalogue import DEPARTMENT_LAST_ACCEPTED, DEPARTMENT_SILENT, SOURCE_LAST_ACCEPTED

WATCHED_DAYS = 30
EVENTS_A_LOOK = 5_000  # an import is caught up with in a while, and costs next to nothing meanwhile
MOST_SOURCES, LONGEST_SOURCE, OTHER = 100, 200, "other"
_LOG, _DOSSIERS = EVENT_LOG.c, DOSSIERS.c


class LastAccepted:
    """When the last event of each department and of each source was recorded, up to a position of the log."""

    def __init__(self, events_a_look: int = EVENTS_A_LOOK) -> None:
        self._events_a_look = events_a_look
        self._departments: dict[str, float] = {}
        self._sources: dict[str, float] = {}
        self.position: int | None = None

    async def follow(self, connection: AsyncConnection, head: int) -> None:
        """Read on towards the head."""
        if self.position is None:
            self.position = await _before(connection, time.time() - WATCHED_DAYS * ONE_DAY.total_seconds(), head)
        until = min(head, self.position + self._events_a_look)
        if until > self.position:
            self.take(await _last_between(connection, self.position, until))
            self.position = until

    def take(self, last: Sequence[tuple[str, str | None, float]]) -> None:
        """Learn of (department, source, recorded at)."""
        for department, source, recorded_at in last:
            self._departments[department] = max(recorded_at, self._departments.get(department, 0.0))
            named = self._named(source)
            self._sources[named] = max(recorded_at, self._sources.get(named, 0.0))

    def _named(self, source: str | None) -> str:
        """What senders write is no name for a series when there are many, or when it tells who somebody is."""
        named = (source or OTHER)[:LONGEST_SOURCE]
        if named in self._sources:
            return named
        named_ones = len(self._sources.keys() - {OTHER})
        return OTHER if named_ones >= MOST_SOURCES or personal(named) is not None else named

    def families(self, catalogue: Catalogue, now: datetime) -> list[Metric]:
        """As metrics; the working time is absent where the calendar does not know the days."""
        last, silent, sources = (
            DEPARTMENT_LAST_ACCEPTED.family(),
            DEPARTMENT_SILENT.family(),
            SOURCE_LAST_ACCEPTED.family(),
        )
        for department, recorded_at in sorted(self._watched(now)):
            last.add_metric([department], recorded_at)
            calendar = catalogue.calendar_of(department)
            try:
                worked = calendar.working_time_between(datetime.fromtimestamp(recorded_at, LOCAL), now)
            except CalendarNotKnown:
                continue
            silent.add_metric([department], worked.total_seconds())
        for source, recorded_at in sorted(self._sources.items()):
            sources.add_metric([source], recorded_at)
        return [last, silent, sources]

    def _watched(self, now: datetime) -> Iterator[tuple[str, float]]:
        since = now.timestamp() - WATCHED_DAYS * ONE_DAY.total_seconds()
        return ((department, at) for department, at in self._departments.items() if at >= since)


async def _before(connection: AsyncConnection, instant: float, head: int) -> int:
    """The last position recorded before the instant: positions and instants grow together."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        recorded_at = await event_log.recorded_at(connection, middle)
        if recorded_at is not None and recorded_at < instant:
            low = middle
        else:
            high = middle - 1
    return low


async def _last_between(connection: AsyncConnection, after: int, until: int) -> Sequence[Any]:
    source = _source(connection.dialect.name)
    statement = (
        select(_DOSSIERS.department, source, func.max(_LOG.recorded_at))
        .join(DOSSIERS, _DOSSIERS.code == _LOG.dossier)
        .where(_LOG.position > after, _LOG.position <= until)
        .group_by(_DOSSIERS.department, source)
    )
    return (await connection.execute(statement)).all()


def _source(dialect: str) -> ColumnElement[Any]:
    if dialect == "postgresql":
        return cast(func.convert_from(_LOG.event, "UTF8"), JSON).op("->>")("source")
    return func.json_extract(cast(_LOG.event, Text), "$.source")
