"""Reporting's HTTP door: figures, the statutory form, the stored snapshots, health and metrics."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.reporting import figures
from services.reporting.accepted import FIGURES_ONCE, FIGURES_REPEATED, FORM_ONCE, only
from services.reporting.forms import FORMATS, GROUPINGS, render
from services.reporting.gauges import FigureGauges
from services.reporting.health import Progress
from services.reporting.parameters import FigureParameters, figure_query, invalid, one_dimension
from services.reporting.query import Dimension
from services.reporting.store import answers, dossiers
from services.reporting.unavailable import passes
from shared import problems
from shared.catalogue import Catalogue
from shared.clock import Clock
from shared.observability import exposition
from shared.problems import Problem
from shared.security import require_key

NDJSON = "application/x-ndjson"
PAGE = 2000
RETRY_AFTER_S = "2"


@dataclass(frozen=True, slots=True)
class Reporting:
    """What the routes need, wired once."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    api_key: SecretStr
    progress: Progress
    registry: CollectorRegistry
    gauges: FigureGauges


def create_app(reporting: Reporting) -> FastAPI:
    """The application; it opens nothing itself."""
    app = FastAPIOffline(
        title="Motcua reporting",
        version="1",
        description="Figures of dossiers for any period and grouping, by a named definition, with the identities they satisfy.",
    )
    problems.install(app)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.include_router(_operations(reporting))
    app.include_router(_figures(reporting), prefix="/v1", dependencies=[Depends(require_key(reporting.api_key))])
    return app


async def _on_database_error(_request: Request, error: Exception) -> Response:
    if not passes(error):
        raise error
    away = "the read model's database does not answer; try again shortly"
    return Problem(503, "Service Unavailable", away, headers={"Retry-After": RETRY_AFTER_S}).response()


def _operations(reporting: Reporting) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz/live", summary="Whether the projector goes round its loop")
    async def live() -> Response:
        return _health("stuck", good=reporting.progress.moving)

    @router.get("/healthz/ready", summary="Whether the database answers and the status topic is being read")
    async def ready() -> Response:
        return _health("not ready", good=reporting.progress.assigned and await answers(reporting.engine))

    @router.get("/metrics", summary="OpenMetrics", response_class=Response)
    async def metrics() -> Response:
        await reporting.gauges.refresh()
        return exposition(reporting.registry)

    return router


def _health(otherwise: str, *, good: bool) -> Response:
    return JSONResponse({"status": "ok" if good else otherwise}, 200 if good else 503)


def _figures(reporting: Reporting) -> APIRouter:
    router = APIRouter(
        tags=["figures"], responses={422: {"description": "a parameter is wrong: `parameter` names it, `detail` says what to write"}}
    )

    @router.get("/figures", summary="The figures of a period", dependencies=[Depends(only(FIGURES_ONCE, FIGURES_REPEATED))])
    async def get_figures(given: Annotated[FigureParameters, Depends()]) -> dict[str, Any]:
        query = figure_query(given, reporting.catalogue, reporting.clock())
        return figures.as_json(await figures.report(reporting.engine, query, reporting.catalogue))

    one_of_each = [Depends(only(FORM_ONCE))]

    @router.get("/reports/ii06a", summary="The statutory form II.06a", response_class=Response, dependencies=one_of_each)
    async def get_form(
        first: Annotated[str | None, Query(alias="from", description="first day")] = None,
        last: Annotated[str | None, Query(alias="to", description="last day, inclusive")] = None,
        by: Annotated[str, Query(description="department or field")] = Dimension.DEPARTMENT.value,
        wanted: Annotated[str, Query(alias="format", description="json, csv or text")] = "json",
    ) -> Response:
        if wanted not in FORMATS:
            raise invalid("format", f"{wanted!r} is not available; available: {', '.join(FORMATS)}")
        given = FigureParameters(first=first, last=last, by=[one_dimension(by, GROUPINGS)])
        query = figure_query(given, reporting.catalogue, reporting.clock())
        return render(wanted, await figures.report(reporting.engine, query, reporting.catalogue), reporting.catalogue)

    @router.get("/dossiers", summary="The status snapshots that are counted, one a line, by code", response_class=StreamingResponse)
    async def get_dossiers() -> StreamingResponse:
        return StreamingResponse(_snapshots(reporting.engine), media_type=NDJSON)

    return router


async def _snapshots(engine: AsyncEngine) -> AsyncIterator[bytes]:
    """Page by page, each in a transaction of its own: a slow reader holds nothing up."""
    after = ""
    page_of = select(dossiers.c.code, dossiers.c.snapshot).order_by(dossiers.c.code).limit(PAGE)
    while True:
        async with engine.connect() as connection:
            page = (await connection.execute(page_of.where(dossiers.c.code > after))).all()
        if not page:
            return
        yield b"".join(row.snapshot + b"\n" for row in page)
        after = page[-1].code
