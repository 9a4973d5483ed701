"""A report beside that of another period as people read it: this, the other, the difference, and it in percent."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.console import Group as RichGroup
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from motcua.report import PeriodBeside, PrintedReport, Row
from motcua.speech import voice
from motcua.terminal.console import NOT_APPLICABLE, out, plain_table, width, write
from motcua.terminal.form import GAP, heading, legend, meaning, names_of_departments, row_name
from shared.domain.columns import OF_FORM
from shared.language.numbers import signed
from shared.language.periods import period_name, span_name
from shared.language.words import TOTAL

LINES = (("kỳ này", "this"), ("kỳ kia", "other"), ("chênh lệch", "difference"), ("tỷ lệ %", "percent"))


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
    names = [voice()(*words) for words in LINES]
    pairs = _pairs(report, other, name_of)
    cells = (line for pair in pairs for line in pair.lines)
    widths = [max(map(len, column)) for column in zip([str(number) for number in OF_FORM], *cells, strict=True)]
    narrowest, longest = max(map(len, names)), max(map(len, (heading(report), *names, *(pair.name for pair in pairs))))
    room = min(columns - sum(widths) - GAP * len(OF_FORM), longest)
    if room >= narrowest:
        table: RenderableType = _wide(heading(report), names, pairs, room)
    else:
        table = RichGroup(*(_tall(names, pair) for pair in pairs))
    return RichGroup(Text(_periods(names, report, other.report)), Text(), table, Text(), *legend(report))


def _pairs(
    report: PrintedReport, other: PeriodBeside, name_of: Callable[[Mapping[str, str | None]], str]
) -> list[Pair]:
    say = voice()
    names = [
        name_of(here.key) if here.key == there.key else f"{name_of(here.key)} / {name_of(there.key)}"
        for here, there in zip(report.groups, other.report.groups, strict=True)
    ]
    rows = [[*(group.row for group in one.groups), one.total] for one in (report, other.report)]
    figures = zip(*rows, other.differences, other.percents, strict=True)
    return [Pair(name, _lines(*of_pair)) for name, of_pair in zip([*names, say(*TOTAL)], figures, strict=True)]


def _lines(this: Row, that: Row, difference: Row, in_percent: Row) -> tuple[tuple[str, ...], ...]:
    say, keys = voice(), [column.key for column in OF_FORM.values()]
    return (
        tuple(say.count(this[key]) for key in keys),
        tuple(say.count(that[key]) for key in keys),
        tuple(signed(difference[key], say.language) for key in keys),
        tuple(_in_percent(in_percent[key], difference[key]) for key in keys),
    )


def _in_percent(value: str | None, difference: int) -> str:
    """+3.1; the name of the line says that it is in percent."""
    if value is None:
        return NOT_APPLICABLE
    amount = voice().percent(value.lstrip("-")).removesuffix("%")
    return f"{'+' if difference > 0 else '−' if difference < 0 else ''}{amount}"


def _wide(first_column: str, names: list[str], pairs: list[Pair], room: int) -> Table:
    table = plain_table(first_column, gap=GAP)
    table.columns[0].width = room
    for number in OF_FORM:
        table.add_column(str(number), justify="right", no_wrap=True)
    for pair in pairs:
        table.add_row(pair.name, style="bold")
        for name, cells in zip(names, pair.lines, strict=True):
            table.add_row(name, *cells, style="bold" if pair is pairs[-1] else None)
    return table


def _tall(names: list[str], pair: Pair) -> Table:
    table = plain_table("", *names, "", gap=GAP)
    table.title, table.title_justify = pair.name, "left"
    for column in table.columns[1:-1]:
        column.justify = "right"
    for (number, column), *cells in zip(OF_FORM.items(), *pair.lines, strict=True):
        table.add_row(str(number), *cells, meaning(column.key, voice()))
    return table


def _periods(names: list[str], this: PrintedReport, other: PrintedReport) -> str:
    """Which days the lines are of, up to when they are counted, and what the difference is."""
    say = voice()
    said = [f"{name}: {_days(one)}" for name, one in zip(names, (this, other), strict=False)]
    taken = say(
        "chênh lệch là kỳ này trừ kỳ kia, tỷ lệ tính trên kỳ kia",
        "the difference is this less the other, and in percent of the other",
    )
    return "; ".join([*said, taken]) + "."


def _days(report: PrintedReport) -> str:
    say = voice()
    span = span_name(report.first, report.last, say.language)
    if report.period is not None:
        span = f"{period_name(report.period, say.language)} ({span})"
    if report.as_of.date() >= report.last:
        return span
    until = say.day(report.as_of.date())
    return span + say(f", tính đến ngày {until}", f", counted up to {until}")
