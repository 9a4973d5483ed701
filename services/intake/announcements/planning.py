"""What an announcement moves: looked for among the open dossiers it covers, and written down in a table."""

import asyncio
import contextlib
from collections import Counter as Tally
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.announcements.moves import CalendarChange, Move, MoveOutcome, WhyUntouched, move_of, untouched
from services.intake.log import calendar, event_log
from services.intake.log.calendar import Announcement, Announcements, covered
from services.intake.log.database import Database
from services.intake.log.history import HistoryEntry
from services.intake.log.tables import MOVES
from shared.contract.envelope import event_name
from shared.domain.lifecycle import OPEN, EventKind, State, next_state
from shared.service.sql import Insert

PAGE_EVENTS = 2000
CHUNK_DOSSIERS = 100
Counts = dict[str, int]  # outcome -> dossiers
_FOLLOWED = OPEN | {State.SUBMITTED}
_MOVES = MOVES.c
_MOVE = [column for column in _MOVES if column is not _MOVES.announcement]  # as the fields of a Move
_COUNTS = select(_MOVES.announcement, _MOVES.outcome, func.count()).group_by(_MOVES.announcement, _MOVES.outcome)
_PUT_MOVES = Insert(MOVES, replacing=("due_at", "new_due_at", "outcome"))
_ROWS_A_STATEMENT = 2000


class _Typed(Struct):
    type: str


_decode_typed = msgspec.json.Decoder(_Typed).decode


@dataclass(frozen=True, slots=True)
class MovePlan:
    """How many open dossiers were examined, whose deadlines move or stay for a reason, how many are untouched."""

    examined: int
    moves: list[Move]
    untouched: Mapping[WhyUntouched, int]


async def preview(
    database: Database, announcements: Announcements, announcement: Announcement, now: datetime
) -> MovePlan:
    """What it would affect if it took effect now; nothing is changed."""
    async with database.reader.connect() as connection:
        heads = await event_log.heads(connection)
        await calendar.follow(connection, announcements, heads.announcement)
    after = announcements.with_entries_of(announcement)
    return await plan(
        database,
        announcement,
        CalendarChange(announcement.entries(), announcements.catalogue, after, after),
        heads.position,
        now,
    )


async def plan(
    database: Database, announcement: Announcement, change: CalendarChange, position: int, now: datetime
) -> MovePlan:
    """What it affects of the dossiers that were open after the log's event `position`, as they stand since."""
    scope = frozenset(covered(change.newest.departments, announcement.applies_to))
    examined, moves, others = 0, [], Tally[WhyUntouched]()
    async with contextlib.aclosing(open_histories(database, position)) as histories:
        async for history in histories:
            dossier = history[-1].after
            if dossier.department not in scope:
                continue
            examined += 1
            move = move_of(history, change, now)
            if move is not None:
                moves.append(move)
            elif dossier.is_open:  # it may have been closed since
                others[untouched(history)] += 1
    return MovePlan(examined, moves, others)


async def open_histories(database: Database, up_to: int) -> AsyncGenerator[list[HistoryEntry], None]:
    """The history, to this day, of every dossier that was open after the log's event `up_to`, by code."""
    codes = iter(sorted(await open_codes(database, up_to)))
    while chunk := list(islice(codes, CHUNK_DOSSIERS)):
        async with database.reader.connect() as connection:
            logged = await event_log.histories(connection, chunk)
        for code in chunk:
            yield logged[code]
        await asyncio.sleep(0)


async def open_codes(database: Database, up_to: int) -> list[str]:
    """The codes of the dossiers that were open after the log's event `up_to`."""
    states: dict[str, State] = {}
    position = 0
    while position < up_to:
        async with database.reader.connect() as connection:
            rows = await event_log.after(connection, position, min(PAGE_EVENTS, up_to - position))
        if not rows:
            break
        for row in rows:
            kind = _kind(row.event)
            state = State.PROCESSING if kind is EventKind.REOPENED else next_state(states.get(row.dossier), kind)
            if state in _FOLLOWED:
                states[row.dossier] = state
            else:
                states.pop(row.dossier, None)
        position = rows[-1].position
        await asyncio.sleep(0)
    return [code for code, state in states.items() if state in OPEN]


def _kind(event: bytes) -> EventKind:
    name = event_name(_decode_typed(event).type)
    assert name is not None, "intake logs no event that it does not know"
    return EventKind(name)


async def put_moves(connection: AsyncConnection, number: int, moves: Sequence[Move]) -> None:
    """Write the moves down, or anew what became of them."""
    rows = [(number, *msgspec.to_builtins(move)) for move in moves]
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        await _PUT_MOVES.write(connection, rows[first : first + _ROWS_A_STATEMENT])


async def moves(
    connection: AsyncConnection, number: int, outcomes: Iterable[MoveOutcome], after: str, limit: int
) -> list[Move]:
    """Up to `limit` moves with one of the outcomes, by dossier code, after the code `after`."""
    listed = select(*_MOVE).where(
        _MOVES.announcement == number, _MOVES.outcome.in_([outcome.value for outcome in outcomes])
    )
    page = listed.where(_MOVES.dossier > after).order_by(_MOVES.dossier).limit(limit)
    return [msgspec.convert(tuple(row), Move) for row in await connection.execute(page)]


async def counts(connection: AsyncConnection) -> dict[int, Counts]:
    """How many dossiers of each announcement had each outcome, by its number."""
    by_number: dict[int, Counts] = {}
    for number, outcome, dossiers in await connection.execute(_COUNTS):
        by_number.setdefault(number, {})[outcome] = dossiers
    return by_number
