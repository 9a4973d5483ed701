"""The answer to a figure query: total, rows, and the identities that hold between them."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.grouping import Grouping, GroupKey
from services.reporting.identities import Checked, check
from services.reporting.knowledge import Pin, open_in, pinned, unlearned
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import open_before, parts_of_range_sums
from services.reporting.rules import answering
from shared.catalogue import Catalogue
from shared.contract.codec import encode
from shared.domain.figures import Figures, shares


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one group, under its key in the order of the grouping."""

    key: GroupKey
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period."""

    query: FigureQuery
    total: Figures
    rows: tuple[Row, ...]
    identities: tuple[Checked, ...]
    pin: Pin


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of a query: its sums by row, how many dossiers were open before, and the state that tells so."""

    query: FigureQuery
    grouping: Grouping
    open_before: int
    pin: Pin

    def report(self) -> Report:
        """The figures; no I/O. Raises TooManyRows."""
        total = self.grouping.total.figures
        every = self.query.by == (Dimension.MONTH,)
        found = (Row(key, row) for key, row in self.grouping.rows() if every or any(row.values()))
        listed = tuple(sorted(found, key=lambda row: _order(row.key))) if self.query.by else ()
        checked = check(self.query, total, [(row.key, row.figures) for row in listed], self.open_before)
        return Report(self.query, total, listed, checked, self.pin)


async def report(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue) -> Report:
    """All figures of the query, read from one state of the database."""
    return (await gathered(engine, query, catalogue)).report()


async def report_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue) -> Report:
    """As `report`, in a transaction that reads one state."""
    return (await _gathered_in(connection, query, catalogue, None)).report()


async def gathered(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue, most: int | None = None) -> Gathered:
    """The query's sums, of at most so many rows. Raises TooManyRows."""
    async with answering(engine) as connection:
        return await _gathered_in(connection, query, catalogue, most)


async def _gathered_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue, most: int | None) -> Gathered:
    pin = await pinned(connection, query.known_at)
    grouping = Grouping(query, catalogue, most)
    async for part in parts_of_range_sums(connection, query):
        grouping.take(part)
    later = await unlearned(connection, query, pin)
    grouping.take(later)
    return Gathered(query, grouping, await open_before(connection, query) + open_in(later), pin)


def as_json(found: Report) -> dict[str, Any]:
    """The members of contract.md §4."""
    query = found.query
    return {
        **asked(query),
        "by": [dimension.value for dimension in query.by],
        "total": row_json(found.total),
        "rows": [written(query, row) for row in found.rows],
        "identities": [one.as_json(query) for one in found.identities],
    }


def written(query: FigureQuery, row: Row) -> msgspec.Raw:
    """A row at once in its final form: of thousands of rows the values would take many times the memory."""
    return msgspec.Raw(encode({"key": named(query, row.key), **row_json(row.figures)}))


def asked(query: FigureQuery) -> dict[str, Any]:
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


def named(query: FigureQuery, key: GroupKey) -> dict[str, str | None]:
    return {dimension.value: value for dimension, value in zip(query.by, key, strict=True)}


def _order(key: GroupKey) -> tuple[tuple[bool, str], ...]:
    """By value, what is not in the catalogue last."""
    return tuple((value is None, value or "") for value in key)
