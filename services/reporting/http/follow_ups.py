"""`/v1/follow-ups`: the slips that units were sent, what became of them, each on paper, and what a unit answers."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures.reach import EVERYWHERE, Reach
from services.reporting.follow_up import paper, register
from services.reporting.follow_up.figures import FollowUpFigures, SlipFate, condition, figures
from services.reporting.follow_up.register import KeptSlip, SlipKey, SlipPlace
from services.reporting.http.bodies import message_in, takes
from services.reporting.http.bounds import Bound, check_dossier, check_reach
from services.reporting.http.names import units_named
from services.reporting.http.paging import cursor_after, page_response, place_of
from services.reporting.http.parameters import EARLIEST, LATEST, Cursor, Limit, Parameters, not_among
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import follow_ups
from shared.access.roles import Permission, Scope
from shared.catalogue import Catalogue
from shared.contract.follow_up import Stage
from shared.contract.http import answered
from shared.contract.http.follow_ups import FollowUpCounts, FollowUpsAnswer, KeptFollowUp, NewFollowUpAnswer
from shared.domain.figures import share
from shared.domain.localtime import local_date
from shared.papers.heading import Heading
from shared.service.access import requires
from shared.service.clock import Clock
from shared.service.http import declared_parameters_only, documented, invalid, json_response
from shared.service.problems import UNPROCESSABLE, Problem

PDF = "application/pdf"
ONE_DECIMAL = Decimal("0.1")
UNKNOWN = documented({404: "no such slip", 422: "a parameter is wrong"})
BAD_ANSWER = documented({422: "a member is wrong: `field` names it"})
Department = Annotated[str, Path(max_length=32, description="the unit's code")]
Year = Annotated[int, Path(ge=EARLIEST.year, le=LATEST.year, description="the year that the slip is numbered in")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="its number in that year and unit")]


class FollowUpsParameters(Parameters):
    """Of `/v1/follow-ups`."""

    first: date | None = Field(None, alias="from", description="made from this day on; 1 January of `to`'s year")
    last: date | None = Field(None, alias="to", description="made until this day, inclusive; today")
    department: list[str] | None = Field(None, description="only these units', by code")
    received_by: list[str] | None = Field(None, description="only of dossiers that these units took in, by code")
    stage: str | None = Field(None, description=f"only this stage: {', '.join(Stage)}")
    which: str = Field(SlipFate.MADE.value, description=f"which of them are listed: {', '.join(SlipFate)}")
    limit: Limit = 200
    cursor: Cursor = None


@dataclass(frozen=True, slots=True)
class FollowUpSources:
    """What the routes need."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    heading: Heading
    sends: bool


@dataclass(frozen=True, slots=True)
class FollowUpList:
    """One page of the register, with the numbers of the whole of it."""

    as_of: datetime
    first: date
    last: date
    figures: FollowUpFigures
    page: list[KeptSlip]
    after: SlipPlace | None


def router(to: FollowUpSources) -> APIRouter:
    """The routes. A slip's address is what is printed on it: unit, year, number."""
    return APIRouter(routes=[*_reading(to).routes, *_answering(to).routes])


def _for(permission: Permission) -> APIRouter:
    checked = [requires(permission), Depends(declared_parameters_only)]
    return APIRouter(prefix="/v1", tags=["follow-up"], dependencies=checked)


def _reading(to: FollowUpSources) -> APIRouter:
    routes = _for(Permission.READ_DOSSIERS)

    @routes.get(
        "/follow-ups",
        summary="Slips that units were sent, the newest first, and how many were answered and moved their dossier",
        responses={200: answered(FollowUpsAnswer), **documented({422: "a parameter is wrong"})},
        response_class=Response,
    )
    async def get_list(request: Request, scope: Bound, given: Annotated[FollowUpsParameters, Query()]) -> Response:
        """Each number of `counts` is counted by the condition that `which` lists it by, whatever the page."""
        if not (given.department or given.received_by):
            check_reach(scope, EVERYWHERE)
        found = await follow_up_list(to, scope, request, given)
        cursor = cursor_after(request, found.after)
        counts = counts_of(found.figures)
        lines = [_line(kept, found.as_of) for kept in found.page]
        answer = FollowUpsAnswer(as_of=found.as_of, counts=counts, follow_ups=lines, cursor=cursor)
        return page_response(request, answer, cursor)

    @routes.get(
        "/follow-ups/{department}/{year}/{number}",
        summary="One slip and what became of it",
        responses={200: answered(KeptFollowUp), **UNKNOWN},
        response_class=Response,
    )
    async def get_one(scope: Bound, department: Department, year: Year, number: Number) -> Response:
        kept = await slip_of(to, scope, SlipKey(department, year, number))
        return json_response(_line(kept, to.clock()))

    @routes.get(
        "/follow-ups/{department}/{year}/{number}/slip",
        summary="The slip on paper, PDF, one page",
        responses={200: {"description": "the page", "content": {PDF: {}}}, **UNKNOWN},
        response_class=Response,
    )
    async def get_slip(scope: Bound, department: Department, year: Year, number: Number) -> Response:
        return await slip_on_paper(to, scope, SlipKey(department, year, number))

    return routes


def _answering(to: FollowUpSources) -> APIRouter:
    routes = _for(Permission.ANSWER_FOLLOW_UPS)

    @routes.post(
        "/follow-ups/{department}/{year}/{number}/answer",
        summary="Answer a slip; a later answer takes the place of the one before",
        responses={200: answered(KeptFollowUp), **UNKNOWN, **BAD_ANSWER},
        openapi_extra=takes(NewFollowUpAnswer),
        response_class=Response,
    )
    async def post_answer(
        request: Request, scope: Bound, department: Department, year: Year, number: Number
    ) -> Response:
        key = SlipKey(department, year, number)
        await slip_of(to, scope, key)
        await keep_answer(to, key, await message_in(request, NewFollowUpAnswer))
        return json_response(_line(await slip_of(to, scope, key), to.clock()))

    return routes


async def follow_up_list(
    to: FollowUpSources, scope: Scope, request: Request, given: FollowUpsParameters
) -> FollowUpList:
    """The page asked for, of what lies within the scope; 403 for units that are named and lie outside."""
    now = to.clock()
    last = given.last or local_date(now)
    first = given.first or date(last.year, 1, 1)
    for name, day in (("to", last), ("from", first)):
        if not EARLIEST <= day <= LATEST:
            raise invalid(name, f"must lie between {EARLIEST} and {LATEST}")
    if given.which not in set(SlipFate):
        raise invalid("which", *not_among(given.which, SlipFate))
    reach = _reach(to, given)
    if reach != EVERYWHERE:
        check_reach(scope, reach)
    chosen: list[ColumnElement[bool]] = [*register.made_between(first, last), *register.within(scope)]
    for column, units in ((follow_ups.c.department, reach.departments), (follow_ups.c.received_by, reach.received_by)):
        if units is not None:
            chosen.append(column.in_(sorted(units)))
    if given.stage is not None:
        if given.stage not in set(Stage):
            raise invalid("stage", *not_among(given.stage, Stage))
        chosen.append(follow_ups.c.stage == given.stage)
    place = None if given.cursor is None else place_of(request, given.cursor, SlipPlace)
    async with to.engine.connect() as connection:
        counted = await figures(connection, now, *chosen)
        conditions = [*chosen, condition(SlipFate(given.which), now)]
        page = await register.listed(connection, conditions, given.limit + 1, place)
    after = None
    if len(page) > given.limit:
        ended = page[given.limit - 1]
        after = SlipPlace(microseconds(ended.slip.made_at), ended.slip.department, ended.slip.number)
    return FollowUpList(now, first, last, counted, page[: given.limit], after)


def _reach(to: FollowUpSources, given: FollowUpsParameters) -> Reach:
    """Whose slips are asked for."""
    today = local_date(to.clock())
    return Reach(
        units_named("department", given.department, to.catalogue, today) or None,
        units_named("received_by", given.received_by, to.catalogue, today) or None,
    )


async def slip_of(to: FollowUpSources, scope: Scope, key: SlipKey) -> KeptSlip:
    """The slip; 403 for that of a dossier outside the scope, whether there is one or not; 404 where there is none."""
    check_reach(scope, Reach(frozenset({key.department}), scope.received_by or None))
    async with to.engine.connect() as connection:
        kept = await register.one(connection, key)
    if kept is None:
        vietnamese = f"không có phiếu {key}"
        raise Problem(404, "Not Found", f"there is no slip {key}", vietnamese=vietnamese, code="unknown_follow_up")
    check_dossier(scope, kept.slip.code, kept.slip.department, kept.slip.received_by)
    return kept


async def slip_on_paper(to: FollowUpSources, scope: Scope, key: SlipKey) -> Response:
    """The slip as a page to print."""
    kept = await slip_of(to, scope, key)
    content = await asyncio.to_thread(paper.printed, kept, to.heading, to.catalogue)
    headers = {"Content-Disposition": f'inline; filename="{paper.file_name(kept)}"', "Cache-Control": "no-store"}
    return Response(content, 200, headers, PDF)


async def keep_answer(to: FollowUpSources, key: SlipKey, new: NewFollowUpAnswer) -> None:
    """Keep the answer; 422 for a day that has passed."""
    now = to.clock()
    if new.promised_on is not None and not local_date(now) <= new.promised_on <= LATEST:
        detail = f"promised_on: {new.promised_on} has passed; write today or a later day"
        vietnamese = f"ngày {new.promised_on:%d/%m/%Y} đã qua; hãy ghi hôm nay hoặc một ngày sau"
        raise Problem(422, UNPROCESSABLE, detail, field="promised_on", vietnamese=vietnamese)
    await register.answer(to.engine, key, new.answer, new.promised_on, now)


def counts_of(counted: FollowUpFigures) -> FollowUpCounts:
    """The numbers with their shares."""
    return FollowUpCounts(
        **asdict(counted),
        answered_share=_share(counted.answered, counted.sent),
        moved_share=_share(counted.moved, counted.judged),
    )


def _share(part: int, whole: int) -> str | None:
    found = share(part, whole, ONE_DECIMAL)
    return None if found is None else str(found)


def _line(kept: KeptSlip, now: datetime) -> KeptFollowUp:
    known: dict[str, Any] = {
        "moved_within_24h": kept.moved_in_time(now),
        "answer": None if kept.answer is None else kept.answer.value,
    }
    return KeptFollowUp(
        id=kept.id,
        slip=kept.slip,
        sent_at=kept.sent_at,
        moved_at=kept.moved_at,
        promised_on=kept.promised_on,
        answered_at=kept.answered_at,
        problem=kept.problem,
        **known,
    )
