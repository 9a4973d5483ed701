"""`GET /v1/publications/{number}/ii06a`: the form of published figures, in files that carry the number and the hash."""

import asyncio
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import GROUPINGS, Form, form_of
from services.reporting.documents.frame import Frame
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import Report
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.forms import in_every_format
from services.reporting.http.parameters import Lang, Parameters, language_wanted, not_among, one_dimension
from services.reporting.http.publications import LARGEST, UNKNOWN, Number, as_problems, inside_only
from services.reporting.publishing.publications import Publications
from shared.access.roles import Permission
from shared.domain.columns import KEYS
from shared.domain.figures import Figures
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
    paths = {
        f"total.{key}" if place is None else f"rows.{place}.{key}": path
        for (place, key), path in published_lists(wanted, found).items()
    }
    form = form_of(found, to.catalogue, language, procedures_said(found.query, language))
    return form, Frame(to.recording_clock(), to.heading, published, str(request.base_url), lambda: paths)


def published_lists(wanted: Wanted, found: Report) -> dict[tuple[int | None, str], str]:
    """By the row's place in the report (None: the total) and the column, where the dossiers of a number are listed as
    they counted then; of those that have any."""
    rows: list[tuple[int | None, str | None, str | None, Figures]] = [(None, None, None, found.total)]
    rows += [(place, wanted.by.value, row.key[0], row.figures) for place, row in enumerate(found.rows)]
    revision = {"revision": wanted.revision} if wanted.revision else {}
    return {
        (place, key): f"{PAGES}/{wanted.number}/dossiers?{urlencode({'cell': cell_name(by, value, key), **revision})}"
        for place, by, value, figures in rows
        for key in KEYS
        if figures[key]
    }


def procedures_said(query: FigureQuery, language: Language) -> dict[str, list[str]]:
    """What it was narrowed to: the procedures, or how many there are of them."""
    chosen = query.filters.procedures
    if chosen is None:
        return {}
    return {Dimension.PROCEDURE: sorted(chosen) if len(chosen) <= MOST_NAMED else [count(len(chosen), language)]}
