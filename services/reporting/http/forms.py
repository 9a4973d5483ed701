"""`GET /v1/reports/ii06a`: the statutory form, in each of its formats."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.reporting.documents.formats import FORMATS, render
from services.reporting.documents.forms.form import GROUPINGS, Form, form_of
from services.reporting.figures.pairs import gathered_pair_in
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.report import Report, report_in
from services.reporting.http.beside import query_beside
from services.reporting.http.bounds import Bound
from services.reporting.http.figures import WRONG, FigureRoutes
from services.reporting.http.names import words
from services.reporting.http.parameters import (
    FilterParameters,
    FormParameters,
    language_wanted,
    not_among,
    one_dimension,
)
from services.reporting.http.periods import refuse_unbegun
from services.reporting.read_model.store import answering
from shared.access.roles import Permission
from shared.contract.http import answered
from shared.contract.http.figures import FormAnswer
from shared.language.languages import Language
from shared.service.access import requires
from shared.service.http import declared_parameters_only, invalid


def router(to: FigureRoutes) -> APIRouter:
    routes = APIRouter(
        prefix="/v1",
        tags=["figures"],
        responses=WRONG,
        dependencies=[requires(Permission.READ_FIGURES), Depends(declared_parameters_only)],
    )

    @routes.get(
        "/reports/ii06a",
        summary="The statutory form II.06a",
        response_class=Response,
        responses={200: in_every_format()},
    )
    async def get_form(request: Request, scope: Bound, given: Annotated[FormParameters, Query()]) -> Response:
        if given.format not in FORMATS:
            raise invalid("format", *not_among(given.format, FORMATS))
        if given.sections not in (None, Dimension.LEVEL.value):
            raise invalid("sections", *not_among(given.sections, [Dimension.LEVEL]))
        language = language_wanted(given.lang, request.headers.get("accept-language"))
        sections = [] if given.sections is None else [Dimension.LEVEL]
        query = to.query(scope, given, one_dimension(given.by, GROUPINGS), *sections)
        refuse_unbegun(query)
        asked = _of_procedures(given)
        other = None if given.against is None else query_beside(query, given.against)
        found, form = await form_with_charts(
            to, query, other, language=language, of_procedures=asked, wanted=given.format
        )
        return await asyncio.to_thread(render, given.format, form, to.frame(found, request))

    return routes


async def form_with_charts(
    to: FigureRoutes,
    query: FigureQuery,
    other: FigureQuery | None,
    *,
    language: Language,
    of_procedures: Mapping[str, Sequence[str]],
    wanted: str,
) -> tuple[Report, Form]:
    """The report and its form beside the other period, with what the charts of the wanted format need: of one state."""
    compared = by_month = None
    async with answering(to.engine) as connection:
        if other is None:
            found = await report_in(connection, query, to.catalogue)
        else:
            found, beside = (await gathered_pair_in(connection, query, other, to.catalogue)).reports()
            compared = form_of(beside, to.catalogue, language, of_procedures)
        if FORMATS[wanted].has_charts:
            by_month = await report_in(connection, replace(query, by=(query.month,)), to.catalogue)
    form = form_of(found, to.catalogue, language, of_procedures)
    return found, replace(form, compared=compared, by_month=by_month)


def in_every_format() -> dict[str, Any]:
    """How the API documents show the answer: JSON with its members, and the media types of the files."""
    answer = answered(FormAnswer)
    for format_ in FORMATS.values():
        answer["content"].setdefault(format_.media_type.partition(";")[0], {})
    return answer


def _of_procedures(given: FilterParameters) -> dict[str, list[str]]:
    """The procedures, fields and levels that are asked for, by dimension."""
    asked = {Dimension.PROCEDURE: given.procedure, Dimension.LEVEL: given.level}
    return {
        Dimension.FIELD: given.field or [],
        **{name: words(name, values) for name, values in asked.items() if values},
    }
