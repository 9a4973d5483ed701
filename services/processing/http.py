"""The processor over HTTP: probes, metrics, and the ledger for those who verify it; served in the worker's loop."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import FastAPI, Request
from mode import Service
from prometheus_client import CollectorRegistry
from starlette.responses import Response

from services.processing.app import ProcessingApp
from shared.access.roles import Permission
from shared.contract.envelope import encode
from shared.contract.http import answered_lines
from shared.contract.status import StatusV1
from shared.service.access import access_by, requires
from shared.service.http import GUARDED, Ndjson, add_routes, new_application
from shared.service.observability import health, operations_router
from shared.service.run import Server

GRACE_SECONDS = 10
LEDGER = "/v1/ledger"
LINES_A_CHUNK = 500


class HttpServer(Service):
    """The application as a service of the worker, from before recovery until after the last commit.

    A port that can't be had ends the worker.
    """

    def __init__(self, application: Any, *, host: str, port: int, trusted_proxies: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._server = Server(
            application, host=host, port=port, grace_seconds=GRACE_SECONDS, trusted_proxies=trusted_proxies
        )
        self._serving: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        self._serving = asyncio.create_task(self._server.serve())

    async def on_stop(self) -> None:
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


def create_api(worker: ProcessingApp) -> FastAPI:
    """The HTTP application of one worker."""
    access = access_by("processing", worker.settings)
    api = new_application(
        title="Motcua processing",
        version="1.0.0",
        description="The ledger of dossiers, as this worker holds it.",
        access=access,
        messages=[StatusV1],
    )

    async def live(_request: Request) -> Response:
        """200 while the worker's loop turns."""
        return health(good=worker.is_alive)

    async def ready(_request: Request) -> Response:
        """200 when the worker has recovered its partitions and takes events."""
        return health(good=worker.is_ready, access=access.trouble)

    async def registry(_request: Request) -> CollectorRegistry:
        worker.metrics.ledger.look()
        return worker.metrics.registry

    add_routes(api, operations_router(live, ready, registry))

    @api.get(
        LEDGER,
        tags=["ledger"],
        dependencies=[requires(Permission.READ_LOG)],
        response_class=Ndjson,
        responses={200: answered_lines(StatusV1), **GUARDED},
    )
    async def ledger() -> Ndjson:
        """Every dossier that this worker holds, as NDJSON of status snapshots (schema status.v1)."""
        return Ndjson(_lines(worker))

    return api


async def _lines(worker: ProcessingApp) -> AsyncGenerator[bytes]:
    """Those in memory, then those forgotten, as the changelog has them."""
    for partition in list(worker.partitions.values()):
        entries = list(partition.entries.values())
        for first in range(0, len(entries), LINES_A_CHUNK):
            yield b"".join(encode(entry.status()) + b"\n" for entry in entries[first : first + LINES_A_CHUNK])
    for number, partition in list(worker.partitions.items()):
        if partition.has_forgotten:
            forgotten = await worker.changelog.forgotten(number, partition)
            for first in range(0, len(forgotten), LINES_A_CHUNK):
                yield b"".join(value + b"\n" for value in forgotten[first : first + LINES_A_CHUNK])
