"""Writes what an announcement moves, and the days of a calendar, in 80 columns."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
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
NOT_AFFECTED = {  # of one dossier, and of several
    "no_deadline": ("has no deadline", "have no deadline"),
    "given_by_sender": ("has a deadline that its sender gave", "have a deadline that their sender gave"),
    "same_deadline": ("is due at the same time with these days", "are due at the same time with these days"),
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
    examined = found["open_dossiers_examined"] or 0
    write(f"{count(examined)} open dossier{'' if examined == 1 else 's'} examined, {count(number)} {verb}{shown}")
    for why, dossiers in found["stays"].items():
        write(f"not moved: {count(dossiers)} {STAYS.get(why, why)}")
    for why, dossiers in (found["not_affected"] or {}).items():
        write(f"not affected: {count(dossiers)} {NOT_AFFECTED.get(why, (why, why))[dossiers != 1]}")


def write_days(days: Sequence[Answer], *, each: bool) -> None:
    """The days off and swapped days with their source, those in a row with one name together, or each day; and how many are worked."""
    table = _table("day", "", "name", "source")
    for run in [[day] for day in days] if each else runs(days):
        works = "worked" if run[0]["working"] else "off"
        table.add_row(span(run[0]["date"], run[-1]["date"]), works, run[0]["name"] or "", run[0]["source"] or "")
    if table.row_count:
        write(table)
    out.print(f"{count(sum(day['working'] for day in days))} working days of {count(len(days))}")


def runs(days: Sequence[Answer]) -> list[list[Answer]]:
    """The named days, those in a row that say the same together."""
    named = groupby(days, key=lambda day: (day["name"], day["source"], day["working"]))
    return [list(run) for (name, *_), run in named if name is not None]


def span(first: str, last: str) -> str:
    """`2023-01-20`; `2023-01-20 to 26`, as far as the last day is another."""
    if first == last:
        return first
    if first[:7] == last[:7]:
        return f"{first} to {last[8:]}"
    return f"{first} to {last[5:] if first[:4] == last[:4] else last}"


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings[:-1]:
        table.add_column(heading, no_wrap=heading != "name")
    table.add_column(headings[-1])
    return table


def _when(instant: str | None) -> str:
    return NOT_APPLICABLE if instant is None else f"{local(datetime.fromisoformat(instant)):%d/%m/%Y %H:%M}"
