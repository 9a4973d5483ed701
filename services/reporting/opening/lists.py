"""The dossiers behind a figure: those whose own figures, by the functions that made the number, are one in its column.

SQL only narrows the search and pages by day of receipt and code; so there are as many dossiers as the number says, in the state of the read
model that the figure's token names, whatever has been projected since.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import columns_of, timeliness_of
from services.reporting.figures.query import Dimension, FigureQuery, GroupKey
from services.reporting.figures.range_sums import filtered, in_force
from services.reporting.opening.tokens import TokenFigure
from services.reporting.read_model.contributions import Contributions, ListedFacts, decode_listed, stored_contributions
from services.reporting.read_model.sums import CHANNEL_CODES, JUDGED_CODES, MEASURE_CODES, STORED, CountedWhen, day_number
from services.reporting.read_model.tables import dossiers, history
from shared.catalogue import Catalogue
from shared.domain.columns import Count, Kind, terms_of
from shared.domain.counting import JUDGED
from shared.domain.events import Channel


class ListPlace(NamedTuple):
    """The last dossier of a page, in a list by day of receipt."""

    received_day: int
    code: str


LIST_START = ListPlace(0, "")


BREATHE_EVERY = 200  # rows between two looks at other tasks
Conditions = Sequence[ColumnElement[bool]]
Part = tuple[Table, Conditions]  # `dossiers` or `history`, narrowed; the parts of a walk exclude one another


async def walk(connection: AsyncConnection, parts: Sequence[Part], after: ListPlace, page: int) -> AsyncIterator[tuple[Any, Contributions]]:
    """Every row after the place (code, received_day, contributions, listed) with its deltas, `page` of them read at once."""
    while True:
        rows = (await connection.execute(_next(parts, after, page))).all()
        for number, row in enumerate(rows):
            if number % BREATHE_EVERY == BREATHE_EVERY - 1:
                await asyncio.sleep(0)
            yield row, stored_contributions(row.code, row.contributions)
        if len(rows) < page:
            return
        after = ListPlace(rows[-1].received_day, rows[-1].code)


def _next(parts: Sequence[Part], after: ListPlace, limit: int) -> Select[Any]:
    chosen = [
        _ordered(_columns(table).where(*conditions, tuple_(table.c.received_day, table.c.code) > tuple_(*after)), limit)
        for table, conditions in parts
    ]
    return _ordered(select(union_all(*(select(part.subquery()) for part in chosen)).subquery()), limit)


def _ordered(rows: Select[Any], limit: int) -> Select[Any]:
    return rows.order_by(rows.selected_columns.received_day, rows.selected_columns.code).limit(limit)


def _columns(table: Table) -> Select[Any]:
    return select(table.c.code, table.c.received_day, table.c.contributions, table.c.listed)


def candidates(figure: TokenFigure, catalogue: Catalogue) -> list[Part]:
    """Where the dossiers of the figure are among others."""
    return [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, figure, catalogue)]


def _conditions(table: Table, figure: TokenFigure, catalogue: Catalogue) -> Iterator[Conditions]:
    """Alternatives that exclude one another."""
    query = figure.query
    always = [*in_force(table, figure.pin), *filtered(table, query.filters), *keyed(table, query.by, figure.key, catalogue)]
    alike: dict[CountedWhen | None, list[Count]] = defaultdict(list)
    for count, sign in terms_of(figure.column):
        if sign > 0:  # a dossier in the column is in one of these
            alike[None if count.kind is Kind.BEFORE else STORED[count.measure].when].append(count)
    for when, counted in alike.items():
        for days in _days(table, when, query):
            yield [*always, *_marked(table, counted, query), *days]


def _marked(table: Table, counted: Sequence[Count], query: FigureQuery) -> Conditions:
    """One of the measures was counted once, in one of the channels."""
    judged = JUDGED_CODES[query.definition]
    marks = {1 << (judged[count.measure] if count.measure in JUDGED else MEASURE_CODES[count.measure]) for count in counted}
    channels = {count.channel for count in counted}
    found: list[ColumnElement[bool]] = [table.c.flags.bitwise_and(sum(marks)) != 0]
    if None not in channels:
        found.append(table.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in channels if channel)))
    return found


def _days(table: Table, when: CountedWhen | None, query: FigureQuery) -> Iterator[Conditions]:
    received, closed, returned = table.c.received_day, table.c.closed_day, table.c.returned_day
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    match when:
        case CountedWhen.RECEIVED:
            yield received >= first, received <= cut
        case CountedWhen.CLOSED:
            yield received <= cut, closed >= first, closed <= cut
        case CountedWhen.RETURNED:
            yield received <= cut, closed <= cut, returned >= first, returned <= cut
        case CountedWhen.OPEN:
            yield received <= cut, closed.is_(None)
            yield received <= cut, closed > cut
        case CountedWhen.AWAITING_RETURN:
            yield received <= cut, closed <= cut, (returned.is_(None) | (returned > cut))
        case None:  # open before the period
            yield received <= day_before, closed.is_(None)
            yield received <= day_before, closed > day_before


def keyed(table: Table, by: Sequence[Dimension], key: GroupKey, catalogue: Catalogue) -> Conditions:
    """The row's own dossiers: exactly those that the grouping gives this key."""
    return [_valued(table, dimension, value, catalogue) for dimension, value in zip(by, key, strict=True)]


def _valued(table: Table, dimension: Dimension, value: str | None, catalogue: Catalogue) -> ColumnElement[bool]:
    if dimension is Dimension.CHANNEL and value is not None:
        return table.c.channel.in_([CHANNEL_CODES[Channel(value)]])
    if dimension in (Dimension.DEPARTMENT, Dimension.PROCEDURE):
        return table.c[dimension.value].in_([value])
    if value is None:
        return table.c.procedure.not_in(sorted(catalogue.procedures))
    name = dimension.value
    return table.c.procedure.in_(sorted(code for code, procedure in catalogue.procedures.items() if getattr(procedure, name) == value))


READ_AT_LEAST = 200


@dataclass(frozen=True, slots=True)
class ListedDossier:
    """A dossier of a list, as it counted in the figure's state; `timeliness` by the figure's definition at its cut-off."""

    code: str
    entry: Contributions
    listed: ListedFacts
    timeliness: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some dossiers of a list; `after` is where the next page starts, None when there is none."""

    items: list[ListedDossier]
    after: ListPlace | None


async def list_page(
    connection: AsyncConnection, figure: TokenFigure, catalogue: Catalogue, limit: int, after: ListPlace = LIST_START
) -> ListPage:
    """The next `limit` dossiers of the figure; the connection's transaction reads one state."""
    items: list[ListedDossier] = []
    last = after
    async for row, entry in walk(connection, candidates(figure, catalogue), after, max(READ_AT_LEAST, limit + 1)):
        if figure.column not in columns_of(row.code, entry, figure.query):
            continue
        if len(items) == limit:
            return ListPage(items, last)
        items.append(ListedDossier(row.code, entry, decode_listed(row.listed), timeliness_of(entry, figure.query)))
        last = ListPlace(row.received_day, row.code)
    return ListPage(items, None)
