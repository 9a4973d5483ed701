"""The database against the events' own bytes, read only: each row of the log, and each dossier as it stands.

The audit seals the bytes of events, and nothing else of the log. What stands beside them, and the table of dossiers, is
there to find them by; whoever changes it changes what is found, so it is held against the bytes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.intake.log import standings
from services.intake.log.history import LogDisagrees, computed_fields, history
from services.intake.log.tables import DOSSIERS, EVENT_LOG
from shared.contract.envelope import decode_envelope
from shared.contract.http.rebuilds import CheckProgressLine, InconsistencyLine
from shared.service.sql import snapshot

BREATHE_EVERY = 25  # dossiers between two looks at other requests
_COLUMNS = DOSSIERS.c
_EVENTS = select(func.count()).select_from(EVENT_LOG)
_STANDING = select(DOSSIERS).order_by(_COLUMNS.code)
MADE_ANEW = "(empty that table and start intake: it makes the table anew from the log)"


@dataclass(slots=True)
class LogCheck:
    """One look at the whole log; `events` and `dossiers` count what was looked at."""

    events: int = 0
    dossiers: int = 0

    async def lines(self, engine: AsyncEngine) -> AsyncIterator[InconsistencyLine | CheckProgressLine]:
        """What is wrong, and now and then how far the look is. Each page is read in one state."""
        after: str | None = ""
        async with engine.connect() as connection:
            total = (await connection.execute(_EVENTS)).scalar_one()
        while after is not None:
            async with snapshot(engine) as connection:
                page = await standings.page_of_log(connection, after)
                last = next(reversed(page), None)
                held = {row.code: tuple(row) for row in await _standing(connection, after, last)}
            for number, (code, rows) in enumerate(page.items(), 1):
                if number % BREATHE_EVERY == 0:
                    await asyncio.sleep(0)
                for wrong in _wrong(code, rows, held.pop(code, None)):
                    yield InconsistencyLine(about=code, detail=wrong)
                self.events += len(rows)
            for code in held:
                detail = f"the table dossiers holds it, and the log has no event of it {MADE_ANEW}"
                yield InconsistencyLine(about=code, detail=detail)
            self.dossiers += len(page)
            yield CheckProgressLine(looked_at=self.events, of=max(total, self.events))
            after = last


async def _standing(connection: AsyncConnection, after: str, last: str | None) -> Sequence[Any]:
    """The rows of the dossiers behind a code, up to the last of a page."""
    behind = _STANDING.where(_COLUMNS.code > after)
    return (await connection.execute(behind if last is None else behind.where(_COLUMNS.code <= last))).all()


def _wrong(code: str, rows: Sequence[Any], held: tuple[Any, ...] | None) -> Iterator[str]:
    beside = [f"position {row.position}: {wrong}" for row in rows for wrong in _beside(row)]
    yield from beside
    try:
        dossier = history(code, ((row.event, row.added) for row in rows))[-1].after
    except LogDisagrees as disagrees:
        if not beside:
            yield str(disagrees)
        return
    expected = standings.row_of(dossier)
    if held is None:
        yield f"the table dossiers does not hold it {MADE_ANEW}"
        return
    differing = [
        f"{column.name} {_shown(says)}, the log {_shown(should)}"
        for column, says, should in zip(_COLUMNS, held, expected, strict=True)
        if says != should
    ]
    if differing:
        yield f"the table dossiers says {'; '.join(differing)} {MADE_ANEW}"


def _beside(row: Any) -> Iterator[str]:
    """What the columns beside an event say, and the event does not."""
    try:
        envelope = decode_envelope(row.event)
        data = msgspec.json.decode(envelope.data) if row.added else {}
    except ValueError as unreadable:
        yield f"its event cannot be read: {unreadable}"
        return
    recorded = None if envelope.recordedtime is None else envelope.recordedtime.timestamp()
    for name, says, should in (
        ("event_id", row.event_id, envelope.id),
        ("dossier", row.dossier, envelope.subject),
        ("sequence", row.sequence, envelope.sequence),
        ("recorded_at", row.recorded_at, recorded),
    ):
        if should is not None and says != should:
            yield f"the column {name} says {_shown(says)}, the event itself {_shown(should)}"
    if strange := sorted(computed_fields(row.added) - data.keys()):
        yield f"the column added names {', '.join(strange)}, which the event does not have"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
