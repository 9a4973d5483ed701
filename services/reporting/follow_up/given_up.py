"""What was given up: deliveries that nobody took, and that somebody has tried again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.follow_up.outbox import Way
from services.reporting.follow_up.register import SlipKey
from services.reporting.read_model.store import audit_of
from services.reporting.read_model.sums import instant_of, microseconds
from services.reporting.read_model.tables import GIVEN_UP, follow_up_deliveries, follow_ups
from shared.auditing.entries import Act, AuditEntry
from shared.service.sql import among, writing

_OF = follow_up_deliveries.c
_SLIP = follow_ups.c


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A mail or a webhook that nobody took, the slips in it (a weekly mail has none), and why it was given up."""

    id: str
    department: str
    way: Way
    made_at: datetime
    attempts: int
    problem: str | None
    slips: tuple[SlipKey, ...]


async def given_up(engine: AsyncEngine, most: int) -> tuple[int, list[GivenUp]]:
    """How many there are, and the newest of them."""
    newest = select(follow_up_deliveries).where(GIVEN_UP).order_by(_OF.made_at.desc(), _OF.id).limit(most)
    async with engine.connect() as connection:
        count: int = (await connection.execute(select(func.count()).where(GIVEN_UP))).scalar_one()
        rows = (await connection.execute(newest)).all()
        ids = [row.id for row in rows]
        told = select(_SLIP.id, _SLIP.mail, _SLIP.department, _SLIP.year, _SLIP.number).where(
            or_(among(connection, _SLIP.id, ids), among(connection, _SLIP.mail, ids))
        )
        slips = (await connection.execute(told.order_by(_SLIP.year, _SLIP.number))).all()
    return count, [_given_up(row, slips) for row in rows]


def _given_up(row: Any, slips: Collection[Any]) -> GivenUp:
    inside = (slip for slip in slips if row.id in (slip.id, slip.mail))
    keys = tuple(SlipKey(slip.department, slip.year, slip.number) for slip in inside)
    return GivenUp(row.id, row.department, Way(row.way), instant_of(row.made_at), row.attempts, row.problem, keys)


async def send_again(engine: AsyncEngine, ids: Collection[str], now: datetime) -> list[str]:
    """Have those of them tried again that were given up, as long as a new one; which those are. With an audit's entry.

    What was taken, or waits, is left alone. The same bytes go out under the same id: who keeps ids has each once.
    """
    at = microseconds(now)
    async with writing(engine) as connection:
        again = (
            update(follow_up_deliveries)
            .where(among(connection, _OF.id, sorted(ids)), GIVEN_UP)
            .values(next_try_at=at, tried_since=at, attempts=0)
            .returning(_OF.id)
        )
        found = sorted((await connection.execute(again)).scalars())
        if found:
            entry = AuditEntry(Act.FOLLOW_UPS_SENT_AGAIN, details={"deliveries": found})
            await audit_of(engine).write(connection, entry)
    return found
