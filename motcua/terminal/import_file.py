"""`motcua import`: a file of events into intake."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.failure import Failure
from motcua.terminal import options
from motcua.terminal.console import count, err, import_bar, out, plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from motcua.importer.connection import ImportProgress

REJECTED = 1


class FileFormat(StrEnum):
    AUTO = "auto"
    NDJSON = "ndjson"
    CSV = "csv"


def import_file(
    *,
    file: Annotated[
        str, typer.Argument(help="NDJSON or CSV, plain or gzip; a pipe; - reads standard input.", metavar="FILE")
    ],
    intake: options.Intake = None,
    key: options.Key = None,
    connections: Annotated[
        int, typer.Option(min=1, max=64, help="How many posts go on at once; a dossier keeps to one.")
    ] = 4,
    patience: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long one post is tried while intake is away.")
    ] = 120.0,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="auto: as the name or the first line says.")
    ] = FileFormat.AUTO,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", metavar="FILE", help="Where rejected lines are written [default: beside FILE]."),
    ] = None,
) -> None:
    """Post a file of events; run twice, it adds nothing.

    NDJSON has one CloudEvent a line. CSV has a header row with the columns id, event, code, time and source, and one
    column for each field of the events' data (department, procedure, channel, due_at ...; a term is term_amount and
    term_unit); a column of your own is named x.NAME; an empty cell is absent. The lines may come in any order: they are
    sent by the time of their events.

    Rejected lines are written to FILE.rejected.ndjson or .csv, each with its line number and the reason. A table can be
    corrected there and imported again. What follows a line whose content is wrong, of the same dossier, is rejected
    with it (held_back): once it were in, the correction could be too late.

    Exit code: 0 nothing rejected, 1 some lines rejected, 2 the import could not be done.
    """
    import asyncio

    from motcua.importer.connection import ImportProgress
    from motcua.importer.run import run
    from motcua.importer.source import Source

    progress = ImportProgress()
    with Source(file, file_format.value) as source:
        services = options.services(intake=intake, key=key)
        rejected_file = source.rejects_into(rejected)
        try:
            with import_bar(source.total_bytes) as observe:
                work = run(
                    source,
                    services,
                    observe,
                    progress=progress,
                    rejected_file=rejected_file,
                    connections=connections,
                    patience_seconds=patience,
                )
                asyncio.run(work)
        except (Failure, KeyboardInterrupt):
            if progress.settled:
                err().print(import_summary(progress))
                err().print(
                    "That is so far; run the same import again to go on, what was accepted counts once.", soft_wrap=True
                )
            raise
    out().print(import_summary(progress))
    if progress.rejected:
        held = (
            f" ({count(progress.held_back)} only wait for an earlier line of their dossier)"
            if progress.held_back
            else ""
        )
        out().print(f"rejected lines: {rejected_file}{held}", soft_wrap=True, markup=False)
        raise typer.Exit(REJECTED)


def import_summary(progress: "ImportProgress") -> "Table":
    """Accepted, duplicate, rejected, and their sum."""
    table = plain_table()
    table.add_column()
    table.add_column(justify="right")
    for name, number in (
        ("accepted", progress.accepted),
        ("duplicate", progress.duplicates),
        ("rejected", progress.rejected),
    ):
        table.add_row(name, count(number))
    table.add_row("lines", count(progress.settled), style="bold")
    return table
