"""`GET /v1/attention`: the daily follow-up list, from one state of the read model."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.responses import Response

from services.reporting.broken import BrokenDossier
from services.reporting.following.asked import ONCE, REPEATED, AttentionParameters, AttentionQuery, attention_query, place_after
from services.reporting.following.attention import Attention, Desks, Followed, Tally, together
from services.reporting.following.calendar_feed import CalendarFeed, KnownCalendar
from services.reporting.instants import microseconds
from services.reporting.paging import list_of, page_json
from services.reporting.rules import answering
from services.reporting.tables import dossiers
from shared.domain.definitions import BY_DATE
from shared.domain.dossier import Dossier
from shared.domain.names import same_name
from shared.service.clock import Clock
from shared.service.dead_letters import Unusable, usable_status
from shared.service.http import documented, only

HOUR = timedelta(hours=1)
READ_AT_ONCE = 1000
Stored = tuple[str, bytes]  # a dossier's code and its snapshot


def router(engine: AsyncEngine, feed: CalendarFeed, clock: Clock) -> APIRouter:
    """The route; `clock` says at what instant the list is judged."""
    found = APIRouter(tags=["figures"], responses=documented({422: "a parameter is wrong: `parameter` names it, `detail` the fix"}))

    @found.get(
        "/attention",
        summary="Open dossiers that are overdue, or due within a working time: the most urgent first",
        dependencies=[Depends(only(ONCE, REPEATED))],
        response_model=dict[str, Any],
    )
    async def get_attention(request: Request, given: Annotated[AttentionParameters, Depends()]) -> Response:
        """The overdue ones first, by how much working time they are late; then the others, by how much is left.

        Overdue is judged by by-date/1 as at `as_of`. `within` counts working time from `as_of` by each department's calendar: on a Friday
        afternoon 2d reaches Tuesday afternoon, `until` says where. A suspended dossier is listed only if it was overdue before the pause.
        `days` are working days after today up to the deadline's day, `working_hours` up to its instant; negative once they have passed.
        `hops` are other agencies' answers that are late or due in that time. Counts are of the whole list, whatever the page.
        """
        known = await feed.known()
        query = attention_query(given, known.catalogue, clock(), list_of(request))
        desks = Desks(known.catalogue, query.as_of, query.working_time)
        attention = Attention(query.limit, query.after)
        latest = desks.latest(query.departments or known.catalogue.departments)
        async with answering(engine) as connection, aclosing(due_until(connection, latest, query.departments)) as parts:
            async for snapshots in parts:
                attention.take(await asyncio.to_thread(_followed, desks, snapshots, query.officer))  # others must not be held up
        head = _head(query, desks, attention) | {"calendar": _calendar(feed, known)}
        page = attention.page
        after = place_after(query.as_of, page[-1].urgency) if attention.goes_on else None
        return page_json(request, head, [_dossier(one, query.as_of) for one in page], after)

    return found


async def due_until(connection: AsyncConnection, latest: datetime, departments: Iterable[str]) -> AsyncGenerator[list[Stored]]:
    """The snapshots of open dossiers whose deadline is not later, some at a time: a range of the index over open dossiers by deadline."""
    wanted = select(dossiers.c.code, dossiers.c.snapshot).where(dossiers.c.due_at <= microseconds(latest))
    if departments:
        wanted = wanted.where(dossiers.c.department.in_(sorted(departments)))
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield [(row.code, row.snapshot) for row in part]


def _followed(desks: Desks, snapshots: Iterable[Stored], officer: str | None) -> list[Followed]:
    found = (_dossier_of(*stored) for stored in snapshots)
    return desks.followed(dossier for dossier in found if officer is None or same_name(dossier.officer, officer))


def _dossier_of(code: str, snapshot: bytes) -> Dossier:
    try:
        return usable_status(snapshot)
    except Unusable as unusable:
        raise BrokenDossier(code, unusable.detail) from unusable


def _head(query: AttentionQuery, desks: Desks, attention: Attention) -> dict[str, Any]:
    counted = attention.by_department()
    return {
        "as_of": query.as_of.isoformat(),
        "within": query.within,
        "definition": BY_DATE.name,
        "total": _counts(together(own for officers in counted.values() for own in officers.values())),
        "departments": [
            {
                "department": code,
                "until": desks.desk(code).horizon.isoformat(),
                **_counts(together(officers.values())),
                "officers": [{"officer": officer, **_counts(own)} for officer, own in officers.items()],
            }
            for code, officers in counted.items()
        ],
    }


def _counts(counted: Tally) -> dict[str, int]:
    return {"overdue": counted.overdue, "due": counted.due}


def _dossier(one: Followed, now: datetime) -> dict[str, Any]:
    dossier = one.dossier
    return {
        "code": dossier.code,
        "department": dossier.department,
        "officer": dossier.officer,
        "procedure": dossier.procedure,
        "state": dossier.state.value,
        "received_at": _instant(dossier.received_at),
        "due_at": one.due_at.isoformat(),
        "standing": "overdue" if one.overdue else "due",
        "days": one.days,
        "working_hours": f"{one.left / HOUR:z.2f}",
        "suspended": one.suspended,
        "apologised_at": _instant(dossier.apologised_at),
        "hops": [{"agency": hop.agency, "due_at": _instant(hop.due_at), "late": hop.is_late(now)} for hop in one.hops],
    }


def _calendar(feed: CalendarFeed, known: KnownCalendar) -> dict[str, str | None]:
    """Which days off the list went by: the catalogue's, with those announced until `as_of`; later than `known_until` it guesses."""
    return {
        "source": "catalogue" if feed.intake_url is None else "intake",
        "as_of": _instant(known.as_of),
        "known_until": known.catalogue.calendar_last_day.isoformat(),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
