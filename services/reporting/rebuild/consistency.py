"""The read model against itself, read only: each dossier's row against its snapshot, each sum against the dossiers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.read_model.contributions import Contributions, add_to, decode_contributions
from services.reporting.read_model.store import breathing, patiently, snapshot
from services.reporting.read_model.sums import MONTH, YEAR, Amounts, Cell, Group, rolled_up
from services.reporting.read_model.tables import dossiers, sums
from services.reporting.read_model.versions import NewVersion, new_version, version_of
from services.reporting.rebuild.comparison import HeldDossier, row_differences, sum_difference
from shared.contract.http.rebuilds import CheckProgressLine, InconsistencyLine
from shared.service.dead_letters import Unusable

PAGE = 1000
BREATHE_EVERY = 50  # dossiers between two looks at other requests
CellAmounts = dict[Cell, int]


@dataclass(slots=True)
class ConsistencyCheck:
    """One look at the whole read model, in one state; `dossiers` and `sums` count the rows that were looked at."""

    dossiers: int = 0
    sums: int = 0
    _added: dict[int, dict[Group, Amounts]] = field(
        default_factory=lambda: defaultdict(dict)
    )  # by month, what the dossiers add to days

    async def lines(self, engine: AsyncEngine) -> AsyncIterator[InconsistencyLine | CheckProgressLine]:
        """What is wrong, and now and then how far the look is."""
        async with snapshot(engine) as connection:
            await patiently(connection)
            rows = [await connection.execute(select(func.count()).select_from(table)) for table in (dossiers, sums)]
            total = sum(counted.scalar_one() for counted in rows)
            async for page in _pages(connection):
                async for row in breathing(page, BREATHE_EVERY):
                    if wrong := list(self._wrong(row)):
                        yield InconsistencyLine(about=row.code, detail="; ".join(wrong))
                self.dossiers += len(page)
                yield CheckProgressLine(looked_at=self.dossiers, of=total)
            async for wrong_sums, read in self._wrong_sums(connection):
                for line in wrong_sums:
                    yield line
                self.sums += read
                yield CheckProgressLine(looked_at=self.dossiers + self.sums, of=total)

    def _wrong(self, row: Any) -> Iterator[str]:
        """What its snapshot does not say; it is counted as its snapshot says, so a wrong row does not spoil sums."""
        stored = HeldDossier.of_row(row)
        try:
            right = new_version(stored.snapshot, stored.current.known_at)
        except Unusable as wrong:
            yield f"its snapshot cannot be read: {wrong}"
            try:
                self._count(decode_contributions(stored.current.contributions))
            except (msgspec.MsgspecError, ValueError) as unreadable:
                yield f"what it adds cannot be read: {unreadable}"
        else:
            self._count(right.contributions)
            yield from _differences(stored, right)

    def _count(self, contributions: Contributions) -> None:
        of_month: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for delta in contributions.deltas:
            of_month[delta[0] // MONTH].append(delta)
        for month, deltas in of_month.items():
            add_to(self._added[month], msgspec.structs.replace(contributions, deltas=deltas), 1)

    async def _wrong_sums(self, connection: AsyncConnection) -> AsyncIterator[tuple[list[InconsistencyLine], int]]:
        """Month by month, then the years; with each part how many rows were read."""
        held = {number // MONTH for number in (await connection.execute(select(sums.c.span).distinct())).scalars()}
        of_years: dict[int, CellAmounts] = defaultdict(dict)
        for month in sorted(held | set(self._added), key=lambda number: (number % MONTH == 0, number)):
            is_year = month % MONTH == 0
            added = {} if is_year else self._added.pop(month, {})
            expected = of_years[month] if is_year else await asyncio.to_thread(_expected, added, of_years)
            within = sums.c.span.between(month * MONTH, month * MONTH + MONTH - 1)
            rows = (await connection.execute(select(sums).where(within))).all()
            yield await asyncio.to_thread(_compared, rows, expected), len(rows)


async def _pages(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    page_of, after = select(dossiers).order_by(dossiers.c.code).limit(PAGE), ""
    while page := (await connection.execute(page_of.where(dossiers.c.code > after))).all():
        yield page
        after = page[-1].code


def _differences(stored: HeldDossier, right: NewVersion) -> Iterator[str]:
    row = stored.current
    held = HeldDossier(version_of(right, row.since_revision, row.known_at), right.due_at, stored.snapshot)
    if row == held.current and stored.due_at == held.due_at:
        return
    own = [name for name in ("code", "version", "sequence") if getattr(row, name) != getattr(held.current, name)]
    if own:
        yield f"its snapshot is of another {', '.join(own)}"
    yield from row_differences(stored, held, right.status)


def _expected(added: dict[Group, Amounts], of_years: dict[int, CellAmounts]) -> CellAmounts:
    """The rows of a month and its days; what they add to the year is put there."""
    expected: CellAmounts = {}
    for row in rolled_up(added):
        cell, amount = row[:-1], row[-1]
        if cell[0] % YEAR:
            expected[cell] = amount
        else:
            year = of_years[cell[0] // MONTH]
            year[cell] = year.get(cell, 0) + amount
    return expected


def _compared(rows: Iterable[Any], expected: CellAmounts) -> list[InconsistencyLine]:
    """The sums that are not what the dossiers make them, in the order of their cells."""
    wrong: dict[Cell, tuple[int, int]] = {}
    for row in rows:
        cell, says = row[:-1], row[-1]
        should = expected.pop(cell, 0)
        if says != should:
            wrong[cell] = says, should
    wrong |= {cell: (0, should) for cell, should in expected.items() if should}
    return [
        InconsistencyLine(about=sum_difference(cell, says - should), detail=f"says {says}, its dossiers make {should}")
        for cell, (says, should) in sorted(wrong.items())
    ]
