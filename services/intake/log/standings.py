"""The dossiers as they stand after their latest events: rows that lists and searches are made of.

They are written in the transaction of the events, and made anew from the log where the table is empty: of an
installation that is older than it, and of a version that keeps other rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log import event_log
from services.intake.log.database import Database, committing
from services.intake.log.history import LogDisagrees, history
from services.intake.log.tables import DOSSIERS, EVENT_LOG
from shared.domain.dossier import Dossier
from shared.domain.lifecycle import WORKING, State
from shared.domain.localtime import LOCAL, ONE_DAY, seconds
from shared.service.sql import Insert, Update

PAGE_EVENTS = 2000
LOGGER = structlog.get_logger()
_STATE, _STATE_AND_CLOCK = Update(DOSSIERS, "state"), Update(DOSSIERS, "state", "runs_out_at")
_PUT = Insert(DOSSIERS, replacing=[column.name for column in DOSSIERS.c if not column.primary_key])
_LOG = EVENT_LOG.c
_BY_DOSSIER = select(EVENT_LOG).order_by(_LOG.dossier, _LOG.sequence)
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


_WAITING = frozenset({State.SUBMITTED, *_WAITS})
_LASTING = attrgetter(
    "department", "received_by", "procedure", "channel", "applicant", "received_at", "term", "deadlines"
)
"""What the row of a dossier that waits for nothing is made of, besides the state."""


async def put(
    connection: AsyncConnection, dossiers: Iterable[Dossier], before: Mapping[str, Dossier] | None = None
) -> None:
    """Keep these dossiers as they are now. Of those that are kept already, as they were `before`, most events change
    the state and no more, which takes a third of the time of a row."""
    kept = before or {}
    rows, states, clocks = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for dossier in dossiers:
        earlier, state = kept.get(dossier.code), dossier.state
        if earlier is None or not _differs_in_state_alone(earlier, dossier):
            rows.append(row_of(dossier))
        elif (earlier.state in WORKING) != (state in WORKING):
            clocks.append((state.value, _runs_out_at(dossier), dossier.code))
        elif earlier.state is not state:
            states.append((state.value, dossier.code))
    await _PUT.write(connection, rows)
    await _STATE.write(connection, states)
    await _STATE_AND_CLOCK.write(connection, clocks)


def _differs_in_state_alone(before: Dossier, after: Dossier) -> bool:
    return before.state not in _WAITING and after.state not in _WAITING and _LASTING(before) == _LASTING(after)


async def put_again(connection: AsyncConnection, codes: Sequence[str]) -> None:
    """Keep these dossiers as the log has them."""
    for first in range(0, len(codes), PAGE_EVENTS):
        histories = await event_log.histories(connection, codes[first : first + PAGE_EVENTS])
        await put(connection, [entries[-1].after for entries in histories.values()])


async def page_of_log(connection: AsyncConnection, after: str) -> dict[str, Sequence[Any]]:
    """Rows of the log by dossier, of some dossiers behind a code, in the database's order of codes; each is whole."""
    rows = (await connection.execute(_BY_DOSSIER.where(_LOG.dossier > after).limit(PAGE_EVENTS))).all()
    page: dict[str, Sequence[Any]] = {code: list(of_one) for code, of_one in groupby(rows, key=attrgetter("dossier"))}
    if len(rows) == PAGE_EVENTS:
        last, _ = page.popitem()  # its events may go on
        if not page:
            page[last] = list((await connection.execute(_BY_DOSSIER.where(_LOG.dossier == last))).all())
    return page


async def fill(database: Database) -> None:
    """Make the rows of a log that has none. A dossier whose events make none is left out, and the log says so."""
    async with committing(database) as connection:
        if (await connection.execute(_ANY)).first() is not None or not await event_log.head(connection):
            return
        LOGGER.info("dossiers_filling")
        after, made = "", 0
        while page := await page_of_log(connection, after):
            after = next(reversed(page))
            dossiers = list(_folded(page))
            await put(connection, dossiers)
            made += len(dossiers)
        LOGGER.info("dossiers_filled", dossiers=made)


def _folded(page: Mapping[str, Iterable[Any]]) -> Iterator[Dossier]:
    for code, rows in page.items():
        try:
            yield history(code, ((row.event, row.added) for row in rows))[-1].after
        except LogDisagrees as wrong:
            LOGGER.error("log_disagrees", error=str(wrong))  # noqa: TRY400 - the sentence says it all


def row_of(dossier: Dossier) -> tuple[Any, ...]:
    """The row of a dossier as it is now."""
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
        _runs_out_at(dossier),
        waits_for,
        _seconds(since),
        _seconds(until),
    )


def _runs_out_at(dossier: Dossier) -> float | None:
    """When it becomes overdue, while its clock runs."""
    deadline = dossier.deadline if dossier.state in WORKING else None
    return None if deadline is None else seconds(deadline.overdue_from())


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
    return None if instant is None else seconds(instant)
