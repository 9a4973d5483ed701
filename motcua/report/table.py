"""The form as a table that fits a terminal of 80 columns."""

from collections.abc import Callable, Mapping

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from motcua.report.figures import Report, Row
from motcua.report.numbers import count
from motcua.report.remarks import instant
from shared.domain.columns import OF_FORM

NARROWEST_NAME = 10
GAP = 1
Naming = Callable[[Mapping[str, str | None]], str]


def form(report: Report, name_of: Naming, width: int) -> RenderableType:
    """Every group and the total under the form's column numbers, and what the numbers mean.

    Names wrap in the room the figures leave; where that is too little, a name stands on a line of its own.
    """
    rows = [(name_of(group.key), group.row) for group in report.groups] + [("Total", report.total)]
    room = width - sum(_widths([row for _name, row in rows])) - GAP * len(OF_FORM)
    table = _beside(rows, room) if room >= NARROWEST_NAME else _below(rows)
    return Stack(table, Text(), *_legend(report))


def _widths(rows: list[Row]) -> list[int]:
    return [max(len(str(number)), *(len(count(row[column.key])) for row in rows)) for number, column in OF_FORM.items()]


def _columns(table: Table) -> None:
    for number in OF_FORM:
        table.add_column(str(number), justify="right", no_wrap=True)


def _beside(rows: list[tuple[str, Row]], room: int) -> Table:
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("1-2", width=room)
    _columns(table)
    for name, row in rows:
        table.add_row(name, *_cells(row), style="bold" if row is rows[-1][1] else None)
    return table


def _below(rows: list[tuple[str, Row]]) -> Stack:
    """Each figure on its own line: for counts too long to stand side by side."""
    parts: list[RenderableType] = []
    for name, row in rows:
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_header=False, title=name, title_justify="left")
        for _ in range(3):
            table.add_column(justify="left")
        table.columns[1].justify = "right"
        for number, column in OF_FORM.items():
            table.add_row(str(number), count(row[column.key]), column.meaning)
        parts.append(table)
    return Stack(*parts)


def _cells(row: Row) -> list[str]:
    return [count(row[column.key]) for column in OF_FORM.values()]


def _legend(report: Report) -> list[Text]:
    meanings = "; ".join(f"{number} {column.meaning}" for number, column in OF_FORM.items())
    extra = report.total.get("resolved_no_deadline", 0)
    note = f" Column 7 holds {count(extra)} without a deadline besides 8-10." if extra else ""
    known = f", as known at {instant(report.known_at)}" if report.known_at else ""
    told = f"Definition {report.definition}, as of {report.as_of:%d/%m/%Y %H:%M}{known}."
    if report.as_of.date() < report.last:
        told += f" The period ends later, on {report.last:%d/%m/%Y}: the figures are as of then, not of its end."
    return [Text(f"Columns: {meanings}.{note}", style="dim"), Text(told, style="dim")]
