"""`motcua publications`: freeze figures, show and revise what was published, keep notes, and verify files offline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import (
    count,
    deliver,
    dossiers,
    minute,
    plain_table,
    put,
    warn,
    write,
    write_line,
)
from motcua.terminal.revisions import later, moves

if TYPE_CHECKING:
    pass

WRONG = 1
SHORT = 8  # characters of a hash that tell it apart for people

app = typer.Typer(
    help="Publications: figures that are frozen, revised and verified.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Number = Annotated[int, typer.Argument(min=1, metavar="NUMBER", help="The publication's number.")]
Revision = Annotated[int | None, typer.Option(min=1, metavar="N", help="This revision of it.")]


def _writable(output: Path | None) -> Path | None:
    from motcua.files import check_writable

    if output is not None:
        check_writable(output)
    return output


Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", callback=_writable, help="Write it there, byte for byte."),
]
CellName = Annotated[
    str,
    typer.Argument(metavar="CELL", help="Like total.resolved_overdue or department.H59.15.resolved_overdue."),
]


@app.command("list")
def list_publications(
    *,
    department: options.Department = None,
    received_by: options.ReceivedBy = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """List what was published, the newest first."""
    from motcua import publications
    from motcua.client import reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        table = plain_table("no.", "title", "from", "to", "published", "rev.", "notes", "sha256")
        for one in publications.listed(client, options.those_given(department=department, received_by=received_by)):
            title = f"{one.title} (provisional)" if one.provisional else one.title
            days = (f"{one.first:%d/%m/%y}", f"{one.last:%d/%m/%y}")
            more = (str(one.revisions or ""), str(one.notes or ""), one.sha256[:SHORT])
            table.add_row(str(one.number), title, *days, minute(one.published_at), *more)
        for column in table.columns:
            column.no_wrap, column.overflow = column.header != "title", "fold"
        write(table if table.row_count else "nothing was published yet: `motcua publications create` does it")


@app.command()
def create(
    *,
    first: options.First = None,
    last: options.Last = None,
    period: options.Period = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What it is called [default: the period].")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A table for each of department, field, channel, level, procedure, month, received_by "
            "[default: department and field].",
        ),
    ] = None,
    definition: options.Definition = None,
    as_of: options.AsOf = None,
    as_known_at: options.AsKnownAt = None,
    organised: options.Organised = None,
    department: options.Department = None,
    received_by: options.ReceivedBy = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="Publish although the period has not ended; the document says so.")
    ] = False,
    output: Output = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Freeze the figures of a period and publish them.

    Nothing is published while something that intake has recorded is not counted, or while the figures do not add up.

    Exit code: 0 published, 2 not (it is said why).
    """
    query = options.period_query(
        first, last, period, as_of=as_of, definition=definition, as_known_at=as_known_at, organised=organised
    )
    tables = [word.strip() for given in by or () for word in given.split(",")]
    more = options.those_given(title=title, by=tables, department=department, received_by=received_by)
    from motcua import publications
    from motcua.client import reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        body = publications.created(client, {**query, **more, "provisional": provisional})
        document = publications.figures_in(body)
        _write_document(output, body)
        rows = ", ".join(f"{len(table.rows)} by {table.by}" for table in document.tables)
        write_line(
            f"publication {document.number}: {dossiers(document.total['received_total'])} to handle, rows {rows}; "
            f"{count(document.log.events)} events are counted; sha256 {document.sha256}"
        )


@app.command()
def show(
    *,
    number: Number,
    revision: Revision = None,
    output: Output = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Show a publication or a revision, and what came later.

    That is notes, revisions, and what became known since and is in none of them.

    With --output its document is written byte for byte, as `motcua publications verify` reads it.
    """
    from motcua import publications
    from motcua.client import reading
    from motcua.terminal.form import paragraph, show_form

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        body = publications.document(client, number, revision)
        document = publications.figures_in(body)
        report = publications.printed(document)
        write_line(publications.heading(body))
        write(paragraph(report))
        show_form(report)
        write_line(f"published {minute(document.published_at)}, sha256 {document.sha256}")
        for line in later(client, number):
            write_line(line)
        _write_document(output, body)


@app.command("form")
def print_form(
    *,
    number: Number,
    shape: Annotated[
        str, typer.Option("--format", metavar="NAME", help="text, csv, office-csv, xlsx, docx, pdf or json.")
    ] = "text",
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Lines by department or field, as published [default: department]."),
    ] = None,
    revision: Revision = None,
    output: Output = None,
    lang: options.Lang = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Write the statutory form of a publication.

    Its numbers are the frozen ones, with the publication's number and hash; in Vietnamese unless --lang en is given.
    """
    from motcua import publications
    from motcua.client import reading

    query = {"by": by, "revision": revision, "lang": lang or options.OF_OFFICES}
    given = {name: str(value) for name, value in query.items() if value is not None}
    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        deliver(publications.form(client, number, given, shape), shape, output)


@app.command("open")
def open_number(
    *,
    number: Number,
    cell: CellName,
    revision: Revision = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Open a published number into its dossiers.

    They are listed as they counted when it was frozen, whatever happened since.

    Exit code: 0 as many as it says, 2 fewer or more, or there is no such number.
    """
    from motcua import publications
    from motcua.client import reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        found = 0
        for one in publications.dossiers_behind(client, number, revision, cell):
            found += 1
            when = (minute(instant) for instant in (one.received_at, one.due_at, one.closed_at))
            write_line("  ".join([one.code, *when, one.timeliness]))
        write_line(f"{cell}: {dossiers(found)}")


@app.command()
def revise(
    *,
    number: Number,
    output: Output = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Publish what the figures are by now, and what moved.

    The revision names each dossier that moved, and the events that became known of it.

    Exit code: 0 revised, 2 not (nothing changed, or it is said why).
    """
    import msgspec

    from motcua import publications
    from motcua.client import reading
    from shared.contract.http.published_documents import RevisionDocument

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        body = publications.revised(client, number)
        document = msgspec.json.decode(body, type=RevisionDocument)
        _write_document(output, body)
        for line in moves(document):
            write_line(line)


@app.command()
def note(
    *,
    number: Number,
    cell: CellName,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be known about the number.")],
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Whose note: a pseudonym or an office.")] = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Keep a note with a published number, for good."""
    import msgspec

    from motcua import publications
    from motcua.client import reading
    from shared.contract.http.published_documents import NoteDocument

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        body = publications.noted(client, number, {"cell": cell, "text": text, "author": author})
        kept = msgspec.json.decode(body, type=NoteDocument)
        about = f"{kept.cell} of publication {number}, {count(kept.count)}"
        write_line(f"note {kept.note} on {about}; sha256 {kept.sha256}")


@app.command()
def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; one document a line.")],
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Write every document to a file, byte for byte.

    What was published follows from nothing else: keep such a file elsewhere.
    """
    from motcua import publications
    from motcua.client import reading
    from motcua.files import writing

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        found = 0
        with writing(output) as file:
            for line in publications.exported(client):
                file.write(line + b"\n")
                found += 1
        write_line(f"{count(found)} document{'' if found == 1 else 's'} in {output}")


@app.command()
def restore(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `motcua publications export` wrote.")],
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Bring back what an export has and reporting lost.

    For a database of reporting that was lost or restored from a backup. What is there already must be the same.
    """
    from motcua import publications
    from motcua.client import reading

    lines = [one.body for one in publications.documents(file)]
    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        answer = publications.restored(client, lines)
        write_line(f"{count(answer.restored)} documents are back, {count(answer.present)} were there")


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Documents, or an export of the chain.")],
) -> None:
    """Verify files of publications, offline.

    Recomputes the hash of each document, its sums, identities and shares, and that the dossiers which moved explain
    each changed number; of several documents that each follows the one before it, and none between them is missing. No
    service is asked.

    Exit code: 0 all holds, 1 something does not, 2 a file cannot be read.
    """
    from motcua.publications import verify_files

    findings = verify_files(files)
    wrong = [one.sentence for one in findings if not one.holds]
    for one in findings:
        if one.holds:
            write_line(f"holds: {one.sentence}")
    for sentence in wrong:
        write_line(f"WRONG: {sentence}")
    if wrong:
        warn(f"{count(len(wrong))} thing{' does' if len(wrong) == 1 else 's do'} not hold")
        raise typer.Exit(WRONG)


def _write_document(output: Path | None, body: bytes) -> None:
    if output is not None:
        put(body, output)
