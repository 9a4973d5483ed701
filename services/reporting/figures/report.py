"""The answer to a figure query: total, rows, and the identities between them, checked on the figures themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.figures.grouping import Grouping
from services.reporting.figures.query import FigureQuery, GroupKey
from services.reporting.figures.range_sums import Pin, not_yet_known, open_before, open_in, parts_of_range_sums, pinned
from services.reporting.read_model.store import answering
from shared.catalogue import Catalogue
from shared.contract.http.figures import IdentityAnswer
from shared.domain.columns import FLOWS, KEYS
from shared.domain.figures import ROW_IDENTITIES, Figures, shares

TOTAL_IS_SUM = "total=sum of rows"
FLOWS_ADD_UP = "flows: total=sum of rows"
CARRIED_OVER = "6(t)=11(t-1)"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The figures of one group, under its key in the order of the grouping; the key of the total is empty."""

    key: GroupKey
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a period, and the state of the read model that tells so."""

    query: FigureQuery
    total: Figures
    rows: tuple[ReportRow, ...]
    identities: tuple[IdentityAnswer, ...]
    pin: Pin

    def numbers(self) -> Iterator[tuple[int | None, GroupKey, str]]:
        """Every number that counts a dossier: its row's place (None: the total) and key, and its column."""
        for place, row in [(None, ReportRow((), self.total)), *enumerate(self.rows)]:
            for column in KEYS:
                if row.figures[column]:
                    yield place, row.key, column


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
        every = self.query.by_time_alone
        rows = (
            [ReportRow(key, row) for key, row in self.grouping.rows() if every or any(row.values())]
            if self.query.by
            else []
        )
        rows.sort(
            key=lambda row: [(value is None, value or "") for value in row.key]
        )  # what is not in the catalogue last
        identities = check_identities(self.query, ReportRow((), total), rows, self.open_before)
        return Report(self.query, total, tuple(rows), tuple(identities), self.pin)


async def report(engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue) -> Report:
    """All figures of the query, read from one state of the database."""
    return (await gathered(engine, query, catalogue)).report()


async def report_in(connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue) -> Report:
    """As `report`, in a transaction that reads one state."""
    return (await gathered_in(connection, query, catalogue)).report()


async def gathered(
    engine: AsyncEngine, query: FigureQuery, catalogue: Catalogue, most: int | None = None
) -> GatheredSums:
    """The query's sums, of at most so many rows. Raises TooManyRows."""
    async with answering(engine) as connection:
        return await gathered_in(connection, query, catalogue, most)


async def gathered_in(
    connection: AsyncConnection, query: FigureQuery, catalogue: Catalogue, most: int | None = None
) -> GatheredSums:
    """As `gathered`, in a transaction that reads one state."""
    pin = await pinned(connection, query.known_at)
    grouping = Grouping(query, catalogue, most)
    async for part in parts_of_range_sums(connection, query):
        grouping.take(part)
    later = await not_yet_known(connection, query, pin)
    grouping.take(later)
    return GatheredSums(query, grouping, await open_before(connection, query) + open_in(later), pin)


def figure_row(figures: Figures) -> dict[str, Any]:
    """The counts, and their shares; None where one is not applicable."""
    return {**figures, **{key: None if share is None else str(share) for key, share in shares(figures).items()}}


Differences = Iterator[tuple[ReportRow, int, str | None]]  # in a row, left side less right side, of one column or all


def check_identities(
    query: FigureQuery, total: ReportRow, rows: Sequence[ReportRow], open_before: int
) -> Iterator[IdentityAnswer]:
    """Every identity that the answer can be held to; `open_before`: in progress at the end of the day before it."""
    for identity in ROW_IDENTITIES:
        differences = ((row, identity.difference(row.figures), None) for row in (total, *rows))
        yield _checked(query, identity.name, differences)
    yield _checked(query, CARRIED_OVER, _carried_over(query, total, rows, open_before))
    if query.by:
        name, columns = (TOTAL_IS_SUM, KEYS) if query.time is None else (FLOWS_ADD_UP, FLOWS)
        sums = ((column, sum(row.figures[column] for row in rows)) for column in columns)
        yield _checked(query, name, ((total, total.figures[column] - added, column) for column, added in sums))


def _carried_over(query: FigureQuery, total: ReportRow, rows: Sequence[ReportRow], open_before: int) -> Differences:
    """The total against the day before; of rows of time alone also each row against the one before it."""
    yield total, total.figures["carried_over"] - open_before, None
    left = open_before
    for row in rows if query.by_time_alone else ():
        yield row, row.figures["carried_over"] - left, None
        left = row.figures["in_progress_total"]


def _checked(query: FigureQuery, name: str, differences: Differences) -> IdentityAnswer:
    """A broken identity names the first row that breaks it and by how much."""
    for row, difference, column in differences:
        if difference:
            where = query.named_key(row.key) if row.key else "total"
            return IdentityAnswer(name=name, holds=False, difference=difference, row=where, column=column or UNSET)
    return IdentityAnswer(name=name, holds=True)
