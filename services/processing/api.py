"""The processor over HTTP: health, metrics, and the ledger for those who verify it."""

from collections.abc import AsyncGenerator

from fastapi import Depends, FastAPI
from starlette.responses import JSONResponse, Response

from services.processing.app import ProcessingApp
from shared.contract.codec import encode
from shared.service.http import KEYLESS, OPENMETRICS, Ndjson, new_application, require_key
from shared.service.observability import exposition

LINES_A_CHUNK = 500


def create_api(worker: ProcessingApp) -> FastAPI:
    """The HTTP side of one worker."""
    api = new_application(title="Motcua processing", version="1.0.0", description="The ledger of dossiers, as this worker holds it.")

    @api.get("/healthz/live", tags=["health"])
    async def live() -> Response:
        """200 while the worker's loop turns."""
        return _health(good=worker.is_alive)

    @api.get("/healthz/ready", tags=["health"])
    async def ready() -> Response:
        """200 when the worker has recovered its partitions and takes events."""
        return _health(good=worker.is_ready)

    @api.get("/metrics", tags=["operations"], response_class=Response, responses=OPENMETRICS)
    async def metrics() -> Response:
        """OpenMetrics."""
        return exposition(worker.metrics.registry)

    @api.get(
        "/v1/ledger",
        tags=["ledger"],
        dependencies=[Depends(require_key(worker.settings.api_key))],
        response_class=Ndjson,
        responses=KEYLESS,
    )
    async def ledger() -> Ndjson:
        """Every dossier that this worker holds, as NDJSON of status snapshots (schema status.v1)."""
        return Ndjson(_lines(worker))

    return api


def _health(*, good: bool) -> Response:
    return JSONResponse({"status": "ok" if good else "not ready"}, 200 if good else 503)


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
