"""Writes what an announcement moves, and the days of a calendar, in 80 columns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table

from motcua.cli.console import out
from motcua.cli.show import write
from motcua.report.numbers import NOT_APPLICABLE, count
from shared.domain.localtime import local

STAYS = {
    "overdue": "overdue already",
    "would_be_overdue": "would be overdue at once",
    "cannot_be_computed": "cannot be computed",
    "changed_meanwhile": "closed or changed meanwhile",
}
Answer = dict[str, Any]


def write_moves(found: Answer) -> None:
    """The dossiers that move: when they are due now, and when then."""
    for note in found["notes"]:
        write(f"note: {note}")
    if not found["moves"]:
        return
    table = _table("dossier", "due now", "due then", "because")
    for move in found["moves"]:
        table.add_row(move["code"], _when(move["due_at"]), _when(move["new_due_at"]), move["reason"])
    write(table)


def write_counts(found: Answer, *, moved: bool) -> None:
    """How many dossiers were looked at, move, and stay."""
    number = found["moved" if moved else "to_move"]
    verb = "moved" if moved else "would move"
    shown = "" if moved or len(found["moves"]) == number else f" (the first {count(len(found['moves']))} shown)"
    write(f"{count(found['open_dossiers_examined'] or 0)} open dossiers examined, {count(number)} {verb}{shown}")
    for why, dossiers in found["stays"].items():
        write(f"not moved: {count(dossiers)} {STAYS.get(why, why)}")


def write_days(days: Sequence[Answer], *, each: bool) -> None:
    """The days off and swapped days with their source, or each day; and how many days are worked."""
    table = _table("day", "", "name", "source")
    for day in days:
        if each or day["name"] is not None:
            works = "worked" if day["working"] else "off"
            table.add_row(day["date"], works, day["name"] or "", day["source"] or "")
    if table.row_count:
        write(table)
    out.print(f"{count(sum(day['working'] for day in days))} working days of {count(len(days))}")


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=heading != "name")
    table.add_column(headings[-1])
    return table


def _when(instant: str | None) -> str:
    return NOT_APPLICABLE if instant is None else f"{local(datetime.fromisoformat(instant)):%d/%m/%Y %H:%M}"
