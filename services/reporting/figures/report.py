"""The answer to a figure query: total, rows, and the identities that hold between them, checked on the figures themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import Grouping
from services.reporting.figures.query import Dimension, FigureQuery, GroupKey, open_in
from services.reporting.figures.range_sums import Pin, not_yet_known, open_before, parts_of_range_sums, pinned
from services.reporting.read_model.store import answering
from shared.catalogue import Catalogue
from shared.contract.codec import encode
from shared.domain.columns import KEYS
from shared.domain.figures import Figures, shares
from shared.domain.identities import ROW_IDENTITIES, Identity

TOTAL_IS_SUM = "total=sum of rows"
CARRIED_OVER = "6(t)=11(t-1)"


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """An identity over all rows; a broken one names the first row that breaks it and by how much."""

    name: str
    difference: int = 0
    place: GroupKey | None = None  # a row's key; None for the total row
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


def check_identities(
    query: FigureQuery, total: Figures, rows: Sequence[tuple[GroupKey, Figures]], open_before: int
) -> tuple[IdentityCheck, ...]:
    """Every identity that the answer can be held to; `open_before` are those in progress at the end of the day before it."""
    counted: list[tuple[GroupKey | None, Figures]] = [(None, total), *rows]
    checked = [_in_every_row(identity, counted) for identity in ROW_IDENTITIES]
    checked.append(_carried_over(query, counted, open_before))
    if query.by and Dimension.MONTH not in query.by:
        checked.append(_sum_of_rows(counted[0][1], [row for _, row in counted[1:]]))
    return tuple(checked)


def _in_every_row(identity: Identity, counted: Sequence[tuple[GroupKey | None, Figures]]) -> IdentityCheck:
    for place, row in counted:
        if difference := identity.difference(row):
            return IdentityCheck(identity.name, difference, place)
    return IdentityCheck(identity.name)


def _carried_over(query: FigureQuery, counted: Sequence[tuple[GroupKey | None, Figures]], open_before: int) -> IdentityCheck:
    """The total against the day before; by month also each month against the one before it."""
    if difference := counted[0][1]["carried_over"] - open_before:
        return IdentityCheck(CARRIED_OVER, difference)
    if query.by == (Dimension.MONTH,):
        left = open_before
        for place, row in counted[1:]:
            if difference := row["carried_over"] - left:
                return IdentityCheck(CARRIED_OVER, difference, place)
            left = row["in_progress_total"]
    return IdentityCheck(CARRIED_OVER)


def _sum_of_rows(total: Figures, rows: Sequence[Figures]) -> IdentityCheck:
    for column in KEYS:
        if difference := total[column] - sum(row[column] for row in rows):
            return IdentityCheck(TOTAL_IS_SUM, difference, None, column)
    return IdentityCheck(TOTAL_IS_SUM)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The figures of one group, under its key in the order of the grouping."""

    key: GroupKey
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period."""

    query: FigureQuery
    total: Figures
    rows: tuple[ReportRow, ...]
    identities: tuple[IdentityCheck, ...]
    pin: Pin


@dataclass(frozen=True, slots=True)
class GatheredSums:
    """What was read of a query: its sums by row, how many dossiers were open before, and the state that tells so."""

    query: FigureQuery
    grouping: Grouping
    open_before: int
    pin: Pin

    def report(self) -> Report:
        """The figures; no I/O. Raises TooManyRows."""
        total = self.grouping.total.figures
        every = self.query.by == (Dimension.MONTH,)
        found = (ReportRow(key, row) for key, row in self.grouping.rows() if every or any(row.values()))
        listed = tuple(sorted(found, key=lambda row: _order(row.key))) if self.query.by else ()
        checked = check_identities(self.query, total, [(row.key, row.figures) for row in listed], self.open_before)
        return Report(self.query, total, listed, checked, self.pin)


async def report(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue) -> Report:
    """All figures of the query, read from one state of the database."""
    return (await gathered(engine, query, catalogue)).report()


async def report_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue) -> Report:
    """As `report`, in a transaction that reads one state."""
    return (await _gathered_in(connection, query, catalogue, None)).report()


async def gathered(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue, most: int | None = None) -> GatheredSums:
    """The query's sums, of at most so many rows. Raises TooManyRows."""
    async with answering(engine) as connection:
        return await _gathered_in(connection, query, catalogue, most)


async def _gathered_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue, most: int | None) -> GatheredSums:
    pin = await pinned(connection, query.known_at)
    grouping = Grouping(query, catalogue, most)
    async for part in parts_of_range_sums(connection, query):
        grouping.take(part)
    later = await not_yet_known(connection, query, pin)
    grouping.take(later)
    return GatheredSums(query, grouping, await open_before(connection, query) + open_in(later), pin)


def as_json(found: Report) -> dict[str, Any]:
    """The members of contract.md §4."""
    query = found.query
    return {
        **query_members(query),
        "by": [dimension.value for dimension in query.by],
        "total": row_json(found.total),
        "rows": [encoded_row(query, row) for row in found.rows],
        "identities": [one.as_json(query) for one in found.identities],
    }


def encoded_row(query: FigureQuery, row: ReportRow) -> msgspec.Raw:
    """A row at once in its final form: of thousands of rows the values would take many times the memory."""
    return msgspec.Raw(encode({"key": named_key(query, row.key), **row_json(row.figures)}))


def query_members(query: FigureQuery) -> dict[str, Any]:
    """The period, how it is judged, and as known when: what stands at the head of every answer."""
    return {
        "from": query.first.isoformat(),
        "to": query.last.isoformat(),
        **({} if query.period is None else {"period": query.period}),
        "definition": query.definition,
        "as_of": query.as_of.isoformat(),
        "as_known_at": None if query.known_at is None else query.known_at.isoformat(),
    }


def row_json(found: Figures) -> dict[str, Any]:
    return {**found, **{key: None if share is None else str(share) for key, share in shares(found).items()}}


def named_key(query: FigureQuery, key: GroupKey) -> dict[str, str | None]:
    return {dimension.value: value for dimension, value in zip(query.by, key, strict=True)}


def _order(key: GroupKey) -> tuple[tuple[bool, str], ...]:
    """By value, what is not in the catalogue last."""
    return tuple((value is None, value or "") for value in key)
