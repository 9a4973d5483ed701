"""Which dossiers may be behind a figure: conditions that hold for all of them, and that an index can tell.

They may hold for more; what a figure counts is decided by `membership.columns_of` alone.
"""

from collections.abc import Iterator, Sequence

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
from shared.domain.counting import JUDGED, Measure
from shared.domain.events import Channel

_ARRIVED = ("received_online", "received_online_full", "received_in_person", "received_postal", "received_in_person_or_postal")
_CLOSED = ("resolved_total", "resolved_early", "resolved_on_time", "resolved_overdue", "resolved_no_deadline", "withdrawn", "stopped")
_OPEN = ("in_progress_total", "in_progress_within", "in_progress_overdue", "in_progress_suspended")
_RETURNED = ("returned_total", "returned_in_person", "returned_postal", "returned_online")

_MEASURES: dict[str, Measure] = {
    "in_progress_overdue": Measure.OPEN_OVERDUE,
    "in_progress_suspended": Measure.OPEN_SUSPENDED,
    "received_online_full": Measure.RECEIVED_ONLINE_FULL,
    **{measure.value: measure for measure in Measure if measure.value.startswith(("resolved_", "returned_", "withdrawn", "stopped"))},
}
_CHANNELS = {
    "received_online": (Channel.ONLINE,),
    "received_online_full": (Channel.ONLINE,),
    "received_in_person": (Channel.IN_PERSON,),
    "received_postal": (Channel.POSTAL,),
    "received_in_person_or_postal": (Channel.IN_PERSON, Channel.POSTAL),
}


def candidates(figure: Figure, catalogue: Catalogue) -> list[Part]:
    """Where the dossiers of the figure are among others."""
    return [(table, conditions) for table in (dossiers, history) for conditions in _conditions(table, figure, catalogue)]


def _conditions(table: Table, figure: Figure, catalogue: Catalogue) -> Iterator[Conditions]:
    """Alternatives that exclude one another."""
    query = figure.query
    always = [*in_force(table, figure.pin), *filtered(table, query.filters), *keyed(table, query.by, figure.key, catalogue)]
    measure = _MEASURES.get(figure.column)
    if measure is not None:
        code = JUDGED_CODES[query.definition][measure] if measure in JUDGED else MEASURE_CODES[measure]
        always.append(table.c.flags.bitwise_and(1 << code) != 0)
    if channels := _CHANNELS.get(figure.column):
        always.append(table.c.channel.in_([CHANNEL_CODES[channel] for channel in channels]))
    for days in _days(table, figure.column, query):
        yield [*always, *days]


def _days(table: Table, column: str, query: FigureQuery) -> Iterator[Conditions]:
    """When dossiers of the column were received, closed and returned."""
    received, closed, returned = table.c.received_day, table.c.closed_day, table.c.returned_day
    first, cut, day_before = day_number(query.first), day_number(query.cut), day_number(query.day_before)
    arrived = received <= cut
    if column in _ARRIVED:
        yield received >= first, arrived
    elif column in _CLOSED:
        yield arrived, closed >= first, closed <= cut
    elif column in _RETURNED:
        yield arrived, closed <= cut, returned >= first, returned <= cut
    elif column in _OPEN:
        yield arrived, closed.is_(None)
        yield arrived, closed > cut
    elif column == "carried_over":
        yield received <= day_before, closed.is_(None)
        yield received <= day_before, closed > day_before
    elif column == "received_total":
        yield arrived, closed.is_(None)
        yield arrived, closed > day_before
    elif column == "awaiting_return":
        yield arrived, closed <= cut, (returned.is_(None) | (returned > cut))
    else:
        yield (arrived,)


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
