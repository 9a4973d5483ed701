"""`GET /v1/consistency`: what is wrong within the read model, told line by line while it is looked for."""

from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.consistency import Check, Looked, WrongSum
from services.reporting.rebuild.judging import Finding
from shared.contract.codec import encode
from shared.service.http import Ndjson, only


def router(engine: AsyncEngine) -> APIRouter:
    """The one route; it writes nothing."""
    routes = APIRouter(tags=["rebuild"])

    @routes.get(
        "/consistency",
        summary="Every dossier's row beside its snapshot, every sum beside the dossiers: the differences, NDJSON, a count at the end",
        response_class=Ndjson,
        dependencies=[Depends(only(()))],
    )
    async def get_consistency() -> Ndjson:
        return Ndjson(_lines(engine))

    return routes


async def _lines(engine: AsyncEngine) -> AsyncGenerator[bytes]:
    """`{"about", "detail"}` for a difference, `{"looked_at", "of"}` for progress, and last of all how much was looked at."""
    check, differences = Check(), 0
    async for found in check.findings(engine):
        differences += not isinstance(found, Looked)
        yield encode(_line(found)) + b"\n"
    yield encode({"dossiers": check.dossiers, "sums": check.sums, "differences": differences}) + b"\n"


def _line(found: Finding | WrongSum | Looked) -> dict[str, Any]:
    if isinstance(found, Looked):
        return {"looked_at": found.rows, "of": found.of}
    if isinstance(found, WrongSum):
        return {"about": found.drift.as_json(), "detail": f"says {found.says}, its dossiers make {found.should}"}
    return {"about": found.code, "detail": found.detail}
