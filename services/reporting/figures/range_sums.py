"""Range sums in SQL: a period's flows and the stocks around it, as they are now or as they were known at an instant."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
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
    at_their_places,
    sums_of,
)
from services.reporting.read_model.contributions import Contributions, add_to, stored_contributions
from services.reporting.read_model.sums import (
    ALL,
    CHANNEL_CODES,
    CHANNELS,
    FIRST_DAY,
    MEANINGS,
    MEASURE_CODES,
    Amounts,
    Group,
    covering,
    microseconds,
    stock_codes,
)
from services.reporting.read_model.tables import dossiers, history, model, sums
from shared.domain.counting import Measure
from shared.service.sql import among

READ_AT_ONCE = 500
VERSIONS_AT_ONCE = 1000
CELLS_AT_ONCE = 50_000  # about ten megabytes
FEW = frozenset({Dimension.DEPARTMENT, Dimension.CHANNEL})


async def range_sums(connection: AsyncConnection, query: FigureQuery) -> list[RangeSum]:
    """The sums behind the query's rows, as fine as its grouping needs them, by its definition."""
    return [one async for part in parts_of_range_sums(connection, query) for one in part]


async def parts_of_range_sums(connection: AsyncConnection, query: FigureQuery) -> AsyncIterator[list[RangeSum]]:
    """As `range_sums`, few at once: there may be millions, and others want to be answered meanwhile."""
    grain = query.grain
    meanings = MEANINGS[query.definition]
    stocks = _sums_of(
        connection,
        query,
        literal(BEFORE, Integer),
        covering(FIRST_DAY, query.day_before),
        stock_codes(query.definition),
    )
    bucket: ColumnElement[int] = literal(WITHIN, Integer) if grain is None else grain.row_in_sql(sums.c.span)
    spans = (covering if grain is None else grain.spans)(query.first, query.cut)
    within = _sums_of(connection, query, bucket, spans, list(meanings))
    async for part in _parts(connection, union_all(stocks, within), are_few=set(query.by) <= FEW):
        yield _placed(
            query,
            [
                RangeSum(department, procedure, place, CHANNELS[channel], meanings[measure], int(amount), by or None)
                for department, procedure, by, place, channel, measure, amount in part
                if amount
            ],
        )


def _placed(query: FigureQuery, found: list[RangeSum]) -> list[RangeSum]:
    return list(at_their_places(found, query.filters.places)) if query.by_place else found


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
        unit_of(sums, sums.c.department, query) if Dimension.DEPARTMENT in by or query.by_place else null(),
        sums.c.procedure if by & OF_PROCEDURES else null(),
        unit_of(sums, sums.c.received_by, query) if query.by_place else null(),
        bucket,
        sums.c.channel,
        sums.c.measure,
    ]
    columns = [column.label(f"g{number}") for number, column in enumerate(wanted)]
    grouped = select(*columns, func.sum(sums.c.amount)).group_by(*(column.name for column in columns))
    return grouped.where(
        among(connection, sums.c.span, spans),
        sums.c.measure.in_(codes),
        *_grain(query),
        *_filtered_sums(query),
    )


async def open_before(connection: AsyncConnection, query: FigureQuery) -> int:
    """Dossiers in progress at the end of the day before the period, from the coarsest sums that can tell."""
    wanted = select(func.coalesce(func.sum(_amount_at(query)), 0)).where(
        among(connection, sums.c.span, covering(FIRST_DAY, query.day_before)),
        sums.c.measure == MEASURE_CODES[Measure.OPEN],
        *_grain(replace(query, by=())),
        *_filtered_sums(query),
    )
    return int((await connection.execute(wanted)).scalar_one())


def _amount_at(query: FigureQuery) -> ColumnElement[int]:
    """What a sum adds to the places together: as `at_their_places` in SQL, of sums that are about one of them."""
    if not query.filters.places:
        return sums.c.amount
    there, of_department = _among_places(query)
    return case(
        (sums.c.received_by == ALL, sums.c.amount),
        (there & of_department, 0),
        (there, sums.c.amount),
        else_=-sums.c.amount,
    )


def _grain(query: FigureQuery) -> Sequence[ColumnElement[bool]]:
    """The coarsest sums that can tell: by procedure where one must be known, by department, or of the whole office.

    A place's are told from those of departments; where it need not be known its own sums are left out.
    """
    filters = query.filters
    wherever = () if query.by_place else (sums.c.received_by == ALL,)
    of_units = Dimension.DEPARTMENT in query.by or bool(filters.departments) or query.by_place
    of_procedures = not OF_PROCEDURES.isdisjoint(query.by) or filters.procedures is not None
    if of_procedures or (of_units and query.splits_units):
        return (sums.c.procedure > ALL, *wherever)
    if of_units:
        return (sums.c.procedure == ALL, sums.c.department > ALL, *wherever)
    return (sums.c.procedure == ALL, sums.c.department == ALL, *wherever)


def filtered(table: Table, query: FigureQuery) -> Sequence[ColumnElement[bool]]:
    """The query's filters as conditions on a table of dossiers."""
    places = query.filters.places
    there = [among_units(table, table.c.received_by, places, query)] if places else []
    return [*_of_all_tables(table, query), *there]


def _filtered_sums(query: FigureQuery) -> Sequence[ColumnElement[bool]]:
    """The filters as conditions on the sums: of a place are its department's and those of dossiers received there."""
    conditions = _of_all_tables(sums, query)
    return [*conditions, or_(*_among_places(query))] if query.filters.places else conditions


def _among_places(query: FigureQuery) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether a sum is of dossiers received at one of the wanted places, and whether its department is one of them."""
    places = query.filters.places
    there = among_units(sums, sums.c.received_by, places, query)
    return there, among_units(sums, sums.c.department, places, query)


def _of_all_tables(table: Table, query: FigureQuery) -> list[ColumnElement[bool]]:
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
    amounts: dict[RangeSum, int] = defaultdict(int)
    changes: dict[Group, Amounts] = {}
    async for changed in _since(connection, query, pin.known_at):
        for sign, code, contributions in changed:
            add_to(changes, stored_contributions(code, contributions), sign)
        if sum(map(len, changes.values())) > CELLS_AT_ONCE:
            _gather(amounts, changes, query)
            changes = {}
    _gather(amounts, changes, query)
    return _placed(query, [one._replace(amount=amount) for one, amount in amounts.items() if amount])


def range_sums_of(contributions: Contributions, query: FigureQuery) -> list[RangeSum]:
    """One dossier's deltas as `range_sums` would give them, by its place of receipt too, if there were no other one."""
    amounts: dict[RangeSum, int] = defaultdict(int)
    changes: dict[Group, Amounts] = {}
    add_to(changes, contributions, 1)
    _gather(amounts, changes, query)
    return _placed(query, [one._replace(amount=amount) for one, amount in amounts.items() if amount])


def _gather(amounts: dict[RangeSum, int], changes: Mapping[Group, Amounts], query: FigureQuery) -> None:
    """Add the changes as finely as the query asks: days and versions are many, what is asked for is little.

    `amounts` are by the range sum without its amount.
    """
    by_department = Dimension.DEPARTMENT in query.by or query.by_place
    by_procedure = not OF_PROCEDURES.isdisjoint(query.by)
    for (procedure, department, channel, place), days in changes.items():
        if place != ALL and not query.by_place:
            continue
        deltas = [(day, measure, amount) for (day, measure), amount in days.items() if amount]
        # what changes under each grouping key, as if it were one dossier's
        for one in sums_of(Contributions(department, procedure, channel, deltas), query):
            coarser = one._replace(
                department=one.department if by_department else None,
                procedure=procedure if by_procedure else None,
                amount=0,
                received_by=query.unit(place, procedure) or None,
            )
            amounts[coarser] += one.amount


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
