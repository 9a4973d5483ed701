"""Sums the deltas of days into those of months and years, and of departments and the whole office."""

from collections.abc import Mapping

from services.reporting.spans import MONTH, YEAR

Cell = tuple[int, str, str, int, int]  # span, procedure, department, channel, measure: the key of a sum
ALL = ""  # in place of a procedure, or of a procedure and a department: all of them


def rolled_up(cells: Mapping[Cell, int]) -> list[tuple[int, str, str, int, int, int]]:
    """The rows (a cell and its amount) of every level that these cells of days change; none of 0."""
    by_procedure = {cell: amount for cell, amount in sorted(cells.items()) if amount}  # sorted: the table is walked in its own order
    by_department = _of_all_procedures(by_procedure)
    levels: list[Mapping[Cell, int]] = []
    for days in (by_procedure, by_department, _of_all_departments(by_department)):
        months = _in_spans_of(MONTH, days)
        levels += days, months, _in_spans_of(YEAR, months)
    return [(*cell, amount) for level in levels for cell, amount in level.items() if amount]


def _of_all_procedures(cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, _, department, channel, measure), amount in cells.items():
        cell = (span, ALL, department, channel, measure)
        sums[cell] = sums.get(cell, 0) + amount
    return sums


def _of_all_departments(cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, _, _, channel, measure), amount in cells.items():
        cell = (span, ALL, ALL, channel, measure)
        sums[cell] = sums.get(cell, 0) + amount
    return sums


def _in_spans_of(length: int, cells: Mapping[Cell, int]) -> dict[Cell, int]:
    sums: dict[Cell, int] = {}
    for (span, procedure, department, channel, measure), amount in cells.items():
        cell = (span - span % length, procedure, department, channel, measure)
        sums[cell] = sums.get(cell, 0) + amount
    return sums
