"""What an announcement would move, looked for among the open dossiers it covers."""

import contextlib
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.intake import log
from services.intake.announcements import store
from services.intake.announcements.known import Announcement, Announcements, covered
from services.intake.announcements.moves import Change, Move, Untouched, as_logged, move_of, untouched
from services.intake.announcements.open_dossiers import open_histories
from services.intake.database import Database


@dataclass(frozen=True, slots=True)
class Plan:
    """Of the open dossiers examined, those whose deadline moves, or stays for a reason, by code; and how many are not affected."""

    examined: int
    moves: list[Move]
    untouched: Mapping[Untouched, int]


async def preview(database: Database, announcements: Announcements, announcement: Announcement, now: datetime) -> Plan:
    """What it would affect if it took effect now; nothing is changed."""
    async with database.reader.connect() as connection:
        head, newest, _ = await log.heads(connection)
        await store.follow(connection, announcements, newest)
    after = announcements.with_entries_of(announcement)
    return await plan(database, announcement, Change(announcement.days, announcements.catalogue, after, after), head, now)


async def plan(database: Database, announcement: Announcement, change: Change, position: int, now: datetime) -> Plan:
    """What it affects of the dossiers that were open after the log's event `position`, as they stand since."""
    scope = frozenset(covered(change.newest.departments, announcement.applies_to))
    examined, moves, others = 0, [], Tally[Untouched]()
    async with contextlib.aclosing(open_histories(database, position)) as histories:
        async for code, history in histories:
            dossier = as_logged(code, history)
            if dossier.department not in scope:
                continue
            examined += 1
            move = move_of(dossier, history, change, now)
            if move is not None:
                moves.append(move)
            elif dossier.is_open:  # it may have been closed since
                others[untouched(dossier, history)] += 1
    return Plan(examined, moves, others)
