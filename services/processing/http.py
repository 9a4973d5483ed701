"""Serving HTTP beside the worker, in its loop, from before recovery until after the last commit."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mode import Service


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the worker."""
        yield


class HttpServer(Service):
    """An ASGI application as a service of the worker; a port that can't be had ends the worker."""

    def __init__(self, application: Any, *, host: str, port: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._server = _Server(uvicorn.Config(application, host=host, port=port, log_config=None, access_log=False, lifespan="off"))
        self._serving: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())

    async def on_stop(self) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
