"""`GET /v1/attention`: the daily follow-up list, from one state of the read model."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.responses import Response

from services.reporting.attention import Attention, ByOfficer, DepartmentHorizons, Urgency, UrgentDossier, total_counts
from services.reporting.calendar import CalendarFeed, KnownCalendar
from services.reporting.http.paging import cursor_after, page_response, place_of
from services.reporting.http.parameters import Cursor, Limit, Parameters, departments_named
from services.reporting.read_model.contributions import BrokenDossier
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import dossiers
from shared.catalogue import Catalogue
from shared.contract.http import answered
from shared.contract.http.attention import (
    AttentionAnswer,
    AttentionDossier,
    AwaitedAnswer,
    CalendarSource,
    DepartmentCounts,
    OfficerCounts,
)
from shared.domain.dossier import Dossier
from shared.domain.errors import InstantOutOfRange
from shared.domain.localtime import ONE_DAY, local
from shared.domain.texts import same_name
from shared.domain.timeliness import BY_DATE
from shared.service.clock import Clock
from shared.service.dead_letters import Unusable, usable_status
from shared.service.http import declared_parameters_only, documented, invalid

HOUR = timedelta(hours=1)
UNITS = {"d": timedelta(hours=8), "h": HOUR}  # a working day has eight hours
LONGEST = {"d": 90, "h": 720}
READ_AT_ONCE = 1000
_WITHIN = re.compile(r"([1-9]\d{0,2})([dh])", re.ASCII)
StoredSnapshot = tuple[str, bytes]  # a dossier's code and its snapshot


class AttentionParameters(Parameters):
    """Of `/v1/attention`."""

    within: str = Field("2d", description="working time ahead: 2d is two working days of 8 hours, 6h is six hours")
    department: list[str] | None = Field(None, description="only these departments, by code")
    officer: str | None = Field(None, description="only this officer's dossiers, by pseudonym")
    limit: Limit = 200
    cursor: Cursor = None


class AttentionPlace(NamedTuple):
    """Where a page ended, and the instant that all pages of a list are judged at."""

    as_of: datetime
    in_time: bool
    left_us: int
    due_at: datetime
    code: str

    @property
    def urgency(self) -> Urgency:
        return self.in_time, timedelta(microseconds=self.left_us), local(self.due_at), self.code


@dataclass(frozen=True, slots=True)
class AttentionQuery:
    """Dossiers that are overdue at `as_of`, or due within working time from then; empty `departments`: all."""

    as_of: datetime
    within: timedelta
    departments: frozenset[str]
    after: Urgency | None


def router(engine: AsyncEngine, catalogue: Catalogue, feed: CalendarFeed | None, clock: Clock) -> APIRouter:
    """The route; `clock` says at what instant the list is judged.
    Without a feed the catalogue's own days are all there is."""
    wrong = documented({422: "a parameter is wrong: `parameter` names it, `detail` the fix"})
    routes = APIRouter(tags=["figures"], responses=wrong, dependencies=[Depends(declared_parameters_only)])

    @routes.get(
        "/attention",
        summary="Open dossiers that are overdue, or due within a working time: the most urgent first",
        responses={200: answered(AttentionAnswer)},
    )
    async def get_attention(request: Request, given: Annotated[AttentionParameters, Query()]) -> Response:
        """The overdue ones first, by how much working time they are late; then the others, by how much is left.

        Overdue is judged by by-date/1 as at `as_of`. `within` counts working time from `as_of` by each department's
        calendar: on a Friday afternoon 2d reaches Tuesday afternoon, `until` says where. A suspended dossier is listed
        only if it was overdue before the pause. `days` are working days after today up to the deadline's day,
        `working_hours` up to its instant; negative once they have passed. `hops` are other agencies' answers that are
        late or due in that time. Counts are of the whole list, whatever the page.
        """
        known = KnownCalendar(catalogue) if feed is None else feed.known
        query = _query(request, given, known.catalogue, clock())
        horizons = DepartmentHorizons(known.catalogue, query.as_of, query.within)
        attention = Attention(given.limit, query.after)
        latest = horizons.latest(query.departments or known.catalogue.departments)
        async with answering(engine) as connection, aclosing(due_until(connection, latest, query.departments)) as parts:
            async for snapshots in parts:  # in a thread, for others must not be held up
                attention.take(await asyncio.to_thread(_urgent, horizons, snapshots, given.officer))
        page, counts = attention.page, attention.by_department()
        end = None
        if attention.goes_on:
            in_time, left, due_at, code = page[-1].urgency
            end = AttentionPlace(query.as_of, in_time, left // timedelta.resolution, due_at, code)
        cursor = cursor_after(request, end)
        answer = AttentionAnswer(
            as_of=query.as_of,
            within=given.within,
            definition=BY_DATE.name,
            total=total_counts(own for officers in counts.values() for own in officers.values()),
            departments=[_department(code, officers, horizons) for code, officers in counts.items()],
            calendar=CalendarSource(
                source="catalogue" if feed is None else "intake",
                as_of=known.as_of,
                known_until=known.catalogue.calendar_last_day,
            ),
            dossiers=[_dossier(one, query.as_of) for one in page],
            cursor=cursor,
        )
        return page_response(request, answer, cursor)

    return routes


def _query(request: Request, given: AttentionParameters, catalogue: Catalogue, now: datetime) -> AttentionQuery:
    """The checked query; a later page is judged at the instant of the first."""
    place = None if given.cursor is None else _place(request, given.cursor, now)
    within = _WITHIN.fullmatch(given.within)
    if within is None or int(within[1]) > LONGEST[within[2]]:
        most = ", ".join(f"{amount}{unit}" for unit, amount in LONGEST.items())
        fix = f"write 2d for two days of 8 working hours or 6h for six (at most {most})"
        raise invalid("within", f"{given.within!r} is not a working time; {fix}")
    as_of = local(now if place is None else place.as_of)
    return AttentionQuery(
        as_of=as_of,
        within=int(within[1]) * UNITS[within[2]],
        departments=departments_named(given.department, catalogue, as_of.date()),
        after=None if place is None else place.urgency,
    )


def _place(request: Request, cursor: str, now: datetime) -> AttentionPlace:
    """A list is one day's work: a cursor of another day is refused, so none walks through centuries."""
    place = place_of(request, cursor, AttentionPlace)
    with contextlib.suppress(ValueError, OverflowError, InstantOutOfRange):
        if abs(local(place.as_of) - now) <= ONE_DAY and place.urgency:
            return place
    raise invalid("cursor", "is of a list of another day; leave it out to start again")


async def due_until(
    connection: AsyncConnection, latest: datetime, departments: Iterable[str]
) -> AsyncGenerator[list[StoredSnapshot]]:
    """The snapshots of open dossiers whose deadline is not later, some at a time: a range of the index by deadline."""
    wanted = select(dossiers.c.code, dossiers.c.snapshot).where(dossiers.c.due_at <= microseconds(latest))
    if departments:
        wanted = wanted.where(dossiers.c.department.in_(sorted(departments)))
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield [(row.code, row.snapshot) for row in part]


def _urgent(
    horizons: DepartmentHorizons, snapshots: Iterable[StoredSnapshot], officer: str | None
) -> list[UrgentDossier]:
    read = (_dossier_of(*stored) for stored in snapshots)
    return horizons.urgent(dossier for dossier in read if officer is None or same_name(dossier.officer, officer))


def _dossier_of(code: str, snapshot: bytes) -> Dossier:
    try:
        return usable_status(snapshot)
    except Unusable as unusable:
        raise BrokenDossier(code, unusable.detail) from unusable


def _department(code: str, officers: ByOfficer, horizons: DepartmentHorizons) -> DepartmentCounts:
    total = total_counts(officers.values())
    return DepartmentCounts(
        department=code,
        until=horizons.of(code).horizon,
        overdue=total.overdue,
        due=total.due,
        officers=[
            OfficerCounts(officer=officer, overdue=own.overdue, due=own.due) for officer, own in officers.items()
        ],
    )


def _dossier(one: UrgentDossier, now: datetime) -> AttentionDossier:
    dossier = one.dossier
    return AttentionDossier(
        code=dossier.code,
        department=dossier.department,
        officer=dossier.officer,
        procedure=dossier.procedure,
        state=dossier.state.value,
        received_at=dossier.received_at,
        due_at=one.due_at,
        standing="overdue" if one.overdue else "due",
        days=one.days,
        working_hours=f"{one.left / HOUR:z.2f}",
        suspended=one.suspended,
        apologised_at=dossier.apologised_at,
        hops=[AwaitedAnswer(agency=hop.agency, due_at=hop.due_at, late=hop.is_late(now)) for hop in one.hops],
    )
