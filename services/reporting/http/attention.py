"""`GET /v1/attention`: the daily follow-up list, from one state of the read model."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.responses import Response

from services.reporting.attention import Attention, AttentionCounts, DepartmentHorizons, Urgency, UrgentDossier, total_counts
from services.reporting.http.paging import Cursor, Limit, list_of, page_json, place_of
from services.reporting.http.parameters import words
from services.reporting.intake import CalendarFeed, KnownCalendar
from services.reporting.read_model.contributions import BrokenDossier
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import dossiers
from shared.catalogue import Catalogue
from shared.domain.definitions import BY_DATE
from shared.domain.dossier import Dossier
from shared.domain.errors import InstantOutOfRange
from shared.domain.localtime import ONE_DAY, local
from shared.domain.names import same_name
from shared.service.clock import Clock
from shared.service.dead_letters import Unusable, usable_status
from shared.service.http import documented, invalid, only

WORKING_DAY = timedelta(hours=8)
UNITS = {"d": WORKING_DAY, "h": timedelta(hours=1)}
LONGEST = {"d": 90, "h": 720}
DEFAULT_WITHIN = "2d"
ONCE = ("within", "officer", "limit", "cursor")
REPEATED = ("department",)

_WITHIN = re.compile(r"([1-9]\d{0,2})([dh])", re.ASCII)


@dataclass(frozen=True, slots=True)
class AttentionParameters:
    """The query's words, as they came."""

    within: Annotated[str, Query(description="working time ahead: 2d is two working days of 8 hours, 6h is six hours")] = DEFAULT_WITHIN
    department: Annotated[list[str] | None, Query(description="only these departments, by code")] = None
    officer: Annotated[str | None, Query(description="only this officer's dossiers, by pseudonym")] = None
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
    within: str
    departments: frozenset[str]
    officer: str | None
    limit: int
    after: Urgency | None

    @property
    def working_time(self) -> timedelta:
        return int(self.within[:-1]) * UNITS[self.within[-1]]


def attention_query(given: AttentionParameters, catalogue: Catalogue, now: datetime, of: str) -> AttentionQuery:
    """The checked query; a later page is judged at the instant of the first. `of` is the list that a cursor must belong to."""
    after = None if given.cursor is None else _place(given.cursor, now, of)
    return AttentionQuery(
        as_of=local(now if after is None else after.as_of),
        within=_within(given.within),
        departments=_departments(given.department or [], catalogue),
        officer=given.officer,
        limit=given.limit,
        after=None if after is None else after.urgency,
    )


def next_page_place(as_of: datetime, urgency: Urgency) -> AttentionPlace:
    """Where the next page of the list starts."""
    in_time, left, due_at, code = urgency
    return AttentionPlace(as_of, in_time, left // timedelta.resolution, due_at, code)


def _within(word: str) -> str:
    found = _WITHIN.fullmatch(word)
    if found is None or int(found[1]) > LONGEST[found[2]]:
        most = ", ".join(f"{amount}{unit}" for unit, amount in LONGEST.items())
        raise invalid("within", f"{word!r} is not a working time; write 2d for two days of 8 working hours or 6h for six (at most {most})")
    return word


def _departments(values: list[str], catalogue: Catalogue) -> frozenset[str]:
    codes = frozenset(words("department", values))
    for code in codes - catalogue.departments.keys():
        raise invalid("department", f"{code!r} is not in the catalogue; available: {', '.join(catalogue.departments)}")
    return codes


def _place(cursor: str, now: datetime, of: str) -> AttentionPlace:
    """A list is one day's work: a cursor of another day is refused, and none can make the service walk through centuries."""
    place = place_of(cursor, AttentionPlace, of)
    with contextlib.suppress(ValueError, OverflowError, InstantOutOfRange):
        if abs(local(place.as_of) - now) <= ONE_DAY and place.urgency:
            return place
    raise invalid("cursor", "is of a list of another day; leave it out to start again")


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
        desks = DepartmentHorizons(known.catalogue, query.as_of, query.working_time)
        attention = Attention(query.limit, query.after)
        latest = desks.latest(query.departments or known.catalogue.departments)
        async with answering(engine) as connection, aclosing(due_until(connection, latest, query.departments)) as parts:
            async for snapshots in parts:
                attention.take(await asyncio.to_thread(_followed, desks, snapshots, query.officer))  # others must not be held up
        head = _head(query, desks, attention) | {"calendar": _calendar(feed, known)}
        page = attention.page
        after = next_page_place(query.as_of, page[-1].urgency) if attention.goes_on else None
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


def _followed(desks: DepartmentHorizons, snapshots: Iterable[Stored], officer: str | None) -> list[UrgentDossier]:
    found = (_dossier_of(*stored) for stored in snapshots)
    return desks.followed(dossier for dossier in found if officer is None or same_name(dossier.officer, officer))


def _dossier_of(code: str, snapshot: bytes) -> Dossier:
    try:
        return usable_status(snapshot)
    except Unusable as unusable:
        raise BrokenDossier(code, unusable.detail) from unusable


def _head(query: AttentionQuery, desks: DepartmentHorizons, attention: Attention) -> dict[str, Any]:
    counted = attention.by_department()
    return {
        "as_of": query.as_of.isoformat(),
        "within": query.within,
        "definition": BY_DATE.name,
        "total": _counts(total_counts(own for officers in counted.values() for own in officers.values())),
        "departments": [
            {
                "department": code,
                "until": desks.desk(code).horizon.isoformat(),
                **_counts(total_counts(officers.values())),
                "officers": [{"officer": officer, **_counts(own)} for officer, own in officers.items()],
            }
            for code, officers in counted.items()
        ],
    }


def _counts(counted: AttentionCounts) -> dict[str, int]:
    return {"overdue": counted.overdue, "due": counted.due}


def _dossier(one: UrgentDossier, now: datetime) -> dict[str, Any]:
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
