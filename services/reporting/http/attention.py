"""`GET /v1/attention`: the daily follow-up list, from one state of the read model."""

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from msgspec import UNSET
from msgspec.structs import asdict
from pydantic import Field
from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures.attention import (
    Attention,
    ByOfficer,
    DepartmentHorizons,
    Urgency,
    UrgentDossier,
    total_counts,
)
from services.reporting.figures.reach import Reach
from services.reporting.http.bounds import Bound, check_reach
from services.reporting.http.names import units_named, words
from services.reporting.http.paging import cursor_after, page_response, place_of
from services.reporting.http.parameters import Cursor, Limit, Parameters, not_among
from services.reporting.intake.calendar import CalendarFeed, KnownCalendar
from services.reporting.read_model.due import AttentionKind
from services.reporting.read_model.snapshots import StoredSnapshot, dossier_of, due_until, snapshots_where
from services.reporting.read_model.store import answering
from services.reporting.read_model.sums import day_number
from services.reporting.read_model.tables import dossiers
from shared.access.roles import Permission, Scope
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
from shared.service.access import requires
from shared.service.clock import Clock
from shared.service.http import declared_parameters_only, documented, invalid

HOUR = timedelta(hours=1)
UNITS = {"d": timedelta(hours=8), "h": HOUR}  # a working day has eight hours
LONGEST = {"d": 90, "h": 720}
_WITHIN = re.compile(r"([1-9]\d{0,2})([dh])", re.ASCII)
SHORTEST_MONTH = timedelta(days=28)
Listing = Callable[[Iterable[Dossier]], list[UrgentDossier]]


class AttentionParameters(Parameters):
    """Of `/v1/attention`."""

    within: str = Field("2d", description="working time ahead: 2d is two working days of 8 hours, 6h is six hours")
    department: list[str] | None = Field(None, description="only these departments, by code")
    received_by: list[str] | None = Field(None, description="only what these units took in, by code")
    officer: str | None = Field(None, description="only this officer's dossiers, by pseudonym")
    kind: list[str] | None = Field(None, description=f"only these kinds: {', '.join(AttentionKind)}")
    idle_months: Annotated[
        int | None,
        Field(description="also open dossiers to which nothing has happened for so many months", ge=1, le=120),
    ] = None
    limit: Limit = 200
    cursor: Cursor = None


@dataclass(frozen=True, slots=True)
class AttentionSources:
    """What the list is made of; `clock` says at what instant it is judged.

    Without a feed the catalogue's own days are all there is.
    """

    engine: AsyncEngine
    catalogue: Catalogue
    feed: CalendarFeed | None
    clock: Clock

    @property
    def known(self) -> KnownCalendar:
        """The days off to go by."""
        return KnownCalendar(self.catalogue) if self.feed is None else self.feed.known


class AttentionPlace(NamedTuple):
    """Where a page ended, and the instant that all pages of a list are judged at."""

    as_of: datetime
    rank: int
    left_us: int
    due_at: datetime
    code: str
    kind: str

    @property
    def urgency(self) -> Urgency:
        return self.rank, timedelta(microseconds=self.left_us), local(self.due_at), self.code, self.kind


@dataclass(frozen=True, slots=True)
class AttentionQuery:
    """Dossiers that are overdue at `as_of`, or due within working time from then; empty `departments`, `places`: all.

    `idle_months` is None where idle ones are not asked for.
    """

    as_of: datetime
    within: timedelta
    departments: frozenset[str]
    places: frozenset[str]
    kinds: frozenset[AttentionKind]
    officer: str | None
    idle_months: int | None
    after: Urgency | None

    def chooses(self, dossier: Dossier) -> bool:
        """What SQL can't tell."""
        return self.officer is None or same_name(dossier.officer, self.officer)


def router(to: AttentionSources) -> APIRouter:
    """The route."""
    wrong = documented({422: "a parameter is wrong: `parameter` names it, `detail` the fix"})
    routes = APIRouter(
        prefix="/v1",
        tags=["figures"],
        responses=wrong,
        dependencies=[requires(Permission.READ_DOSSIERS), Depends(declared_parameters_only)],
    )

    @routes.get(
        "/attention",
        summary="Dossiers that are overdue, or due within a working time: the most urgent first",
        responses={200: answered(AttentionAnswer)},
    )
    async def get_attention(request: Request, scope: Bound, given: Annotated[AttentionParameters, Query()]) -> Response:
        """The overdue ones first, by how much working time they are late; then the others, by how much is left.

        Overdue is judged by by-date/1 as at `as_of`. `within` counts working time from `as_of` by each department's
        calendar: on a Friday afternoon 2d reaches Tuesday afternoon, `until` says where. A suspended dossier is listed
        only if it was overdue before the pause. `days` are working days after today up to the deadline's day,
        `working_hours` up to its instant; negative once they have passed. `hops` are other agencies' answers that are
        late or due in that time. Counts are of the whole list, whatever the page.

        A line's `kind` says why it is listed, and `due_at` is that kind's own: besides deadlines (`due`) there are
        online applications to be answered (`acceptance`) and papers to be brought (`supplement`), late or due in that
        time, and with `idle_months` open dossiers without any event for so many months (`idle`), last. A dossier has a
        line for each kind.
        """
        answer = await attention_answer(to, scope, request, given)
        return page_response(request, answer, answer.cursor)

    return routes


async def attention_answer(
    to: AttentionSources, scope: Scope, request: Request, given: AttentionParameters
) -> AttentionAnswer:
    """One page of the list, and the counts of all of it, of dossiers that the asker may see; 403 for others."""
    known = to.known
    query = _query(request, given, known.catalogue, to.clock())
    check_reach(scope, Reach(query.departments or None, query.places or None))
    horizons = DepartmentHorizons(known.catalogue, query.as_of, query.within)
    attention = Attention(given.limit, query.after)
    latest = horizons.latest(query.departments or known.catalogue.departments)
    async with answering(to.engine) as connection:
        for where, listed in _searches(query, horizons, latest):
            async with aclosing(snapshots_where(connection, where, *_filtered(query))) as parts:
                async for snapshots in parts:  # in a thread, for others must not be held up
                    attention.take(await asyncio.to_thread(_urgent, query, snapshots, listed))
    page, counts = attention.page, attention.by_department()
    end = None
    if attention.goes_on:
        rank, left, due_at, code, kind = page[-1].urgency
        end = AttentionPlace(query.as_of, rank, left // timedelta.resolution, due_at, code, kind)
    cursor = cursor_after(request, end)
    return AttentionAnswer(
        as_of=query.as_of,
        within=given.within,
        definition=BY_DATE.name,
        total=total_counts(own for officers in counts.values() for own in officers.values()),
        departments=[_department(code, officers, horizons) for code, officers in counts.items()],
        calendar=CalendarSource(
            source="catalogue" if to.feed is None else "intake",
            as_of=known.as_of,
            known_until=known.catalogue.calendar_last_day,
        ),
        dossiers=[_dossier(one, query.as_of) for one in page],
        cursor=cursor,
    )


def _query(request: Request, given: AttentionParameters, catalogue: Catalogue, now: datetime) -> AttentionQuery:
    """The checked query; a later page is judged at the instant of the first."""
    place = None if given.cursor is None else _place(request, given.cursor, now)
    within = _WITHIN.fullmatch(given.within)
    if within is None or int(within[1]) > LONGEST[within[2]]:
        most = ", ".join(f"{amount}{unit}" for unit, amount in LONGEST.items())
        raise invalid(
            "within",
            f"{given.within!r} is not a working time; write 2d for two days of 8 working hours or 6h for six "
            f"(at most {most})",
            f"{given.within!r} không phải thời gian làm việc; hãy ghi 2d là hai ngày 8 giờ hoặc 6h là sáu giờ "
            f"(nhiều nhất {most})",
        )
    as_of = local(now if place is None else place.as_of)
    return AttentionQuery(
        as_of=as_of,
        within=int(within[1]) * UNITS[within[2]],
        departments=units_named("department", given.department, catalogue, as_of.date()),
        places=units_named("received_by", given.received_by, catalogue, as_of.date()),
        kinds=_kinds(given),
        officer=given.officer,
        idle_months=given.idle_months,
        after=None if place is None else place.urgency,
    )


def _kinds(given: AttentionParameters) -> frozenset[AttentionKind]:
    kinds = words("kind", given.kind)
    for word in set(kinds) - set(AttentionKind):
        raise invalid("kind", *not_among(word, AttentionKind))
    if AttentionKind.IDLE in kinds and given.idle_months is None:
        raise invalid(
            "idle_months",
            "is missing; say for how many months nothing has happened, like 3",
            "còn thiếu; hãy ghi số tháng không có diễn biến nào, ví dụ 3",
        )
    return frozenset(map(AttentionKind, kinds or AttentionKind))


def _place(request: Request, cursor: str, now: datetime) -> AttentionPlace:
    """A list is one day's work: a cursor of another day is refused, so none walks through centuries."""
    place = place_of(request, cursor, AttentionPlace)
    with contextlib.suppress(ValueError, OverflowError, InstantOutOfRange):
        if abs(local(place.as_of) - now) <= ONE_DAY and place.urgency:
            return place
    raise invalid(
        "cursor",
        "is of a list of another day; leave it out to start again",
        "là của danh sách ngày khác; hãy bỏ đi để xem lại từ đầu",
    )


def _searches(
    query: AttentionQuery, horizons: DepartmentHorizons, latest: datetime
) -> Iterator[tuple[ColumnElement[bool], Listing]]:
    """Which dossiers are read, and what of them is listed."""
    yield due_until(latest), horizons.urgent
    if query.idle_months is not None:
        yield open_for(query.idle_months, query.as_of), partial(horizons.idle, months=query.idle_months)


def open_for(months: int, now: datetime) -> ColumnElement[bool]:
    """Received so many months ago or earlier, and open: a range of the index of open ones, which are few by then."""
    received_day = day_number((now - months * SHORTEST_MONTH).date())
    return and_(dossiers.c.closed_day.is_(None), dossiers.c.received_day <= received_day)


def _filtered(query: AttentionQuery) -> Iterator[ColumnElement[bool]]:
    for column, codes in ((dossiers.c.department, query.departments), (dossiers.c.received_by, query.places)):
        if codes:
            yield column.in_(sorted(codes))


def _urgent(query: AttentionQuery, snapshots: Iterable[StoredSnapshot], listed: Listing) -> list[UrgentDossier]:
    read = (dossier_of(*stored) for stored in snapshots)
    return [one for one in listed(filter(query.chooses, read)) if one.kind in query.kinds]


def _department(code: str, officers: ByOfficer, horizons: DepartmentHorizons) -> DepartmentCounts:
    return DepartmentCounts(
        **asdict(total_counts(officers.values())),
        department=code,
        until=horizons.of(code).horizon,
        officers=[OfficerCounts(**asdict(own), officer=officer) for officer, own in officers.items()],
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
        standing="idle" if one.kind is AttentionKind.IDLE else "overdue" if one.overdue else "due",
        days=one.days,
        working_hours=f"{one.left / HOUR:z.2f}",
        suspended=one.suspended,
        apologised_at=dossier.apologised_at,
        hops=[AwaitedAnswer(agency=hop.agency, due_at=hop.due_at, late=hop.is_late(now)) for hop in one.hops],
        kind=one.kind.value,
        received_by=dossier.place_of_receipt if dossier.place_of_receipt != dossier.department else UNSET,
    )
