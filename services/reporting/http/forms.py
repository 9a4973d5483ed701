"""`GET /v1/reports/ii06a`: the statutory form, in each of its formats."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.reporting.figures.query import Dimension
from services.reporting.figures.report import report
from services.reporting.forms.form import GROUPINGS, form_of
from services.reporting.forms.formats import FORMATS, render
from services.reporting.http.figures import WRONG, FigureRoutes
from services.reporting.http.parameters import FormParameters, language_wanted, one_dimension
from shared.contract.http import answered
from shared.contract.http.figures import FormAnswer
from shared.service.http import declared_parameters_only, invalid


def router(to: FigureRoutes) -> APIRouter:
    routes = APIRouter(tags=["figures"], responses=WRONG, dependencies=[Depends(declared_parameters_only)])

    @routes.get(
        "/reports/ii06a",
        summary="The statutory form II.06a",
        response_class=Response,
        responses={200: answered(FormAnswer)},
    )
    async def get_form(request: Request, given: Annotated[FormParameters, Query()]) -> Response:
        if given.format not in FORMATS:
            raise invalid("format", f"{given.format!r} is not available; available: {', '.join(FORMATS)}")
        if given.sections not in (None, Dimension.LEVEL.value):
            raise invalid("sections", f"{given.sections!r} is not known; write level, or leave it out")
        sections = [] if given.sections is None else [Dimension.LEVEL]
        query = to.query(given, one_dimension(given.by, GROUPINGS), *sections)
        found = await report(to.engine, query, to.catalogue)
        language = language_wanted(given.lang, request.headers.get("accept-language"))
        return await asyncio.to_thread(render, given.format, form_of(found, to.catalogue, language))

    return routes
