"""`python -m services.intake`: the service on loopback, until SIGTERM or SIGINT."""

import signal
import sys

from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from shared.service.observability import configure_logging
from shared.service.run import Server, collect_seldom
from shared.service.settings import read_settings

GRACE_SECONDS = 30
STOPPED_BY_BUG = 70  # EX_SOFTWARE


class Fatal:
    """Remembers that a part of the service ended by a bug, and stops the server."""

    def __init__(self) -> None:
        self.happened = False
        self.server: Server | None = None

    def __call__(self) -> None:
        self.happened = True
        if self.server is not None:
            self.server.should_exit = True


def main() -> int:
    """Serve; 0 after a signal, 70 after a bug, 3 when it could not start."""
    settings = read_settings(IntakeSettings)
    configure_logging("intake", settings.log_level)
    collect_seldom()
    fatal = Fatal()
    fatal.server = Server(create_app(settings, fatal), host=settings.host, port=settings.port, grace_seconds=GRACE_SECONDS, lifespan="on")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises what it caught again when it has drained: that is not a failure
    fatal.server.run()
    if fatal.happened:
        return STOPPED_BY_BUG
    return 0 if fatal.server.started else 3


if __name__ == "__main__":
    sys.exit(main())
