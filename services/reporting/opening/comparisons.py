"""Why figures are not what they were, or not the same by each definition: the dossiers that explain the difference."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import NO_COLUMNS, Columns, columns_of, timeliness_of
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import Pin, filtered, in_force
from services.reporting.opening.lists import LIST_START, ListPlace, walk
from services.reporting.read_model.contributions import Contributions, ListedFacts, decode_listed, stored_contributions
from services.reporting.read_model.sums import JUDGED_CODES, day_number, instant_of
from services.reporting.read_model.tables import dossiers, history
from shared.domain.counting import Measure
from shared.domain.definitions import DEFINITIONS
from shared.service.sql import among

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ChangedDossier:
    """A dossier that counts otherwise than before; `sequence_then` is None for one that was not known, or added nothing."""

    code: str
    left: Columns
    entered: Columns
    sequence_then: int | None
    sequence_now: int
    known_at: datetime


async def changed_dossiers(
    connection: AsyncConnection, query: FigureQuery, then: Pin, now: Pin, *, limit: int, after: ListPlace = LIST_START
) -> tuple[list[ChangedDossier], ListPlace | None]:
    """The next dossiers by code, and where the page after them starts; both pins are of one revision."""
    found: list[ChangedDossier] = []
    code = after.code
    while True:
        changed = select(dossiers.c.code).where(dossiers.c.known_at > then.known_at, dossiers.c.code > code)
        codes = list((await connection.execute(changed.order_by(dossiers.c.code).limit(READ_AT_ONCE))).scalars())
        before, since = await _versions(connection, query, codes, then), await _versions(connection, query, codes, now)
        for one in _compared(query, codes, before, since):
            if len(found) == limit:
                return found, ListPlace(0, found[-1].code)
            found.append(one)
        if len(codes) < READ_AT_ONCE:
            return found, None
        code = codes[-1]


async def _versions(connection: AsyncConnection, query: FigureQuery, codes: list[str], pin: Pin) -> Mapping[str, Any]:
    """The version of each dossier that counts in the pinned state; `chosen` when the filters let it through."""
    parts = [
        select(
            table.c.code,
            table.c.sequence,
            table.c.known_at,
            table.c.contributions,
            and_(true(), *filtered(table, query.filters)).label("chosen"),
        ).where(among(connection, table.c.code, codes), *in_force(table, pin))
        for table in (dossiers, history)
    ]
    return {row.code: row for row in await connection.execute(union_all(*parts))}


def _compared(query: FigureQuery, codes: Iterable[str], then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[ChangedDossier]:
    for code in codes:
        if code not in now:
            continue
        before, since = then.get(code), now[code]
        left, entered = _columns(before, query), _columns(since, query)
        if left != entered:
            sequence = None if before is None else before.sequence
            yield ChangedDossier(code, left - entered, entered - left, sequence, since.sequence, instant_of(since.known_at))


def _columns(version: Any, query: FigureQuery) -> Columns:
    return (
        columns_of(version.code, stored_contributions(version.code, version.contributions), query)
        if version is not None and version.chosen
        else NO_COLUMNS
    )


READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class DisputedDossier:
    """A dossier and its class by the name of each definition."""

    code: str
    entry: Contributions
    listed: ListedFacts
    classes: dict[str, str]


async def disputed_dossiers(
    connection: AsyncConnection, query: FigureQuery, pin: Pin, limit: int, after: ListPlace = LIST_START
) -> tuple[list[DisputedDossier], ListPlace | None]:
    """The next dossiers by day of receipt that not all definitions count in the same columns, and where the page after them starts."""
    found: list[DisputedDossier] = []
    last, queries = after, [replace(query, definition=name) for name in DEFINITIONS]
    parts = [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, query, pin)]
    async for row, entry in walk(connection, parts, after, READ_AT_ONCE):
        if len({columns_of(row.code, entry, one) for one in queries}) == 1:
            continue
        if len(found) == limit:
            return found, last
        found.append(
            DisputedDossier(row.code, entry, decode_listed(row.listed), {one.definition: timeliness_of(entry, one) for one in queries})
        )
        last = ListPlace(row.received_day, row.code)
    return found, None


def _conditions(table: Table, query: FigureQuery, pin: Pin) -> Iterator[list[ColumnElement[bool]]]:
    """Closed in the period with other flags by some definition; open at its cut-off, and overdue one day by one of them."""
    first, cut, closed = day_number(query.first), day_number(query.cut), table.c.closed_day
    always = [*in_force(table, pin), *filtered(table, query.filters), table.c.received_day <= cut]
    overdue = sum(1 << codes[Measure.OPEN_OVERDUE] for codes in JUDGED_CODES.values())
    may_be_late = table.c.flags.bitwise_and(overdue) != 0
    yield [*always, closed >= first, closed <= cut, or_(*_judged_otherwise(table))]
    yield [*always, closed.is_(None), may_be_late]
    yield [*always, closed > cut, may_be_late]


def _judged_otherwise(table: Table) -> Iterator[ColumnElement[bool]]:
    """A flag that some definitions set and some do not."""
    for measure in (Measure.RESOLVED_EARLY, Measure.RESOLVED_ON_TIME, Measure.RESOLVED_OVERDUE):
        flags = sum(1 << codes[measure] for codes in JUDGED_CODES.values())
        yield table.c.flags.bitwise_and(flags).not_in([0, flags])
