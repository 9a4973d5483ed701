"""The calls that read: a dossier, the catalogue in force, the log."""

import re
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import func, select

from services.intake import dossier_view, log
from services.intake.announcements import store as announcement_store
from services.intake.answers import problem, term_view
from services.intake.hints import echo
from services.intake.schemas import DayView, DepartmentView, DossierView, LogHead, ProcedureView
from services.intake.service import Intake, IntakeService
from services.intake.tables import EVENT_LOG
from shared.catalogue import EVERYWHERE, CalendarEntry, Catalogue
from shared.domain.calendar import WorkingCalendar
from shared.domain.codes import DOSSIER_CODE
from shared.domain.definitions import BY_DATE, DEFINITIONS
from shared.domain.errors import Refusal
from shared.domain.localtime import ONE_DAY, local_date
from shared.service.http import Ndjson, documented, only
from shared.service.problems import Problem

router = APIRouter()
LOG_PAGE = 2000
LAST_POSITION = 2**63 - 1
MOST_DAYS = 3 * 366
NOT_FOUND = documented({404: "no such dossier"})
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})


@router.get("/v1/dossiers/{code}", dependencies=[Depends(only(("definition",)))], tags=["dossiers"], responses=NOT_FOUND | INVALID)
async def get_dossier(code: str, intake: IntakeService, definition: str = BY_DATE.name) -> DossierView:
    """State, deadline, timeliness, history, and the explanation from receipt to class; `definition` chooses what the class is told by."""
    by = DEFINITIONS.get(definition)
    if by is None:
        raise _malformed("definition", f"there is no {echo(definition)}; choose one of {', '.join(DEFINITIONS)}")
    events: dict[str, list[tuple[bytes, str]]] = {}
    if re.fullmatch(DOSSIER_CODE, code, re.ASCII):
        async with intake.database.reader.connect() as connection:
            events = await log.histories(connection, [code])
            await announcement_store.follow(connection, intake.announcements)
    if not events:
        raise Problem(404, "Not Found", f"there is no dossier {echo(code)}; check the code", code="unknown_dossier", field="code")
    return dossier_view.view(code, events[code], intake.announcements.catalogue_at, intake.clock(), by)


Day = Annotated[date | None, Query(alias="date", description="the local date at which the catalogue was in force; today when missing")]


@router.get("/v1/departments", dependencies=[Depends(only(("date",)))], tags=["catalogue"], responses=INVALID)
async def get_departments(intake: IntakeService, day: Day = None) -> list[DepartmentView]:
    """The agencies that answer for dossiers, with their hours on a date."""
    on, catalogue = day or local_date(intake.clock()), intake.catalogue
    return [
        DepartmentView(code=code, name=found.name, name_en=found.name_en, sessions=list(catalogue.calendar(code).sessions_on(on)))
        for code, found in catalogue.departments.items()
    ]


@router.get("/v1/procedures", dependencies=[Depends(only(("department", "date")))], tags=["catalogue"], responses=INVALID)
async def get_procedures(intake: IntakeService, department: str | None = None, day: Day = None) -> list[ProcedureView]:
    """The procedures in force on a date, and their terms; of one department when it is given."""
    return [
        ProcedureView(
            code=found.code,
            name=found.name,
            department=found.department,
            field=found.field,
            level=found.level,
            term=term_view(found.term),
            closing_hour=found.closing_hour,
            same_day=found.same_day,
            departments=list(found.departments),
            channels=[channel.value for channel in found.channels],
            online_levels=[level.value for level in found.online_levels],
            valid_from=found.valid_from,
            valid_to=found.valid_to,
        )
        for found in intake.catalogue.procedures_on(day or local_date(intake.clock()))
        if department is None or found.may_be_handled_by(department)
    ]


@router.get("/v1/calendar", dependencies=[Depends(only(("from", "to", "department")))], tags=["catalogue"], responses=INVALID)
async def get_calendar(
    intake: IntakeService,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
    department: str | None = None,
) -> list[DayView]:
    """Each day of a period: working or not, why, and who said so; as it holds for a department, or everywhere when none is given."""
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise _malformed("to", f"must lie 0 to {MOST_DAYS - 1} days after `from`")
    if department is not None and department not in intake.catalogue.departments:
        raise _malformed("department", f"{echo(department)} is not in the catalogue; GET /v1/departments lists those that are")
    await intake.follow()
    try:
        return _days(intake.catalogue, department or EVERYWHERE, first, last)
    except Refusal as refusal:
        raise problem(refusal) from refusal


def _days(catalogue: Catalogue, department: str, first: date, last: date) -> list[DayView]:
    calendar = catalogue.calendar_of(department)
    announced = {entry.day: entry for entry in catalogue.entries(first, last, department)}
    days = (first + ONE_DAY * offset for offset in range((last - first).days + 1))
    return [_day(day, calendar, announced.get(day)) for day in days]


def _day(day: date, calendar: WorkingCalendar, entry: CalendarEntry | None) -> DayView:
    seen = DayView(date=day, working=calendar.is_working_day(day), reason=calendar.kind_of(day).value)
    if entry is None:
        return seen
    said = {"name": entry.name, "source": entry.source, "applies_to": list(entry.applies_to), "announced": entry.announced}
    return seen.model_copy(update=said)


def _malformed(parameter: str, detail: str) -> Problem:
    return Problem(422, "Unprocessable Content", f"{parameter}: {detail}", code="malformed", field=parameter)


@router.get("/v1/log", dependencies=[Depends(only(("after", "limit")))], tags=["log"], response_class=Ndjson, responses=INVALID)
async def get_log(
    intake: IntakeService,
    after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000_000)] = 10_000,
) -> Ndjson:
    """The logged events after a position, in commit order, as NDJSON: `{"position": n, "event": {...}}`."""
    return Ndjson(_log(intake, after, limit))


async def _log(intake: Intake, position: int, limit: int) -> AsyncGenerator[bytes]:
    while limit > 0:
        async with intake.database.reader.connect() as connection:
            rows = await log.after(connection, position, min(limit, LOG_PAGE))
        if not rows:
            return
        yield b"".join(b'{"position":%d,"event":%s}\n' % (row.position, row.event) for row in rows)
        position, limit = rows[-1].position, limit - len(rows)


@router.get("/v1/log/head", dependencies=[Depends(only())], tags=["log"], responses=INVALID)
async def get_log_head(intake: IntakeService) -> LogHead:
    """How far the log is, how many events it really holds, and how many of them Kafka has."""
    async with intake.database.reader.connect() as connection:
        position = await log.head(connection)
        counted = select(func.count()).select_from(EVENT_LOG).where(EVENT_LOG.c.position <= position)
        events = (await connection.execute(counted)).scalar_one()
        relayed = max(await log.relayed(connection), intake.relay.position)
    return LogHead(position=position, events=events, relayed=min(relayed, position))
