"""Run a processing worker: `python -m services.processing`, configured by MOTCUA_PROCESSING_* (docs/settings.md)."""

import asyncio
import os
import threading

import faust
import uvloop

from services.processing.app import create_app
from services.processing.http import LEDGER, HttpServer, create_api
from services.processing.settings import ProcessingSettings
from shared.service.gate import Costly, guard
from shared.service.run import begin

STOPS_WITHIN_SECONDS = 15.0


def main() -> None:
    """Run until SIGTERM or SIGINT; exits 0 when drained, 70 when the work must be done again."""
    settings = begin("processing", ProcessingSettings)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    app = create_app(settings)
    ledger = Costly(lambda _method, path: path == LEDGER, settings.max_questions_at_once, "MAX_QUESTIONS_AT_ONCE")
    api = guard(create_api(app), settings, ledger)
    http = HttpServer(api, host=settings.host, port=settings.port, trusted_proxies=settings.trusted_proxies)
    worker = StoppingWorker(app, http, loop=loop, quiet=True, redirect_stdouts=False)
    worker.spinner = None  # it would move the cursor in front of a line of the log
    worker.execute_from_commandline()


class StoppingWorker(faust.Worker):
    """Faust's worker, made to stop: seen to hang when the signal met a rebalance.
    What it had not committed is replayed."""

    def _setup_logging(self) -> None:
        """Logging is set up already, the same way in every service."""

    def _on_sigterm(self) -> None:
        _leave_at_the_latest()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        _leave_at_the_latest()
        super()._on_sigint()


def _leave_at_the_latest() -> None:
    timer = threading.Timer(STOPS_WITHIN_SECONDS, lambda: os._exit(0))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
