"""Why figures are not what they were, or not the same by each definition: the dossiers that explain the difference."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.grouping import NO_COLUMNS, Columns, columns_of, timeliness_of
from services.reporting.figures.query import FigureQuery
from services.reporting.figures.range_sums import Pin, filtered, in_force
from services.reporting.opening.lists import LIST_START, ListPlace, walk
from services.reporting.read_model.contributions import decode_listed, stored_contributions
from services.reporting.read_model.sums import JUDGED_CODES, day_number, instant_of
from services.reporting.read_model.tables import dossiers, history
from shared.contract.http.figures import ChangedDossier, DisputedDossier
from shared.domain.columns import KEYS
from shared.domain.counting import Measure
from shared.domain.timeliness import DEFINITIONS
from shared.service.sql import among

CODES_AT_ONCE = 500
ROWS_AT_ONCE = 1000


async def changed_dossiers(
    connection: AsyncConnection, query: FigureQuery, then: Pin, now: Pin, *, limit: int, after: ListPlace = LIST_START
) -> tuple[list[ChangedDossier], ListPlace | None]:
    """The next dossiers by code whose way of counting became known in between, and where the page after them starts.

    Both pins are of one revision.
    """
    changed: list[ChangedDossier] = []
    async for one, earlier, later in changed_versions(connection, query, then, now, after):
        left, entered = _columns(earlier, query), _columns(later, query)
        if left == entered:
            continue
        if len(changed) == limit:
            return changed, ListPlace(0, changed[-1].code)
        changed.append(
            ChangedDossier(
                code=one,
                left=sorted(left - entered, key=KEYS.index),
                entered=sorted(entered - left, key=KEYS.index),
                sequence_then=None if earlier is None else earlier.sequence,
                sequence_now=later.sequence,
                known_at=instant_of(later.known_at),
            )
        )
    return changed, None


async def changed_versions(
    connection: AsyncConnection, query: FigureQuery, then: Pin, now: Pin, after: ListPlace = LIST_START
) -> AsyncIterator[tuple[str, Any, Any]]:
    """The dossiers after a place, by code, whose way of counting became known in between.

    Each with the version that counted then, None when there was none, and the one that counts now; `chosen` of a
    version tells whether the filters let it through. Both pins are of one revision.
    """
    code = after.code
    while True:
        later = select(dossiers.c.code).where(dossiers.c.known_at > then.known_at, dossiers.c.code > code)
        codes = list((await connection.execute(later.order_by(dossiers.c.code).limit(CODES_AT_ONCE))).scalars())
        before, since = await _versions(connection, query, codes, then), await _versions(connection, query, codes, now)
        for one in codes:
            if one in since:
                yield one, before.get(one), since[one]
        if len(codes) < CODES_AT_ONCE:
            return
        code = codes[-1]


async def _versions(connection: AsyncConnection, query: FigureQuery, codes: list[str], pin: Pin) -> Mapping[str, Any]:
    """The version of each dossier that counts in the pinned state; `chosen` when the filters let it through."""
    parts = [
        select(
            table.c.code,
            table.c.sequence,
            table.c.known_at,
            table.c.contributions,
            and_(true(), *filtered(table, query)).label("chosen"),
        ).where(among(connection, table.c.code, codes), *in_force(table, pin))
        for table in (dossiers, history)
    ]
    return {row.code: row for row in await connection.execute(union_all(*parts))}


def _columns(version: Any, query: FigureQuery) -> Columns:
    if version is None or not version.chosen:
        return NO_COLUMNS
    return columns_of(version.code, stored_contributions(version.code, version.contributions), query)


async def disputed_dossiers(
    connection: AsyncConnection, query: FigureQuery, pin: Pin, limit: int, after: ListPlace = LIST_START
) -> tuple[list[DisputedDossier], ListPlace | None]:
    """The next dossiers by day of receipt that definitions count differently, and where the page after them starts."""
    disputed: list[DisputedDossier] = []
    last, queries = after, [replace(query, definition=name) for name in DEFINITIONS]
    parts = [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, query, pin)]
    async for row, contributions in walk(connection, parts, after, ROWS_AT_ONCE):
        if len({columns_of(row.code, contributions, one) for one in queries}) == 1:
            continue
        if len(disputed) == limit:
            return disputed, last
        facts = decode_listed(row.listed)
        disputed.append(
            DisputedDossier(
                code=row.code,
                department=contributions.department,
                due_at=facts.due_at,
                closed_at=facts.closed_at,
                in_hours=facts.in_hours,
                classes={one.definition: timeliness_of(contributions, one) for one in queries},
            )
        )
        last = ListPlace(row.day, row.code)
    return disputed, None


def _conditions(table: Table, query: FigureQuery, pin: Pin) -> Iterator[list[ColumnElement[bool]]]:
    """Closed in the period, with other flags by some definition; or open at its cut-off, and overdue one day by one."""
    first, cut, closed = day_number(query.first), day_number(query.cut), table.c.closed_day
    always = [*in_force(table, pin), *filtered(table, query), table.c.received_day <= cut]
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
