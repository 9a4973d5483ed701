"""The dossiers that explain why published numbers are others now: in which they were then, and in which they are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import Grouping
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import Pin, range_sums_of
from services.reporting.opening.comparisons import changed_versions
from services.reporting.read_model.contributions import BrokenDossier, stored_contributions
from services.reporting.read_model.sums import instant_of
from shared.catalogue import Catalogue
from shared.domain.localtime import local
from shared.publishing.cells import cell_name

BREATHE_EVERY = 50
CellNames = frozenset[str]
NOWHERE: CellNames = frozenset()


@dataclass(frozen=True, slots=True)
class Move:
    """A dossier that is in other numbers, since an instant."""

    code: str
    left: list[str]
    entered: list[str]
    known_at: datetime


async def moves(
    connection: AsyncConnection,
    query: FigureQuery,
    by: Sequence[Dimension],
    catalogue: Catalogue,
    then: Pin,
    now: Pin,
) -> AsyncIterator[Move]:
    """By code, every dossier that is in other numbers of the query than it was; both pins are of one revision."""
    queries = [replace(query, by=(dimension,)) for dimension in by]
    number = 0
    async for code, earlier, later in changed_versions(connection, query, then, now):
        number += 1
        if number % BREATHE_EVERY == 0:
            await asyncio.sleep(0)
        before, since = (numbers_with(version, queries, catalogue) for version in (earlier, later))
        if before != since:
            yield Move(code, sorted(before - since), sorted(since - before), local(instant_of(later.known_at)))


def numbers_with(version: Any, queries: Sequence[FigureQuery], catalogue: Catalogue) -> CellNames:
    """The numbers in which a version of a dossier is one, by the functions that compute everyone's."""
    if version is None or not version.chosen:
        return NOWHERE
    contributions, found = stored_contributions(version.code, version.contributions), set[str]()
    for query in queries:
        grouping, (dimension,) = Grouping(query, catalogue), query.by
        grouping.take(range_sums_of(contributions, query))
        rows = [(None, None, grouping.total.figures)]
        rows += [(dimension.value, key[0], figures) for key, figures in grouping.rows()]
        for by, value, figures in rows:
            for column, count in figures.items():
                if count not in (0, 1):
                    raise BrokenDossier(version.code, "it counts more than once, or less than not at all")
                if count:
                    found.add(cell_name(by, value, column))
    return frozenset(found)
