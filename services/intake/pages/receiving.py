"""The receive page: a form that keeps what it was given, its deadline before and after, and the last ones received."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.intake.http.dossier_messages import dossier_view
from services.intake.http.service import NEW_DOSSIER, Intake, problem
from services.intake.log import event_log
from services.intake.pages import choices, lists
from services.intake.pages.actions import MistypedField, instant
from services.intake.pages.memory import Memory
from services.intake.pages.posting import candidate_of, receive
from services.intake.pages.preview import preview
from services.intake.pages.saying import Mistake, by_field, mistake_of
from services.intake.pages.site import Counter, caller_of, intake_of, outside
from shared.access.roles import Permission
from shared.domain.errors import Refusal
from shared.domain.localtime import local_date
from shared.domain.timeliness import BY_DATE
from shared.pages.session import form
from shared.pages.site import HEADERS, language_of, path_with
from shared.service.problems import Problem

MOST_BYTES, MOST_FIELDS = 32 * 1024, 30
ASKED_BY_SCRIPT = "x-counter"
APPLICANT = ("name", "id_number", "phone", "email", "address")
FIELDS = ("department", "procedure", "channel", "online_level", "received_by", *APPLICANT, "received_at")
KEY_BYTES = 16

Typed = dict[str, str]


def new_key() -> str:
    """The key of a form that is opened: whatever is sent with it is logged once."""
    return secrets.token_urlsafe(KEY_BYTES)


async def get_receive(site: Counter, request: Request) -> Response:
    """`/`: the form, and what was received last."""
    if request.state.principal.scope_of(Permission.POST_EVENTS).is_nothing:
        return RedirectResponse("/today", 303, HEADERS)
    memory = Memory.of(request)
    typed = dict.fromkeys(FIELDS, "") | memory.preset
    if "department" in request.query_params:
        typed["department"] = request.query_params["department"]
    return await _page(site, request, typed, {}, memory, new_key())


async def get_procedures(site: Counter, request: Request) -> Response:
    """`/receive/procedures`: the options of a department, for a form that stands already."""
    department = request.query_params.get("department", "")
    typed = dict.fromkeys(FIELDS, "") | {"department": department}
    options = _options(site, request, department, _today(request))
    return site.page(request, "part_choices.html", typed=typed, mistakes={}, **options)


async def get_deadline(site: Counter, request: Request) -> Response:
    """`/receive/deadline`: when the dossier would be due, and why; nothing is logged."""
    given = request.query_params
    typed = {name: given.get(name, "").strip() for name in FIELDS if name not in APPLICANT}
    values: dict[str, Any] = {"view": None, "mistake": "", "at": typed["received_at"]}
    if typed["procedure"] and typed["department"] and typed["channel"]:
        intake, language = intake_of(request), language_of(request)
        try:
            candidate = candidate_of(intake, _said(typed))
            values["view"] = preview(candidate, intake.catalogue, intake.clock(), language)
        except (Problem, Refusal, MistypedField) as refused:
            values["mistake"] = _mistake(site, request, refused).said
    return site.page(request, "part_deadline.html", **values)


async def post_receive(site: Counter, request: Request) -> Response:
    """`POST /receive`: one dossier for one form, however often it is sent."""
    caller = site.posting(request)
    given = await form(request, MOST_BYTES, MOST_FIELDS)
    typed = {name: given.get(name, "").strip() for name in FIELDS}
    intake, key = intake_of(request), given.get("key", "")
    try:
        if not key:
            raise Problem(422, "Unprocessable Content", "", vietnamese=site.text(request, "stale_form"))
        if not typed["name"]:
            raise MistypedField("name", "missing_field")
        if not caller.scope.covers(typed["department"], typed["received_by"] or None):
            raise outside(request, typed["department"] or "–")
        posted = await receive(intake, _said(typed, given), key, caller.scope)
    except (Problem, MistypedField) as refused:
        return await _refused(site, request, typed, key, refused)
    code = posted.dossier.code
    to = path_with("/", received=code)
    answer: Response = (
        JSONResponse({"to": to, "code": code}, headers=HEADERS)
        if ASKED_BY_SCRIPT in request.headers
        else RedirectResponse(to, 303, HEADERS)
    )
    Memory.of(request).received_also(code, typed).keep(site, request, answer)
    return answer


async def _refused(
    site: Counter, request: Request, typed: Typed, key: str, refused: Problem | MistypedField
) -> Response:
    if isinstance(refused, Problem) and refused.status >= 500:  # noqa: PLR2004 - what passes by itself, and bugs
        raise refused
    status = refused.status if isinstance(refused, Problem) else 422
    mistakes = by_field(_mistake(site, request, refused), typed)
    if ASKED_BY_SCRIPT in request.headers:
        return JSONResponse({"mistakes": mistakes}, status, HEADERS)
    return await _page(site, request, typed, mistakes, Memory.of(request), key or new_key(), status)


def _mistake(site: Counter, request: Request, refused: Problem | Refusal | MistypedField) -> Mistake:
    if isinstance(refused, MistypedField):
        return Mistake(refused.field, site.text(request, refused.key))
    found = problem(refused, NEW_DOSSIER) if isinstance(refused, Refusal) else refused
    return mistake_of(found, language_of(request))


def _said(typed: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The new dossier as the calls take it; raises MistypedField. `pressed_at` is when a script's form was sent first.

    An applicant is somebody with a number, or with a name."""
    names = ("department", "procedure", "channel", "online_level", "received_by")
    said: dict[str, Any] = {name: typed[name] for name in names if typed.get(name)}
    at = instant("received_at", typed.get("received_at", "") or (given or {}).get("pressed_at", ""))
    if at is not None:
        said["received_at"] = at.isoformat()
    applicant = typed.get("id_number") or typed.get("name")
    if applicant:
        said["applicant"] = applicant
    return said


async def _page(
    site: Counter,
    request: Request,
    typed: Typed,
    mistakes: Mapping[str, str],
    memory: Memory,
    key: str,
    status: int = 200,
) -> Response:
    intake, day = intake_of(request), _today(request)
    scope = site.posting(request).scope
    offered = choices.departments(intake.catalogue, scope, day)
    if typed["department"] not in {option.value for option in offered}:
        typed["department"] = offered[0].value if len(offered) == 1 else ""
    saved = request.query_params.get("received")
    latest = await lists.by_codes(intake.database, memory.received, caller_of(request).scope)
    return site.page(
        request,
        "receive.html",
        status,
        typed=typed,
        mistakes=mistakes,
        key=key,
        departments=offered,
        channels=choices.channels(intake.catalogue, language_of(request)),
        latest=latest,
        saved=None if saved is None else await _saved(request, intake, saved),
        now=intake.clock(),
        **_options(site, request, typed["department"], day),
    )


def _options(site: Counter, request: Request, department: str, day: date) -> dict[str, Any]:
    intake, scope = intake_of(request), site.posting(request).scope
    catalogue = intake.catalogue
    if department not in catalogue.departments:
        return {"procedures_said": [], "places_said": []}
    procedures = [
        choices.Option(
            each.code,
            each.name,
            " ".join([*choices.offered(each, catalogue), *(f"level:{level}" for level in choices.levels(each))]),
        )
        for each in site.choices.procedures(catalogue, department, day)
    ]
    places = choices.places(catalogue, scope, department, day)
    itself = site.text(request, "the_department")
    return {
        "procedures_said": procedures,
        "places_said": [option if option.name else option._replace(name=itself) for option in places],
    }


async def _saved(request: Request, intake: Intake, code: str) -> Any:
    """The dossier that was just received, as it stands, where the caller may see it."""
    async with intake.database.reader.connect() as connection:
        entries = (await event_log.histories(connection, [code])).get(code)
    if not entries or not caller_of(request).scope.covers(entries[-1].after.department, entries[-1].after.received_by):
        return None
    return dossier_view(entries, intake.announcements.catalogue_at, intake.clock(), BY_DATE, language_of(request))


def _today(request: Request) -> date:
    return local_date(intake_of(request).clock())
