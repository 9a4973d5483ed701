"""A rebuild part by part: begun, fed with the log, settled, dropped. Nothing here touches the live tables."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.projecting.batch import Change
from services.reporting.projecting.projection import apply
from services.reporting.rebuild import beside
from services.reporting.rebuild.beside import Standing, ahead, standing, state, tables_of
from services.reporting.rebuild.fold import Fold, Line, Refused
from services.reporting.store import among, patiently, snapshot, writing
from services.reporting.tables import LIVE, model
from shared.contract.codec import decode_status
from shared.domain.dossier import Dossier

_LOCK = 0x6D6F7465  # starts and drops take turns on PostgreSQL, where nothing else would make them
BREATHE_EVERY = 100  # events between two looks at other requests
ItemT = TypeVar("ItemT")


class PositionMoved(Exception):
    """The part does not follow the last one that was taken."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


async def start(engine: AsyncEngine, now: datetime) -> Standing:
    """Empty tables for a new rebuild; an unfinished one is dropped."""
    async with writing(engine) as connection:
        await _take_turns(connection)
        generation = (await connection.execute(select(model.c.generation))).scalar_one()
        number = max(int(now.timestamp()), generation + 1)
        if await connection.run_sync(beside.exists):
            number = max(number, (await connection.execute(select(state.c.number))).scalar_one() + 1)
        await connection.run_sync(beside.create, number)
        return await standing(connection, number)


async def drop(engine: AsyncEngine, number: int) -> None:
    """End the rebuild without a trace. Raises UnknownRebuild."""
    async with writing(engine) as connection:
        await _take_turns(connection)
        await standing(connection, number)
        await connection.run_sync(beside.drop)


async def _take_turns(connection: AsyncConnection) -> None:
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


async def take(engine: AsyncEngine, number: int, after: int, lines: list[Line]) -> tuple[Standing, list[Refused]]:
    """Take the log's next lines, all of them or none. Raises UnknownRebuild, PositionMoved."""
    fold = Fold(await _dossiers(engine, number, after, {line.event.subject for line in lines}))
    async for line in _breathing(lines):
        fold.take(line)
    changes: dict[str, list[Change]] = {}
    async for code in _breathing(fold.codes()):
        changes[code] = fold.changes(code)
    async with writing(engine) as connection:
        now = await _at(connection, number, after, locked=True)
        if lines:
            latest = max(now.latest, fold.latest)
            moved = {"position": lines[-1].position, "events": now.events + len(lines), "latest": latest}
            await connection.execute(update(state).values(**moved))
            await apply(connection, changes, tables_of(number))
        return await standing(connection, number), fold.refused


async def _at(connection: AsyncConnection, number: int, position: int, *, locked: bool = False) -> Standing:
    now = await standing(connection, number, locked=locked)
    if now.position != position:
        raise PositionMoved(now.position)
    return now


async def _dossiers(engine: AsyncEngine, number: int, after: int, codes: set[str]) -> dict[str, Dossier]:
    of = tables_of(number).dossiers.c
    async with snapshot(engine) as connection:
        await _at(connection, number, after)
        rows = (await connection.execute(select(of.code, of.snapshot).where(among(connection, of.code, sorted(codes))))).all()
    return {code: decode_status(stored).dossier() async for code, stored in _breathing(rows)}


async def settle(engine: AsyncEngine, number: int) -> Standing:
    """The live model has had time to see what was sent so far: what it lacks of that from now on is a difference.

    What it holds beyond is noted; when the log has been read to its end and still lacks it, that is one too.
    """
    live, new = LIVE.dossiers, tables_of(number).dossiers
    beyond = (
        select(live.c.code, live.c.sequence)
        .select_from(live.outerjoin(new, new.c.code == live.c.code))
        .where(or_(new.c.code.is_(None), live.c.sequence > new.c.sequence))
    )
    async with writing(engine) as connection:
        await patiently(connection)
        now = await standing(connection, number, locked=True)
        await connection.execute(ahead.delete())
        await connection.execute(insert(ahead).from_select(["code", "sequence"], beyond))
        await connection.execute(update(state).values(settled=now.latest))
        return await standing(connection, number)


async def _breathing(items: Iterable[ItemT]) -> AsyncIterator[ItemT]:
    for index, item in enumerate(items):
        if index % BREATHE_EVERY == BREATHE_EVERY - 1:
            await asyncio.sleep(0)
        yield item
