"""The read model held against itself, read only: every dossier's row against its own snapshot, every sum against the dossiers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.entry import Entry, add, decode_entry
from services.reporting.projecting.batch import Change, change_of
from services.reporting.projecting.versions import Version, due_of, version_of
from services.reporting.rebuild.drift import Drift
from services.reporting.rebuild.judging import Finding, row_faults
from services.reporting.rebuild.sides import Side
from services.reporting.rollup import Cell, rolled_up
from services.reporting.spans import MONTH, YEAR
from services.reporting.store import patiently, snapshot
from services.reporting.tables import dossiers, sums
from shared.service.dead_letters import Unusable

PAGE = 1000
BREATHE_EVERY = 50  # dossiers between two looks at other requests
_WIDTH = len(Version._fields)
Amounts = dict[Cell, int]


@dataclass(frozen=True, slots=True)
class Looked:
    """How many of all rows have been looked at."""

    rows: int
    of: int


@dataclass(frozen=True, slots=True)
class WrongSum:
    """A sum, and what the dossiers make it."""

    cell: Cell
    says: int
    should: int

    @property
    def drift(self) -> Drift:
        return Drift(self.cell, self.says - self.should)


@dataclass(slots=True)
class Check:
    """One look at the whole read model, in one state of it. Afterwards `dossiers` and `sums` are how many rows that were."""

    dossiers: int = 0
    sums: int = 0
    _added: dict[int, Amounts] = field(default_factory=lambda: defaultdict(dict))  # by month, what the dossiers add to days

    async def findings(self, engine: AsyncEngine) -> AsyncIterator[Finding | WrongSum | Looked]:
        """What is wrong, and now and then how far the look is."""
        async with snapshot(engine) as connection:
            await patiently(connection)
            rows = [await connection.execute(select(func.count()).select_from(table)) for table in (dossiers, sums)]
            total = sum(counted.scalar_one() for counted in rows)
            async for page in _pages(connection):
                for at, row in enumerate(page):
                    if at % BREATHE_EVERY == 0:
                        await asyncio.sleep(0)
                    if faults := self._faults(row):
                        yield Finding(row.code, "; ".join(faults))
                self.dossiers += len(page)
                yield Looked(self.dossiers, total)
            async for wrong, read in self._wrong_sums(connection):
                for one in wrong:
                    yield one
                self.sums += read
                yield Looked(self.dossiers + self.sums, total)

    def _faults(self, row: Any) -> list[str]:
        """What its snapshot does not say; a dossier is counted as its snapshot says, so that a wrong row is not every sum's fault."""
        live = Side(Version(*row[:_WIDTH]), row.due_at, row.snapshot, ())
        try:
            change = change_of(live.snapshot, live.current.known_at)
        except Unusable as wrong:
            return [f"its snapshot cannot be read: {wrong}", *self._count_as_stored(live)]
        self._count(change.entry)
        return list(_faults(live, change))

    def _count_as_stored(self, live: Side) -> Iterator[str]:
        try:
            self._count(decode_entry(live.current.contributions))
        except ValueError as wrong:
            yield f"what it adds cannot be read: {wrong}"

    def _count(self, entry: Entry) -> None:
        of_month: dict[int, list[tuple[int, int, int]]] = {}
        for delta in entry.deltas:
            of_month.setdefault(delta[0] // MONTH, []).append(delta)
        for month, deltas in of_month.items():
            add(self._added[month], Entry(entry.department, entry.procedure, entry.channel, deltas), 1)

    async def _wrong_sums(self, connection: AsyncConnection) -> AsyncIterator[tuple[list[WrongSum], int]]:
        """Month by month, then the years; with each part how many rows were read."""
        held = {number // MONTH for number in (await connection.execute(select(sums.c.span).distinct())).scalars()}
        of_years: dict[int, Amounts] = defaultdict(dict)
        for month in sorted(held | set(self._added), key=lambda number: (number % MONTH == 0, number)):
            expected = of_years[month] if month % MONTH == 0 else await asyncio.to_thread(_expected, self._added.pop(month, {}), of_years)
            within = sums.c.span.between(month * MONTH, month * MONTH + MONTH - 1)
            rows = (await connection.execute(select(sums).where(within))).all()
            yield await asyncio.to_thread(_compared, rows, expected), len(rows)


async def _pages(connection: AsyncConnection) -> AsyncIterator[Sequence[Any]]:
    page_of, after = select(dossiers).order_by(dossiers.c.code).limit(PAGE), ""
    while page := (await connection.execute(page_of.where(dossiers.c.code > after))).all():
        yield page
        after = page[-1].code


def _faults(live: Side, change: Change) -> Iterator[str]:
    stored = live.current
    right = Side(version_of(change, stored.since_revision, stored.known_at), due_of(change), live.snapshot, ())
    if stored == right.current and live.due_at == right.due_at:
        return
    own = [name for name in ("code", "version", "sequence") if getattr(stored, name) != getattr(right.current, name)]
    if own:
        yield f"its snapshot is of another {', '.join(own)}"
    yield from row_faults(live, right, change.status)


def _expected(added: Mapping[Cell, int], of_years: dict[int, Amounts]) -> Amounts:
    """The rows of a month and its days; what they add to the year is put there."""
    expected: Amounts = {}
    for row in rolled_up(added):
        cell, amount = row[:5], row[5]
        if cell[0] % YEAR:
            expected[cell] = amount
        else:
            year = of_years[cell[0] // MONTH]
            year[cell] = year.get(cell, 0) + amount
    return expected


def _compared(rows: Iterable[Any], expected: Amounts) -> list[WrongSum]:
    wrong: list[WrongSum] = []
    for row in rows:
        cell, amount = row[:5], row[5]
        should = expected.pop(cell, 0)
        if amount != should:
            wrong.append(WrongSum(cell, amount, should))
    wrong += [WrongSum(cell, 0, should) for cell, should in expected.items() if should]
    return sorted(wrong, key=lambda one: one.cell)
