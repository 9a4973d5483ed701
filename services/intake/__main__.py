"""`python -m services.intake`: the service on loopback, until SIGTERM or SIGINT."""

import sys

import uvloop

from services.intake.app import create_app
from services.intake.http.bulk import is_bulk
from services.intake.settings import IntakeSettings
from shared.service.gate import Costly, guard
from shared.service.run import Server, ServiceRun, begin

GRACE_SECONDS = 30


async def serve(settings: IntakeSettings) -> int:
    """Serve; 0 after a signal, 70 after a bug, 3 when it could not start."""
    run = ServiceRun()
    run.stop_on_signals()
    bulk = Costly(is_bulk, settings.max_bulk_at_once, "MAX_BULK_AT_ONCE", streams_bodies=True)
    application = guard(create_app(settings, run), settings, bulk)
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
