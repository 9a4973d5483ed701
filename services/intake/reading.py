"""The calls that read: a dossier, the catalogue in force, the log."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from starlette.responses import StreamingResponse

from services.intake import dossier_view, log
from services.intake.answers import problem, term_view
from services.intake.documented import documented
from services.intake.schemas import DayView, DepartmentView, DossierView, LogHead, ProcedureView
from services.intake.service import Intake, IntakeService
from services.intake.tables import EVENT_LOG
from shared.contract.envelope import DOSSIER_CODE
from shared.domain.errors import Refusal
from shared.domain.localtime import ONE_DAY
from shared.problems import Problem

router = APIRouter()
LOG_PAGE = 2000
LAST_POSITION = 2**63 - 1
MOST_DAYS = 3 * 366
NOT_FOUND = documented({404: "no such dossier"})
INVALID = documented({422: "a parameter is malformed or out of range"})


@router.get("/v1/dossiers/{code}", tags=["dossiers"], responses=NOT_FOUND)
async def get_dossier(code: str, intake: IntakeService) -> DossierView:
    """State, deadline, timeliness, history, and the explanation from receipt to class."""
    events: list[bytes] = []
    if re.fullmatch(DOSSIER_CODE, code, re.ASCII):
        async with intake.database.reader.connect() as connection:
            events = await log.history(connection, code)
    if not events:
        raise Problem(404, "Not Found", f"there is no dossier {code}; check the code", code="unknown_dossier")
    return dossier_view.view(code, events, intake.catalogue, intake.clock())


@router.get("/v1/departments", tags=["catalogue"])
async def get_departments(intake: IntakeService) -> list[DepartmentView]:
    """The agencies that answer for dossiers."""
    return [DepartmentView(code=found.code, name=found.name, name_en=found.name_en) for found in intake.catalogue.departments.values()]


@router.get("/v1/procedures", tags=["catalogue"])
async def get_procedures(intake: IntakeService, department: str | None = None) -> list[ProcedureView]:
    """The procedures and their terms; of one department when it is given."""
    return [
        ProcedureView(
            code=found.code, name=found.name, department=found.department, field=found.field, level=found.level, term=term_view(found.term)
        )
        for found in intake.catalogue.procedures.values()
        if department is None or found.department in (None, department)
    ]


@router.get("/v1/calendar", tags=["catalogue"], responses=INVALID)
async def get_calendar(
    intake: IntakeService, first: Annotated[date, Query(alias="from")], last: Annotated[date, Query(alias="to")]
) -> list[DayView]:
    """Each day of a period: working or not, and why."""
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise Problem(422, "Unprocessable Content", f"to: must lie 0 to {MOST_DAYS - 1} days after `from`", code="malformed")
    try:
        return _days(intake, first, last)
    except Refusal as refusal:
        raise problem(refusal) from refusal


def _days(intake: Intake, first: date, last: date) -> list[DayView]:
    catalogue = intake.catalogue
    calendar = catalogue.calendar(next(iter(catalogue.departments)))
    named = {entry.day: entry for entry in catalogue.entries(first, last)}
    days = []
    for day in (first + ONE_DAY * offset for offset in range((last - first).days + 1)):
        working, entry = calendar.is_working_day(day), named.get(day)
        if entry is None:
            days.append(DayView(date=day, working=working, reason="weekday" if working else "weekend"))
        else:
            days.append(DayView(date=day, working=working, reason="swapped_to_work" if entry.works else "day_off", name=entry.name))
    return days


@router.get("/v1/log", tags=["log"], response_class=StreamingResponse, responses=INVALID)
async def get_log(
    intake: IntakeService,
    after: Annotated[int, Query(ge=0, le=LAST_POSITION)] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000_000)] = 10_000,
) -> StreamingResponse:
    """The logged events after a position, in commit order, as NDJSON: `{"position": n, "event": {...}}`."""
    return StreamingResponse(_log(intake, after, limit), media_type="application/x-ndjson")


async def _log(intake: Intake, position: int, limit: int) -> AsyncIterator[bytes]:
    while limit > 0:
        async with intake.database.reader.connect() as connection:
            rows = await log.after(connection, position, min(limit, LOG_PAGE))
        if not rows:
            return
        yield b"".join(b'{"position":%d,"event":%s}\n' % (row.position, row.event) for row in rows)
        position, limit = rows[-1].position, limit - len(rows)


@router.get("/v1/log/head", tags=["log"])
async def get_log_head(intake: IntakeService) -> LogHead:
    """How far the log is, how many events it really holds, and how many of them Kafka has."""
    async with intake.database.reader.connect() as connection:
        position = await log.head(connection)
        counted = select(func.count()).select_from(EVENT_LOG).where(EVENT_LOG.c.position <= position)
        events = (await connection.execute(counted)).scalar_one()
        relayed = max(await log.relayed(connection), intake.relay.position)
    return LogHead(position=position, events=events, relayed=min(relayed, position))
