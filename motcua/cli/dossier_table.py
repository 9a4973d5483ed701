"""Writes the dossiers behind a figure: as a table in 80 columns, or one JSON a line."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from motcua.cli.console import out
from motcua.cli.show import write
from motcua.report.numbers import NOT_APPLICABLE, count
from motcua.report.opening import Item
from shared.domain.localtime import local


def write_ndjson(dossiers: Iterable[Item]) -> None:
    """Every dossier as reporting answers it."""
    for dossier in dossiers:
        print(msgspec.json.encode(dossier).decode())


def write_table(figure: str, number: int, dossiers: Sequence[Item]) -> None:
    """The first dossiers, and how many there are in all."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in ("dossier", "received", "due", "closed", "class"):
        table.add_column(heading, no_wrap=True)
    for one in dossiers:
        closed = _when(one["closed_at"])
        table.add_row(one["code"], _when(one["received_at"]), _when(one["due_at"]), closed, one["timeliness"] or NOT_APPLICABLE)
    if dossiers:
        write(table)
    rest = "" if len(dossiers) == number else f", the first {count(len(dossiers))} shown"
    out.print(f"{figure}: {count(number)} dossiers{rest}")


def _when(instant: str | None) -> str:
    return NOT_APPLICABLE if instant is None else f"{local(datetime.fromisoformat(instant)):%d/%m/%y %H:%M}"
