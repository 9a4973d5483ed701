"""The daily follow-up, the late dossiers of a period to send out, and the period by every definition."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.reporting.documents.formats import FORMATS
from services.reporting.documents.handout import Handout, handout_csv, handout_xlsx
from services.reporting.figures.attention import WorkingTimeRuler, calendar_of
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import pinned
from services.reporting.figures.report import figure_row, report
from services.reporting.http.attention import AttentionParameters, attention_answer
from services.reporting.opening.lists import list_page
from services.reporting.opening.tokens import TokenFigure
from services.reporting.pages.dossiers import lateness, page_number, snapshots_of, views_of, without_rows
from services.reporting.pages.question import Asked, asked
from services.reporting.pages.report import choices, period_said
from services.reporting.pages.site import Site
from services.reporting.pages.texts import text
from services.reporting.read_model.store import answering
from shared.catalogue import Catalogue
from shared.contract.http.dossiers import DossierView
from shared.contract.http.figures import ListedDossier
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import EventKind
from shared.domain.localtime import local
from shared.domain.timeliness import DEFINITIONS
from shared.language.languages import Language
from shared.language.numbers import count
from shared.pages.site import HEADERS, language_of, path_with
from shared.service.problems import UNPROCESSABLE, Problem

A_PAGE = 50
XLSX = "xlsx"
HANDOUTS = {XLSX: FORMATS[XLSX].media_type, "office-csv": FORMATS["office-csv"].media_type}
MOST_LATE = 5000
LATE_COLUMNS = ("resolved_overdue", "in_progress_overdue")
COMPARED = (
    "resolved_total",
    "resolved_early",
    "resolved_on_time",
    "resolved_overdue",
    "overdue_share",
    "in_progress_overdue",
)
FOLLOW_UP = {"within": "2d", "department": "", "received_by": ""}
_REASONS = {EventKind.APOLOGISED.value: "reason", EventKind.EXTENDED.value: "legal_ground"}


@dataclass(frozen=True, slots=True)
class LateDossier:
    """A late dossier as it is sent out; `reason` is None where intake did not tell, or none was given."""

    listed: ListedDossier
    days: int
    reason: str | None
    apologised_at: datetime | None


async def get_follow_up(site: Site, request: Request) -> Response:
    """`/follow-up`: what GET /v1/attention lists."""
    given, language = request.query_params, language_of(request)
    reader, sources = site.reader(request), site.reporting.attention_sources
    typed = {name: given.get(name, default).strip() for name, default in FOLLOW_UP.items()}
    filters = reader.filters(typed, sources.clock().date())
    asked_for = AttentionParameters.model_validate(
        {"within": typed["within"], "limit": A_PAGE, "cursor": given.get("cursor"), **filters}
    )
    values: dict[str, Any] = {"typed": typed, "departments": reader.departments, "places": reader.places}
    try:
        answer = await attention_answer(sources, reader.scope, request, asked_for)
    except Problem as problem:
        if problem.details.field not in typed:
            raise
        field = str(problem.details.field)
        key = "unknown_within" if field == "within" else "unknown_value"
        mistakes = {field: text(key, language, value=typed[field])}
        return site.page(request, "follow_up.html", 422, answer=None, mistakes=mistakes, following=None, **values)
    link = None if answer.cursor is None else path_with("/follow-up", **_repeated(request, cursor=answer.cursor))
    return site.page(request, "follow_up.html", answer=answer, mistakes={}, following=link, **values)


async def get_late(site: Site, request: Request) -> Response:
    """`/late`: the late dossiers of the period, the latest first."""
    language = language_of(request)
    question = asked(site.figures, site.reader(request), request.query_params, language)
    values = _form_values(site, question, request)
    if question.query is None:
        return site.page(
            request, "late.html", 422, **values, late=[], files=[], number=0, following=None, truncated=False, period=""
        )
    listed, truncated = await _late(site, without_rows(question.query))
    number = page_number(request)
    end = number * A_PAGE
    late = await _told(site, request, listed[end - A_PAGE : end], question.query.as_of)
    link = path_with("/late", **_repeated(request, page=str(number + 1))) if end < len(listed) else None
    return site.page(
        request,
        "late.html",
        **values,
        late=late,
        files=[(name, path_with("/late/file", **{**question.as_parameters, "format": name})) for name in HANDOUTS],
        number=len(listed),
        following=link,
        truncated=truncated,
        most=MOST_LATE,
        period=period_said(question.query, language),
    )


async def get_late_file(site: Site, request: Request) -> Response:
    """`/late/file`: the whole list as a file to send out, as `format` says: xlsx or office-csv."""
    language, wanted = language_of(request), request.query_params.get("format", "")
    question = asked(site.figures, site.reader(request), request.query_params, language)
    if question.query is None or wanted not in HANDOUTS:
        detail = "; ".join(question.mistakes.values()) or f"format: choose one of {', '.join(HANDOUTS)}"
        raise Problem(422, UNPROCESSABLE, detail)
    query = without_rows(question.query)
    listed, truncated = await _late(site, query)
    late: list[LateDossier] = []
    for start in range(0, len(listed), A_PAGE):
        late += await _told(site, request, listed[start : start + A_PAGE], query.as_of)
    handout = _handout(site, late, period_said(query, language), language, truncated=truncated)
    made_at = site.reporting.recording_clock()
    content = await asyncio.to_thread(handout_xlsx, handout, made_at) if wanted == XLSX else handout_csv(handout)
    name = f"late_{query.first}_{query.last}.{wanted.removeprefix('office-')}"
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, 200, headers, HANDOUTS[wanted])


def _handout(site: Site, late: Sequence[LateDossier], period: str, language: Language, *, truncated: bool) -> Handout:
    notes = [period, text("late_lead", language)]
    if truncated:
        notes.append(text("late_truncated", language, number=count(MOST_LATE, language)))
    columns = ("code", "department", "procedure", "officer", "due_at", "closed_at", "days_late", "reason", "apology")
    rows = [
        (
            one.listed.code,
            site.department_name(one.listed.department),
            site.procedure_name(one.listed.procedure),
            one.listed.officer,
            one.listed.due_at,
            one.listed.closed_at or text("still_open", language),
            one.days,
            one.reason,
            one.apologised_at or text("not_apologised", language),
        )
        for one in late
    ]
    return Handout(text("late", language), tuple(notes), tuple(text(each, language) for each in columns), tuple(rows))


def _form_values(site: Site, question: Asked, request: Request) -> dict[str, Any]:
    return {
        "question": question,
        "here": question.as_parameters,
        **choices(site, site.reader(request), question, language_of(request)),
    }


async def _late(site: Site, query: FigureQuery) -> tuple[list[ListedDossier], bool]:
    """Those closed overdue and those overdue still, and whether there are more than are sorted."""
    found: list[ListedDossier] = []
    truncated = False
    async with answering(site.reporting.engine) as connection:
        pin = await pinned(connection, query.known_at)
        for column in LATE_COLUMNS:
            page = await list_page(connection, TokenFigure(query, (), column, pin), site.catalogue, MOST_LATE)
            found += page.items
            truncated |= page.after is not None
    return sorted(found, key=lambda one: lateness(one, query.as_of)), truncated


async def _told(site: Site, request: Request, listed: list[ListedDossier], now: datetime) -> list[LateDossier]:
    snapshots = await snapshots_of(site, [one.code for one in listed])
    views = await views_of(site, request, snapshots.values())
    known = site.reporting.attention_sources.known.catalogue
    return await asyncio.to_thread(
        lambda: [_late_dossier(one, snapshots.get(one.code), views.get(one.code), known, now) for one in listed]
    )


def _late_dossier(
    one: ListedDossier, snapshot: Dossier | None, view: DossierView | None, catalogue: Catalogue, now: datetime
) -> LateDossier:
    assert one.due_at is not None, "what is late has a deadline"
    ruler = WorkingTimeRuler(calendar_of(catalogue, one.department), local(one.closed_at or now))
    return LateDossier(
        one,
        days=max(-ruler.working_days(one.due_at), 0),
        reason=None if view is None else _reason(view),
        apologised_at=None if snapshot is None else snapshot.apologised_at,
    )


def _reason(view: DossierView) -> str | None:
    """What the latest apology or extension says."""
    for item in reversed(view.history):
        said = item.data.get(_REASONS.get(item.event, ""))
        if isinstance(said, str) and said:
            return said
    return None


async def get_definitions(site: Site, request: Request) -> Response:
    """`/definitions`: the same period by every definition."""
    language = language_of(request)
    question = asked(site.figures, site.reader(request), request.query_params, language)
    values = _form_values(site, question, request)
    if question.query is None:
        return site.page(request, "definitions.html", 422, **values, rows=[], period="")
    query, rows = without_rows(question.query), []
    for name in DEFINITIONS:
        found = await report(site.reporting.engine, replace(query, definition=name), site.catalogue)
        rows.append((name, figure_row(found.total)))
    return site.page(
        request, "definitions.html", **values, rows=rows, compared=COMPARED, period=period_said(query, language)
    )


def _repeated(request: Request, **changed: str) -> dict[str, str]:
    given = {name: value for name, value in request.query_params.items() if name not in ("cursor", "page")}
    return given | changed
