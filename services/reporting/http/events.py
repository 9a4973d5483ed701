"""`GET /v1/events`: figures as they change, as server-sent events; all readers of the same share one look."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures.query import FigureQuery, Filters
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.reach import reach_of
from services.reporting.figures.report import figure_row, report_in
from services.reporting.http.bounds import Bound, check_question, scope_of
from services.reporting.http.names import units_named
from services.reporting.http.parameters import Parameters
from services.reporting.read_model.store import OldRules, answering
from shared.access.roles import Permission
from shared.catalogue import Catalogue
from shared.contract.envelope import encode
from shared.contract.http.figures import FiguresEvent
from shared.service.access import Requires
from shared.service.clock import Clock
from shared.service.http import Ndjson, declared_parameters_only, documented
from shared.service.pacing import wait_until
from shared.service.sql import is_transient

LOOK_EVERY_S = 1.0
HEARTBEAT_S = 15.0
MEDIA_TYPE = "text/event-stream"
_AWAY = b": the figures can't be read at the moment\n\n"
_BEAT = b": still here\n\n"


async def _everybody() -> bool:
    return True


@dataclass(slots=True)
class _Watched:
    """The latest event of some filters, and how many streams wait for the next."""

    readers: int = 0
    latest: FiguresEvent | None = None
    looked_at: float = float("-inf")
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class FigureEvents:
    """For each filters that somebody watches the latest event, made by whoever looks first after a second; `stopping`
    ends every stream."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    look_every_s: float = LOOK_EVERY_S
    heartbeat_s: float = HEARTBEAT_S
    _watched: dict[Filters, _Watched] = field(default_factory=dict)

    def query(self, filters: Filters) -> FigureQuery:
        """What the events tell: the current year's figures to date."""
        as_of = self.clock()
        return FigureQuery(first=date(as_of.year, 1, 1), last=as_of.date(), as_of=as_of, filters=filters)

    async def stream(
        self, filters: Filters = Filters(), may_go_on: Callable[[], Awaitable[bool]] = _everybody
    ) -> AsyncGenerator[bytes]:
        """An event at once and whenever the read model has moved, a comment where nothing was said for a while; for as
        long as the reader may read it."""
        watched = self._watched.setdefault(filters, _Watched())
        watched.readers += 1
        try:
            async with aclosing(self._parts(filters, watched)) as parts:
                async for part in parts:
                    if not await may_go_on():
                        return
                    yield part
        finally:
            watched.readers -= 1
            if not watched.readers:
                del self._watched[filters]

    async def _parts(self, filters: Filters, watched: _Watched) -> AsyncGenerator[bytes]:
        loop = asyncio.get_running_loop()
        told: FiguresEvent | None = None
        spoke_at = loop.time()
        while not self.stopping.is_set():
            part = b""
            try:
                latest = await self._look(filters, watched)
            except OldRules:
                part = _AWAY
            except Exception as error:
                if not is_transient(error):
                    raise
                part = _AWAY
            else:
                if told is None or (latest.generation, latest.revision) != (told.generation, told.revision):
                    part, told = _written(latest), latest
            now = loop.time()
            if not part and now - spoke_at >= self.heartbeat_s:
                part = _BEAT
            if part:
                spoke_at = now
                yield part
            await wait_until(self.stopping, self.look_every_s)

    async def _look(self, filters: Filters, watched: _Watched) -> FiguresEvent:
        """The current year's total; counted anew only when a transaction of the projector is over since."""
        async with watched.looking:
            now = asyncio.get_running_loop().time()
            if watched.latest is None or now - watched.looked_at >= self.look_every_s / 2:
                async with answering(self.engine) as connection:
                    pin = await pinned(connection)
                    latest = watched.latest
                    if latest is None or (latest.generation, latest.revision) != (pin.generation, pin.revision):
                        query = self.query(filters)
                        total = figure_row((await report_in(connection, query, self.catalogue)).total)
                        watched.latest = FiguresEvent(
                            generation=pin.generation,
                            revision=pin.revision,
                            as_of=query.as_of,
                            first=query.first,
                            last=query.last,
                            total=total,
                        )
                watched.looked_at = now
            assert watched.latest is not None
            return watched.latest


def _written(event: FiguresEvent) -> bytes:
    return b"event: figures\nid: %d.%d\ndata: %s\n\n" % (event.generation, event.revision, encode(event))


READING = Requires(Permission.READ_FIGURES, takes_session=True)


class EventsParameters(Parameters):
    """Of `/v1/events`."""

    department: list[str] | None = Field(None, description="figures of these departments only, by code")
    received_by: list[str] | None = Field(None, description="only of dossiers that these units took in, by code")


class EventStream(Ndjson):
    """Streamed as lines are: the generator is closed when its reader has gone."""

    media_type = MEDIA_TYPE


def router(events: FigureEvents) -> APIRouter:
    """The route, for programs with the key and for pages with a session."""
    described: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "events named `figures`, at most one a second, each with a FiguresEvent as data",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        }
    }
    routes = APIRouter(
        prefix="/v1", tags=["figures"], dependencies=[Depends(READING), Depends(declared_parameters_only)]
    )

    @routes.get(
        "/events",
        summary="Figures as they change, as server-sent events",
        response_class=Response,
        responses=described | documented({422: "a parameter is wrong: `parameter` names it, `detail` the fix"}),
    )
    async def get_events(request: Request, scope: Bound, given: Annotated[EventsParameters, Query()]) -> Response:
        today = events.clock().date()
        departments = units_named("department", given.department, events.catalogue, today)
        filters = Filters(departments, places=units_named("received_by", given.received_by, events.catalogue, today))
        check_question(scope, events.query(filters))

        async def may_go_on() -> bool:
            return await READING.still_holds(request) and reach_of(events.query(filters)).is_within(scope_of(request))

        answer = EventStream(events.stream(filters, may_go_on))
        answer.headers["X-Accel-Buffering"] = "no"  # a proxy must not keep events back
        return answer

    return routes
