"""The announcements and their moves in SQL: stored under the commit's lock, so that every later decision knows them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake import log
from services.intake.announcements.known import Announcement, Announcements, State, Stored
from services.intake.announcements.moves import Move, Outcome
from services.intake.statements import Upsert
from services.intake.tables import ANNOUNCEMENTS, MOVES
from shared.domain.localtime import LOCAL

_A, _M = ANNOUNCEMENTS.c, MOVES.c
_ROWS_A_STATEMENT = 2000
_ALL = select(_A.number, _A.content, _A.recorded_at, _A.position, _A.state, _A.examined).order_by(_A.number)
_COUNTS = select(_M.announcement, _M.outcome, func.count()).group_by(_M.announcement, _M.outcome)
_PUT_MOVES = Upsert(MOVES, "due_at", "new_due_at", "outcome")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Announcement).decode

Counts = dict[str, int]  # outcome -> dossiers


async def add(connection: AsyncConnection, announcement: Announcement, recorded_at: datetime) -> None:
    """Put it into force; the caller holds the commit lock, and has looked that the id is new."""
    position, newest, _ = await log.heads(connection)
    row = {
        "number": newest + 1,
        "id": announcement.id,
        "content": _encode(announcement),
        "recorded_at": recorded_at.timestamp(),
        "position": position,
        "state": State.ANNOUNCED.value,
    }
    await connection.execute(insert(ANNOUNCEMENTS), row)


async def every(connection: AsyncConnection) -> list[Stored]:
    """All announcements, in the order in which they took effect."""
    return [_stored(row) for row in await connection.execute(_ALL)]


async def find(connection: AsyncConnection, announcement_id: str) -> Stored | None:
    """The announcement with that id."""
    row = (await connection.execute(_ALL.where(_A.id == announcement_id))).first()
    return None if row is None else _stored(row)


async def follow(connection: AsyncConnection, known: Announcements, newest: int | None = None) -> None:
    """Learn what was announced since, here or through another instance; `newest` is the highest number there is, when it was read."""
    if newest is None:
        newest = (await log.heads(connection))[1]
    if newest > known.number:
        known.learn(await every(connection))


async def set_state(connection: AsyncConnection, number: int, state: State, **columns: Any) -> None:
    """Say how far its moves are."""
    await connection.execute(update(ANNOUNCEMENTS).where(_A.number == number).values(state=state.value, **columns))


async def put_moves(connection: AsyncConnection, number: int, moves: Sequence[Move]) -> None:
    """Write the moves down, or anew what became of them."""
    rows = [{"announcement": number, **_row(move)} for move in moves]
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        await _PUT_MOVES.write(connection, rows[first : first + _ROWS_A_STATEMENT])


async def moves(connection: AsyncConnection, number: int, outcomes: Iterable[Outcome], after: str, limit: int) -> list[Move]:
    """Up to `limit` moves with one of the outcomes, by dossier code, after the code `after`."""
    among = [outcome.value for outcome in outcomes]
    wanted = select(MOVES).where(_M.announcement == number, _M.outcome.in_(among), _M.dossier > after).order_by(_M.dossier).limit(limit)
    return [_move(row) for row in await connection.execute(wanted)]


async def counts(connection: AsyncConnection) -> dict[int, Counts]:
    """How many dossiers of each announcement had each outcome, by its number."""
    found: dict[int, Counts] = {}
    for number, outcome, dossiers in await connection.execute(_COUNTS):
        found.setdefault(number, {})[outcome] = dossiers
    return found


def _stored(row: Any) -> Stored:
    return Stored(
        number=row.number,
        announcement=_decode(row.content),
        recorded_at=datetime.fromtimestamp(row.recorded_at, LOCAL),
        position=row.position,
        state=State(row.state),
        examined=row.examined,
    )


def _row(move: Move) -> dict[str, Any]:
    return {
        "dossier": move.code,
        "department": move.department,
        "procedure": move.procedure,
        "received_at": move.received_at.isoformat(),
        "due_at": move.due_at.isoformat(),
        "new_due_at": None if move.new_due_at is None else move.new_due_at.isoformat(),
        "outcome": move.outcome.value,
    }


def _move(row: Any) -> Move:
    return Move(
        code=row.dossier,
        department=row.department,
        procedure=row.procedure,
        received_at=datetime.fromisoformat(row.received_at),
        due_at=datetime.fromisoformat(row.due_at),
        new_due_at=None if row.new_due_at is None else datetime.fromisoformat(row.new_due_at),
        outcome=Outcome(row.outcome),
    )
