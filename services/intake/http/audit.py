"""`GET /v1/audit` of intake: of a dossier, the entries that took its events too."""

from collections.abc import Sequence

from fastapi import Request

from services.intake.http.service import service_of
from services.intake.log import event_log
from shared.service.audit_routes import audit_router


async def _positions(request: Request, subject: str) -> Sequence[int]:
    intake = await service_of(request)
    async with intake.database.reader.connect() as connection:
        return await event_log.positions_of(connection, subject)


router = audit_router(_positions)
