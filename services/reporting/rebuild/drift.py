"""Sums of the live model that are not those of the log, dossiers on their way set aside."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import except_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.entry import add, decode_entry
from services.reporting.measures import CHANNELS, MEANINGS, MEASURE_CODES
from services.reporting.rebuild.sides import Side
from services.reporting.rollup import Cell, rolled_up
from services.reporting.spans import MONTH, YEAR
from services.reporting.tables import ReadModel
from shared.domain.definitions import DEFINITIONS


@dataclass(frozen=True, slots=True)
class Drift:
    """A sum and by how much it was too high."""

    cell: Cell
    off_by: int

    def as_json(self) -> dict[str, Any]:
        """`department` and `procedure` null for the sum over all of them. A number that means nothing stands as it is."""
        span, procedure, department, channel, code = self.cell
        definition = None if code in MEASURE_CODES.values() else next((name for name in DEFINITIONS if code in MEANINGS[name]), None)
        return {
            "span": _span(span),
            "department": department or None,
            "procedure": procedure or None,
            "channel": CHANNELS[channel].value if channel in CHANNELS else str(channel),
            "measure": next((str(meanings[code].value) for meanings in MEANINGS.values() if code in meanings), str(code)),
            "definition": definition,
            "off_by": self.off_by,
        }


async def drifted(
    connection: AsyncConnection, live: ReadModel, new: ReadModel, moving: Iterable[tuple[Side | None, Side | None]]
) -> list[Drift]:
    """Every such sum, in the order of their cells."""
    off: dict[Cell, int] = {}
    for one, other, sign in ((live.sums, new.sums, 1), (new.sums, live.sums, -1)):
        for *key, amount in await connection.execute(except_(select(one), select(other))):
            cell: Cell = tuple(key)
            off[cell] = off.get(cell, 0) + sign * amount
    on_the_way: dict[Cell, int] = {}
    for of_live, of_new in moving:
        for side, sign in ((of_live, -1), (of_new, 1)):
            if side is not None:
                add(on_the_way, decode_entry(side.current.contributions), sign)
    for *key, amount in rolled_up(on_the_way):
        cell = tuple(key)
        off[cell] = off.get(cell, 0) + amount
    return [Drift(cell, amount) for cell, amount in sorted(off.items()) if amount]


def _span(number: int) -> str:
    year, month, day = number // YEAR, number % YEAR // MONTH, number % MONTH
    return "-".join([f"{year:04}", *(f"{part:02}" for part in (month, day) if part)])
