"""Which dossiers may be behind a figure: conditions that hold for all of them, and that an index can tell.

They may hold for more; what a figure counts is decided by `membership.columns_of` alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from sqlalchemy import ColumnElement, Table

from services.reporting.grouping import GroupKey
from services.reporting.knowledge import in_force
from services.reporting.measures import CHANNEL_CODES, JUDGED_CODES, MEASURE_CODES
from services.reporting.opening.rows import Conditions, Part
from services.reporting.opening.tokens import Figure
from services.reporting.query import Dimension, FigureQuery
from services.reporting.range_sums import filtered
from services.reporting.spans import day_number
from services.reporting.tables import dossiers, history
from shared.catalogue import Catalogue
from shared.domain.columns import Count, Kind, terms_of
from shared.domain.counting import JUDGED, Measure
from shared.domain.events import Channel


def candidates(figure: Figure, catalogue: Catalogue) -> list[Part]:
    """Where the dossiers of the figure are among others."""
    return [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, figure, catalogue)]


def _conditions(table: Table, figure: Figure, catalogue: Catalogue) -> Iterator[Conditions]:
    """Alternatives that exclude one another."""
    query = figure.query
    always = [*in_force(table, figure.pin), *filtered(table, query.filters), *keyed(table, query.by, figure.key, catalogue)]
    alike: dict[_When, list[Count]] = defaultdict(list)
    for count, sign in terms_of(figure.column):
        if sign > 0:  # a dossier in the column is in one of these
            alike[_When.LEFT_OPEN if count.kind is Kind.BEFORE else WHEN[count.measure]].append(count)
    for when, counted in alike.items():
        for days in _days(table, when, query):
            yield [*always, *_marked(table, counted, query), *days]


class _When(Enum):
    """What a count says of a dossier's days."""

    RECEIVED = auto()
    CLOSED = auto()
    RETURNED = auto()
    OPEN = auto()
    LEFT_OPEN = auto()
    AWAITED = auto()


WHEN: dict[Measure, _When] = {
    Measure.RECEIVED: _When.RECEIVED,
    Measure.RECEIVED_ONLINE_FULL: _When.RECEIVED,
    Measure.RESOLVED_EARLY: _When.CLOSED,
    Measure.RESOLVED_ON_TIME: _When.CLOSED,
    Measure.RESOLVED_OVERDUE: _When.CLOSED,
    Measure.RESOLVED_NO_DEADLINE: _When.CLOSED,
    Measure.WITHDRAWN: _When.CLOSED,
    Measure.STOPPED: _When.CLOSED,
    Measure.RETURNED_IN_PERSON: _When.RETURNED,
    Measure.RETURNED_POSTAL: _When.RETURNED,
    Measure.RETURNED_ONLINE: _When.RETURNED,
    Measure.OPEN: _When.OPEN,
    Measure.OPEN_OVERDUE: _When.OPEN,
    Measure.OPEN_SUSPENDED: _When.OPEN,
    Measure.AWAITING_RETURN: _When.AWAITED,
}


def _marked(table: Table, counted: Sequence[Count], query: FigureQuery) -> Conditions:
    """One of the measures was counted once, in one of the channels."""
    judged = JUDGED_CODES[query.definition]
    marks = {1 << (judged[count.measure] if count.measure in JUDGED else MEASURE_CODES[count.measure]) for count in counted}
    channels = {count.channel for count in counted}
    found: list[ColumnElement[bool]] = [table.c.flags.bitwise_and(sum(marks)) != 0]
    if None not in channels:
        found.append(table.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in channels if channel)))
    return found


def _days(table: Table, when: _When, query: FigureQuery) -> Iterator[Conditions]:
    received, closed, returned = table.c.received_day, table.c.closed_day, table.c.returned_day
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    match when:
        case _When.RECEIVED:
            yield received >= first, received <= cut
        case _When.CLOSED:
            yield received <= cut, closed >= first, closed <= cut
        case _When.RETURNED:
            yield received <= cut, closed <= cut, returned >= first, returned <= cut
        case _When.OPEN:
            yield received <= cut, closed.is_(None)
            yield received <= cut, closed > cut
        case _When.LEFT_OPEN:
            yield received <= day_before, closed.is_(None)
            yield received <= day_before, closed > day_before
        case _When.AWAITED:
            yield received <= cut, closed <= cut, (returned.is_(None) | (returned > cut))


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
