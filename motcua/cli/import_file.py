"""`motcua import`: a file of events into intake."""

from enum import StrEnum
from typing import Annotated

import typer

from motcua.cli import options

REJECTED = 1


class FileFormat(StrEnum):
    AUTO = "auto"
    NDJSON = "ndjson"
    CSV = "csv"


def import_file(
    *,
    file: Annotated[str, typer.Argument(help="NDJSON or CSV, plain or gzip; - reads standard input.", metavar="FILE")],
    intake: options.Intake = None,
    key: options.Key = None,
    connections: Annotated[int, typer.Option(min=1, max=64, help="How many posts go on at once; a dossier keeps to one.")] = 4,
    patience: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long one post is tried while intake is away.")] = 120.0,
    file_format: Annotated[FileFormat, typer.Option("--format", help="auto: CSV when the name ends in .csv or .csv.gz.")] = FileFormat.AUTO,
) -> None:
    """Post a file of events; run twice, it adds nothing.

    NDJSON has one CloudEvent a line. CSV has a header row with the columns id, event, code, time and source, and one column for each
    field of the events' data (department, procedure, channel, due_at ...; a term is term_amount and term_unit); an empty cell is absent.

    Rejected lines are written to FILE.rejected.ndjson, each with its line number and the reason.

    Exit code: 0 nothing rejected, 1 some lines rejected, 2 the import could not be done.
    """
    import asyncio

    from motcua.cli.bars import import_bar
    from motcua.cli.console import out
    from motcua.cli.summary import import_summary
    from motcua.importer.run import run
    from motcua.importer.source import Source

    with Source(file, file_format.value) as source:
        services = options.services(intake=intake, key=key)
        with import_bar(source.total_bytes) as observe:
            tally = asyncio.run(run(source, services, observe, connections=connections, patience_seconds=patience))
    out.print(import_summary(tally))
    if tally.rejected:
        out.print(f"rejected lines: {source.rejected_file}", soft_wrap=True)
        raise typer.Exit(REJECTED)
