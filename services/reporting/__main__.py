"""Starts reporting: read model, projector and HTTP application in one process, which ends when any of them breaks."""

import sys
from functools import partial

import uvloop
from prometheus_client import CollectorRegistry

from services.reporting.figures.gauges import FigureGauges, name_departments
from services.reporting.follow_up.metrics import FollowUpMetrics
from services.reporting.follow_up.service import FollowUpParts, follow_up_of
from services.reporting.http.app import Reporting, create_app, is_question
from services.reporting.intake.calendar import CalendarFeed
from services.reporting.intake.client import AcceptedEvents, DossierViews, IntakeLog, intake_client
from services.reporting.pages.routes import add_pages
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projector import Projector
from services.reporting.publishing.freezing import Freezing
from services.reporting.publishing.publications import Publications
from services.reporting.read_model.store import is_empty, migrate, open_engine
from services.reporting.rebuild.automatic import AutomaticRebuild
from services.reporting.settings import ReportingSettings
from shared import catalogue
from shared.contract.topics import STATUS
from shared.papers.heading import Heading
from shared.service.broker_watch import BrokerWatch
from shared.service.clock import clock_from, system_clock
from shared.service.database_watch import DatabaseWatch
from shared.service.gate import Costly, guard
from shared.service.oidc.provider import Provider
from shared.service.run import Server, ServiceRun, begin

GRACE_SECONDS = 10
REBUILD_TIMEOUT_S = 60.0


async def serve(settings: ReportingSettings) -> int:
    """Until a signal (0) or until a part breaks (70)."""
    run = ServiceRun()
    run.stop_on_signals()
    engine = open_engine(settings.database_url, settings.database_tls())
    try:
        await migrate(engine)
        clock = clock_from(settings.clock)
        registry, health = CollectorRegistry(), ProjectorHealth()
        metrics = PipelineMetrics(registry)
        offices = catalogue.load(settings.catalogue)
        name_departments(registry, offices)
        feed = CalendarFeed(settings, offices, system_clock, lambda reason: metrics.dead_letters.labels(reason).inc())
        accepted = AcceptedEvents(settings.intake_url, settings.key_of_intake)
        gauges = FigureGauges(engine, clock, settings.year, accepted, lambda: feed.known.catalogue)
        registry.register(gauges)
        broker, database = BrokerWatch(settings), DatabaseWatch(engine)
        metrics.watch(health, broker, database)
        log_of_intake = None if settings.intake_url is None else IntakeLog(settings.intake_url, settings.key_of_intake)
        reporting = Reporting(
            engine,
            offices,
            clock,
            settings.api_key,
            health,
            registry,
            gauges,
            calendar=feed,
            views=DossierViews(settings.intake_url, settings.key_of_intake),
            rebuilds_by_itself=settings.intake_url is not None,
            figures_max_rows=settings.figures_max_rows,
            heading=Heading(settings.superior, settings.office, settings.place),
            stopping=run.stopping,
            access_dir=settings.access_dir,
            public_url=settings.public_url,
            provider=None if settings.oidc is None else Provider(settings.oidc),
            follows_up=bool(settings.recipients),
            publications=Publications(
                engine, offices, clock, system_clock, Freezing(engine, offices, system_clock, log_of_intake)
            ),
        )
        application = guard(
            add_pages(create_app(reporting), reporting),
            settings,
            Costly(is_question, settings.max_questions_at_once, "MAX_QUESTIONS_AT_ONCE"),
        )
        server = Server(
            application,
            host=settings.host,
            port=settings.port,
            grace_seconds=GRACE_SECONDS,
            trusted_proxies=settings.trusted_proxies,
        )
        projector = Projector(settings, engine, system_clock, health, metrics)
        if settings.intake_url is not None:
            lost_before = system_clock() if await is_empty(engine) else None
            rebuild = AutomaticRebuild(
                engine,
                settings.intake_url,
                partial(intake_client, settings.intake_url, settings.key_of_intake, timeout_s=REBUILD_TIMEOUT_S),
                system_clock,
                lost_before,
                fills=lambda: health.filling,
            )
            projector.on_lost = rebuild.request
            run.start("rebuild", rebuild.serve(run.stopping))
        run.start("broker watch", broker.run(run.stopping))
        run.start("database watch", database.run(run.stopping))
        parts = FollowUpParts(
            engine, lambda: feed.known, clock, FollowUpMetrics(registry), partial(_is_current, health, broker)
        )
        follow_up = follow_up_of(settings, parts)
        if follow_up is not None:
            run.start("follow_up", follow_up.run(run.stopping))
        run.start("calendar", feed.run(run.stopping))
        run.start("projector", projector.run(run.stopping))
        return await run.serve(server)
    finally:
        await engine.dispose()


def _is_current(health: ProjectorHealth, broker: BrokerWatch) -> bool:
    """Whether the read model holds all that the broker had when it was looked at last."""
    ends = broker.ends(STATUS.name)
    return (
        health.assigned
        and not health.filling
        and ends is not None
        and all(health.positions.get(partition, 0) >= end for partition, end in ends.items())
    )


def main() -> None:
    settings = begin("reporting", ReportingSettings)
    sys.exit(uvloop.run(serve(settings)))


if __name__ == "__main__":
    main()
