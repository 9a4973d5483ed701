"""The swap, in one transaction: the models are compared, later events are carried over, the new one goes live."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.projecting.projection import write
from services.reporting.read_model.contributions import add_to, decode_contributions
from services.reporting.read_model.store import audit_of, patiently
from services.reporting.read_model.tables import LIVE, ReadModel, model, offsets
from services.reporting.read_model.versions import RowsToWrite, Version
from services.reporting.rebuild.comparison import Comparison, HeldDossier, held_dossiers, sum_differences, suspects
from services.reporting.rebuild.progress import PREFIX, ahead, drop_tables, progress_of, tables_of
from shared.auditing.entries import Act, AuditEntry
from shared.contract.http.rebuilds import DossierDifference, SumDifference, SwapAnswer
from shared.domain.counting import RULES_VERSION
from shared.service.sql import writing

AT_ONCE = 500
NAMED = 50


class NotSettled(Exception):
    """Nobody has said yet from when on the live model is expected to have what the log has."""


@dataclass(frozen=True, slots=True)
class SwapResult:
    """What was compared and found; `generation` is the live model's afterwards."""

    swapped: bool
    generation: int
    dossiers: int
    events: int
    differences: list[DossierDifference]
    sums: list[SumDifference]

    def answer(self) -> SwapAnswer:
        """The first NAMED of each kind, and how many there are."""
        return SwapAnswer(
            swapped=self.swapped,
            generation=self.generation,
            dossiers=self.dossiers,
            events=self.events,
            dossiers_differing=len(self.differences),
            sums_differing=len(self.sums),
            differences=self.differences[:NAMED],
            sums=self.sums[:NAMED],
        )


async def swap(engine: AsyncEngine, number: int, *, dry_run: bool = False) -> SwapResult:
    """Compare and swap, or with `dry_run` compare only; the rebuild is over either way.

    The projector waits meanwhile. Figures are answered by the old model until the end, by the new one after it.
    Raises UnknownRebuild, NotSettled.
    """
    new = tables_of(number)
    async with writing(engine) as connection:
        await patiently(connection)
        if connection.dialect.name == "postgresql":  # locking offsets is what the projector begins with
            await connection.execute(text(f"LOCK TABLE {offsets.name} IN EXCLUSIVE MODE"))
        progress = await progress_of(connection, number, locked=True)
        if progress.settled is None:
            raise NotSettled(number)
        comparison = await _compared(connection, progress.settled, new)
        sums = await sum_differences(connection, LIVE, new, comparison.moving)
        generation: int = (await connection.execute(select(model.c.generation))).scalar_one()
        if not dry_run:
            generation = max(number, generation + 1)
            await _bring_over(connection, new, comparison, generation)
        dossiers = (await connection.execute(select(func.count()).select_from(new.dossiers))).scalar_one()
        if not dry_run:
            await _take_the_place(connection)
        await connection.run_sync(drop_tables)
        result = SwapResult(not dry_run, generation, dossiers, progress.events, comparison.differences, sums)
        await audit_of(engine).write(connection, _audited(number, result))
    return result


def _audited(number: int, result: SwapResult) -> AuditEntry:
    details = {
        "generation": result.generation,
        "dossiers": result.dossiers,
        "events": result.events,
        "dossiers_differing": len(result.differences),
        "sums_differing": len(result.sums),
        "dry_run": not result.swapped,
    }
    return AuditEntry(Act.REBUILD_SWAPPED if result.swapped else Act.REBUILD_DROPPED, f"rebuild {number}", details)


async def _compared(connection: AsyncConnection, settled: int, new: ReadModel) -> Comparison:
    noted = {row.code: row.sequence for row in await connection.execute(select(ahead))}
    comparison = Comparison(settled, noted)
    codes = await suspects(connection, LIVE, new)
    for start in range(0, len(codes), AT_ONCE):
        part = codes[start : start + AT_ONCE]
        of_live, of_new = await held_dossiers(connection, LIVE, part), await held_dossiers(connection, new, part)
        for code in part:
            comparison.look(code, of_live.get(code), of_new.get(code))
        await asyncio.sleep(0)  # others are answered meanwhile
    return comparison


async def _bring_over(connection: AsyncConnection, new: ReadModel, comparison: Comparison, generation: int) -> None:
    advanced = update(model).values(generation=generation, revision=model.c.revision + 1, rules=RULES_VERSION)
    rows = RowsToWrite((await connection.execute(advanced.returning(model.c.revision))).scalar_one())
    for live, logged in comparison.carried:
        _carry(rows, live, logged)
    await write(connection, new, rows)
    if comparison.kept:
        code = new.dossiers.c.code
        newer = update(new.dossiers).where(code == bindparam("of_code"))
        kept = [{"newer": version, "said": snapshot, "of_code": code} for version, snapshot, code in comparison.kept]
        await connection.execute(newer.values(version=bindparam("newer"), snapshot=bindparam("said")), kept)


def _carry(rows: RowsToWrite, live: HeldDossier, logged: HeldDossier | None) -> None:
    """The live model's later versions, after the one that the log gave as far as it was read."""
    row: Version | None = None if logged is None else logged.current
    sequence = 0 if row is None else row.sequence
    for version in (*(one for one in live.past if one.sequence > sequence), live.current):
        row = rows.succeed(row, version)
    assert row is not None
    rows.dossiers.append((*row, live.due_at, live.snapshot))
    add_to(rows.changes, decode_contributions(live.current.contributions), 1)
    if logged is not None:
        add_to(rows.changes, decode_contributions(logged.current.contributions), -1)


async def _take_the_place(connection: AsyncConnection) -> None:
    """The new tables get the live ones' names; readers lock `model` first (store.snapshot) and see one model only."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {model.name} IN ACCESS EXCLUSIVE MODE"))
    for table in (LIVE.dossiers, LIVE.history, LIVE.sums):
        await connection.execute(text(f"DROP TABLE {table.name}"))
        await connection.execute(text(f"ALTER TABLE {PREFIX}{table.name} RENAME TO {table.name}"))
