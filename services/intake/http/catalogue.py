"""The calls that read the catalogue in force: departments, procedures, and the calendar day by day."""

from datetime import date, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.intake.accepting.refusals import echo
from services.intake.http.dossier_messages import Channel, OnlineLevel, TermView, View
from services.intake.http.service import IntakeService, problem
from shared.catalogue import EVERYWHERE, CalendarEntry, Catalogue
from shared.domain.calendar import WorkingCalendar
from shared.domain.errors import Refusal
from shared.domain.localtime import ONE_DAY, local_date
from shared.service.http import documented
from shared.service.problems import Problem

router = APIRouter()
LOG_PAGE = 2000
LAST_POSITION = 2**63 - 1
MOST_DAYS = 3 * 366
NOT_FOUND = documented({404: "no such dossier"})
INVALID = documented({422: "a parameter is unknown, malformed or out of range"})


Session = tuple[time, time]


class AliasView(View):
    code: str
    valid_from: date | None
    valid_to: date | None = Field(description="the last day; null when it is open")


class DepartmentView(BaseModel):
    code: str
    name: str
    name_en: str
    sessions: list[Session] = Field(
        description="the hours of a working day on the date asked for", examples=[[["07:00:00", "11:30:00"]]]
    )
    aliases: list[AliasView] = Field(description="its other codes, beside the older form of its own (000.00.15.H59)")


class ProcedureView(View):
    """A procedure as it is in force on the date asked for."""

    code: str
    name: str
    department: str | None
    field: str
    level: str
    term: TermView | None
    closing_hour: time | None = Field(
        description="a receipt after it, or on a day off, counts as made at the next working day's opening"
    )
    same_day: bool = Field(description="the answer is due when the day's last session closes")
    departments: list[str] = Field(description="departments that may handle it beside its own")
    channels: list[Channel] = Field(description="channels it is offered by; all when there are none")
    online_levels: list[OnlineLevel] = Field(description="online levels it is offered at; all when there are none")
    valid_from: date | None
    valid_to: date | None = Field(description="the last day; null when it is open")


LocalDate = date  # in a model, a field named date hides the type


class DayView(BaseModel):
    date: LocalDate
    working: bool
    reason: Literal["weekday", "weekend", "day_off", "swapped_to_work"]
    name: str | None = None
    source: str | None = Field(None, description="who announced a day off or a swapped day")
    applies_to: list[str] = Field(
        default=[], description="codes of the provinces or departments it was announced for; none: everywhere"
    )
    announced: LocalDate | None = None


Day = Annotated[
    date | None,
    Query(alias="date", description="the local date at which the catalogue was in force; today when missing"),
]


@router.get("/v1/departments", tags=["catalogue"], responses=INVALID)
async def get_departments(intake: IntakeService, day: Day = None) -> list[DepartmentView]:
    """The agencies that answer for dossiers, with their hours on a date."""
    on, catalogue = day or local_date(intake.clock()), intake.catalogue
    return [
        DepartmentView(
            code=code,
            name=department.name,
            name_en=department.name_en,
            sessions=list(catalogue.calendar(code).sessions_on(on)),
            aliases=[AliasView.model_validate(alias) for alias in department.aliases],
        )
        for code, department in catalogue.departments.items()
    ]


@router.get("/v1/procedures", tags=["catalogue"], responses=INVALID)
async def get_procedures(intake: IntakeService, department: str | None = None, day: Day = None) -> list[ProcedureView]:
    """The procedures in force on a date, and their terms; of one department when it is given."""
    on, catalogue = day or local_date(intake.clock()), intake.catalogue
    own = None if department is None else catalogue.canonical(department, on)
    return [
        ProcedureView.model_validate(procedure)
        for procedure in catalogue.procedures_on(on)
        if own is None or catalogue.may_handle(procedure, own, on)
    ]


@router.get("/v1/calendar", tags=["catalogue"], responses=INVALID)
async def get_calendar(
    intake: IntakeService,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
    department: str | None = None,
) -> list[DayView]:
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
        return _days(intake.catalogue, own, first, last)
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
    said = {
        "name": entry.name,
        "source": entry.source,
        "applies_to": list(entry.applies_to),
        "announced": entry.announced,
    }
    return seen.model_copy(update=said)


def _malformed(parameter: str, detail: str) -> Problem:
    return Problem(422, "Unprocessable Content", f"{parameter}: {detail}", code="malformed", field=parameter)
