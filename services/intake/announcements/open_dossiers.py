"""The dossiers that are open at a position of the log: it is folded page by page, for intake keeps no table of them."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from itertools import islice

import msgspec
from msgspec import Struct

from services.intake import log
from services.intake.announcements.moves import Fact, facts
from services.intake.database import Database
from shared.contract.envelope import event_name
from shared.domain.lifecycle import OPEN, EventKind, State, next_state

PAGE_EVENTS = 2000
CHUNK_DOSSIERS = 100


class _Typed(Struct):
    type: str


_decode_typed = msgspec.json.Decoder(_Typed).decode
_FOLLOWED = OPEN | {State.SUBMITTED}


async def open_histories(database: Database, up_to: int) -> AsyncGenerator[tuple[str, list[Fact]], None]:
    """(code, events) of every dossier that was open after the log's event `up_to`, by code, with all that was logged since."""
    codes = iter(sorted(await open_codes(database, up_to)))
    while chunk := list(islice(codes, CHUNK_DOSSIERS)):
        async with database.reader.connect() as connection:
            found = await log.histories(connection, chunk)
        for code in chunk:
            yield code, facts(found[code])
        await asyncio.sleep(0)


async def open_codes(database: Database, up_to: int) -> list[str]:
    """The codes of the dossiers that were open after the log's event `up_to`."""
    states: dict[str, State] = {}
    position = 0
    while position < up_to:
        async with database.reader.connect() as connection:
            rows = await log.after(connection, position, min(PAGE_EVENTS, up_to - position))
        if not rows:
            break
        for code, kind in _kinds(rows):
            state = next_state(states.get(code), kind)
            if state in _FOLLOWED:
                states[code] = state
            else:
                states.pop(code, None)
        position = rows[-1].position
        await asyncio.sleep(0)
    return [code for code, state in states.items() if state in OPEN]


def _kinds(rows: log.Rows) -> Iterator[tuple[str, EventKind]]:
    for row in rows:
        name = event_name(_decode_typed(row.event).type)
        assert name is not None, "intake logs no event that it does not know"
        yield row.dossier, EventKind(name)
