"""The answer to a figure query: total, rows, and the identities that hold between them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.columns import counts, shares
from services.reporting.grouping import GroupKey, fold, rows
from services.reporting.identities import Checked, check
from services.reporting.knowledge import Pin, open_in, pinned, unlearned
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import open_before, range_sums
from services.reporting.rules import answering
from shared.catalogue import Catalogue
from shared.domain.figures import Figures, Sums, figures


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


async def report(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue) -> Report:
    """All figures of the query, read from one state of the database."""
    async with answering(engine) as connection:
        return await report_in(connection, query, catalogue)


async def report_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue) -> Report:
    """As `report`, in a transaction that reads one state."""
    pin = await pinned(connection, query.known_at)
    later = await unlearned(connection, query, pin)
    sums = [*await range_sums(connection, query), *later]
    before = await open_before(connection, query) + open_in(later)
    whole = fold(sums, lambda _one: None)
    total = whole[None].figures if whole else figures(Sums())
    groups = rows(sums, query.by, query.first, query.cut, catalogue) if query.by else {}
    listed = tuple(Row(key, groups[key].figures) for key in sorted(groups, key=_order))
    listed = tuple(row for row in listed if query.by == (Dimension.MONTH,) or any(counts(row.figures).values()))
    return Report(query, total, listed, check(query, total, [(row.key, row.figures) for row in listed], before), pin)


def as_json(found: Report) -> dict[str, Any]:
    """The members of contract.md §4."""
    query = found.query
    return {
        **asked(query),
        "by": [dimension.value for dimension in query.by],
        "total": row_json(found.total),
        "rows": [{"key": named(query, row.key), **row_json(row.figures)} for row in found.rows],
        "identities": [one.as_json(query) for one in found.identities],
    }


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
    return {**counts(found), **shares(found)}


def named(query: FigureQuery, key: GroupKey) -> dict[str, str | None]:
    return {dimension.value: value for dimension, value in zip(query.by, key, strict=True)}


def _order(key: GroupKey) -> tuple[tuple[bool, str], ...]:
    """By value, what is not in the catalogue last."""
    return tuple((value is None, value or "") for value in key)
