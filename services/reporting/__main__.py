"""Starts reporting: the read model, the projector and the HTTP door, in one process that ends when any of them breaks."""

import asyncio
import signal
import sys

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from services.reporting.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake import AcceptedEvents
from services.reporting.projecting.metrics import PipelineMetrics, ProjectorHealth
from services.reporting.projecting.projector import Projector
from services.reporting.read_model.store import is_empty, migrate, open_engine
from services.reporting.rebuild.automatic import AutomaticRebuild
from services.reporting.settings import ReportingSettings
from shared import catalogue
from shared.service.clock import clock_from, system_clock
from shared.service.observability import configure_logging
from shared.service.run import Server, collect_seldom
from shared.service.settings import read_settings

BROKEN = 70  # EX_SOFTWARE
GRACE_SECONDS = 10

log = structlog.get_logger()


async def serve(settings: ReportingSettings) -> int:
    """Until a signal (0) or until the projector breaks (BROKEN): figures that stand still must not look alive."""
    engine = open_engine(settings.database_url)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn takes them over while it serves, and hands them back when it has shut down
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        await migrate(engine)
        clock = clock_from(settings.clock)
        registry, health = CollectorRegistry(), ProjectorHealth()
        gauges = FigureGauges(engine, clock, settings.year, AcceptedEvents(settings.intake_url, settings.api_key))
        registry.register(gauges)
        offices = catalogue.load(settings.catalogue)
        reporting = Reporting(
            engine,
            offices,
            clock,
            settings.api_key,
            health,
            registry,
            gauges,
            settings.intake_url,
            figures_max_rows=settings.figures_max_rows,
        )
        server = Server(create_app(reporting), host=settings.host, port=settings.port, grace_seconds=GRACE_SECONDS)
        rebuild = None
        if settings.intake_url is not None:
            lost_before = system_clock() if await is_empty(engine) else None
            rebuild = AutomaticRebuild(
                engine, settings.intake_url, settings.api_key, system_clock, lost_before, fills=lambda: health.filling
            )
        projector = Projector(settings, engine, system_clock, health, PipelineMetrics(registry))
        if rebuild is not None:
            projector.on_lost = rebuild.request
        return await _together(server, projector, rebuild, stopping)
    finally:
        await engine.dispose()


async def _together(server: Server, projector: Projector, rebuild: AutomaticRebuild | None, stopping: asyncio.Event) -> int:
    tasks = {
        asyncio.create_task(projector.run(stopping), name="projector"),
        asyncio.create_task(server.serve(), name="server"),
        asyncio.create_task(_last(rebuild, stopping), name="rebuild"),
    }
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.set()
    for error in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(error, BaseException):
            log.critical("reporting_stops", error=repr(error), exc_info=error)
            return BROKEN
    return 0


async def _last(rebuild: AutomaticRebuild | None, stopping: asyncio.Event) -> None:
    """A rebuild that is done ends nothing."""
    if rebuild is not None:
        await rebuild.serve(stopping)
    await stopping.wait()


def main() -> None:
    settings = read_settings(ReportingSettings)
    configure_logging("reporting", settings.log_level)
    collect_seldom()
    sys.exit(uvloop.run(serve(settings)))


if __name__ == "__main__":
    main()
