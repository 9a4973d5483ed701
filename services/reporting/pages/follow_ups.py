"""The slips that units were sent: the list with its numbers, one slip, the slip on paper, the form for an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from services.reporting.follow_up.figures import SlipFate
from services.reporting.follow_up.register import KeptSlip, SlipKey
from services.reporting.http.bounds import scope_of
from services.reporting.http.follow_ups import (
    FollowUpsParameters,
    counts_of,
    follow_up_list,
    keep_answer,
    slip_of,
    slip_on_paper,
)
from services.reporting.http.paging import cursor_after
from services.reporting.pages.question import day_typed, number_typed
from services.reporting.pages.site import Site
from services.reporting.pages.texts import text
from shared.access.roles import Permission
from shared.contract.follow_up import Stage, UnitAnswer
from shared.contract.http.follow_ups import NewFollowUpAnswer
from shared.language.follow_up import days_said
from shared.language.numbers import day
from shared.pages.session import form
from shared.pages.site import HEADERS, language_of, path_with
from shared.service.problems import Problem

PATH = "/follow-ups"
A_PAGE = 50
SEE_OTHER = 303
DEFAULTS = {"from": "", "to": "", "department": "", "stage": "", "which": SlipFate.MADE.value}


async def get_list(site: Site, request: Request) -> Response:
    """`/follow-ups`: what GET /v1/follow-ups lists."""
    language, reader = language_of(request), site.reader(request)
    typed = {name: request.query_params.get(name, default).strip() for name, default in DEFAULTS.items()}
    values: dict[str, Any] = {
        "typed": typed,
        "departments": reader.departments,
        "stages": list(Stage),
        "found": None,
        "following": None,
    }
    days = {name: day_typed(typed[name]) for name in ("from", "to") if typed[name]}
    mistakes = {name: text("unreadable_day", language, value=typed[name]) for name, read in days.items() if not read}
    if not mistakes:
        try:
            given = _asked(request, typed, days)
            found = await follow_up_list(site.reporting.follow_up_sources, reader.scope, request, given)
        except Problem as problem:
            if problem.details.field not in typed:
                raise
            wrong = str(problem.details.field)
            mistakes = {wrong: text("unknown_value", language, value=typed[wrong])}
        else:
            cursor = cursor_after(request, found.after)
            values |= {
                "found": found,
                "counts": counts_of(found.figures),
                "first": day(found.first, language),
                "last": day(found.last, language),
                "following": None if cursor is None else _link(request, cursor=cursor),
                "link_to": {which.value: _link(request, which=which.value) for which in SlipFate},
            }
    return site.page(request, "follow_ups.html", 422 if mistakes else 200, mistakes=mistakes, **values)


def _asked(request: Request, typed: Mapping[str, str], days: Mapping[str, date | None]) -> FollowUpsParameters:
    return FollowUpsParameters.model_validate(
        {
            **days,
            "department": [typed["department"]] if typed["department"] else None,
            "stage": typed["stage"] or None,
            "which": typed["which"],
            "limit": A_PAGE,
            "cursor": request.query_params.get("cursor"),
        }
    )


def _link(request: Request, **changed: str) -> str:
    given = {name: value for name, value in request.query_params.items() if name not in ("cursor", "lang") and value}
    return path_with(PATH, **(given | changed))


async def get_one(site: Site, request: Request) -> Response:
    """`/follow-ups/{department}/{year}/{number}`: one slip and what became of it."""
    return _page_of(site, request, await _slip(site, request), _Typed())


async def get_slip(site: Site, request: Request) -> Response:
    """`/follow-ups/{department}/{year}/{number}/slip`: the slip on paper."""
    return await slip_on_paper(site.reporting.follow_up_sources, scope_of(request), _key(request))


async def post_answer(site: Site, request: Request) -> Response:
    """`POST /follow-ups/{department}/{year}/{number}/answer`: what the unit answers."""
    kept, language = await _slip(site, request), language_of(request)
    given = {name: value.strip() for name, value in (await form(request)).items()}
    answer = next((each for each in UnitAnswer if each == given.get("answer")), None)
    written = given.get("promised_on", "")
    promised = day_typed(written) if written else None
    mistakes = {} if answer else {"answer": text("answer_missing", language)}
    if written and promised is None:
        mistakes["promised_on"] = text("unreadable_day", language, value=written)
    if answer is not None and not mistakes:
        try:
            new = NewFollowUpAnswer(answer=answer, promised_on=promised)
            await keep_answer(site.reporting.follow_up_sources, kept.key, new)
        except Problem as problem:
            if problem.details.field != "promised_on":
                raise
            mistakes["promised_on"] = text("day_passed", language)
    if mistakes:
        return _page_of(site, request, kept, _Typed(given, mistakes))
    return RedirectResponse(path_with(_path(kept.key), kept="1"), SEE_OTHER, HEADERS)


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody typed into the form, and what is wrong with it."""

    given: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)


def _page_of(site: Site, request: Request, kept: KeptSlip, typed: _Typed) -> Response:
    slip = kept.slip
    scope = request.state.principal.scope_of(Permission.ANSWER_FOLLOW_UPS)
    may_answer = scope.covers(slip.department, slip.received_by)
    return site.page(
        request,
        "follow_up_slip.html",
        422 if typed.mistakes else 200,
        kept=kept,
        days=days_said(slip.working_days, language_of(request)),
        moved=kept.moved_in_time(site.reporting.clock()),
        answers=list(UnitAnswer) if may_answer else [],
        given=typed.given,
        mistakes=typed.mistakes,
        address=_path(kept.key),
        was_kept="kept" in request.query_params,
    )


async def _slip(site: Site, request: Request) -> KeptSlip:
    return await slip_of(site.reporting.follow_up_sources, scope_of(request), _key(request))


def _key(request: Request) -> SlipKey:
    """The slip of the address; a number that is none names no slip."""
    year, number = (number_typed(request.path_params[name], 9) for name in ("year", "number"))
    return SlipKey(request.path_params["department"], year, number)


def _path(key: SlipKey) -> str:
    return f"{PATH}/{key.department}/{key.year}/{key.number}"
