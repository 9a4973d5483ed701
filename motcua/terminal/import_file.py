"""`motcua import`: a file of events into intake."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from motcua.failure import Failure
from motcua.terminal import options
from motcua.terminal.console import count, err, import_bar, out, plain_table

if TYPE_CHECKING:
    from rich.table import Table

    from motcua.importer.connection import ImportProgress
    from motcua.importer.mapped import MappedSource
    from motcua.importer.source import Source

REJECTED = 1


class FileFormat(StrEnum):
    AUTO = "auto"
    NDJSON = "ndjson"
    CSV = "csv"


def import_file(
    *,
    file: Annotated[
        str,
        typer.Argument(
            help="NDJSON or CSV, plain or gzip; a pipe; - reads standard input. With a mapping also XLSX and JSON.",
            metavar="FILE",
        ),
    ],
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="What the columns of an office's own sheet mean: a TOML file, or counter or national, "
            "which are shipped.",
        ),
    ] = None,
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
    """Post events or an office's sheet; twice adds nothing.

    NDJSON has one CloudEvent a line. CSV has a header row with the columns id, event, code, time and source, and one
    column for each field of the events' data (department, procedure, channel, due_at ...; a term is term_amount and
    term_unit); a column of your own is named x.NAME; an empty cell is absent. The lines may come in any order: they are
    sent by the time of their events.

    With --mapping the file is an office's own: a sheet (CSV, XLSX) with a row per dossier or per event under its own
    headers, or snapshots as they go to the national portal (JSON). `motcua mapping counter` prints a mapping to start
    from; docs/importing.md explains each key.

    Rejected lines are written to FILE.rejected.ndjson or .csv, each with its line number and the reason. A table can be
    corrected there and imported again. Rows of a mapped file come back in its own form with a column why; what
    snapshots could not carry over is listed in FILE.losses.csv. What follows a line whose content is wrong, of the same
    dossier, is rejected with it (held_back): once it were in, the correction could be too late.

    Exit code: 0 nothing rejected, 1 some lines rejected, 2 the import could not be done.
    """
    import asyncio

    from motcua.importer.connection import ImportProgress
    from motcua.importer.run import run

    progress = ImportProgress()
    with _opened(file, file_format, mapping) as source:
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
                err().print(import_summary(progress, source.unit))
                err().print(
                    "That is so far; run the same import again to go on, what was accepted counts once.", soft_wrap=True
                )
            raise
    out().print(import_summary(progress, source.unit))
    if mapping is not None:
        _say_of_the_mapping(cast("MappedSource", source))
    if progress.rejected:
        held = (
            f" ({count(progress.held_back)} only wait for an earlier line of their dossier)"
            if progress.held_back
            else ""
        )
        out().print(f"rejected lines: {rejected_file}{held}", soft_wrap=True, markup=False)
        raise typer.Exit(REJECTED)


def _opened(file: str, file_format: FileFormat, mapping: str | None) -> "Source | MappedSource":
    if mapping is None:
        from motcua.importer.source import Source

        return Source(file, file_format.value)
    from motcua.importer.mapped import MappedSource

    if file_format is not FileFormat.AUTO:
        raise Failure("--format says how the product's own columns come; with --mapping leave it out")
    return MappedSource(file, mapping, datetime.now(UTC))


def _say_of_the_mapping(source: "MappedSource") -> None:
    """Which columns were not read or not there, and what was lost."""
    notes = [f"{count(source.rows)} rows read, {count(source.refused_rows)} come back", *source.notes]
    if source.losses:
        kinds = "; ".join(f"{kind.value} {count(number)}" for kind, number in source.losses.by_kind())
        notes.append(f"not carried over, of {count(source.losses.dossiers)} dossiers: {kinds}")
        notes.append(f"each by name: {source.losses_file}")
    for note in notes:
        out().print(note, soft_wrap=True, markup=False, highlight=False)


def import_summary(progress: "ImportProgress", unit: str = "lines") -> "Table":
    """Accepted, duplicate, rejected, and their sum."""
    table = plain_table()
    table.add_column()
    table.add_column(justify="right")
    for name, number in (
        ("accepted", progress.accepted),
        ("duplicate", progress.duplicates),
        ("rejected", progress.rejected),
        ("lost", progress.lost),
    ):
        if name != "lost" or number:
            table.add_row(name, count(number))
    table.add_row(unit, count(progress.settled), style="bold")
    return table


def print_mapping(*, name: Annotated[str, typer.Argument(help="counter or national.", metavar="NAME")]) -> None:
    """Print a shipped mapping, to change it and import with it.

    A mapping says under which headers an office's own sheet has what an event needs, how dates are written there, and
    which of its words stand for which code: motcua mapping counter > mine.toml, then motcua import FILE --mapping
    mine.toml. docs/importing.md explains each key.
    """
    from motcua.mapping.model import mapping_file, shipped

    if name not in shipped():
        raise Failure(f"no mapping {name} is shipped; there are {', '.join(shipped())}")
    out().print(mapping_file(name).read_text("utf-8"), soft_wrap=True, markup=False, highlight=False, end="")
