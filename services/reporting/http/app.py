"""Reporting over HTTP: its routes wired, stored snapshots, health and metrics, and failures as problem details."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from services.reporting.figures.gauges import FigureGauges, ledger_totals
from services.reporting.http import (
    attention,
    checks,
    events,
    figures,
    follow_up_deliveries,
    follow_ups,
    forms,
    publications,
    published_forms,
    rebuilds,
)
from services.reporting.http.attention import AttentionSources
from services.reporting.http.events import FigureEvents
from services.reporting.http.figures import MOST_ROWS, FigureRoutes
from services.reporting.http.follow_ups import FollowUpSources
from services.reporting.intake.calendar import CalendarFeed
from services.reporting.intake.client import DossierViews
from services.reporting.opening.tokens import Tokens
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.publishing.freezing import Freezing
from services.reporting.publishing.publications import Publications
from services.reporting.read_model.contributions import BrokenDossier
from services.reporting.read_model.store import OldRules, audit_of
from services.reporting.read_model.tables import dossiers
from shared.access.roles import Permission
from shared.auditing.entries import Act, AuditEntry
from shared.catalogue import Catalogue
from shared.contract.http import REPORTING, answered, answered_lines
from shared.contract.http.rebuilds import ReadModelHead
from shared.contract.status import StatusV1
from shared.language.languages import Language
from shared.papers.heading import Heading
from shared.service.access import Access, access_with_pages, requires
from shared.service.audit_routes import audit_router
from shared.service.clock import Clock, system_clock
from shared.service.http import GUARDED, Ndjson, add_routes, json_response, new_application
from shared.service.observability import health, operations_router
from shared.service.oidc.provider import Provider
from shared.service.problems import Problem, language_wanted
from shared.service.sql import DATABASE_ERRORS, answers, is_transient

PAGE = 2000
RETRY_AFTER_S = "2"
REBUILT_AFTER_S = "30"
CHEAP = ("/static/", "/session", "/docs", "/openapi.json", "/metrics", "/v1/events")


def is_question(_method: str, path: str) -> bool:
    """Whether a request is answered from the read model or by making a document: all but a few are."""
    return not path.startswith(CHEAP)


@dataclass(frozen=True, slots=True)
class Reporting:
    """What the routes need, wired once."""

    engine: AsyncEngine
    catalogue: Catalogue
    clock: Clock
    api_key: SecretStr | None
    health: ProjectorHealth
    registry: CollectorRegistry
    gauges: FigureGauges
    calendar: CalendarFeed | None = None
    views: DossierViews = field(default_factory=lambda: DossierViews(None, SecretStr("")))  # without intake: none
    rebuilds_by_itself: bool = False
    recording_clock: Clock = system_clock
    publications: Publications | None = None  # without them nothing can be published: intake is not known
    figures_max_rows: int = MOST_ROWS
    heading: Heading = field(default_factory=Heading)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    access_dir: Path | None = None
    public_url: str | None = None
    provider: Provider | None = None
    follows_up: bool = True
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        """One for pages and routes: a session that was ended is known to both."""
        access = access_with_pages("reporting", self.api_key, self.access_dir, self.public_url, self.provider)
        object.__setattr__(self, "access", access)

    @property
    def attention_sources(self) -> AttentionSources:
        """What the follow-up list is made of."""
        return AttentionSources(self.engine, self.catalogue, self.calendar, self.clock)

    @property
    def follow_up_sources(self) -> FollowUpSources:
        """What the register of slips is made of."""
        return FollowUpSources(self.engine, self.catalogue, self.clock, self.heading, self.follows_up)

    @property
    def publishing(self) -> Publications:
        """What was published; nothing can be where intake is not known."""
        if self.publications is not None:
            return self.publications
        freezing = Freezing(self.engine, self.catalogue, self.recording_clock, None)
        return Publications(self.engine, self.catalogue, self.clock, self.recording_clock, freezing)

    @property
    def figure_routes(self) -> FigureRoutes:
        """What routes of figures need."""
        tokens = Tokens(self.catalogue)
        return FigureRoutes(
            self.engine,
            self.catalogue,
            self.clock,
            self.recording_clock,
            tokens,
            self.figures_max_rows,
            self.heading,
        )


def create_app(reporting: Reporting) -> FastAPI:
    """The application; it opens nothing itself."""
    access = reporting.access
    app = new_application(
        title="Motcua reporting",
        version="1",
        description=(
            "Figures of dossiers for any period and grouping, by a named definition, with the identities they satisfy."
        ),
        access=access,
        messages=[*REPORTING.values(), StatusV1],
    )
    for error in DATABASE_ERRORS:
        app.add_exception_handler(error, _on_database_error)
    app.add_exception_handler(OldRules, _on_old_rules(by_itself=reporting.rebuilds_by_itself))
    app.add_exception_handler(BrokenDossier, _on_broken_dossier)
    engine, offices, clock = reporting.engine, reporting.catalogue, reporting.clock
    routes = reporting.figure_routes
    add_routes(app, _operations(reporting))
    add_routes(
        app,
        figures.router(routes),
        forms.router(routes),
        _snapshots(engine),
        attention.router(reporting.attention_sources),
        follow_ups.router(reporting.follow_up_sources),
        follow_up_deliveries.router(reporting.follow_up_sources),
        publications.router(reporting.publishing),
        published_forms.router(routes, reporting.publishing),
        rebuilds.router(engine, reporting.recording_clock),
        checks.router(),
        events.router(FigureEvents(engine, offices, clock, reporting.stopping)),
        audit_router(),
        responses=GUARDED,
    )
    app.state.audit = audit_of(engine)
    return app


async def _on_database_error(request: Request, error: Exception) -> Response:
    if not is_transient(error):
        raise error
    away = Problem(
        503,
        "Service Unavailable",
        "the read model's database does not answer; try again shortly",
        headers={"Retry-After": RETRY_AFTER_S},
        vietnamese="cơ sở dữ liệu của phân hệ báo cáo không trả lời; hãy thử lại sau ít phút",
    )
    return away.response(language_wanted(request, Language.ENGLISH))


def _on_old_rules(*, by_itself: bool) -> Callable[[Request, Exception], Awaitable[Response]]:
    way_out = (
        "reporting is making it anew from intake's log; try again in a while"
        if by_itself
        else "run `motcua rebuild`, then try again"
    )

    async def answer(request: Request, old: Exception) -> Response:
        outdated = Problem(
            503,
            "Service Unavailable",
            f"{old}, so its figures would be wrong; {way_out} (`motcua rebuild` makes it anew at any time)",
            headers={"Retry-After": REBUILT_AFTER_S},
            code="old_rules",
            vietnamese="số liệu được lập theo quy tắc cũ nên có thể sai, và đang được lập lại; hãy thử lại sau",
        )
        return outdated.response(language_wanted(request, Language.ENGLISH))

    return answer


async def _on_broken_dossier(_request: Request, broken: Exception) -> Response:
    assert isinstance(broken, BrokenDossier)
    return Problem(500, "Internal Server Error", str(broken), code="broken_dossier", dossier=broken.code).response()


def _operations(reporting: Reporting) -> APIRouter:
    async def live(_request: Request) -> Response:
        """200 while the projector goes round its loop."""
        return health(good=reporting.health.heartbeat.is_moving, otherwise="stuck")

    async def ready(_request: Request) -> Response:
        """200 when the database answers and the status topic is being read."""
        good = reporting.health.assigned and await answers(reporting.engine)
        return health(good=good, poison_in_a_row=reporting.health.poison_in_a_row, access=reporting.access.trouble)

    async def registry(_request: Request) -> CollectorRegistry:
        await reporting.gauges.refresh()
        return reporting.registry

    return operations_router(live, ready, registry)


def _snapshots(engine: AsyncEngine) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["figures"], dependencies=[requires(Permission.READ_LOG)])

    @router.get(
        "/dossiers",
        summary="The status snapshots that are counted, one a line, by code",
        response_class=Ndjson,
        responses={200: answered_lines(StatusV1)},
    )
    async def get_dossiers() -> Ndjson:
        await audit_of(engine).write_alone(AuditEntry(Act.SNAPSHOTS_EXPORTED))
        return Ndjson(_lines(engine))

    @router.get(
        "/dossiers/head",
        summary="How many events of intake's log have reached the read model",
        responses={200: answered(ReadModelHead)},
    )
    async def get_head() -> Response:
        async with engine.connect() as connection:
            ledger = await ledger_totals(connection)
        if ledger is None:
            return json_response(ReadModelHead(events=None, log_events=None))
        return json_response(ReadModelHead(events=ledger.events, log_events=ledger.numbers))

    return router


async def _lines(engine: AsyncEngine) -> AsyncGenerator[bytes]:
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
