"""Writes the dossiers behind a figure: as a table in 80 columns, or one JSON a line."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from motcua.cli.show import write
from motcua.cli.wrapped import wrapped
from motcua.report.names import names_of_departments, one_name
from motcua.report.numbers import NOT_APPLICABLE, count
from motcua.report.opening import Item, Opened, dossiers
from motcua.report.remarks import instant
from shared.domain.localtime import local

USUAL_CODE = 19  # characters; with a longer one the columns stand closer together


def write_ndjson(listed: Iterable[Item]) -> int:
    """Every dossier as reporting answers it; how many there were."""
    number = 0
    for number, dossier in enumerate(listed, 1):  # noqa: B007 - counted here, told after the last one
        print(msgspec.json.encode(dossier).decode())
    return number


def write_table(opened: Opened, listed: Sequence[Item], narrowed: Mapping[str, Sequence[str]], limit: int) -> None:
    """The first dossiers, how many there are in all, and what the figure is about."""
    if listed:
        write(_table(opened, listed))
    shown = f", the first {count(limit)} shown" if len(listed) == limit < opened.number else ""
    print(wrapped(f"{opened.figure}: {dossiers(opened.number)}{shown}; {_about(opened, narrowed)}."))


def _table(opened: Opened, listed: Sequence[Item]) -> Table:
    """The day of return stands in place of the receipt where the figure is about returns: both would not fit 80 columns."""
    report = opened.report
    instants = ("due", "closed", "returned") if _about_returns(opened.figure) else ("received", "due", "closed")
    gap = 2 if max(len(one["code"]) for one in listed) <= USUAL_CODE else 1
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("dossier", *instants, f"class on\n{min(report.last, report.as_of.date()):%d/%m/%Y}"):
        table.add_column(heading, no_wrap=True, overflow="fold")
    for one in listed:
        table.add_row(one["code"], *(_when(one[f"{name}_at"]) for name in instants), one["timeliness"] or NOT_APPLICABLE)
    return table


def _about_returns(figure: str) -> bool:
    return figure.startswith("returned_") or figure == "awaiting_return"


def _about(opened: Opened, narrowed: Mapping[str, Sequence[str]]) -> str:
    """Period, definition, what it was known at, and what it is narrowed to."""
    report, departments = opened.report, names_of_departments()
    known = f", as known at {instant(report.known_at)}" if report.known_at else ""
    only = [f"{name} {' or '.join(one_name(name, value, departments) for value in values)}" for name, values in narrowed.items()]
    return (
        f"from {report.first:%d/%m/%Y} to {report.last:%d/%m/%Y} by {report.definition}, as of {report.as_of:%d/%m/%Y %H:%M}{known}"
        f"{', only ' if only else ''}{', '.join(only)}"
    )


def _when(instant: str | None) -> str:
    return NOT_APPLICABLE if instant is None else f"{local(datetime.fromisoformat(instant)):%d/%m/%y %H:%M}"
