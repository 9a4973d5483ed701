"""`GET /v1/publications/{number}/ii06a`: the form of published figures, in files that carry the number and the hash."""

import asyncio
from functools import partial
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from services.reporting.documents.charts.chart import Links
from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import GROUPINGS, Form, form_of
from services.reporting.documents.frame import Frame
from services.reporting.figures.query import Dimension, FigureQuery, GroupKey
from services.reporting.figures.report import Report
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.forms import in_every_format
from services.reporting.http.parameters import Lang, Parameters, language_wanted, not_among, one_dimension
from services.reporting.http.publications import LARGEST, UNKNOWN, Number, as_problems, inside_only
from services.reporting.publishing.publications import Publications
from shared.access.roles import Permission
from shared.language.languages import Language
from shared.language.numbers import count
from shared.publishing.cells import cell_name
from shared.service.access import requires
from shared.service.http import declared_parameters_only, invalid

MOST_NAMED = 20
PAGES = "/publications"
"""Reporting's pages of what was published; below the number of one, its lists of dossiers."""


class PublishedFormParameters(Parameters):
    """Of the form of a publication."""

    by: str = Field(Dimension.DEPARTMENT.value, description="department or field, whichever was published")
    revision: int | None = Field(None, description="as this revision has it", ge=1, le=LARGEST)
    format: str = Field("json", description=f"the format: {', '.join(FORMATS)}")
    lang: Lang = None


def router(to: FigureRoutes, publications: Publications) -> APIRouter:
    """Its numbers are the stored ones, and open the dossiers that were counted then."""
    checked = [Depends(declared_parameters_only), Depends(inside_only(publications))]
    routes = APIRouter(prefix="/v1", tags=["publications"], dependencies=[requires(Permission.READ_FIGURES), *checked])

    @routes.get(
        "/publications/{number}/ii06a",
        summary="The statutory form II.06a of what was published",
        response_class=Response,
        responses={200: in_every_format(), **UNKNOWN},
    )
    async def get_form(
        request: Request, number: Number, given: Annotated[PublishedFormParameters, Query()]
    ) -> Response:
        if given.format not in FORMATS:
            raise invalid("format", *not_among(given.format, FORMATS))
        language = language_wanted(given.lang, request.headers.get("accept-language"))
        wanted = Wanted(number, one_dimension(given.by, GROUPINGS), given.revision or 0)
        form, frame = await published_form(to, publications, wanted, language, request)
        return await asyncio.to_thread(render, given.format, form, frame)

    return routes


class Wanted(NamedTuple):
    """A table of a publication: by which dimension, and as which revision has it (0: as it was published)."""

    number: int
    by: Dimension
    revision: int = 0


async def published_form(
    to: FigureRoutes, publications: Publications, wanted: Wanted, language: Language, request: Request
) -> tuple[Form, Frame]:
    """The form of what was published, and what stands around it in a file."""
    with as_problems():
        found, published = await publications.report(*wanted)
    form = form_of(found, to.catalogue, language, procedures_said(found.query, language))
    return form, Frame(
        to.recording_clock(), to.heading, published, str(request.base_url), partial(published_links, wanted, found)
    )


def published_links(wanted: Wanted, found: Report) -> Links:
    """The paths to the lists of its numbers, as their dossiers counted then."""
    revision = {"revision": wanted.revision} if wanted.revision else {}

    def path(key: GroupKey, column: str) -> str:
        cell = cell_name(wanted.by.value, key[0], column) if key else cell_name(None, None, column)
        return f"{PAGES}/{wanted.number}/dossiers?{urlencode({'cell': cell, **revision})}"

    return {(place, column): path(key, column) for place, key, column in found.numbers()}


def procedures_said(query: FigureQuery, language: Language) -> dict[str, list[str]]:
    """What it was narrowed to: the procedures, or how many there are of them."""
    chosen = query.filters.procedures
    if chosen is None:
        return {}
    return {Dimension.PROCEDURE: sorted(chosen) if len(chosen) <= MOST_NAMED else [count(len(chosen), language)]}
