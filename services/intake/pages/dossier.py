"""A dossier's page: how it stands and why, its history, and the events that its state allows."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.intake import calendar
from services.intake.http.dossier_messages import dossier_view
from services.intake.log import event_log
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
from services.intake.pages.posting import log_event
from services.intake.pages.receiving import ASKED_BY_SCRIPT, MOST_BYTES, MOST_FIELDS, new_key
from services.intake.pages.saying import Mistake, by_field, mistake_of
from services.intake.pages.site import Counter, caller_of, intake_of, outside
from shared.access.roles import Permission
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import EventKind, State
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import BY_DATE
from shared.language.words import CHANNELS, OUTCOMES, word
from shared.pages.session import form
from shared.pages.site import HEADERS, begun, language_of, path_with
from shared.service.problems import UNPROCESSABLE, Problem

SAID = ("reason", "ground", "legal_ground", "missing", "agency", "unit", "officer", "outcome", "field")
_is_code = re.compile(DOSSIER_CODE).fullmatch


async def get_dossier(site: Counter, request: Request) -> Response:
    """`/dossiers/{code}`."""
    history = await history_within(request)
    return _page(site, request, history, {}, "", {}, new_key())


async def post_event(site: Counter, request: Request) -> Response:
    """`POST /dossiers/{code}/events`: one event for one form, however often it is sent."""
    caller = site.posting(request)
    history = await history_within(request)
    dossier = history[-1].after
    if not caller.scope.covers(dossier.department, dossier.received_by):
        raise outside(request, dossier.department)
    given = await form(request, MOST_BYTES, MOST_FIELDS)
    named, key = given.get("event", ""), given.get("key", "")
    try:
        kind = next((each for each in ACTIONS if each == named), None)
        if kind is None or not key:
            raise Problem(422, UNPROCESSABLE, "", vietnamese=site.text(request, "stale_form"))
        said = event_of_form(kind, given, dossier)
        posted = await log_event(intake_of(request), dossier.code, said, key, caller.scope)
    except (Problem, MistypedField) as refused:
        return _refused(site, request, history, given, refused)
    to = path_with(f"/dossiers/{dossier.code}", **{"again" if posted.repeated else "done": kind.value})
    if ASKED_BY_SCRIPT in request.headers:
        return JSONResponse({"to": to, "code": dossier.code}, headers=HEADERS)
    return RedirectResponse(to, 303, HEADERS)


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


def _refused(
    site: Counter,
    request: Request,
    history: list[HistoryEntry],
    given: Mapping[str, str],
    refused: Problem | MistypedField,
) -> Response:
    if isinstance(refused, Problem) and refused.status >= 500:  # noqa: PLR2004 - what passes by itself, and bugs
        raise refused
    status = refused.status if isinstance(refused, Problem) else 422
    language = language_of(request)
    mistake = (
        Mistake(refused.field, site.text(request, refused.key))
        if isinstance(refused, MistypedField)
        else mistake_of(refused, language)
    )
    named = given.get("event", "")
    kind = next((each for each in ACTIONS if each == named), None)
    fields = {} if kind is None else dict.fromkeys((*(field.name for field in ACTIONS[kind]), "occurred_at"))
    mistakes = by_field(mistake, fields)
    if ASKED_BY_SCRIPT in request.headers:
        return JSONResponse({"mistakes": mistakes}, status, HEADERS)
    return _page(site, request, history, mistakes, named, given, given.get("key") or new_key(), status)


def _page(
    site: Counter,
    request: Request,
    history: list[HistoryEntry],
    mistakes: Mapping[str, str],
    opened: str,
    typed: Mapping[str, str],
    key: str,
    status: int = 200,
) -> Response:
    intake, dossier = intake_of(request), history[-1].after
    view = dossier_view(history, intake.announcements.catalogue_at, intake.clock(), BY_DATE, language_of(request))
    may_post = request.state.principal.scope_of(Permission.POST_EVENTS).covers(dossier.department, dossier.received_by)
    kinds = actions_of(dossier) if may_post else []
    logged = {entry.event.kind for entry in history}
    printed = sorted({FORMS[kind] for kind in logged if kind in FORMS})
    channel = intake.catalogue.channels.get(dossier.channel)
    done = request.query_params.get("done") or request.query_params.get("again") or ""
    return site.page(
        request,
        "dossier.html",
        status,
        dossier=dossier,
        view=view,
        actions=[(kind.value, ACTIONS[kind], FORMS.get(kind)) for kind in kinds],
        units=[unit.value for unit in TERM_UNITS],
        printed=printed,
        history=[(item, _told(item.data)) for item in view.history],
        mistakes=mistakes,
        opened=opened,
        typed=typed,
        key=key,
        done=done if done in tuple(EventKind) else "",
        was_done="again" in request.query_params,
        choices_of=partial(_choices_of, site, request),
        channel_name=dossier.channel if channel is None else channel_name(channel, language_of(request)),
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
