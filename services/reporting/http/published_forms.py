"""`GET /v1/publications/{number}/ii06a`: the form of published figures, in files that carry the number and the hash."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import GROUPINGS, form_of
from services.reporting.documents.frame import Frame
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.http.figures import FigureRoutes
from services.reporting.http.forms import in_every_format
from services.reporting.http.parameters import Lang, Parameters, language_wanted, not_among, one_dimension
from services.reporting.http.publications import LARGEST, UNKNOWN, Number, as_problems, inside_only
from services.reporting.publishing.publications import Publications
from shared.access.roles import Permission
from shared.language.languages import Language
from shared.language.numbers import count
from shared.service.access import requires
from shared.service.http import declared_parameters_only, invalid

MOST_NAMED = 20


class PublishedFormParameters(Parameters):
    """Of the form of a publication."""

    by: str = Field(Dimension.DEPARTMENT.value, description="department or field, whichever was published")
    revision: int | None = Field(None, description="as this revision has it", ge=1, le=LARGEST)
    format: str = Field("json", description=f"the format: {', '.join(FORMATS)}")
    lang: Lang = None


def router(to: FigureRoutes, publications: Publications) -> APIRouter:
    """Its numbers are the stored ones; they have no links, for lists of today are of other dossiers."""
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
        by = one_dimension(given.by, GROUPINGS)
        language = language_wanted(given.lang, request.headers.get("accept-language"))
        with as_problems():
            found, published = await publications.report(number, by, given.revision or 0)
        form = form_of(found, to.catalogue, language, _procedures(found.query, language))
        frame = Frame(to.recording_clock(), to.heading, published)
        return await asyncio.to_thread(render, given.format, form, frame)

    return routes


def _procedures(query: FigureQuery, language: Language) -> dict[str, list[str]]:
    """What it was narrowed to: the procedures, or how many there are of them."""
    chosen = query.filters.procedures
    if chosen is None:
        return {}
    return {Dimension.PROCEDURE: sorted(chosen) if len(chosen) <= MOST_NAMED else [count(len(chosen), language)]}
