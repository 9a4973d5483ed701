"""A small application on the server that every service has, in the test's own loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from shared.service.http import Ndjson, new_application
from shared.service.peers import peer_of
from shared.service.run import Server
from tests.support.ports import free_port_base
from tests.support.wait import wait_until_async

WITHIN_S = 30


@dataclass(slots=True)
class Site:
    """The server and what its application saw."""

    server: Server
    port: int
    bodies: list[bytes] = field(default_factory=list)
    produced: int = 0
    closed: bool = False

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, sent: bytes) -> bytes:
        """Send bytes, and give all that comes back until the server closes the connection."""
        reader, writer = await self.connect()
        writer.write(sent)
        try:
            async with asyncio.timeout(WITHIN_S):
                return await reader.read()
        finally:
            writer.close()

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


Serve = Callable[..., AbstractAsyncContextManager[Site]]
STREAMED = b"x" * 10_000


def _application(site: Callable[[], Site]) -> FastAPI:
    app = new_application(title="a site", version="1", description="for tests")

    @app.get("/healthz/live")
    async def live() -> Response:
        return Response(b"well", media_type="text/plain")

    @app.get("/peer")
    async def peer(request: Request) -> Response:
        return JSONResponse(peer_of(request))

    @app.post("/v1/bodies")
    async def take(request: Request) -> Response:
        async for chunk in request.stream():
            site().bodies.append(chunk)
        return Response(b"".join(site().bodies)[-100:], media_type="text/plain")

    @app.post("/v1/refused")
    async def refuse() -> Response:
        return Response(status_code=401)

    @app.get("/v1/bodies", response_class=Ndjson)
    async def stream() -> Ndjson:
        async def chunks() -> AsyncGenerator[bytes]:
            try:
                while True:
                    site().produced += 1
                    yield STREAMED
            finally:
                site().closed = True

        return Ndjson(chunks())

    return app


@pytest.fixture
def serve() -> Serve:
    @asynccontextmanager
    async def serving(**settings: Any) -> AsyncIterator[Site]:
        port = free_port_base(1)
        server = Server(_application(lambda: started), host="127.0.0.1", port=port, grace_seconds=1, **settings)
        started = Site(server, port)
        task = asyncio.create_task(server.serve())
        try:
            await wait_until_async(lambda: _started(server), WITHIN_S, "the server listens")
            yield started
        finally:
            server.should_exit = True
            await task

    return serving


async def _started(server: Server) -> bool:
    return server.started


@pytest.fixture
async def site(serve: Serve) -> AsyncIterator[Site]:
    async with serve() as started:
        yield started
