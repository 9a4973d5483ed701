"""A report beside that of another period as people read it: this, the other, the difference, and it in percent."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.console import Group as RichGroup
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from motcua.report import PeriodBeside, PrintedReport, Row
from motcua.terminal.console import NOT_APPLICABLE, count, out, percent, plain_table, width, write
from motcua.terminal.form import GAP, heading, legend, names_of_departments, row_name
from shared.domain.columns import OF_FORM

LINES = ("this", "other", "difference", "percent")
NARROWEST = max(map(len, LINES))


class Pair(NamedTuple):
    """A group of both periods, its figures as they are printed: a line each of LINES, a cell for each column."""

    name: str
    lines: tuple[tuple[str, ...], ...]


def show_comparison(report: PrintedReport, other: PeriodBeside) -> None:
    """The table of both, with departments by name."""
    departments = names_of_departments()
    out().print()
    write(comparison(report, other, lambda key: row_name(key, departments), width()))


def comparison(
    report: PrintedReport, other: PeriodBeside, name_of: Callable[[Mapping[str, str | None]], str], columns: int
) -> RenderableType:
    """Every group and the total with four lines under the form's column numbers, and what the numbers mean.

    Where the figures leave no room for that, those of a group stand below each other.
    """
    pairs = list(_pairs(report, other, name_of))
    cells = (line for pair in pairs for line in pair.lines)
    widths = [max(map(len, cell)) for cell in zip([str(number) for number in OF_FORM], *cells, strict=True)]
    room = columns - sum(widths) - GAP * len(OF_FORM)
    table = _wide(report, pairs, room) if room >= NARROWEST else RichGroup(*map(_tall, pairs))
    return RichGroup(Text(_periods(report, other.report)), Text(), table, Text(), *legend(report))


def _pairs(
    report: PrintedReport, other: PeriodBeside, name_of: Callable[[Mapping[str, str | None]], str]
) -> "list[Pair]":
    names = [
        name_of(here.key) if here.key == there.key else f"{name_of(here.key)} beside {name_of(there.key)}"
        for here, there in zip(report.groups, other.report.groups, strict=True)
    ]
    rows = [[*(group.row for group in one.groups), one.total] for one in (report, other.report)]
    figures = zip(*rows, other.differences, other.percents, strict=True)
    return [Pair(name, _lines(*of_pair)) for name, of_pair in zip([*names, "Total"], figures, strict=True)]


def _lines(this: Row, that: Row, difference: Row, in_percent: Row) -> tuple[tuple[str, ...], ...]:
    keys = [column.key for column in OF_FORM.values()]
    return (
        tuple(count(this[key]) for key in keys),
        tuple(count(that[key]) for key in keys),
        tuple(_signed(count(abs(difference[key])), difference[key]) for key in keys),
        tuple(_in_percent(in_percent[key], difference[key]) for key in keys),
    )


def _in_percent(value: str | None, difference: int) -> str:
    """+3,1; the heading of the line says that it is in percent."""
    return (
        NOT_APPLICABLE if value is None else _signed(percent(value.lstrip("-")).removesuffix("%").strip(), difference)
    )


def _signed(amount: str, difference: int) -> str:
    return f"{'+' if difference > 0 else '−' if difference < 0 else ''}{amount}"


def _wide(report: PrintedReport, pairs: list[Pair], room: int) -> Table:
    table = plain_table(heading(report), gap=GAP)
    table.columns[0].width = room
    for number in OF_FORM:
        table.add_column(str(number), justify="right", no_wrap=True)
    for pair in pairs:
        style = "bold" if pair is pairs[-1] else None
        table.add_row(pair.name, style="bold")
        for name, cells in zip(LINES, pair.lines, strict=True):
            table.add_row(name, *cells, style=style)
    return table


def _tall(pair: Pair) -> Table:
    table = plain_table("", *LINES, "", gap=GAP)
    table.title, table.title_justify = pair.name, "left"
    for column in table.columns[1:-1]:
        column.justify = "right"
    for (number, column), *cells in zip(OF_FORM.items(), *pair.lines, strict=True):
        table.add_row(str(number), *cells, column.meaning)
    return table


def _periods(this: PrintedReport, other: PrintedReport) -> str:
    """Which days the lines are of, and up to when they are counted."""
    said = [
        f"{name}: {one.first:%d/%m/%Y} to {one.last:%d/%m/%Y}"
        + (f", counted up to {one.as_of:%d/%m/%Y}" if one.as_of.date() < one.last else "")
        for name, one in zip(LINES, (this, other), strict=False)
    ]
    return "; ".join([*said, "the difference is this less the other, and in percent of the other."])
