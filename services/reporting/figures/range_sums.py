"""Range sums in SQL: a period's flows and the stocks around it, as they are now or as they were known at an instant."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.figures.query import (
    BEFORE,
    OF_PROCEDURES,
    WITHIN,
    Dimension,
    FigureQuery,
    RangeSum,
    sums_of,
)
from services.reporting.read_model.contributions import Contributions, add_to_cells, stored_contributions
from services.reporting.read_model.sums import (
    ALL,
    CHANNEL_CODES,
    CHANNELS,
    FIRST_DAY,
    MEANINGS,
    MEASURE_CODES,
    MONTH,
    AnyMeasure,
    Cell,
    covering,
    microseconds,
    stock_codes,
)
from services.reporting.read_model.tables import dossiers, history, model, sums
from shared.domain.counting import Measure
from shared.domain.fields import Channel
from shared.service.sql import among

READ_AT_ONCE = 500
VERSIONS_AT_ONCE = 1000
CELLS_AT_ONCE = 50_000  # about ten megabytes
FEW = frozenset({Dimension.DEPARTMENT, Dimension.CHANNEL})
SumKey = tuple[str | None, str | None, int, Channel, AnyMeasure]  # a range sum without its amount


async def range_sums(connection: AsyncConnection, query: FigureQuery) -> list[RangeSum]:
    """The sums behind the query's rows, as fine as its grouping needs them, by its definition."""
    return [one async for part in parts_of_range_sums(connection, query) for one in part]


async def parts_of_range_sums(connection: AsyncConnection, query: FigureQuery) -> AsyncIterator[list[RangeSum]]:
    """As `range_sums`, few at once: there may be millions, and others want to be answered meanwhile."""
    monthly = Dimension.MONTH in query.by
    meanings = MEANINGS[query.definition]
    stocks = _sums_of(
        connection,
        query,
        literal(BEFORE, Integer),
        covering(FIRST_DAY, query.day_before),
        stock_codes(query.definition),
    )
    bucket = sums.c.span // MONTH if monthly else literal(WITHIN, Integer)
    within = _sums_of(connection, query, bucket, covering(query.first, query.cut, years=not monthly), list(meanings))
    async for part in _parts(connection, union_all(stocks, within), are_few=set(query.by) <= FEW):
        yield [
            RangeSum(department, procedure, place, CHANNELS[channel], meanings[measure], int(amount))
            for department, procedure, place, channel, measure, amount in part
            if amount
        ]


async def _parts(
    connection: AsyncConnection, wanted: CompoundSelect[Any], *, are_few: bool
) -> AsyncIterator[Sequence[Any]]:
    """A cursor has its price: what is few is read at once."""
    if are_few:
        yield (await connection.execute(wanted)).all()
        return
    async with connection.stream(wanted, execution_options={"yield_per": READ_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield part


def _sums_of(
    connection: AsyncConnection,
    query: FigureQuery,
    bucket: ColumnElement[int],
    spans: Sequence[int],
    codes: Sequence[int],
) -> Select[Any]:
    by = set(query.by)
    wanted: list[ColumnElement[Any]] = [
        unit_of(sums, sums.c.department, query) if Dimension.DEPARTMENT in by else null(),
        sums.c.procedure if by & OF_PROCEDURES else null(),
        bucket,
        sums.c.channel,
        sums.c.measure,
    ]
    columns = [column.label(f"g{number}") for number, column in enumerate(wanted)]
    grouped = select(*columns, func.sum(sums.c.amount)).group_by(*(column.name for column in columns))
    return grouped.where(
        among(connection, sums.c.span, spans),
        sums.c.measure.in_(codes),
        *_grain(by, query),
        *filtered(sums, query),
    )


async def open_before(connection: AsyncConnection, query: FigureQuery) -> int:
    """Dossiers in progress at the end of the day before the period, from the coarsest sums that can tell."""
    wanted = select(func.coalesce(func.sum(sums.c.amount), 0)).where(
        among(connection, sums.c.span, covering(FIRST_DAY, query.day_before)),
        sums.c.measure == MEASURE_CODES[Measure.OPEN],
        *_grain(set(), query),
        *filtered(sums, query),
    )
    return int((await connection.execute(wanted)).scalar_one())


def _grain(by: set[Dimension], query: FigureQuery) -> Sequence[ColumnElement[bool]]:
    """The coarsest sums that can tell: by procedure where one must be known, by department, or of the whole office."""
    of_units = Dimension.DEPARTMENT in by or bool(query.filters.departments)
    if by & OF_PROCEDURES or query.filters.procedures is not None or (of_units and query.splits_units):
        return (sums.c.procedure > ALL,)
    if of_units:
        return (sums.c.procedure == ALL, sums.c.department > ALL)
    return (sums.c.procedure == ALL, sums.c.department == ALL)


def filtered(table: Table, query: FigureQuery) -> Sequence[ColumnElement[bool]]:
    """The query's filters as conditions on a table that has department, procedure and channel."""
    filters = query.filters
    conditions: list[ColumnElement[bool]] = []
    if filters.departments:
        conditions.append(among_units(table, table.c.department, filters.departments, query))
    if filters.procedures is not None:
        conditions.append(table.c.procedure.in_(sorted(filters.procedures)))
    if filters.channels:
        conditions.append(table.c.channel.in_(sorted(CHANNEL_CODES[channel] for channel in filters.channels)))
    return conditions


def unit_of(table: Table, column: ColumnElement[str], query: FigureQuery) -> ColumnElement[str]:
    """The unit that a row is counted for, of a column that holds units."""
    if query.organised is None or not (query.organised.heirs or query.organised.parts):
        return column
    procedures: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (unit, procedure), heir in query.organised.parts.items():
        procedures[unit, heir].append(procedure)
    parts = ((and_(column == unit, table.c.procedure.in_(some)), heir) for (unit, heir), some in procedures.items())
    return case(*parts, *((column == unit, heir) for unit, heir in query.organised.heirs.items()), else_=column)


def among_units(
    table: Table, column: ColumnElement[str], units: Iterable[str], query: FigureQuery
) -> ColumnElement[bool]:
    """Whether a row is counted for one of the units: the same as `unit_of`, as a condition that an index can tell."""
    if query.organised is None:
        return column.in_(sorted(units))
    whole: list[str] = []
    others: list[ColumnElement[bool]] = []
    for source in query.organised.sources(units):
        if source.only is not None:
            others.append(and_(column == source.unit, table.c.procedure.in_(sorted(source.only))))
        elif source.but:
            others.append(and_(column == source.unit, table.c.procedure.not_in(sorted(source.but))))
        else:
            whole.append(source.unit)
    return or_(column.in_(whole), *others)


class Pin(NamedTuple):
    """A state of the read model, and within it what was known at an instant (microseconds; None: all of it).

    Revisions of one generation are comparable; the tables of another one were made anew.
    """

    generation: int
    revision: int
    known_at: int | None = None


async def pinned(connection: AsyncConnection, known_at: datetime | None = None) -> Pin:
    """The state that the connection's transaction sees."""
    generation, revision = (await connection.execute(select(model.c.generation, model.c.revision))).one()
    return Pin(generation, revision, None if known_at is None else microseconds(known_at))


def in_force(table: Table, pin: Pin) -> Sequence[ColumnElement[bool]]:
    """Of `dossiers` and `history` together, the version of each dossier that counts in the pinned state, if any.

    A version is superseded there when the transaction that did it was over and what it brought was known.
    """
    conditions = [table.c.since_revision <= pin.revision]
    if pin.known_at is not None:
        conditions.append(table.c.known_at <= pin.known_at)
    if table.name == history.name:
        still = [table.c.until_revision > pin.revision]
        if pin.known_at is not None:
            still.append(table.c.known_until > pin.known_at)
        conditions.append(or_(*still))
    return conditions


async def not_yet_known(connection: AsyncConnection, query: FigureQuery, pin: Pin) -> list[RangeSum]:
    """What turns the sums of the pinned state into those of its known time.

    Only versions that became known later are read: they are taken back, and those they replaced count again.
    """
    if pin.known_at is None:
        return []
    amounts: dict[SumKey, int] = defaultdict(int)
    cells: dict[Cell, int] = {}
    async for changed in _since(connection, query, pin.known_at):
        for sign, code, contributions in changed:
            add_to_cells(cells, stored_contributions(code, contributions), sign)
        if len(cells) > CELLS_AT_ONCE:
            _gather(amounts, cells, query)
            cells = {}
    _gather(amounts, cells, query)
    return [RangeSum(*key, amount) for key, amount in amounts.items() if amount]


def _gather(amounts: dict[SumKey, int], cells: Mapping[Cell, int], query: FigureQuery) -> None:
    """Add the cells as finely as the query asks: days and versions are many, what is asked for is little."""
    by_department, by_procedure = Dimension.DEPARTMENT in query.by, not OF_PROCEDURES.isdisjoint(query.by)
    deltas: dict[tuple[str, str, int], list[tuple[int, int, int]]] = defaultdict(list)
    for (day, procedure, department, channel, measure), amount in cells.items():
        if amount:
            deltas[department, procedure, channel].append((day, measure, amount))
    for key, of_key in deltas.items():  # the cells under each grouping key, as if they were one dossier's
        contributions = Contributions(*key, of_key)
        for one in sums_of(contributions, query):
            place = (one.department if by_department else None, one.procedure if by_procedure else None)
            amounts[*place, one.bucket, one.channel, one.measure] += one.amount


async def _since(connection: AsyncConnection, query: FigureQuery, known_at: int) -> AsyncIterator[Sequence[Any]]:
    later = select(literal(-1, Integer), dossiers.c.code, dossiers.c.contributions).where(
        dossiers.c.known_at > known_at, *filtered(dossiers, query)
    )
    replaced = select(literal(1, Integer), history.c.code, history.c.contributions).where(
        history.c.known_at <= known_at, history.c.known_until > known_at, *filtered(history, query)
    )
    async with connection.stream(union_all(later, replaced), execution_options={"yield_per": VERSIONS_AT_ONCE}) as rows:
        async for part in rows.partitions():
            yield part


def open_in(sums: Sequence[RangeSum]) -> int:
    """How many of them were open before the period."""
    return sum(one.amount for one in sums if one.bucket == BEFORE and one.measure is Measure.OPEN)
