"""Serving HTTP beside the worker, in its loop, from before recovery until after the last commit."""

import asyncio
from typing import Any

from mode import Service

from shared.service.run import Server

GRACE_SECONDS = 10


class HttpServer(Service):
    """An ASGI application as a service of the worker; a port that can't be had ends the worker. Signals belong to the worker."""

    def __init__(self, application: Any, *, host: str, port: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._server = Server(application, host=host, port=port, grace_seconds=GRACE_SECONDS, owns_signals=False)
        self._serving: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())

    async def on_stop(self) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
