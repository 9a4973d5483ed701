"""Running a service: what its process begins with, its HTTP server, and the tasks that end with it."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Literal

import structlog
import uvicorn

from shared.service import tracing
from shared.service.connections import IDLE_SECONDS, BoundedProtocol, Connections
from shared.service.observability import configure_logging
from shared.service.secret_files import UnusableSettings
from shared.service.settings import SettingsT, settings_of, unread

MOST_CONNECTIONS = 2_000
TICKS_A_SECOND = 10  # uvicorn's
ENDED_BY_BUG = 70  # EX_SOFTWARE
NOT_STARTED = 3
UNUSABLE_SETTINGS = os.EX_CONFIG  # starting again would not help
log = structlog.get_logger()


def begin(service: str, settings: type[SettingsT]) -> SettingsT:
    """What every process begins with: its settings, which end it when they can't be used; its log."""
    try:
        values = settings_of(settings)
    except UnusableSettings as wrong:
        configure_logging(service, "INFO")
        log.critical("settings_unusable", problems=wrong.problems, fix="set them right (docs/settings.md has all)")
        sys.exit(UNUSABLE_SETTINGS)
    configure_logging(service, values.log_level)
    try:
        tracing.begin(service)
    except tracing.TracingMissing as missing:
        log.critical("settings_unusable", problems=[str(missing)], fix="or take the variable out")
        sys.exit(UNUSABLE_SETTINGS)
    for name in unread(settings, os.environ):
        log.warning("setting_not_read", variable=name, fix="correct its name, or take it out (docs/settings.md)")
    return values


class Server(uvicorn.Server):
    """Serves an ASGI application on bounded connections, looked after once a second.
    Whoever runs it sets `should_exit`."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        grace_seconds: int,
        lifespan: Literal["on", "off"] = "off",
        trusted_proxies: str = "",
    ) -> None:
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan=lifespan,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=trusted_proxies,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=grace_seconds,
        )
        super().__init__(config)
        self.server_state: Connections = Connections(_most_connections())

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            self.server_state.look_after(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to one part of it."""
        yield


def _most_connections() -> int:
    """Half of the files that the process may open: databases and the broker need some too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


async def cancelled(tasks: Iterable["asyncio.Task[Any]"], ask_again_after_s: float = 1.0) -> None:
    """Cancel the tasks until all have ended.

    One request is not enough: the Kafka client loses one that comes while it waits for a task of its own to be
    cancelled, and what was to end would go on for ever.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ask_again_after_s)


class ServiceRun:
    """One run of a service: its server and its tasks, until a signal or a bug. `stopping` tells the tasks to end.

    A task that ends by a bug stops the run: figures, or a log, that stand still must not look alive. Whoever supervises
    the process starts it again.
    """

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._has_failed = False
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin a task."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._has_failed = True
            self.stop()
            log.critical("part_stopped", part=task.get_name(), error=repr(bug), exc_info=bug)

    def stop(self) -> None:
        """Take no more requests, and tell the tasks to end."""
        self.stopping.set()
        if self._server is not None:
            self._server.should_exit = True

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop the run, from now on; a second SIGINT does not wait for requests to be answered."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)

    def _interrupt(self) -> None:
        if self.stopping.is_set() and self._server is not None:
            self._server.force_exit = True
        self.stop()

    async def serve(self, server: Server) -> int:
        """Serve until stopped, then wait for the tasks; the process's exit code."""
        self._server = server
        server.should_exit = self.stopping.is_set()
        await server.serve()
        self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._has_failed:
            return ENDED_BY_BUG
        return 0 if server.started else NOT_STARTED
