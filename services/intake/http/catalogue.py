"""The calls that read the catalogue in force: departments, procedures, and the calendar day by day."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from msgspec.structs import asdict, replace
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from services.intake.accepting.refusals import echo
from services.intake.http.service import IntakeService, problem
from shared.access.roles import Permission
from shared.catalogue import EVERYWHERE, CalendarEntry, Catalogue
from shared.contract.http import answered_list
from shared.contract.http.catalogue import AliasView, ChannelView, DayView, DepartmentView, ProcedureView
from shared.domain.calendar import WorkingCalendar
from shared.domain.errors import Refusal
from shared.domain.localtime import ONE_DAY, local_date
from shared.service.access import requires
from shared.service.http import declared_parameters_only, documented, json_response
from shared.service.problems import Problem

router = APIRouter(dependencies=[requires(Permission.READ_CATALOGUE), Depends(declared_parameters_only)])
MOST_DAYS = 3 * 366
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})


def _written_day(given: object) -> object:
    if isinstance(given, str) and given.strip("-").isdecimal():
        raise PydanticCustomError("date_parsing", "a number is not a date")  # it would be seconds since 1970
    return given


WrittenDay = Annotated[date, BeforeValidator(_written_day)]
Day = Annotated[
    WrittenDay | None,
    Query(alias="date", description="the local date at which the catalogue was in force; today when missing"),
]


@router.get(
    "/v1/departments",
    tags=["catalogue"],
    response_class=Response,
    responses={200: answered_list(DepartmentView), **INVALID},
)
async def get_departments(intake: IntakeService, day: Day = None) -> Response:
    """The agencies that answer for dossiers, with their hours on a date."""
    on, catalogue = day or local_date(intake.clock()), intake.catalogue
    departments = [
        DepartmentView(
            code=code,
            name=department.name,
            name_en=department.name_en,
            sessions=catalogue.calendar(code).sessions_on(on),
            aliases=tuple(AliasView(**asdict(alias)) for alias in department.aliases),
        )
        for code, department in catalogue.departments.items()
    ]
    return json_response(departments)


@router.get(
    "/v1/procedures",
    tags=["catalogue"],
    response_class=Response,
    responses={200: answered_list(ProcedureView), **INVALID},
)
async def get_procedures(
    intake: IntakeService,
    department: Annotated[str | None, Query(description="only those that this department may handle")] = None,
    day: Day = None,
) -> Response:
    """The procedures in force on a date, and their terms; of one department when it is given."""
    on, catalogue = day or local_date(intake.clock()), intake.catalogue
    own = None if department is None else catalogue.canonical(department, on)
    procedures = [
        ProcedureView(**{name: getattr(procedure, name) for name in ProcedureView.__struct_fields__})
        for procedure in catalogue.procedures_on(on)
        if own is None or catalogue.may_handle(procedure, own, on)
    ]
    return json_response(procedures)


@router.get(
    "/v1/channels",
    tags=["catalogue"],
    response_class=Response,
    responses={200: answered_list(ChannelView), **INVALID},
)
async def get_channels(intake: IntakeService) -> Response:
    """How dossiers come in, each with the class of the statutory form that counts it."""
    return json_response([ChannelView(**asdict(channel)) for channel in intake.catalogue.channels.values()])


@router.get(
    "/v1/calendar",
    tags=["catalogue"],
    response_class=Response,
    responses={200: answered_list(DayView), **INVALID},
)
async def get_calendar(
    intake: IntakeService,
    first: Annotated[WrittenDay, Query(alias="from", description="the first day")],
    last: Annotated[WrittenDay, Query(alias="to", description="the last day, inclusive")],
    department: Annotated[str | None, Query(description="as it holds for this department, by code")] = None,
) -> Response:
    """Each day of a period: working or not, why, and who said so; as it holds for a department, or everywhere when none
    is given."""
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise _malformed("to", f"must lie 0 to {MOST_DAYS - 1} days after `from`")
    own = EVERYWHERE if department is None else intake.catalogue.canonical(department, last)
    if department is not None and own not in intake.catalogue.departments:
        raise _malformed(
            "department", f"{echo(department)} is not in the catalogue; GET /v1/departments lists those that are"
        )
    await intake.follow()
    try:
        return json_response(_days(intake.catalogue, own, first, last))
    except Refusal as refusal:
        raise problem(refusal) from refusal


def _days(catalogue: Catalogue, department: str, first: date, last: date) -> list[DayView]:
    calendar = catalogue.calendar_of(department)
    announced = {entry.day: entry for entry in catalogue.entries(first, last, department)}
    days = (first + ONE_DAY * offset for offset in range((last - first).days + 1))
    return [_day(day, calendar, announced.get(day)) for day in days]


def _day(day: date, calendar: WorkingCalendar, entry: CalendarEntry | None) -> DayView:
    kind = DayView(date=day, working=calendar.is_working_day(day), reason=calendar.kind_of(day).value)
    if entry is None:
        return kind
    return replace(kind, name=entry.name, source=entry.source, applies_to=entry.applies_to, announced=entry.announced)


def _malformed(parameter: str, detail: str) -> Problem:
    return Problem(422, "Unprocessable Content", f"{parameter}: {detail}", code="malformed", field=parameter)
