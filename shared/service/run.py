"""Running a service: its HTTP server, looked after once a second, and what its process is set to."""

import asyncio
import contextlib
import gc
import resource
from collections.abc import Iterator
from typing import Any, Literal

import uvicorn

from shared.service.connections import IDLE_SECONDS, BoundedProtocol, Connections

MOST_CONNECTIONS = 2_000
TICKS_A_SECOND = 10  # uvicorn's


class Server(uvicorn.Server):
    """Serves an ASGI application; unless it `owns_signals`, somebody else sets `should_exit`."""

    def __init__(
        self,
        application: Any,
        *,
        host: str,
        port: int,
        grace_seconds: int,
        lifespan: Literal["on", "off"] = "off",
        owns_signals: bool = True,
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
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=grace_seconds,
        )
        super().__init__(config)
        self.server_state: Connections = Connections(_most_connections())
        self._owns_signals = owns_signals

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            self.server_state.look_after(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if self._owns_signals:
            with super().capture_signals():
                yield
        else:
            yield


def _most_connections() -> int:
    """Half of the files that the process may open: databases and the broker need some too."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, soft // 2)


# Many long-lived values, hardly a cycle: with its default of 700 the collector walks every dossier in memory again and again (18 % of
# intake's time).
_COLLECTOR_THRESHOLDS = (100_000, 20, 100)


def collect_seldom() -> None:
    """Let Python's collector look seldom."""
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
