"""The dossiers that explain why published numbers are others now: in which they were then, and in which they are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import Grouping
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import Pin, range_sums_of
from services.reporting.opening.comparisons import changed_versions
from services.reporting.read_model.contributions import BrokenDossier, Contributions, stored_contributions
from services.reporting.read_model.sums import instant_of
from shared.catalogue import Catalogue
from shared.domain.figures import Figures
from shared.domain.localtime import local
from shared.publishing.cells import cell_name

BREATHE_EVERY = 20
CellNames = frozenset[str]
NOWHERE: CellNames = frozenset()


@dataclass(frozen=True, slots=True)
class DossierMove:
    """A dossier that is in other numbers, since an instant."""

    code: str
    left: list[str]
    entered: list[str]
    known_at: datetime


@dataclass(frozen=True, slots=True)
class NumbersOfDocument:
    """The numbers of a document: its question, a table for each dimension, and the columns that it has."""

    query: FigureQuery
    by: list[Dimension]
    columns: frozenset[str]
    catalogue: Catalogue

    def with_version(self, version: Any) -> CellNames:
        """Those in which a version of a dossier is one, by the functions that compute everyone's."""
        if version is None or not version.chosen:
            return NOWHERE
        contributions = stored_contributions(version.code, version.contributions)
        return frozenset(self._counting(version.code, contributions))

    def _counting(self, code: str, contributions: Contributions) -> Iterator[str]:
        for dimension in self.by:
            query = replace(self.query, by=(dimension,))
            if not (sums := range_sums_of(contributions, query)):
                return
            grouping = Grouping(query, self.catalogue)
            grouping.take(sums)
            if dimension is self.by[0]:
                yield from self._ones(code, None, None, grouping.total.figures)
            for (value,), row in grouping.rows():
                yield from self._ones(code, dimension, value, row)

    def _ones(self, code: str, by: str | None, value: str | None, row: Figures) -> Iterator[str]:
        for column, count in row.items():
            if count not in (0, 1):
                raise BrokenDossier(code, "it counts more than once, or less than not at all")
            if count and column in self.columns:
                yield cell_name(by, value, column)


async def moves(
    connection: AsyncConnection, numbers: NumbersOfDocument, then: Pin, now: Pin
) -> AsyncIterator[DossierMove]:
    """By code, every dossier that is in other numbers of the document than it was; both pins are of one revision."""
    looked_at = 0
    async for code, earlier, later in changed_versions(connection, numbers.query, then, now):
        looked_at += 1
        if looked_at % BREATHE_EVERY == 0:
            await asyncio.sleep(0)
        before, since = numbers.with_version(earlier), numbers.with_version(later)
        if before != since:
            yield DossierMove(code, sorted(before - since), sorted(since - before), local(instant_of(later.known_at)))
