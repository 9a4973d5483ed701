"""How the definitions of timeliness differ on the same dossiers: those that one calls early or overdue and another does not."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Table, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.cursors import START, Place
from services.reporting.entry import Entry
from services.reporting.knowledge import Pin, in_force
from services.reporting.listed import Listed, decode_listed
from services.reporting.measures import JUDGED_CODES
from services.reporting.membership import columns_of, timeliness_of
from services.reporting.opening.rows import walk
from services.reporting.query import FigureQuery
from services.reporting.range_sums import filtered
from services.reporting.spans import day_number
from services.reporting.tables import dossiers, history
from shared.domain.counting import Measure
from shared.domain.definitions import DEFINITIONS

READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Differing:
    """A dossier and its class by the name of each definition."""

    code: str
    entry: Entry
    listed: Listed
    classes: dict[str, str]


async def differing(
    connection: AsyncConnection, query: FigureQuery, pin: Pin, limit: int, after: Place = START
) -> tuple[list[Differing], Place | None]:
    """The next dossiers by day of receipt that not all definitions count in the same columns, and where the page after them starts."""
    found: list[Differing] = []
    last, queries = after, [replace(query, definition=name) for name in DEFINITIONS]
    parts = [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, query, pin)]
    async for row, entry in walk(connection, parts, after, READ_AT_ONCE):
        if len({columns_of(row.code, entry, one) for one in queries}) == 1:
            continue
        if len(found) == limit:
            return found, last
        found.append(Differing(row.code, entry, decode_listed(row.listed), {one.definition: timeliness_of(entry, one) for one in queries}))
        last = Place(row.received_day, row.code)
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
