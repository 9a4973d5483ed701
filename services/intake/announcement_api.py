"""POST and GET /v1/calendar/announcements: days announced late, and the open dossiers they move."""

import asyncio
import contextlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import bodies, log
from services.intake.announcements import announcing, planning, store
from services.intake.announcements.known import Announcement, State, Stored
from services.intake.announcements.moves import MOVING
from services.intake.announcements.moves import Outcome as Became
from services.intake.announcements.schemas import AnnouncementAnswer, AnnouncementView, NewAnnouncement, Outcome
from services.intake.announcements.views import Page, answer, planned_answer, summary
from services.intake.announcements.wording import sentence
from services.intake.answers import problem
from services.intake.committer import TRANSIENT, LogRefuses, StoreUnavailable
from services.intake.database import committing
from services.intake.event_documents import reference
from services.intake.service import Intake, IntakeService
from shared.domain.errors import Refusal
from shared.service.clock import system_clock
from shared.service.http import documented, only
from shared.service.problems import Problem

router = APIRouter(tags=["calendar"])
PATH = "/v1/calendar/announcements"
PLAN_SECONDS = 60.0  # after that the answer says `announced`, and the moves are found and made all the same
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {bodies.JSON: {"schema": reference(NewAnnouncement)}}}}
REFUSED = documented(
    {
        409: "the id was used for another announcement",
        413: "the body is too large",
        415: "another media type, or compressed",
        422: "malformed, outside the calendar, or nothing would change; names each field",
    }
)
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})
NOT_FOUND = documented({404: "no such announcement"}) | INVALID


async def _page(
    limit: Annotated[int, Query(ge=1, le=10_000, description="dossiers in the answer")] = 100,
    cursor: Annotated[str, Query(max_length=64, description="the last answer's next_cursor")] = "",
    outcome: Annotated[Outcome, Query(description="which of the affected dossiers: those that move, or stay for that reason")] = "moves",
) -> Page:
    return Page(MOVING if outcome == "moves" else (Became(outcome),), cursor, limit)


PAGE = ("limit", "cursor", "outcome")
PageQuery = Annotated[Page, Depends(_page)]


@router.post(
    PATH,
    status_code=201,
    dependencies=[Depends(only(("dry_run", *PAGE)))],
    response_model=AnnouncementAnswer,
    responses={200: {"model": AnnouncementAnswer, "description": "a repeat, or a dry run"}, **REFUSED},
    openapi_extra=BODY,
)
async def announce(
    request: Request,
    intake: IntakeService,
    page: PageQuery,
    dry_run: Annotated[bool, Query(description="change nothing: show what would move")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """Put announced days into force: every later decision knows them, and the open dossiers they affect are moved."""
    bodies.require_json(request)
    try:
        body = bodies.understood(await bodies.read(request, intake.settings.max_event_bytes), NewAnnouncement, "source and days")
    except Refusal as refusal:
        raise problem(refusal) from refusal
    except RequestValidationError as invalid:
        raise announcing.unprocessable([sentence(error) for error in invalid.errors()]) from invalid
    announcement = announcing.composed(body, intake.clock())
    if dry_run:
        return _json(await _preview(intake, body, announcement, page), 200)
    stored, notes, repeated = await _store(intake, body, announcement)
    await _found(intake, stored)
    found = await _answer(intake, stored.announcement.id, page)
    return _json(found.model_copy(update={"notes": notes}), 200 if repeated else 201, {"Location": f"{PATH}/{stored.announcement.id}"})


@router.get(PATH, dependencies=[Depends(only())], responses=INVALID)
async def list_announcements(intake: IntakeService) -> list[AnnouncementView]:
    """All announcements in the order in which they took effect, which is the order in which a calendar takes them in."""
    async with intake.database.reader.connect() as connection:
        counts = await store.counts(connection)
        return [summary(each, counts.get(each.number, {})) for each in await store.every(connection)]


@router.get(f"{PATH}/{{announcement_id}}", dependencies=[Depends(only(PAGE))], responses=NOT_FOUND)
async def get_announcement(announcement_id: str, intake: IntakeService, page: PageQuery) -> AnnouncementAnswer:
    """How far an announcement is, and the dossiers it affects, page by page."""
    return await _answer(intake, announcement_id, page)


async def _preview(intake: Intake, body: NewAnnouncement, announcement: Announcement, page: Page) -> AnnouncementAnswer:
    async with intake.database.reader.connect() as connection:
        known = await _known(connection, announcement, body)
        await store.follow(connection, intake.announcements)
    if known is not None:
        return await _answer(intake, announcement.id, page)
    notes = announcing.check(body, announcement, intake.catalogue)
    plan = await planning.preview(intake.database, intake.announcements, announcement, intake.clock())
    return planned_answer(announcement, plan, notes, page)


async def _store(intake: Intake, body: NewAnnouncement, announcement: Announcement) -> tuple[Stored, list[str], bool]:
    """Put it into force unless it is; with notes on its days, and whether it was there before. The mover is told."""
    try:
        stored, notes, repeated = await _store_locked(intake, body, announcement)
    except TRANSIENT as failure:
        raise StoreUnavailable("the announcement can't be stored right now, and is not in force; send it again") from failure
    intake.mover.wake()
    return stored, notes, repeated


async def _store_locked(intake: Intake, body: NewAnnouncement, announcement: Announcement) -> tuple[Stored, list[str], bool]:
    async with committing(intake.database) as connection:
        if (why := await log.refusal(connection)) is not None:
            raise LogRefuses(why)
        found = await _known(connection, announcement, body)
        notes: list[str] = []
        if repeated := found is not None:
            announcement = found.announcement
        else:
            await store.follow(connection, intake.announcements)
            notes = announcing.check(body, announcement, intake.catalogue)
            await store.add(connection, announcement, system_clock())
        stored = await store.find(connection, announcement.id)
    assert stored is not None, "it was added just now"
    return stored, notes, repeated


async def _known(connection: AsyncConnection, announcement: Announcement, body: NewAnnouncement) -> Stored | None:
    """The announcement with this id when it is the same; 409 when it is another."""
    found = await store.find(connection, announcement.id)
    if found is None:
        return None
    told_when = body.announced_at is not None
    same = announcement == found.announcement if told_when else announcement.says_the_same_as(found.announcement)
    if not same:
        detail = f"id {announcement.id} was used for another announcement ({found.announcement.source}); give a new announcement a new id"
        raise Problem(409, "Conflict", detail, code="id_reused")
    return found


async def _found(intake: Intake, stored: Stored) -> None:
    """Wait, not for ever, until the dossiers it affects are found."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PLAN_SECONDS):
            while True:
                stepped = intake.mover.stepped
                async with intake.database.reader.connect() as connection:
                    now = await store.find(connection, stored.announcement.id)
                if now is not None and now.state is not State.ANNOUNCED:
                    return
                await stepped.wait()


async def _answer(intake: Intake, announcement_id: str, page: Page) -> AnnouncementAnswer:
    async with intake.database.reader.connect() as connection:
        stored = await store.find(connection, announcement_id)
        if stored is None:
            detail = f"there is no announcement {announcement_id}; GET {PATH} lists them"
            raise Problem(404, "Not Found", detail, code="unknown_announcement")
        counts = await store.counts(connection)
        moves = await store.moves(connection, stored.number, page.outcomes, page.after, page.limit + 1)
    return answer(stored, counts.get(stored.number, {}), moves, page.limit)


def _json(found: AnnouncementAnswer, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(found.model_dump_json(), status, headers, media_type="application/json")
