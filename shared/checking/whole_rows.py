"""Totals that differ from their rows in a way that tells why: added to themselves, a row missing, a row in twice."""

from collections.abc import Sequence

from shared.checking.counts import CountedReport, Spot
from shared.checking.rules import Equation
from shared.checking.table import RowKind
from shared.contract.http.checks import CheckRepair, RepairedCell
from shared.domain.figures import ROW_IDENTITIES

FEWEST_COLUMNS = 3


def counted_twice(report: CountedReport, broken: Sequence[Equation]) -> bool:
    """Whether a total was added to itself, or sections to the rows that they are made of, in all of these columns."""
    return all(_is_double(report, equation) for equation in broken)


def _is_double(report: CountedReport, equation: Equation) -> bool:
    total, added = report.values[equation.total], sum(report.values[part] for part in equation.parts)
    everything = sum(
        report.values.get(Spot(row, equation.total.figure), 0)
        for row, each in enumerate(report.typed.rows)
        if row != equation.total.row and each.kind is not RowKind.TOTAL
    )
    return len(equation.parts) > 1 and (total == 2 * added or total == everything > added)


def row_too_few_or_many(report: CountedReport, places: Sequence[int], broken: Sequence[Equation]) -> CheckRepair | None:
    """That the differences of a total make up a row: one of the table, or one that could exist and is not in it."""
    excess = {
        equation.total.figure: report.values[equation.total] - sum(report.values[part] for part in equation.parts)
        for equation in broken
    }
    if len(excess) < FEWEST_COLUMNS:
        return None
    opposite = {figure: -number for figure, number in excess.items()}
    for row in dict.fromkeys(part.row for equation in broken for part in equation.parts):
        figures = {figure: report.values.get(Spot(row, figure), 0) for figure in report.typed.rows[row].cells}
        there = {figure: number for figure, number in figures.items() if number}
        if there in (excess, opposite):
            code = "row_added_twice" if there == excess else "row_not_added"
            return CheckRepair(code=code, breaks=list(places), row=report.name(row), cells=[])
    if all(number > 0 for number in excess.values()) and _can_be_a_row(excess):
        missing = [RepairedCell(figure=figure, value=str(number)) for figure, number in excess.items()]
        return CheckRepair(code="row_missing", breaks=list(places), cells=missing)
    return None


def _can_be_a_row(figures: dict[str, int]) -> bool:
    return all(
        figures.get(identity.total, 0) == sum(figures.get(part, 0) for part in identity.parts)
        for identity in ROW_IDENTITIES
    )
