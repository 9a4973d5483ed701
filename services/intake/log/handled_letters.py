"""Which dead letters somebody dealt with, in the database that the audit is in: what was done and who did it agree."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.log.tables import HANDLED_DEAD_LETTERS
from shared.service.acting import acting
from shared.service.sql import Insert, Lookup

_ASKED_AT_ONCE = 1000
_BY_ID = Lookup(select(HANDLED_DEAD_LETTERS), HANDLED_DEAD_LETTERS.c.letter)
_HANDLED = Insert(HANDLED_DEAD_LETTERS, replacing=("state", "at", "by", "note"))


class Handling(NamedTuple):
    """What was done about a letter."""

    state: str
    at: float
    by: str
    note: str | None


async def handled(connection: AsyncConnection, letters: Iterable[str]) -> Mapping[str, Handling]:
    """What was done about those of the letters that somebody dealt with."""
    ids, found = list(letters), dict[str, Handling]()
    for first in range(0, len(ids), _ASKED_AT_ONCE):
        rows = await _BY_ID.rows(connection, ids[first : first + _ASKED_AT_ONCE])
        found.update((row.letter, Handling(row.state, row.at, row.by, row.note)) for row in rows)
    return found


async def note_handled(
    connection: AsyncConnection, letters: Iterable[str], state: str, at: datetime, note: str | None
) -> None:
    """Remember that whoever acts dealt with the letters."""
    by = acting().name
    await _HANDLED.write(connection, [(letter, state, at.timestamp(), by, note) for letter in letters])
