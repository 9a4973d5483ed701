"""Figures are answered only by the rules that this version counts by: those of another version would be wrong without a sign of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.store import snapshot
from services.reporting.tables import model
from shared.domain.rules import RULES_VERSION

ANSWER_WITHIN_S = 65.0  # a little longer than a statement may take


class OldRules(Exception):
    """The read model was made by other rules than this version's: it must be made anew from the log."""

    def __init__(self, made_by: int) -> None:
        super().__init__(f"the read model was made by rules {made_by}, and this version counts by rules {RULES_VERSION}")
        self.made_by = made_by


@asynccontextmanager
async def answering(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """As `snapshot`, for whoever answers with figures or lists. Raises OldRules, and TimeoutError where the database stands still."""
    async with asyncio.timeout(ANSWER_WITHIN_S), snapshot(engine) as connection:
        made_by = await rules_of(connection)
        if made_by != RULES_VERSION:
            raise OldRules(made_by)
        yield connection


async def rules_of(connection: AsyncConnection) -> int:
    """The RULES_VERSION that the model was made by."""
    return int((await connection.execute(select(model.c.rules))).scalar_one())
