"""The receive page: a form that keeps what it was given, its deadline before and after, and the last ones received."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.intake.http.dossier_messages import dossier_view
from services.intake.http.service import NEW_DOSSIER, problem
from services.intake.log import event_log
from services.intake.log.metrics import RECEIVED
from services.intake.pages import choices, lists
from services.intake.pages.actions import MistypedField, instant
from services.intake.pages.forms import (
    FormState,
    done,
    is_from_script,
    mistake,
    mistakes_of,
    refused_for_script,
    sent_form,
)
from services.intake.pages.memory import Memory
from services.intake.pages.posting import candidate_of, receive
from services.intake.pages.preview import preview
from services.intake.pages.site import Counter, caller_of, intake_of
from shared.access.roles import Permission
from shared.contract.http.dossiers import DossierView
from shared.domain.errors import Refusal
from shared.domain.localtime import local_date
from shared.domain.timeliness import BY_DATE
from shared.pages.site import HEADERS, language_of, path_with
from shared.service.problems import Problem

APPLICANT = ("name", "id_number", "phone", "email", "address")
FIELDS = ("department", "procedure", "channel", "online_level", "received_by", *APPLICANT, "received_at")
_NOTHING = dict.fromkeys(FIELDS, "")


async def get_receive(site: Counter, request: Request) -> Response:
    """`/`: the form, and what was received last; who may not receive is shown the day."""
    if request.state.principal.scope_of(Permission.POST_EVENTS).is_nothing:
        return RedirectResponse("/today", 303, HEADERS)
    memory = Memory.of(request)
    asked = {name: value for name, value in request.query_params.items() if name == "department"}
    return await _page(site, request, FormState(_NOTHING | memory.preset | asked), memory)


async def get_procedures(site: Counter, request: Request) -> Response:
    """`/receive/procedures`: the options of a department, for a form that stands already."""
    department = request.query_params.get("department", "")
    state = FormState(_NOTHING | {"department": department})
    return site.page(request, "part_choices.html", form=state, **_options(site, request, department, _today(request)))


async def get_deadline(site: Counter, request: Request) -> Response:
    """`/receive/deadline`: when the dossier would be due, and why; nothing is logged."""
    given = request.query_params
    typed = {name: given.get(name, "").strip() for name in FIELDS if name not in APPLICANT}
    values: dict[str, Any] = {"view": None, "wrong": "", "at": typed["received_at"]}
    if typed["procedure"] and typed["department"] and typed["channel"]:
        intake, language = intake_of(request), language_of(request)
        try:
            candidate = candidate_of(intake, _said(typed))
            values["view"] = preview(candidate, intake.catalogue, intake.clock(), language)
        except (Problem, MistypedField) as refused:
            values["wrong"] = mistake(site, request, refused).said
        except Refusal as refusal:
            values["wrong"] = mistake(site, request, problem(refusal, NEW_DOSSIER)).said
    return site.page(request, "part_deadline.html", **values)


async def post_receive(site: Counter, request: Request) -> Response:
    """`POST /receive`: one dossier for one form, however often it is sent."""
    caller = site.posting(request)
    given = await sent_form(site, request)
    typed = {name: given.get(name, "").strip() for name in FIELDS}
    memory = Memory.of(request)
    try:
        posted = await receive(intake_of(request), _said(typed, given), given["key"], caller)
    except (Problem, MistypedField) as refused:
        if isinstance(refused, MistypedField):
            intake_of(request).metrics.malformed(RECEIVED)
        status, mistakes = mistakes_of(site, request, refused, FIELDS)
        if is_from_script(request):
            return refused_for_script(status, mistakes)
        return await _page(site, request, FormState(typed, mistakes, key=given["key"]), memory, status)
    code = posted.dossier.code
    answer = done(request, path_with("/", received=code), code)
    memory.received_also(code, typed).keep(site, request, answer)
    return answer


def _said(typed: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The new dossier as the calls take it; raises MistypedField. `pressed_at`: when a script's form was sent first."""
    if given is not None and not typed["name"]:
        raise MistypedField("name", "missing_field")
    names = ("department", "procedure", "channel", "online_level", "received_by")
    said: dict[str, Any] = {name: typed[name] for name in names if typed.get(name)}
    at = instant("received_at", typed.get("received_at", "") or (given or {}).get("pressed_at", ""))
    if at is not None:
        said["received_at"] = at.isoformat()
    if applicant := {name: typed[name] for name in APPLICANT if typed.get(name)}:
        said["applicant"] = applicant
    return said


async def _page(site: Counter, request: Request, state: FormState, memory: Memory, status: int = 200) -> Response:
    intake, day = intake_of(request), _today(request)
    offered = choices.departments(intake.catalogue, site.posting(request).scope, day)
    department = state.typed["department"]
    if department not in {option.value for option in offered}:
        department = offered[0].value if len(offered) == 1 else ""
        state = replace(state, typed={**state.typed, "department": department})
    received = request.query_params.get("received")
    return site.page(
        request,
        "receive.html",
        status,
        form=state,
        departments=offered,
        channels=choices.channels(intake.catalogue, language_of(request)),
        latest=await lists.by_codes(intake.database, memory.received, caller_of(request).scope),
        saved=None if received is None else await _received(request, received),
        now=intake.clock(),
        **_options(site, request, department, day),
    )


def _options(site: Counter, request: Request, department: str, day: date) -> dict[str, Any]:
    intake, scope = intake_of(request), site.posting(request).scope
    catalogue = intake.catalogue
    if department not in catalogue.departments:
        return {"procedures": [], "places": []}
    procedures = [
        choices.Option(
            each.code,
            each.name,
            " ".join([*choices.offered(each, catalogue), *(f"level:{level}" for level in choices.levels(each))]),
        )
        for each in site.choices.procedures(catalogue, department, day)
    ]
    itself = site.text(request, "the_department")
    places = choices.places(catalogue, scope, department, day)
    named = [option if option.name else option._replace(name=itself) for option in places]
    return {"procedures": procedures, "places": named}


async def _received(request: Request, code: str) -> DossierView | None:
    """The dossier that was just received, as it stands, where the caller may see it."""
    intake = intake_of(request)
    async with intake.database.reader.connect() as connection:
        entries = (await event_log.histories(connection, [code])).get(code)
    if not entries or not caller_of(request).scope.covers(entries[-1].after.department, entries[-1].after.received_by):
        return None
    return dossier_view(entries, intake.announcements.catalogue_at, intake.clock(), BY_DATE, language_of(request))


def _today(request: Request) -> date:
    return local_date(intake_of(request).clock())
