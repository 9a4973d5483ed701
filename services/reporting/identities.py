"""Checks the identities of the statutory form on the figures themselves, whatever made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.grouping import GroupKey
from services.reporting.query import Dimension, FigureQuery
from shared.domain.columns import KEYS
from shared.domain.figures import Figures
from shared.domain.identities import ROW_IDENTITIES, Identity

TOTAL_IS_SUM = "total=sum of rows"
CARRIED_OVER = "6(t)=11(t-1)"
Place = GroupKey | None  # a row's key; None for the total row


@dataclass(frozen=True, slots=True)
class Checked:
    """An identity over all rows; a broken one names the first row that breaks it and by how much."""

    name: str
    difference: int = 0
    place: Place = None
    column: str | None = None

    @property
    def holds(self) -> bool:
        return self.difference == 0

    def as_json(self, query: FigureQuery) -> dict[str, Any]:
        if self.holds:
            return {"name": self.name, "holds": True}
        where: str | dict[str, str | None] = "total"
        if self.place is not None:
            where = {dimension.value: value for dimension, value in zip(query.by, self.place, strict=True)}
        broken = {"name": self.name, "holds": False, "difference": self.difference, "row": where}
        return broken if self.column is None else {**broken, "column": self.column}


def check(query: FigureQuery, total: Figures, rows: Sequence[tuple[GroupKey, Figures]], open_before: int) -> tuple[Checked, ...]:
    """Every identity that the answer can be held to; `open_before` are those in progress at the end of the day before it."""
    counted: list[tuple[Place, Figures]] = [(None, total), *rows]
    checked = [_in_every_row(identity, counted) for identity in ROW_IDENTITIES]
    checked.append(_carried_over(query, counted, open_before))
    if query.by and Dimension.MONTH not in query.by:
        checked.append(_sum_of_rows(counted[0][1], [row for _, row in counted[1:]]))
    return tuple(checked)


def _in_every_row(identity: Identity, counted: Sequence[tuple[Place, Figures]]) -> Checked:
    for place, row in counted:
        if difference := identity.difference(row):
            return Checked(identity.name, difference, place)
    return Checked(identity.name)


def _carried_over(query: FigureQuery, counted: Sequence[tuple[Place, Figures]], open_before: int) -> Checked:
    """The total against the day before; by month also each month against the one before it."""
    if difference := counted[0][1]["carried_over"] - open_before:
        return Checked(CARRIED_OVER, difference)
    if query.by == (Dimension.MONTH,):
        left = open_before
        for place, row in counted[1:]:
            if difference := row["carried_over"] - left:
                return Checked(CARRIED_OVER, difference, place)
            left = row["in_progress_total"]
    return Checked(CARRIED_OVER)


def _sum_of_rows(total: Figures, rows: Sequence[Figures]) -> Checked:
    for column in KEYS:
        if difference := total[column] - sum(row[column] for row in rows):
            return Checked(TOTAL_IS_SUM, difference, None, column)
    return Checked(TOTAL_IS_SUM)
