"""What must add up: the form's identities, totals over their rows, one month after another, and a report's own sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.checking.counts import OWN, CountedReport, Spot
from shared.checking.table import RowKind, TypedRow
from shared.domain.columns import BY_KEY, COLUMNS, Kind, terms_of
from shared.domain.figures import ROW_IDENTITIES, Identity

TOTAL_ROW = "total=sum of rows"
SECTION_ROW = "section=sum of rows"
CARRIED_OVER = "6(t)=11(t-1)"
FIRST_MONTH, LAST_MONTH = "total 6=first 6", "total 11=last 11"
NO_DEADLINE = "resolved_no_deadline"
BY_CHANNEL = BY_KEY["received_in_person_or_postal"]
IDENTITIES = (
    *ROW_IDENTITIES,
    *(Identity(key, key, BY_KEY[key].parts) for key in (BY_CHANNEL.key, "returned_total")),
)
"""The form's, and those of the columns beside it, which have no number: their rule is called by the total's key."""
_CLOSED_OTHERWISE = (
    "withdrawn",
    "stopped",
    "transferred",
    "refused",
    "granted_in_part",
    "granted_by_law",
    "not_needed",
)
LIMITS = (
    ("received_online", ("received_online_full",)),
    ("received_in_person", ("received_unknown",)),
    ("received_in_person_or_postal", ("received_unknown",)),
    ("resolved_total", _CLOSED_OTHERWISE),
    ("stopped", ("stopped_administrative",)),
    ("in_progress_total", ("in_progress_suspended",)),
    ("awaiting_acceptance", ("awaiting_acceptance_late",)),
)
"""Figures, and those of their dossiers which others count: together at most as many."""
FLOWS = frozenset(
    column.key for column in COLUMNS if all(count.kind is Kind.WITHIN for count, _sign in terms_of(column.key))
)
"""What adds up over consecutive periods."""
AT_END = ("in_progress_total", "in_progress_within", "in_progress_overdue")


@dataclass(frozen=True, slots=True)
class Equation:
    """A total and its parts, cell by cell.

    `at_most` for parts that need not make up all of it, `own` of a sum that only this report states.
    """

    rule: str
    total: Spot
    parts: tuple[Spot, ...]
    at_most: bool = False
    own: bool = False

    @property
    def cells(self) -> tuple[Spot, ...]:
        return (self.total, *self.parts)


def equations(report: CountedReport) -> list[Equation]:
    """All that must hold between the cells of a report, whether they are known or not."""
    rows = report.typed.rows
    found = [each for place, row in enumerate(rows) for each in _within(place, row)]
    found += _sums(report)
    if report.typed.by_month:
        found += _months(rows)
    found += [
        Equation(
            stated.name, report.at(OWN, stated.total), tuple(report.at(OWN, part) for part in stated.parts), own=True
        )
        for stated in report.typed.sums
    ]
    return found


def limits(report: CountedReport) -> Iterator[Equation]:
    """Figures that others can't exceed, in each row that has one of these."""
    for place, row in enumerate(report.typed.rows):
        for whole, parts in LIMITS:
            known = tuple(Spot(place, part) for part in parts if part in row.cells)
            if known:
                yield Equation(whole, Spot(place, whole), known, at_most=True)


def wholes(report: CountedReport) -> Iterator[Equation]:
    """Figures of each row and parts of them, whether the report has either or not."""
    yield from limits(report)
    for place in range(len(report.typed.rows)):
        for identity in IDENTITIES:
            yield Equation(
                identity.name, Spot(place, identity.total), tuple(Spot(place, part) for part in identity.parts)
            )


def _within(place: int, row: TypedRow) -> Iterator[Equation]:
    for identity in IDENTITIES:
        if not {identity.total, *identity.parts} & row.cells.keys():
            continue
        if identity not in ROW_IDENTITIES and not _stated(identity, row):
            continue
        parts = [part for part in identity.parts if part != NO_DEADLINE or part in row.cells]
        if BY_CHANNEL.key in parts and BY_CHANNEL.key not in row.cells and set(BY_CHANNEL.parts) & row.cells.keys():
            parts[parts.index(BY_CHANNEL.key) : parts.index(BY_CHANNEL.key) + 1] = BY_CHANNEL.parts
        yield Equation(identity.name, Spot(place, identity.total), tuple(Spot(place, part) for part in parts))


def _stated(identity: Identity, row: TypedRow) -> bool:
    """Of an identity beside the form: whether the report has its total and one of its parts."""
    return identity.total in row.cells and any(part in row.cells for part in identity.parts)


def _sums(report: CountedReport) -> Iterator[Equation]:
    """Each total over the rows at the top, each section with figures over the rows below it."""
    rows = report.typed.rows
    for place, row in enumerate(rows):
        if row.kind is RowKind.ROW and not _below(rows, place):
            continue
        below = _above(rows, place) if row.adds_up else _below(rows, place)
        rule = TOTAL_ROW if row.kind is RowKind.TOTAL else SECTION_ROW
        for figure in dict.fromkeys(figure for each in (place, *below) for figure in rows[each].cells):
            if (report.typed.by_month or report.typed.mixed_with_months) and figure not in FLOWS:
                continue
            parts = tuple(Spot(part, figure) for part in _with_figure(rows, below, figure))
            if parts and figure in row.cells:
                yield Equation(rule, Spot(place, figure), parts)


def _above(rows: Sequence[TypedRow], total: int) -> list[int]:
    """The rows of a total: all that no section holds; of a subtotal those above it, up to a section or another one."""
    places = [place for place, row in enumerate(rows) if not row.adds_up and row.period == rows[total].period]
    if rows[total].kind is RowKind.SUBTOTAL:
        first = max((place for place in range(total) if rows[place].kind is not RowKind.ROW), default=-1)
        places = [place for place in places if first < place < total]
    return _outermost(rows, places)


def _below(rows: Sequence[TypedRow], section: int) -> list[int]:
    """The rows right below a section, until one that is as high as it."""
    places: list[int] = []
    for place in range(section + 1, len(rows)):
        row = rows[place]
        if row.kind is RowKind.TOTAL or row.period != rows[section].period:
            break
        if not row.adds_up and row.depth <= rows[section].depth:
            break
        if not row.adds_up:
            places.append(place)
    return _outermost(rows, places)


def _outermost(rows: Sequence[TypedRow], places: Sequence[int]) -> list[int]:
    kept: list[int] = []
    for place in places:
        if not kept or rows[place].depth <= rows[kept[-1]].depth:
            kept.append(place)
    return kept


def _with_figure(rows: Sequence[TypedRow], places: Sequence[int], figure: str) -> Iterator[int]:
    """These rows; in place of a heading without the figure the rows below it."""
    for place in places:
        if rows[place].kind is RowKind.SECTION and not _typed(rows[place], figure):
            yield from _with_figure(rows, _below(rows, place), figure)
        else:
            yield place


def _typed(row: TypedRow, figure: str) -> bool:
    return figure in row.cells and bool(row.cells[figure].typed.strip())


def _months(rows: Sequence[TypedRow]) -> Iterator[Equation]:
    """What is open at the end of a month is carried over into the next one."""
    for period in dict.fromkeys(row.period for row in rows):
        months = [place for place, row in enumerate(rows) if not row.adds_up and row.period == period]
        totals = [place for place, row in enumerate(rows) if row.kind is RowKind.TOTAL and row.period == period]
        for before, after in pairwise(months):
            yield Equation(CARRIED_OVER, Spot(after, "carried_over"), (Spot(before, "in_progress_total"),))
        for total in totals if months else []:
            yield Equation(FIRST_MONTH, Spot(total, "carried_over"), (Spot(months[0], "carried_over"),))
            for figure in AT_END:
                if figure in rows[total].cells:
                    yield Equation(LAST_MONTH, Spot(total, figure), (Spot(months[-1], figure),))
