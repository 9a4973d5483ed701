"""The stored snapshots of dossiers as they are read some at a time, and which of them somebody is to act on."""

from collections.abc import AsyncGenerator
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.read_model.contributions import BrokenDossier
from services.reporting.read_model.sums import microseconds
from services.reporting.read_model.tables import dossiers
from shared.domain.dossier import Dossier
from shared.service.dead_letters import Unusable, usable_status

READ_AT_ONCE = 1000
StoredSnapshot = tuple[str, bytes]  # a dossier's code and its snapshot


def due_until(latest: datetime) -> ColumnElement[bool]:
    """Something is due, not later than that: a range of the index by deadline."""
    return dossiers.c.due_at <= microseconds(latest)


async def snapshots_where(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> AsyncGenerator[list[StoredSnapshot]]:
    """The snapshots of these dossiers, some at a time."""
    wanted = select(dossiers.c.code, dossiers.c.snapshot).where(*conditions)
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield [(row.code, row.snapshot) for row in part]


def dossier_of(code: str, snapshot: bytes) -> Dossier:
    """The dossier of a stored snapshot; raises BrokenDossier."""
    try:
        return usable_status(snapshot)
    except Unusable as unusable:
        raise BrokenDossier(code, unusable.detail) from unusable
