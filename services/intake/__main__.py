"""`python -m services.intake`: the service on loopback, until SIGTERM or SIGINT.

One typed lifespan builds everything and takes it down in reverse.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import structlog
import uvloop
from fastapi import FastAPI

from services.intake.accepting.committer import Committer
from services.intake.announcements.worker import MoveWorker
from services.intake.applicants.keeping import Applicants
from services.intake.applicants.master_keys import MasterKeySource
from services.intake.erasures import ErasuresFile
from services.intake.http import announcements as announcement_calls
from services.intake.http import applicants as applicant_calls
from services.intake.http import audit as audit_calls
from services.intake.http import bulk, catalogue, dead_letters, documents, dossiers, log, papers, service
from services.intake.http.service import Intake
from services.intake.log import calendar, event_log, standings
from services.intake.log.calendar import Announcements
from services.intake.log.database import audit_of, migrate, open_database
from services.intake.log.metrics import Metrics
from services.intake.pages.lookup.page import add_look_up
from services.intake.pages.routes import add_pages
from services.intake.relaying.announcements import AnnouncementRelay
from services.intake.relaying.dead_letters import DeadLetterBox
from services.intake.relaying.relay import CursorSetBack, Relay
from services.intake.settings import IntakeSettings
from services.intake.watch import IntakeWatch
from shared.catalogue import load
from shared.contract.http import INTAKE
from shared.service.access import access_by
from shared.service.clock import clock_from, system_clock
from shared.service.gate import Costly, guard
from shared.service.http import GUARDED, add_routes, declare, new_application
from shared.service.pacing import wait_until
from shared.service.run import Server, ServiceRun, begin, cancelled
from shared.service.sessions import signing_secret
from shared.service.sql import DATABASE_ERRORS

DESCRIPTION = (
    "Takes dossiers and their events: a 2xx means that the event is in the log, on disk, and will be counted once."
)
LOOKS_FIRST_SECONDS = (
    5.0  # nothing is accepted before the log was held against the topic, or the broker showed that it is away
)
GRACE_SECONDS = 30
UNCOMPARED_SERIALS = 1000  # of a day: more than a part of the log that was lost, unseen as yet, will have used
LOGGER = structlog.get_logger()


def create_app(settings: IntakeSettings, run: ServiceRun | None = None) -> FastAPI:
    """The ASGI application; its writer, relay and worker of the moves are tasks of the `run`."""
    base = load(settings.catalogue)
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    access = access_by("intake", settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = open_database(settings)
        try:
            await migrate(database)
            await standings.fill(database)
            announcements = Announcements(base)
            async with database.reader.connect() as connection:
                await calendar.follow(connection, announcements)
                was_compared = (await event_log.cursor(connection)).numbers is not None
            metrics = Metrics()
            relay = Relay(settings, database, metrics)
            clock = clock_from(settings.clock)
            erasures = None if settings.erasures is None else ErasuresFile(settings.erasures)
            audit = app.state.audit = audit_of(database)
            applicants = Applicants(database, audit, MasterKeySource(settings), erasures)
            await applicants.apply_erasures()
            committer = Committer(
                database,
                announcements,
                audit,
                applicants,
                clock=clock,
                recording_clock=system_clock,
                max_batch_events=settings.max_batch_events,
                serials_to_skip=lambda: 0 if relay.is_compared or not was_compared else UNCOMPARED_SERIALS,
                on_commit=relay.logged,
                metrics=metrics,
            )
            announcement_relay = AnnouncementRelay(settings, database, relay)
            move_worker = MoveWorker(database, announcements, committer, metrics, clock)
            box = DeadLetterBox(settings, database)
            metrics.registry.register(box)
            watch = IntakeWatch(
                settings,
                database=database,
                announcements=announcements,
                committer=committer,
                relay=relay,
                metrics=metrics,
            )
            app.state.intake = Intake(
                settings,
                announcements,
                clock,
                database,
                metrics,
                committer,
                applicants,
                relay,
                announcement_relay,
                move_worker,
                box,
                watch,
            )
            async with _running(run or ServiceRun(), app.state.intake):
                yield
        finally:
            await database.close()

    app = new_application(
        title="Motcua intake",
        version="1",
        description=DESCRIPTION,
        access=access,
        messages=INTAKE.values(),
        lifespan=lifespan,
    )
    service.answer_failures(app)
    add_routes(
        app,
        dossiers.router,
        applicant_calls.router,
        bulk.router,
        announcement_calls.router,
        log.router,
        dead_letters.router,
        audit_calls.router,
        catalogue.router,
        papers.router,
        responses=GUARDED,
    )
    add_routes(app, service.router)
    add_look_up(app, settings)
    declare(app, documents.event_components)
    return add_pages(
        app,
        base,
        access,
        signing_secret("intake: what a browser could not send", settings.access_dir, key),
        settings.office,
    )


@contextlib.asynccontextmanager
async def _running(run: ServiceRun, intake: Intake) -> AsyncIterator[None]:
    """Run what resumes at the next start, the moves, the announcements' relay and the watch, and what ends drained,
    the writer and the relay."""
    committer, relay = intake.committer, intake.relay
    writer = run.start("writer", committer.run())
    relaying = run.start("relay", relay.run())
    resuming = {
        run.start("move_worker", intake.move_worker.run()),
        run.start("announcement_relay", intake.announcement_relay.run()),
        run.start("watch", intake.watch.run(run.stopping)),
        run.start("dead_letters", intake.dead_letters.run()),
    }
    try:
        await wait_until(relay.has_looked, LOOKS_FIRST_SECONDS)
        yield
    finally:
        await cancelled(resuming)
        committer.close()
        await asyncio.wait([writer])
        relay.drain()
        _, late = await asyncio.wait([relaying], timeout=intake.settings.drain_seconds)
        if late:
            LOGGER.warning("relay_not_drained", relayed=relay.position)
            await cancelled([relaying])
        with contextlib.suppress(CursorSetBack, *DATABASE_ERRORS):  # then more is sent again at the next start
            await relay.save_cursor()


async def serve(settings: IntakeSettings) -> int:
    """Serve; 0 after a signal, 70 after a bug, 3 when it could not start."""
    run = ServiceRun()
    run.stop_on_signals()
    costly = Costly(bulk.is_bulk, settings.max_bulk_at_once, "MAX_BULK_AT_ONCE", streams_bodies=True)
    application = guard(create_app(settings, run), settings, costly)
    return await run.serve(
        Server(
            application,
            host=settings.host,
            port=settings.port,
            grace_seconds=GRACE_SECONDS,
            lifespan="on",
            trusted_proxies=settings.trusted_proxies,
        )
    )


def main() -> None:
    settings = begin("intake", IntakeSettings)
    sys.exit(uvloop.run(serve(settings)))


if __name__ == "__main__":
    main()
