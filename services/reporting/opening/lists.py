"""The dossiers behind a figure: those whose own figures, by the functions that made the number, are one in its column.

SQL only narrows the search and pages by day of receipt and code (of applications by day of submission); so there are
as many dossiers as the number says, in the state of the read model that the figure's token names, whatever has been
projected since.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import UNSET
from sqlalchemy import ColumnElement, Select, Table, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import columns_of, timeliness_of
from services.reporting.figures.query import Dimension, FigureQuery
from services.reporting.figures.range_sums import among_units, filtered, in_force
from services.reporting.opening.tokens import TokenFigure
from services.reporting.read_model.contributions import Contributions, decode_listed, stored_contributions
from services.reporting.read_model.store import breathing
from services.reporting.read_model.sums import (
    CHANNEL_CODES,
    CHANNELS,
    JUDGED_CODES,
    MEASURE_CODES,
    STORED,
    CountedWhen,
    day_number,
)
from services.reporting.read_model.tables import dossiers, history, is_waiting
from shared.catalogue import Catalogue
from shared.contract.http.figures import ListedDossier
from shared.domain.columns import Count, Kind, terms_of
from shared.domain.counting import JUDGED
from shared.domain.fields import Channel

BREATHE_EVERY = 200  # rows between two looks at other tasks
READ_AT_LEAST = 200
RECEIVED, SUBMITTED = dossiers.c.received_day.name, dossiers.c.submitted_day.name  # what lists go by
_OF_APPLICATIONS = frozenset({CountedWhen.ANSWERED, CountedWhen.AWAITING_ACCEPTANCE})
Conditions = Sequence[ColumnElement[bool]]
Part = tuple[Table, Conditions]  # `dossiers` or `history`, narrowed; the parts of a walk exclude one another


class ListPlace(NamedTuple):
    """The last dossier of a page, in a list by day of receipt or submission."""

    day: int
    code: str


LIST_START = ListPlace(0, "")


class ListPage(NamedTuple):
    """Some dossiers of a list; `after` is where the next page starts, None when there is none."""

    items: list[ListedDossier]
    after: ListPlace | None


def _every(_one: ListedDossier) -> bool:
    return True


async def list_page(
    connection: AsyncConnection,
    figure: TokenFigure,
    catalogue: Catalogue,
    limit: int,
    after: ListPlace = LIST_START,
    *,
    chosen: Callable[[ListedDossier], bool] = _every,
) -> ListPage:
    """The next `limit` dossiers of the figure, those that are chosen; the connection's transaction reads one state."""
    items: list[ListedDossier] = []
    last, day = after, SUBMITTED if _is_of_applications(figure.column) else RECEIVED
    rows = walk(connection, candidates(figure, catalogue), after, max(READ_AT_LEAST, limit + 1), day)
    async for row, contributions in rows:
        if figure.column not in columns_of(row.code, contributions, figure.query):
            continue
        listed = _listed(row, contributions, figure.query)
        if not chosen(listed):
            continue
        if len(items) == limit:
            return ListPage(items, last)
        items.append(listed)
        last = ListPlace(row.day, row.code)
    return ListPage(items, None)


def _is_of_applications(column: str) -> bool:
    """Whether the column counts applications that wait or waited to be accepted: not all of them were received."""
    return not _OF_APPLICATIONS.isdisjoint(STORED[count.measure].when for count, _ in terms_of(column))


def _listed(row: Any, contributions: Contributions, query: FigureQuery) -> ListedDossier:
    facts = decode_listed(row.listed)
    return ListedDossier(
        code=row.code,
        department=contributions.department,
        procedure=contributions.procedure,
        channel=CHANNELS[contributions.channel].value,
        received_at=facts.received_at,
        due_at=facts.due_at,
        in_hours=facts.in_hours,
        state=facts.state,
        closed_at=facts.closed_at,
        closed_as=facts.closed_as,
        returned_at=facts.returned_at,
        timeliness=timeliness_of(contributions, query),
        officer=facts.officer,
        own_channel=facts.channel or UNSET,
        received_by=contributions.received_by or UNSET,
    )


async def walk(
    connection: AsyncConnection, parts: Sequence[Part], after: ListPlace, page: int, day: str = RECEIVED
) -> AsyncIterator[tuple[Any, Contributions]]:
    """Every row after the place (code, day, contributions, listed) with its deltas, read `page` by page.

    `day` names the column that they go by.
    """
    while True:
        rows = (await connection.execute(_next(parts, after, page, day))).all()
        async for row in breathing(rows, BREATHE_EVERY):
            yield row, stored_contributions(row.code, row.contributions)
        if len(rows) < page:
            return
        after = ListPlace(rows[-1].day, rows[-1].code)


def _next(parts: Sequence[Part], after: ListPlace, limit: int, day: str) -> Select[Any]:
    chosen = [
        _ordered(
            select(table.c.code, table.c[day].label("day"), table.c.contributions, table.c.listed).where(
                *conditions, tuple_(table.c[day], table.c.code) > tuple_(*after)
            ),
            limit,
        )
        for table, conditions in parts
    ]
    return _ordered(select(union_all(*(select(part.subquery()) for part in chosen)).subquery()), limit)


def _ordered(rows: Select[Any], limit: int) -> Select[Any]:
    return rows.order_by(rows.selected_columns.day, rows.selected_columns.code).limit(limit)


def candidates(figure: TokenFigure, catalogue: Catalogue) -> list[Part]:
    """Where to look for the figure's dossiers: conditions that hold for all of them, and that an index can tell."""
    return [
        (table, conditions) for table in (dossiers, history) for conditions in _conditions(table, figure, catalogue)
    ]


def _conditions(table: Table, figure: TokenFigure, catalogue: Catalogue) -> Iterator[Conditions]:
    """Alternatives that exclude one another."""
    query = figure.query
    key = (_valued(table, *of, query, catalogue) for of in zip(query.by, figure.key, strict=True))
    always = [*in_force(table, figure.pin), *filtered(table, query), *key]
    alike: dict[CountedWhen | None, list[Count]] = defaultdict(list)
    for count, sign in terms_of(figure.column):
        if sign > 0:  # a dossier in the column is in one of these
            alike[None if count.kind is Kind.BEFORE else STORED[count.measure].when].append(count)
    for when, counted in alike.items():
        for days in _days(table, when, query):
            yield [*always, *_marked(table, counted, query), *days]


def _days(table: Table, when: CountedWhen | None, query: FigureQuery) -> Iterator[Conditions]:
    received, closed, returned = table.c.received_day, table.c.closed_day, table.c.returned_day
    submitted, answered, until = table.c.submitted_day, table.c.answered_day, table.c.waited_until_day
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
        case CountedWhen.ANSWERED:
            yield answered >= first, answered <= cut
        case CountedWhen.AWAITING_ACCEPTANCE:
            yield submitted <= cut, is_waiting(table)
            yield submitted <= cut, until.is_not(None), answered > cut
            yield submitted <= cut, until > answered, until > cut, answered <= cut
        case None:  # open before the period
            yield received <= day_before, closed.is_(None)
            yield received <= day_before, closed > day_before


def _marked(table: Table, counted: Sequence[Count], query: FigureQuery) -> Conditions:
    """One of the measures was counted once, in one of the channels."""
    judged = JUDGED_CODES[query.definition]
    marks = {
        1 << (judged[count.measure] if count.measure in JUDGED else MEASURE_CODES[count.measure]) for count in counted
    }
    channels = {count.channel for count in counted}
    conditions: list[ColumnElement[bool]] = [table.c.flags.bitwise_and(sum(marks)) != 0]
    if None not in channels:
        conditions.append(table.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in channels if channel)))
    return conditions


def _valued(
    table: Table, dimension: Dimension, value: str | None, query: FigureQuery, catalogue: Catalogue
) -> ColumnElement[bool]:
    """The row's own dossiers: exactly those that the grouping gives this value."""
    if dimension is Dimension.CHANNEL and value is not None:
        return table.c.channel.in_([CHANNEL_CODES[Channel(value)]])
    if dimension in (Dimension.DEPARTMENT, Dimension.RECEIVED_BY) and value is not None:
        return among_units(table, table.c[dimension.value], [value], query)
    if dimension is Dimension.PROCEDURE:
        return table.c[dimension.value].in_([value])
    if value is None:
        return table.c.procedure.not_in(sorted(catalogue.procedures))
    of_value = (code for code, one in catalogue.procedures.items() if getattr(one, dimension.value) == value)
    return table.c.procedure.in_(sorted(of_value))
