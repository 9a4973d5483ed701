"""The calls that print a paper: forms 01-06 of a dossier, and the register of a unit, as PDF."""

import asyncio
import re
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, cast

import structlog
from fastapi import APIRouter, Path, Query, Request, Response

from services.intake.accepting.refusals import echo
from services.intake.http import bodies
from services.intake.http.applicants import applicant_of
from services.intake.http.service import Intake, IntakeService
from services.intake.log import calendar, event_log, standings
from services.intake.log.history import HistoryEntry
from services.intake.papers.control import control_slip
from services.intake.papers.letters import letter
from services.intake.papers.paper import NOBODY, Applicant, FormNumber, Letter, NoSuchPaper, Sheet
from services.intake.papers.print import file_name, printed
from services.intake.papers.register import register
from shared.access.roles import Permission
from shared.domain.dossier import Dossier
from shared.domain.localtime import FIRST_YEAR, LAST_YEAR
from shared.domain.texts import DEPARTMENT_CODE, DOSSIER_CODE
from shared.papers.heading import Heading
from shared.papers.typesetting import NotTypeset
from shared.service.access import Caller, requires
from shared.service.http import documented
from shared.service.problems import UNPROCESSABLE, Problem

router = APIRouter(tags=["papers"])
LOGGER = structlog.get_logger()
PDF = "application/pdf"
MOST_ROWS = 1_000
MOST_DAYS = 366
HISTORIES_AT_ONCE = 100
MOST_PAPERS = 100  # of one form and one dossier, as many as it may have pauses
LETTERS, SHEETS = asyncio.Lock(), asyncio.Lock()  # others wait here, not each in a thread; a register keeps no slip
OF_DOSSIERS = "|".join(form for form in FormNumber if form is not FormNumber.REGISTER)
READS = requires(Permission.READ_DOSSIERS)

DossierPath = Annotated[str, Path(description="the dossier's code")]
FormPath = Annotated[str, Path(description="01 to 06, as Circular 03/2025 numbers them", pattern=f"^({OF_DOSSIERS})$")]
Which = Annotated[
    int | None,
    Query(ge=1, le=MOST_PAPERS, description="the first, the second ... paper of this form; the latest when missing"),
]
Unit = Annotated[str, Query(description="the unit that received the dossiers or answers for them, by code")]
First = Annotated[date, Query(alias="from", description="the first day of receipt")]
Last = Annotated[date | None, Query(alias="to", description="the last day, inclusive; the first when missing")]
ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "the paper", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}
}
PROBLEMS = documented(
    {
        404: "no such dossier",
        409: "nothing happened to the dossier that this form tells",
        422: "a parameter is unknown, malformed or out of range",
    }
)
OUT_OF_RANGE = documented({422: "a parameter is unknown, malformed or out of range, or there are too many rows"})


@router.get(
    "/v1/dossiers/{code}/forms/{form}",
    response_class=Response,
    dependencies=[READS, *bodies.CHECKED],
    responses={**ANSWERED, **PROBLEMS},
)
async def get_form(
    code: DossierPath, form: FormPath, request: Request, intake: IntakeService, n: Which = None
) -> Response:
    """A form of Circular 03/2025 about a dossier, as PDF: 01 receipt and appointment, 02 request for supplement, 03
    refusal, 04 apology and new date, 05 notice of stopping, 06 control slip. Who applied stands on it for those who may
    know."""
    return await form_of(intake, _caller(request), code, FormNumber(form), n)


@router.get(
    "/v1/forms/07",
    response_class=Response,
    dependencies=[READS, *bodies.CHECKED],
    responses={**ANSWERED, **OUT_OF_RANGE},
)
async def get_register(
    request: Request, intake: IntakeService, department: Unit, first: First, last: Last = None
) -> Response:
    """The register (form 07): a row for each dossier that was received on these days, by the unit or for it."""
    return await register_of(intake, _caller(request), department, first, last or first)


async def form_of(intake: Intake, caller: Caller, code: str, form: FormNumber, number: int | None) -> Response:
    """The paper; raises the `Problem` where there is none, and outside the caller's scope."""
    history = await _history(intake, code)
    dossier = history[-1].after
    if not _covers(caller, dossier):
        raise _forbidden(caller, dossier.department)
    if form is FormNumber.CONTROL:
        if number not in (None, 1):
            raise out_of_range("n", f"form {form} is one; leave n out", f"mẫu {form} chỉ có một; hãy bỏ tham số n")
        catalogue = intake.announcements.catalogue_at(history[-1].recorded_at)
        return await _answered(control_slip(history, catalogue, intake.clock()), intake)
    made = partial(
        letter, form, history, intake.announcements.catalogue_at, key=intake.settings.key_of_slips, number=number
    )
    try:
        paper = made()
    except NoSuchPaper as none:
        raise Problem(409, "Conflict", none.detail, code=none.code, field="form", vietnamese=none.vietnamese) from none
    applicant = await _applicant(intake, caller, dossier)  # only now: it is noted who looked
    return await _answered(paper if applicant is NOBODY else made(applicant=applicant), intake)


async def register_of(intake: Intake, caller: Caller, department: str, first: date, last: date) -> Response:
    """The register; raises the `Problem` of too many days or rows, and outside the caller's scope."""
    if not re.fullmatch(DEPARTMENT_CODE, department, re.ASCII):
        raise out_of_range("department", "write a unit's code, such as H59.15", "hãy viết mã đơn vị, như H59.15")
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise out_of_range(
            "from",
            f"write a day of the years {FIRST_YEAR}-{LAST_YEAR}",
            f"hãy viết ngày từ năm {FIRST_YEAR} đến năm {LAST_YEAR}",
        )
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise out_of_range(
            "to",
            f"must lie 0 to {MOST_DAYS - 1} days after `from`",
            f"phải từ 0 đến {MOST_DAYS - 1} ngày sau `from`",
        )
    unit = intake.catalogue.canonical(department, last)
    if not caller.scope.covers(unit):
        raise _forbidden(caller, unit)
    async with intake.database.reader.connect() as connection:
        codes = await standings.received_at(connection, unit, first, last, MOST_ROWS + 1)
        if len(codes) > MOST_ROWS:
            raise out_of_range(
                "to",
                f"more than {MOST_ROWS} dossiers were received on these days; ask for fewer",
                f"những ngày này có hơn {MOST_ROWS} hồ sơ; hãy chọn ít ngày hơn",
            )
        histories: list[list[HistoryEntry]] = []
        for start in range(0, len(codes), HISTORIES_AT_ONCE):  # others have the loop in between
            histories += (await event_log.histories(connection, codes[start : start + HISTORIES_AT_ONCE])).values()
        await calendar.follow(connection, intake.announcements)
    within = [history for history in histories if _covers(caller, history[-1].after)]
    return await _answered(register(unit, (first, last), within, intake.catalogue, intake.clock()), intake)


def _caller(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


async def _history(intake: Intake, code: str) -> list[HistoryEntry]:
    histories: dict[str, list[HistoryEntry]] = {}
    if re.fullmatch(DOSSIER_CODE, code, re.ASCII):
        async with intake.database.reader.connect() as connection:
            histories = await event_log.histories(connection, [code])
            await calendar.follow(connection, intake.announcements)
    if code not in histories:
        raise Problem(
            404,
            "Not Found",
            f"there is no dossier {echo(code)}; check the code",
            code="unknown_dossier",
            field="code",
            vietnamese=f"không có hồ sơ {echo(code)}; hãy kiểm tra lại mã",
        )
    return histories[code]


async def _applicant(intake: Intake, caller: Caller, dossier: Dossier) -> Applicant:
    """Who applied, for those who may know; dotted lines for others, and where nothing is kept."""
    scope = caller.principal.scope_of(Permission.READ_APPLICANTS)
    if not scope.covers(dossier.department, dossier.received_by):
        return NOBODY
    details = (await applicant_of(intake, Caller(caller.principal, scope), dossier.code)).details
    if details is None:
        return NOBODY
    return Applicant(details.name, details.address, details.phone, details.email)


def _covers(caller: Caller, dossier: Dossier) -> bool:
    return caller.scope.covers(dossier.department, dossier.received_by)


def _forbidden(caller: Caller, department: str) -> Problem:
    name, permission, scope = caller.principal.name, Permission.READ_DOSSIERS.value, caller.scope
    return Problem(
        403,
        "Forbidden",
        f"{name} may {permission} within {scope}, and this is of {department}; ask for a key that may",
        vietnamese=f"{name} chỉ được xem hồ sơ trong phạm vi {scope}, còn đây là của {department}; "
        "hãy xin khóa có quyền",
    )


def out_of_range(parameter: str, detail: str, vietnamese: str) -> Problem:
    """422 that names the parameter, in both languages."""
    return Problem(
        422,
        UNPROCESSABLE,
        f"{parameter}: {detail}",
        code="malformed",
        field=parameter,
        vietnamese=f"{parameter}: {vietnamese}",
    )


async def _answered(paper: Letter | Sheet, intake: Intake) -> Response:
    """The paper, to be looked at and printed by the browser."""
    settings, now = intake.settings, intake.clock()
    heading = Heading(settings.superior, settings.office, settings.place)
    async with LETTERS if isinstance(paper, Letter) else SHEETS:
        try:
            content = await asyncio.to_thread(printed, paper, heading, now, settings.public_url)
        except NotTypeset as failure:
            raise _not_printed(paper, failure) from None
    headers = {"Content-Disposition": f'inline; filename="{file_name(paper)}"', "Cache-Control": "no-store"}
    return Response(content, 200, headers, PDF)


def _not_printed(paper: Letter | Sheet, failure: NotTypeset) -> Problem:
    """What a clerk is told, and whoever runs the service: neither has a letter of the paper in it."""
    LOGGER.error("paper_not_printed", form=paper.form.value, why=str(failure))
    return Problem(
        500,
        "Internal Server Error",
        f"form {paper.form} can't be printed just now, and nothing of the dossier is lost; try again, and if it fails "
        "again tell whoever runs the service: its log says why",
        code="paper_not_printed",
        vietnamese=f"chưa in được mẫu {paper.form}, hồ sơ không mất gì; hãy thử lại, nếu vẫn không được thì báo người "
        "quản trị hệ thống: nhật ký dịch vụ ghi rõ vì sao",
    )
