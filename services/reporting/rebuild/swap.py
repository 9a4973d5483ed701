"""The swap, in one transaction: the models are compared, what the live one has beyond is brought over, the new one takes its place."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.entry import add, decode_entry
from services.reporting.projecting.projection import write
from services.reporting.projecting.versions import Steps
from services.reporting.rebuild import beside
from services.reporting.rebuild.beside import PREFIX, Standing, ahead, standing, tables_of
from services.reporting.rebuild.drift import Drift, drifted
from services.reporting.rebuild.judging import Finding, Judge, Judged
from services.reporting.rebuild.sides import Side, sides, suspects
from services.reporting.store import patiently, writing
from services.reporting.tables import LIVE, ReadModel, model, offsets
from shared.domain.rules import RULES_VERSION

AT_ONCE = 500
NAMED = 50


class NotSettled(Exception):
    """Nobody has said yet from when on the live model is expected to have what the log has."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was compared and found; `generation` is the live model's afterwards."""

    swapped: bool
    generation: int
    dossiers: int
    events: int
    findings: list[Finding]
    drifts: list[Drift]

    def as_json(self) -> dict[str, Any]:
        """The first NAMED of each kind, and how many there are."""
        return {
            "swapped": self.swapped,
            "generation": self.generation,
            "dossiers": self.dossiers,
            "events": self.events,
            "dossiers_differing": len(self.findings),
            "sums_differing": len(self.drifts),
            "differences": [{"code": one.code, "detail": one.detail} for one in self.findings[:NAMED]],
            "sums": [one.as_json() for one in self.drifts[:NAMED]],
        }


async def swap(engine: AsyncEngine, number: int, *, dry_run: bool = False) -> Outcome:
    """Compare and swap, or with `dry_run` compare only; the rebuild is over either way. Raises UnknownRebuild, NotSettled.

    The projector stands still meanwhile. Figures are answered, from the old model until the very end, from the new one after it.
    """
    new = tables_of(number)
    async with writing(engine) as connection:
        await patiently(connection)
        await _hold_the_projector(connection)
        stands = await standing(connection, number, locked=True)
        if stands.settled is None:
            raise NotSettled(number)
        judged = await _judged(connection, stands, new)
        drifts = await drifted(connection, LIVE, new, judged.moving)
        generation: int = (await connection.execute(select(model.c.generation))).scalar_one()
        if not dry_run:
            generation = max(number, generation + 1)
            await _bring_over(connection, new, judged, generation)
        dossiers = (await connection.execute(select(func.count()).select_from(new.dossiers))).scalar_one()
        if not dry_run:
            await _take_the_place(connection)
        await connection.run_sync(beside.drop)
    return Outcome(not dry_run, generation, dossiers, stands.events, judged.findings, drifts)


async def _hold_the_projector(connection: AsyncConnection) -> None:
    """Its transactions begin by locking offsets; SQLite has one writer at a time anyhow."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {offsets.name} IN EXCLUSIVE MODE"))


async def _judged(connection: AsyncConnection, stands: Standing, new: ReadModel) -> Judged:
    assert stands.settled is not None
    noted = {row.code: row.sequence for row in await connection.execute(select(ahead))}
    judge, judged = Judge(stands.settled, noted), Judged()
    for codes in _chunks(await suspects(connection, LIVE, new)):
        of_live, of_new = await sides(connection, LIVE, codes), await sides(connection, new, codes)
        for code in codes:
            judge.look(code, of_live.get(code), of_new.get(code), judged)
        await asyncio.sleep(0)  # others are answered meanwhile
    return judged


def _chunks(codes: Sequence[str]) -> Iterator[list[str]]:
    left = iter(codes)
    while chunk := list(islice(left, AT_ONCE)):
        yield chunk


async def _bring_over(connection: AsyncConnection, new: ReadModel, judged: Judged, generation: int) -> None:
    advanced = update(model).values(generation=generation, revision=model.c.revision + 1, rules=RULES_VERSION).returning(model.c.revision)
    steps = Steps((await connection.execute(advanced)).scalar_one())
    for live, known in judged.carried:
        _carry(steps, live, known)
    await write(connection, new, steps)
    if judged.kept:
        of = new.dossiers
        newer = update(of).where(of.c.code == bindparam("of_code")).values(version=bindparam("newer"), snapshot=bindparam("said"))
        rows = [{"newer": version, "said": snapshot, "of_code": code} for version, snapshot, code in judged.kept]
        await connection.execute(newer, rows)


def _carry(steps: Steps, live: Side, known: Side | None) -> None:
    """The live model's later versions, after the one that the log gave as far as it was read."""
    logged = 0 if known is None else known.current.sequence
    before = None if known is None else known.current
    later = [*(version for version, _ in live.past if version.sequence > logged), live.current]
    for version in later:
        if before is not None and before.contributions == version.contributions:
            before = version._replace(since_revision=before.since_revision, known_at=before.known_at)
            continue
        if before is not None and before.flags:  # what added nothing leaves no trace
            steps.history.append((*before, steps.revision, max(version.known_at, before.known_at)))
        before = version._replace(since_revision=steps.revision)
    assert before is not None
    steps.dossiers.append((*before, live.due_at, live.snapshot))
    add(steps.cells, decode_entry(live.current.contributions), 1)
    if known is not None:
        add(steps.cells, decode_entry(known.current.contributions), -1)


async def _take_the_place(connection: AsyncConnection) -> None:
    """The new tables get the live ones' names; readers on PostgreSQL lock `model` first (store.snapshot) and see one model or the other."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {model.name} IN ACCESS EXCLUSIVE MODE"))
    for table in (LIVE.dossiers, LIVE.history, LIVE.sums):
        await connection.execute(text(f"DROP TABLE {table.name}"))
        await connection.execute(text(f"ALTER TABLE {PREFIX}{table.name} RENAME TO {table.name}"))
