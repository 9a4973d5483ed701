"""The dossiers as they stand after their latest events: rows that lists and searches are made of.

They are written in the transaction of the events, and made anew from the log where the table is empty: of an
installation that is older than it, and of a version that keeps other rows.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.database import Database, committing
from services.intake.log.history import history
from services.intake.log.tables import DOSSIERS, EVENT_LOG
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import WORKING, State
from shared.domain.localtime import LOCAL, ONE_DAY
from shared.service.sql import Insert

PAGE_EVENTS = 2000
LOGGER = structlog.get_logger()
_PUT = Insert(DOSSIERS, replacing=[column.name for column in DOSSIERS.c if not column.primary_key])
_LOG = EVENT_LOG.c
_BY_DOSSIER = select(_LOG.dossier, _LOG.event, _LOG.added).order_by(_LOG.dossier, _LOG.sequence)
_ANY = select(DOSSIERS.c.code).limit(1)


async def received_at(connection: AsyncConnection, unit: str, first: date, last: date, most: int) -> list[str]:
    """Codes of up to `most` dossiers that the unit received on these days, for itself or another, or that it answers
    for; in the order of their receipt."""
    table, start = DOSSIERS.c, datetime.combine(first, time(), LOCAL).timestamp()
    end = datetime.combine(last + ONE_DAY, time(), LOCAL).timestamp()
    statement = (
        select(table.code)
        .where(table.received_at >= start, table.received_at < end, or_(table.department == unit, table.place == unit))
        .order_by(table.received_at, table.code)
        .limit(most)
    )
    return list((await connection.execute(statement)).scalars())


class Waiting(StrEnum):
    """What a dossier whose clock stands, or has not started, waits for."""

    ACCEPTANCE = "acceptance"
    SUPPLEMENT = "supplement"
    PAYMENT = "payment"
    SUSPENDED = "suspended"


_WAITS = {
    State.AWAITING_SUPPLEMENT: Waiting.SUPPLEMENT,
    State.AWAITING_PAYMENT: Waiting.PAYMENT,
    State.SUSPENDED: Waiting.SUSPENDED,
}


async def put(connection: AsyncConnection, dossiers: Iterable[Dossier]) -> None:
    """Keep these dossiers as they are now."""
    await _PUT.write(connection, [_row(dossier) for dossier in dossiers])


async def put_again(connection: AsyncConnection, codes: Sequence[str]) -> None:
    """Keep these dossiers as the log has them."""
    for first in range(0, len(codes), PAGE_EVENTS):
        histories = await event_log.histories(connection, codes[first : first + PAGE_EVENTS])
        await put(connection, [entries[-1].after for entries in histories.values()])


async def fill(database: Database) -> None:
    """Make the rows of a log that has none."""
    async with committing(database) as connection:
        if (await connection.execute(_ANY)).first() is not None or not await event_log.head(connection):
            return
        LOGGER.info("dossiers_filling")
        after, dossiers = "", 0
        while page := (await connection.execute(_BY_DOSSIER.where(_LOG.dossier > after))).all():
            by_code = {code: list(rows) for code, rows in groupby(page, key=itemgetter(0))}
            if len(page) == PAGE_EVENTS and len(by_code) > 1:
                by_code.popitem()  # its events may go on
            after = next(reversed(by_code))
            if len(page) == PAGE_EVENTS and len(by_code) == 1:
                await put_again(connection, [after])
            else:
                await put(connection, [_folded(code, rows) for code, rows in by_code.items()])
            dossiers += len(by_code)
        LOGGER.info("dossiers_filled", dossiers=dossiers)


def _folded(code: str, rows: Iterable[Any]) -> Dossier:
    return history(code, ((event, added) for _, event, added in rows))[-1].after


def _row(dossier: Dossier) -> tuple[Any, ...]:
    deadline = dossier.deadline if dossier.state in WORKING else None
    waits_for, since, until = _waiting(dossier)
    return (
        dossier.code,
        dossier.department,
        dossier.place_of_receipt,
        dossier.procedure,
        dossier.channel,
        dossier.state.value,
        dossier.applicant,
        _seconds(dossier.received_at),
        _seconds(dossier.due_at),
        None if deadline is None else deadline.overdue_from().timestamp(),
        waits_for,
        _seconds(since),
        _seconds(until),
    )


def _waiting(dossier: Dossier) -> tuple[str | None, datetime | None, datetime | None]:
    """What it waits for, since when and until when."""
    if dossier.state is State.SUBMITTED:
        waits_for = Waiting.SUPPLEMENT if dossier.was_sent_back else Waiting.ACCEPTANCE
        since = dossier.acceptances[-1].asked_at if dossier.acceptances else dossier.submitted_at
        return waits_for.value, since or dossier.last_occurred_at, dossier.watched_due_at
    if dossier.state in _WAITS:
        pause = dossier.suspensions[-1]
        return _WAITS[dossier.state].value, pause.started_at, pause.due_at
    return None, None, None


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()
