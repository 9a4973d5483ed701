"""What was published: the list, one publication with its numbers as they were, and the dossiers behind each of them."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request
from msgspec import UNSET
from starlette.responses import Response

from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import GROUPINGS, form_of, row_name
from services.reporting.figures.query import Dimension
from services.reporting.figures.report import TOTAL_IS_SUM
from services.reporting.http.bounds import scope_of
from services.reporting.http.paging import cursor_after, place_of
from services.reporting.http.publications import as_problems, check_inside, summaries_within
from services.reporting.http.published_forms import (
    PAGES,
    Wanted,
    procedures_said,
    published_form,
    published_links,
)
from services.reporting.opening.lists import LIST_START, ListPlace
from services.reporting.pages.dossiers import A_PAGE, Listing
from services.reporting.pages.question import number_typed
from services.reporting.pages.report import formats_said, period_said, table_of
from services.reporting.pages.site import Site
from shared.contract.http.publications import PublicationSummary
from shared.contract.http.published_documents import MovedDossier, NoteDocument, PublishedNote, RevisionDocument
from shared.language.languages import Language
from shared.language.periods import span_name
from shared.language.words import FIGURES, word
from shared.pages.site import begun, language_of, path_with
from shared.publishing.cells import NOT_IN_CATALOGUE, TOTAL
from shared.service.problems import UNPROCESSABLE, Problem

MOST_DIGITS = 17  # of a publication's number: what the database takes, and more than any has
LISTED = 50
MOST_MOVED_SHOWN = 200


async def get_list(site: Site, request: Request) -> Response:
    """`/publications`: what was published, the newest first."""
    before = number_typed(request.query_params.get("before", ""), MOST_DIGITS) or None
    found = await summaries_within(site.reporting.engine, site.catalogue, scope_of(request), LISTED + 1, before)
    page, language = found[:LISTED], language_of(request)
    following = path_with(PAGES, before=page[-1].number) if len(found) > LISTED else None
    rows = [(one, begun(span_name(one.first, one.last, language)), _now(one)) for one in page]
    return site.page(request, "publications.html", rows=rows, following=following)


def _now(published: PublicationSummary) -> str:
    """The figures of the same period, definition and units as they are now."""
    days = {"from": published.first.isoformat(), "to": published.last.isoformat()}
    named = days if published.period is None else {"period": published.period}
    return path_with("/", **named, definition=published.definition, organised=published.organised)


async def get_one(site: Site, request: Request) -> Response:
    """`/publications/{number}`: its figures as they were published, or as one of its revisions has them."""
    language, number, revision = language_of(request), _number(request), _revision(request)
    to, sort = site.reporting.publishing, request.query_params.get("sort")
    await check_inside(to, number, scope_of(request))
    with as_problems():
        published, revisions, notes = await to.story(number)
        document = await to.revision(number, revision) if revision else published
        wanted = Wanted(number, _dimension(request, document.query.by), revision)
        found = to.as_report(document, wanted.by)
    form = form_of(found, site.catalogue, language, procedures_said(found.query, language))
    here = f"{PAGES}/{number}"

    def again(**changed: Any) -> str:
        return path_with(here, **({"by": wanted.by.value, "revision": revision or None, "sort": sort} | changed))

    said = partial(_number_said, site, language)
    every_note: list[PublishedNote | NoteDocument] = [*published.notes, *notes]
    changes = document.changes if isinstance(document, RevisionDocument) else []
    moved = document.moved if isinstance(document, RevisionDocument) else []
    return site.page(
        request,
        "publication.html",
        published=published,
        document=document,
        revision=revision,
        revisions=revisions,
        form=form,
        by=wanted.by.value,
        period=period_said(found.query, language),
        table=table_of(form, published_links(wanted, found), sort),
        again=again,
        notes=[(said(note.cell), note) for note in every_note],
        changes=[(said(one.cell), one) for one in changes if _dimension_of(one.cell) in (TOTAL, wanted.by)],
        moved=[(one, *_shortly(said, wanted.by, one)) for one in moved[:MOST_MOVED_SHOWN]],
        more_moved=max(len(moved) - MOST_MOVED_SHOWN, 0),
        formats=formats_said(language) if wanted.by in GROUPINGS else [],
        to_file=lambda name: path_with(f"{here}/download", format=name, by=wanted.by.value, revision=revision or None),
        since=f"{here}/since",
        sum_of_rows=TOTAL_IS_SUM,
    )


async def get_since(site: Site, request: Request) -> Response:
    """`/publications/{number}/since`: a part of its page, what has become known since its last figures."""
    number, to = _number(request), site.reporting.publishing
    await check_inside(to, number, scope_of(request))
    with as_problems():
        pending = await to.pending(number)
    return site.page(request, "part_since.html", pending=pending)


async def get_download(site: Site, request: Request) -> Response:
    """`/publications/{number}/download`: the form of what was published in one of the formats."""
    number, to, language = _number(request), site.reporting.publishing, language_of(request)
    await check_inside(to, number, scope_of(request))
    wanted_format = request.query_params.get("format", "")
    if wanted_format not in FORMATS:
        raise Problem(422, UNPROCESSABLE, f"format: choose one of {', '.join(FORMATS)}")
    wanted = Wanted(number, _dimension(request, [each.value for each in GROUPINGS]), _revision(request))
    form, frame = await published_form(site.figures, to, wanted, language, request)
    return await asyncio.to_thread(render, wanted_format, form, frame)


async def get_dossiers(site: Site, request: Request) -> Response:
    """`/publications/{number}/dossiers`: those behind a published number, as they counted then."""
    number, to, language = _number(request), site.reporting.publishing, language_of(request)
    await check_inside(to, number, scope_of(request))
    cursor = request.query_params.get("cursor")
    after = LIST_START if cursor is None else place_of(request, cursor, ListPlace)
    with as_problems():
        found, end = await to.dossiers(number, _revision(request), request.query_params.get("cell", ""), A_PAGE, after)
    following = cursor_after(request, end)
    given = {name: value for name, value in request.query_params.items() if name not in ("cursor", "lang")}
    here = request.url.path
    link = None if following is None else path_with(here, **given, cursor=following)
    return site.page(
        request,
        "published_dossiers.html",
        found=found,
        figure=_number_said(site, language, found.cell),
        listing=Listing(found.dossiers, link, found.published, has_moved=False),
        counted=found.published if found.counted is UNSET else found.counted,
        first_page=path_with(here, **given),
        publication=path_with(f"{PAGES}/{number}", revision=found.revision),
    )


def _number_said(site: Site, language: Language, cell: str) -> str:
    """A published number in words: its column, and which row it stands in."""
    name, _, column = cell.rpartition(".")
    figure = word(FIGURES, column, language)
    if name == TOTAL:
        return figure
    dimension, _, value = name.partition(".")
    row = row_name(Dimension(dimension), None if value == NOT_IN_CATALOGUE else value, site.catalogue, language)
    return f"{figure}: {row}"


def _dimension_of(cell: str) -> str:
    return cell.partition(".")[0]


def _shortly(said: Callable[[str], str], by: Dimension, moved: MovedDossier) -> tuple[list[str], list[str]]:
    """Which numbers of the total it left and entered; of the table's rows, or of others, where it kept its place."""
    every = {_dimension_of(cell) for cell in (*moved.left, *moved.entered)}
    wanted = next(({one} for one in (TOTAL, by.value) if one in every), every)
    left, entered = ([said(cell) for cell in of if _dimension_of(cell) in wanted] for of in (moved.left, moved.entered))
    return left, entered


def _dimension(request: Request, offered: list[str]) -> Dimension:
    given = request.query_params.get("by", "")
    return Dimension(given if given in offered else offered[0])


def _number(request: Request) -> int:
    return number_typed(request.path_params["number"], MOST_DIGITS)


def _revision(request: Request) -> int:
    return number_typed(request.query_params.get("revision", ""), MOST_DIGITS)
