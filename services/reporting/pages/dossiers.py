"""The dossiers behind a number, and one dossier with its explanation."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import report_in
from services.reporting.http.bounds import check_dossier, scope_of
from services.reporting.http.paging import cursor_after, place_of, same_model
from services.reporting.opening.lists import LIST_START, ListPlace, list_page
from services.reporting.opening.tokens import TokenFigure
from services.reporting.pages.question import number_typed
from services.reporting.pages.report import period_said
from services.reporting.pages.site import Site
from services.reporting.pages.texts import TEXTS, text
from services.reporting.read_model.contributions import BrokenDossier
from services.reporting.read_model.store import answering
from services.reporting.read_model.tables import dossiers
from shared.catalogue import Catalogue
from shared.contract.http.dossiers import DossierView, Step
from shared.contract.http.figures import ListedDossier
from shared.domain.dossier import Dossier
from shared.domain.localtime import local
from shared.domain.texts import DOSSIER_CODE
from shared.domain.timeliness import Standing, timeliness_of
from shared.language.languages import Language
from shared.language.words import EVENTS, FIGURES, STATES, word
from shared.pages.site import begun, language_of, path_with
from shared.service.dead_letters import Unusable, usable_status

A_PAGE = 100
MOST_SORTED = 5000
_CODE = re.compile(DOSSIER_CODE)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list; `number` is how long the whole list is, None where that can't be told any more."""

    items: list[ListedDossier]
    following: str | None
    number: int | None
    has_moved: bool


async def get_list(site: Site, request: Request) -> Response:
    """`/dossiers`: what a number counts."""
    given, language = request.query_params, language_of(request)
    token, sort = given.get("token", ""), given.get("sort", "")
    figure = site.figures.figure(scope_of(request), token)
    async with answering(site.reporting.engine) as connection:
        now = await pinned(connection)
        same_model(figure.pin, now)
        has_moved = now.revision != figure.pin.revision
        number = None if has_moved else await _number(connection, figure, site.catalogue)
        listing, is_sorted = await _by_receipt(connection, site, request, figure), False
        if sort == "late":
            late = await _latest_first(connection, site, request, figure)
            listing, is_sorted = (listing, False) if late is None else (late, True)
    values: dict[str, Any] = {
        "listing": replace(listing, number=number if listing.number is None else listing.number, has_moved=has_moved),
        "figure": word(FIGURES, figure.column, language),
        "row": _row_said(site, figure),
        "period": period_said(figure.query, language),
        "definition": figure.query.definition,
        "token": token,
        "sort": sort,
        "is_sorted": is_sorted,
        "most_sorted": MOST_SORTED,
    }
    return site.page(request, "dossiers.html", to_list=partial(_list_path, token), **values)


def _list_path(token: str, sort: str) -> str:
    return path_with("/dossiers", token=token, sort="late" if sort == "late" else None)


async def _number(connection: AsyncConnection, figure: TokenFigure, catalogue: Catalogue) -> int | None:
    """The number that was chosen; only the state that it was counted in can tell."""
    found = await report_in(connection, figure.query, catalogue)
    if not figure.key:
        return found.total[figure.column]
    return next((row.figures[figure.column] for row in found.rows if row.key == figure.key), 0)


async def _by_receipt(connection: AsyncConnection, site: Site, request: Request, figure: TokenFigure) -> Listing:
    cursor = request.query_params.get("cursor")
    after = LIST_START if cursor is None else place_of(request, cursor, ListPlace)
    page = await list_page(connection, figure, site.catalogue, A_PAGE, after)
    following = cursor_after(request, page.after)
    link = None if following is None else _again(request, cursor=following)
    return Listing(page.items, link, None, has_moved=False)


async def _latest_first(
    connection: AsyncConnection, site: Site, request: Request, figure: TokenFigure
) -> Listing | None:
    """None for a list that is too long to sort."""
    page = await list_page(connection, figure, site.catalogue, MOST_SORTED)
    if page.after is not None:
        return None
    items = sorted(page.items, key=lambda one: lateness(one, figure.query.as_of))
    number = page_number(request)
    end = number * A_PAGE
    link = _again(request, page=str(number + 1)) if end < len(items) else None
    return Listing(items[end - A_PAGE : end], link, len(items), has_moved=False)


def lateness(one: ListedDossier, now: datetime) -> tuple[bool, float, str]:
    """Sorts the latest first: by how long after its deadline each was closed, or is open still.

    Those that are not overdue, one whose clock stands among them, come last.
    """
    if one.timeliness != "overdue" or one.due_at is None:
        return True, 0.0, one.code
    return False, (local(one.due_at) - local(one.closed_at or now)).total_seconds(), one.code


def page_number(request: Request) -> int:
    """From 1; anything else than a number is the first page."""
    return max(number_typed(request.query_params.get("page", ""), 5), 1)


def _again(request: Request, **changed: str) -> str:
    given = {name: value for name, value in request.query_params.items() if name not in ("cursor", "page")}
    return path_with(request.url.path, **(given | changed))


def _row_said(site: Site, figure: TokenFigure) -> str:
    """Which row of the report it was."""
    names = [site.department_name(value or "–") for value in figure.key]
    return ", ".join(names)


async def get_dossier(site: Site, request: Request) -> Response:
    """`/dossiers/{code}`: how it stands, its history, and why it is due when it is."""
    code, language = request.path_params["code"], language_of(request)
    stored = await snapshot_of(site, code) if _CODE.fullmatch(code) else None
    if stored is None:
        return site.notice(request, 404, "no_dossier")
    check_dossier(scope_of(request), code, stored.department, stored.received_by)
    view = (await views_of(site, request, [stored])).get(code)
    stands = timeliness_of(stored, site.reporting.clock())
    return site.page(
        request,
        "dossier.html",
        dossier=stored,
        view=view,
        stands="within" if stands == Standing.DUE_SOON else stands,
        steps=[] if view is None else [(_step(each, language), each) for each in view.explanation],
        pauses=[
            (begun(word(STATES, each.kind.value, language)), each.started_at, each.ended_at, each.due_at)
            for each in stored.suspensions
        ],
        hops=[(each.agency or "–", each.forwarded_at, each.answered_at, each.due_at) for each in stored.hops],
    )


def _step(step: Step, language: Language) -> str:
    own = f"step.{step.step}"
    return text(own, language) if own in TEXTS else word(EVENTS, step.step, language)


async def views_of(site: Site, request: Request, those: Iterable[Dossier]) -> dict[str, DossierView]:
    """What intake tells of them, by code. It tells reporting of every dossier, so what the reader may not see, as the
    figures have it or as intake does by now, is left out here."""
    scope = scope_of(request)
    codes = [one.code for one in those if scope.covers(one.department, one.received_by)]
    views = await site.reporting.views.of(codes, language_of(request))
    return {code: one for code, one in views.items() if scope.covers(one.department, one.received_by)}


async def snapshot_of(site: Site, code: str) -> Dossier | None:
    """The dossier as the figures have it."""
    return (await snapshots_of(site, [code])).get(code)


async def snapshots_of(site: Site, codes: list[str]) -> dict[str, Dossier]:
    """Several of them, by code."""
    wanted = select(dossiers.c.code, dossiers.c.snapshot).where(dossiers.c.code.in_(codes))
    async with answering(site.reporting.engine) as connection:
        rows = (await connection.execute(wanted)).all()
    try:
        return {row.code: usable_status(row.snapshot) for row in rows}
    except Unusable as unusable:
        raise BrokenDossier(", ".join(codes[:1]), unusable.detail) from unusable


def without_rows(query: FigureQuery) -> FigureQuery:
    """The query of its total alone."""
    return replace(query, by=())
