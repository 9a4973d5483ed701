"""A dossier's page: how it stands and why, its history, and the events that its state allows."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.intake.http.applicants import applicant_of
from services.intake.http.dossier_messages import dossier_view
from services.intake.log import calendar, event_log
from services.intake.log.history import HistoryEntry
from services.intake.pages.actions import (
    ACTIONS,
    FORMS,
    TERM_UNITS,
    ActionField,
    MistypedField,
    actions_of,
    event_of_form,
)
from services.intake.pages.choices import channel_name
from services.intake.pages.forms import FormState, done, is_from_script, mistakes_of, refused_for_script, sent_form
from services.intake.pages.posting import log_event
from services.intake.pages.site import Counter, caller_of, intake_of, outside
from services.intake.papers.letters import printable
from services.intake.papers.paper import FormNumber
from shared.access.roles import Permission
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import EventKind, State
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import BY_DATE
from shared.language.words import CHANNELS, OUTCOMES, word
from shared.pages.site import begun, language_of, path_with
from shared.service.problems import UNPROCESSABLE, Problem

SAID = ("reason", "ground", "legal_ground", "missing", "agency", "unit", "officer", "outcome", "field")
_is_code = re.compile(DOSSIER_CODE).fullmatch


async def get_dossier(site: Counter, request: Request) -> Response:
    """`/dossiers/{code}`."""
    return _page(site, request, await history_within(request), FormState({}))


async def post_event(site: Counter, request: Request) -> Response:
    """`POST /dossiers/{code}/events`: one event for one form, however often it is sent."""
    caller = site.posting(request)
    history = await history_within(request)
    dossier = history[-1].after
    given = await sent_form(site, request)
    kind = next((each for each in ACTIONS if each == given.get("event")), None)
    if kind is None:
        said = "this form is old or incomplete; open the page again"
        raise Problem(422, UNPROCESSABLE, said, vietnamese=site.text(request, "stale_form"))
    try:
        logged = event_of_form(kind, given, dossier)
        posted = await log_event(intake_of(request), dossier.code, logged, given["key"], caller)
    except (Problem, MistypedField) as refused:
        if isinstance(refused, MistypedField):
            intake_of(request).metrics.malformed()
        fields = {*(field.name for field in ACTIONS[kind]), "occurred_at"}
        status, mistakes = mistakes_of(site, request, refused, fields)
        if is_from_script(request):
            return refused_for_script(status, mistakes)
        return _page(site, request, history, FormState(given, mistakes, kind.value, given["key"]), status)
    told = {"again" if posted.repeated else "done": kind.value}
    return done(request, path_with(f"/dossiers/{dossier.code}", **told), dossier.code)


async def get_applicant(site: Counter, request: Request) -> Response:
    """`/dossiers/{code}/applicant`: who applied; that the caller looked is noted."""
    history = await history_within(request)
    dossier = history[-1].after
    caller = site.permitted(request, request.state.principal, Permission.READ_APPLICANTS)
    view = await applicant_of(intake_of(request), caller, dossier.code)
    template = "part_applicant.html" if "hx-request" in request.headers else "applicant.html"
    return site.page(request, template, dossier=dossier, view=view)


async def history_within(request: Request) -> list[HistoryEntry]:
    """The dossier's history; 404 where there is none, 403 outside the caller's scope."""
    code, intake = request.path_params["code"], intake_of(request)
    histories: dict[str, list[HistoryEntry]] = {}
    if _is_code(code):
        async with intake.database.reader.connect() as connection:
            histories = await event_log.histories(connection, [code])
            await calendar.follow(connection, intake.announcements)
    if code not in histories:
        raise Problem(404, "Not Found", "there is no such dossier; check the code", code="unknown_dossier")
    dossier = histories[code][-1].after
    if not caller_of(request).scope.covers(dossier.department, dossier.received_by):
        raise outside(request, dossier.department)
    return histories[code]


def _page(
    site: Counter, request: Request, history: list[HistoryEntry], state: FormState, status: int = 200
) -> Response:
    intake, dossier, principal = intake_of(request), history[-1].after, request.state.principal
    view = dossier_view(history, intake.announcements.catalogue_at, intake.clock(), BY_DATE, language_of(request))
    may_post = principal.scope_of(Permission.POST_EVENTS).covers(dossier.department, dossier.received_by)
    channel = intake.catalogue.channels.get(dossier.channel)
    told = request.query_params.get("done") or request.query_params.get("again") or ""
    return site.page(
        request,
        "dossier.html",
        status,
        dossier=dossier,
        view=view,
        form=state,
        actions=[(kind.value, ACTIONS[kind], FORMS.get(kind)) for kind in actions_of(dossier)] if may_post else [],
        units=[unit.value for unit in TERM_UNITS],
        printed=[form.value for form in printable(history) if form is not FormNumber.RECEIPT],
        history=[(item, _told(item.data)) for item in view.history],
        told=told if told in tuple(EventKind) else "",
        was_told="again" in request.query_params,
        choices_of=partial(_choices_of, site, request),
        channel_name=dossier.channel if channel is None else channel_name(channel, language_of(request)),
        may_see_applicant=not principal.scope_of(Permission.READ_APPLICANTS).is_nothing,
        waits_until=_waits_until(dossier),
        now=intake.clock(),
    )


def _choices_of(site: Counter, request: Request, field: ActionField) -> list[tuple[str, str, str]]:
    """The values of a field by their words."""
    language = language_of(request)
    of = {"outcome": OUTCOMES, "channel": CHANNELS}.get(field.name)
    said = (
        site.text(request, f"correct.{value}") if field.name == "field" else begun(word(of or {}, value, language))
        for value in field.choices
    )
    return [(value, name, "") for value, name in zip(field.choices, said, strict=True)]


def _waits_until(dossier: Dossier) -> datetime | None:
    """Until when the applicant has time, or the office to accept it."""
    if dossier.suspended_since is not None:
        return dossier.suspensions[-1].due_at
    return dossier.watched_due_at if dossier.state is State.SUBMITTED else None


def _told(data: Mapping[str, Any]) -> str:
    """What an event says in words, in one line."""
    return "; ".join(str(data[name]) for name in SAID if data.get(name))
