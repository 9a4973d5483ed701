"""POST and GET /v1/calendar/announcements: days announced late, and the open dossiers they move."""

from collections.abc import Iterator
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.accepting.candidates import new_event_id
from services.intake.accepting.committer import LogRefuses, StoreUnavailable
from services.intake.accepting.decide import FUTURE_ALLOWED
from services.intake.announcements import planning
from services.intake.announcements.moves import MOVING, MoveOutcome
from services.intake.http import bodies
from services.intake.http.announcement_messages import (
    ListedOutcome,
    MovesPage,
    NewAnnouncementBody,
    NewDaysBody,
    answer,
    planned_answer,
    sentence,
    summary,
    unprocessable,
)
from services.intake.http.service import Intake, IntakeService, problem
from services.intake.log import calendar, event_log
from services.intake.log.calendar import Announcement, StoredAnnouncement, covered
from services.intake.log.database import audit_of, committing
from shared.access.roles import Permission
from shared.auditing.entries import Act, AuditEntry
from shared.catalogue import Catalogue
from shared.contract.http import answered, answered_list, reference
from shared.contract.http.announcements import AnnouncedDay, AnnouncementAnswer, AnnouncementView, NewAnnouncement
from shared.contract.http.service import FieldMistake
from shared.domain.errors import Refusal
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR, ONE_DAY, local
from shared.service.access import requires
from shared.service.clock import system_clock
from shared.service.http import documented, json_response
from shared.service.problems import Problem
from shared.service.sql import DATABASE_ERRORS, is_transient

router = APIRouter(tags=["calendar"])
PATH = "/v1/calendar/announcements"
# who wants the calendar reads it at /v1/calendar; here stands what was moved, of every department
READING = [requires(Permission.READ_CATALOGUE, everywhere=True), *bodies.CHECKED]
PLAN_SECONDS = 60.0  # after that the answer says `announced`, and the moves are found and made all the same
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {bodies.JSON: {"schema": reference(NewAnnouncement)}}}
}
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
    outcome: Annotated[
        ListedOutcome, Query(description="which of the affected dossiers: those that move, or stay for that reason")
    ] = "moves",
) -> MovesPage:
    return MovesPage(MOVING if outcome == "moves" else (MoveOutcome(outcome),), cursor, limit)


AnnouncementId = Annotated[str, Path(description="the announcement's `id`")]
PageQuery = Annotated[MovesPage, Depends(_page)]


@router.post(
    PATH,
    dependencies=[requires(Permission.ANNOUNCE), *bodies.CHECKED],
    status_code=201,
    response_class=Response,
    responses={
        200: answered(AnnouncementAnswer) | {"description": "a repeat, or a dry run"},
        201: answered(AnnouncementAnswer),
        **REFUSED,
    },
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
        body = bodies.understood(
            await bodies.read(request, intake.settings.max_event_bytes), NewAnnouncementBody, "source and days"
        )
    except Refusal as refusal:
        raise problem(refusal) from refusal
    except RequestValidationError as invalid:
        raise unprocessable([sentence(error) for error in invalid.errors()]) from invalid
    announcement = composed(body, intake.clock(), intake.catalogue)
    if dry_run:
        return json_response(await _preview(intake, body, announcement, page))
    stored, notes, repeated = await _store(intake, body, announcement)
    await intake.move_worker.wait_until_planned(stored.announcement.id, PLAN_SECONDS)
    result = await _answer(intake, stored.announcement.id, page)
    return json_response(
        replace(result, notes=notes),
        200 if repeated else 201,
        {"Location": f"{PATH}/{stored.announcement.id}"},
    )


@router.get(
    PATH, dependencies=READING, response_class=Response, responses={200: answered_list(AnnouncementView), **INVALID}
)
async def list_announcements(intake: IntakeService) -> Response:
    """All announcements in the order in which they took effect, which is the order in which a calendar takes them
    in."""
    async with intake.database.reader.connect() as connection:
        counts = await planning.counts(connection)
        announced = await calendar.announced(connection)
    return json_response([summary(stored, counts.get(stored.number, {})) for stored in announced])


@router.get(
    f"{PATH}/{{announcement_id}}",
    dependencies=READING,
    response_class=Response,
    responses={200: answered(AnnouncementAnswer), **NOT_FOUND},
)
async def get_announcement(announcement_id: AnnouncementId, intake: IntakeService, page: PageQuery) -> Response:
    """How far an announcement is, and the dossiers it affects, page by page."""
    return json_response(await _answer(intake, announcement_id, page))


async def _preview(
    intake: Intake, body: NewAnnouncementBody, announcement: Announcement, page: MovesPage
) -> AnnouncementAnswer:
    async with intake.database.reader.connect() as connection:
        known = await _known(connection, announcement, body)
        await calendar.follow(connection, intake.announcements)
    if known is not None:
        return await _answer(intake, announcement.id, page)
    notes = check(body, announcement, intake.catalogue)
    plan = await planning.preview(intake.database, intake.announcements, announcement, intake.clock())
    return planned_answer(announcement, plan, notes, page)


async def _store(
    intake: Intake, body: NewAnnouncementBody, announcement: Announcement
) -> tuple[StoredAnnouncement, list[str], bool]:
    """Put it into force unless it is; with notes on its days, and whether it was there before. The worker is woken."""
    notes: list[str] = []
    try:
        async with committing(intake.database) as connection:
            if (why := await event_log.refusal(connection)) is not None:
                raise LogRefuses(why)
            stored = known = await _known(connection, announcement, body)
            if known is None:
                await calendar.follow(connection, intake.announcements)
                notes = check(body, announcement, intake.catalogue)
                await calendar.add(connection, announcement, system_clock())
                await audit_of(intake.database).write(connection, _announced(announcement))
                stored = await calendar.find(connection, announcement.id)
    except DATABASE_ERRORS as failure:
        if not is_transient(failure):
            raise
        raise StoreUnavailable(
            "the announcement can't be stored right now, and is not in force; send it again"
        ) from failure
    assert stored is not None, "it was added just now"
    intake.move_worker.wake()
    intake.announcement_relay.look_again()
    return stored, notes, known is not None


def _announced(announcement: Announcement) -> AuditEntry:
    days = [{"day": str(day.day), "works": day.works, "name": day.name} for day in announcement.days]
    details = {
        "source": announcement.source,
        "announced_at": announcement.announced_at.isoformat(),
        "days": days,
        "applies_to": list(announcement.applies_to),
    }
    return AuditEntry(Act.DAYS_ANNOUNCED, announcement.id, details)


async def _known(
    connection: AsyncConnection, announcement: Announcement, body: NewAnnouncementBody
) -> StoredAnnouncement | None:
    """The announcement with this id when it is the same; 409 when it is another."""
    stored = await calendar.find(connection, announcement.id)
    if stored is None:
        return None
    dated = body.announced_at is not None
    same = announcement == stored.announcement if dated else announcement.says_the_same_as(stored.announcement)
    if not same:
        detail = (
            f"id {announcement.id} was used for another announcement ({stored.announcement.source}); "
            "give a new announcement a new id"
        )
        raise Problem(409, "Conflict", detail, code="id_reused")
    return stored


async def _answer(intake: Intake, announcement_id: str, page: MovesPage) -> AnnouncementAnswer:
    async with intake.database.reader.connect() as connection:
        stored = await calendar.find(connection, announcement_id)
        if stored is None:
            detail = f"there is no announcement {announcement_id}; GET {PATH} lists them"
            raise Problem(404, "Not Found", detail, code="unknown_announcement")
        counts = await planning.counts(connection)
        moves = await planning.moves(connection, stored.number, page.outcomes, page.after, page.limit + 1)
    return answer(stored, counts.get(stored.number, {}), moves, page.limit)


def composed(body: NewAnnouncementBody, now: datetime, catalogue: Catalogue) -> Announcement:
    """The announcement of a request, its days in order and its places by their own codes; raises the `Problem` that
    says which field is contradictory."""
    announced_at = body.announced_at or now
    wrong = [*_contradictions(body), *_wrong_instant(announced_at, now)]
    if wrong:
        raise unprocessable(wrong)
    days = sorted(
        (AnnouncedDay(day, days.works, days.name) for days in body.days for day in _dates(days)), key=attrgetter("day")
    )
    return Announcement(
        id=body.id or new_event_id(),
        source=body.source,
        announced_at=local(announced_at),
        days=tuple(days),
        applies_to=tuple(sorted({catalogue.canonical_scope(code, days[0].day) for code in body.applies_to})),
    )


def check(body: NewAnnouncementBody, announcement: Announcement, catalogue: Catalogue) -> list[str]:
    """A note for each day that is so already, which does no harm.

    Raises a `Problem` when the catalogue can't take a day or a place, or when nothing would change.
    """
    wrong = [*_unknown_places(body, announcement.days[0].day, catalogue), *_unknown_days(body, catalogue)]
    if wrong:
        raise unprocessable(wrong)
    departments = covered(catalogue.departments, announcement.applies_to)
    notes, changed = [], False
    for announced in announcement.days:
        if any(catalogue.calendar(code).is_working_day(announced.day) != announced.works for code in departments):
            changed = True
        else:
            notes.append(f"{announced.day} is {'a working day' if announced.works else 'a day off'} already")
    if not changed:
        raise unprocessable(
            [FieldMistake("days", f"nothing would change: {', '.join(notes)}; correct the days, or `works`")]
        )
    return notes


def _contradictions(body: NewAnnouncementBody) -> Iterator[FieldMistake]:
    seen: dict[date, int] = {}
    for number, days in enumerate(body.days):
        if (days.day is None) == (days.first is None and days.last is None) or (days.first is None) != (
            days.last is None
        ):
            yield FieldMistake(f"days.{number}", "give either `day`, or `first` and `last`")
        elif days.first is not None and days.last is not None and days.last < days.first:
            yield FieldMistake(f"days.{number}.last", f"{days.last} lies before `first` ({days.first}); swap them")
        elif days.first is not None and days.last is not None and (days.last - days.first).days > 366:  # noqa: PLR2004 - a year
            yield FieldMistake(
                f"days.{number}.last", f"{days.last} lies more than a year after `first`; check the year"
            )
        else:
            for day in _dates(days):
                if seen.setdefault(day, number) != number:
                    yield FieldMistake(f"days.{number}", f"{day} stands in days.{seen[day]} already; keep one")


def _wrong_instant(announced_at: datetime, now: datetime) -> Iterator[FieldMistake]:
    if not FIRST_YEAR <= announced_at.year <= LAST_YEAR:
        why = f"lies outside the years {FIRST_YEAR}-{LAST_YEAR}; correct the year, or leave it out for now"
        yield FieldMistake("announced_at", f"{announced_at.isoformat()} {why}")
    elif announced_at > now + FUTURE_ALLOWED:
        yield FieldMistake(
            "announced_at", f"{local(announced_at).isoformat()} has not come yet; it takes effect when it is sent"
        )


def _unknown_places(body: NewAnnouncementBody, day: date, catalogue: Catalogue) -> Iterator[FieldMistake]:
    for number, scope in enumerate(body.applies_to):
        if not covered(catalogue.departments, [catalogue.canonical_scope(scope, day)]):
            fix = (
                "write a province as H59 or a department as H59.15 (GET /v1/departments lists them), "
                "or leave applies_to out for all"
            )
            yield FieldMistake(f"applies_to.{number}", f"{scope!r} covers no department of the catalogue; {fix}")


def _unknown_days(body: NewAnnouncementBody, catalogue: Catalogue) -> Iterator[FieldMistake]:
    first, last = catalogue.calendar_first_day, catalogue.calendar_last_day
    for number, days in enumerate(body.days):
        outside = [day for day in _dates(days) if not first <= day <= last]
        if outside:
            fix = "correct the year, or add the whole year to calendar.toml: one day does not make it known"
            yield FieldMistake(f"days.{number}", f"{outside[0]} lies outside the calendar, {first} to {last}; {fix}")


def _dates(days: NewDaysBody) -> Iterator[date]:
    day, last = days.day or days.first, days.day or days.last
    while day is not None and last is not None and day <= last:
        yield day
        day += ONE_DAY
