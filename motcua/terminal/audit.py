"""`motcua audit`: who did what when; an export of it, and its verification offline."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motcua.terminal import options
from motcua.terminal.console import count, minute, warn, write_line

if TYPE_CHECKING:
    from shared.contract.http.audit import AuditLine

WRONG = 1
GROUNDS = ("reason", "legal_ground")  # why comes first
AccessFolder = Annotated[
    Path | None,
    typer.Option(
        "--access-dir",
        metavar="DIR",
        help="The folder of keys, which has an audit of its own (environment: MOTCUA_ACCESS_DIR; default: the local "
        "stack's).",
    ),
]
app = typer.Typer(
    name="audit",
    help="Who did what when: shown, exported, verified offline.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def show(
    *,
    subject: Annotated[
        str | None, typer.Option(metavar="CODE", help="About this dossier, key, pseudonym or publication.")
    ] = None,
    who: Annotated[str | None, typer.Option(metavar="WHO", help="Only what this caller did, by id or name.")] = None,
    first: options.First = None,
    last: options.Last = None,
    access: AccessFolder = None,
    intake: options.Intake = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Show who did what.

    In order: intake's entries, reporting's, those of the folder of keys where it is at hand.
    """
    from motcua import audit
    from motcua.client import reading
    from motcua.keys import access_folder

    services = options.services(intake=intake, reporting=reporting, key=key)
    query = _query(subject, who, first, last)
    found = 0
    with ExitStack() as stack:
        clients = [stack.enter_context(reading(services, name)) for name in ("intake", "reporting")]
        of_services = (entry for client in clients for entry in audit.entries(client, query))
        for entry in chain(of_services, audit.entries_of_folder(access_folder(access), query)):
            found += 1
            for line in _told(entry):
                write_line(line)
    if not found:
        write_line("nobody did anything that was asked about")


def _query(subject: str | None, who: str | None, first: date | None, last: date | None) -> dict[str, str]:
    given = {"subject": subject, "who": who, "from": first, "to": last}
    return {name: str(value) for name, value in given.items() if value is not None}


def _told(entry: "AuditLine") -> Iterator[str]:
    """A line for what was done, by whom and from where, and one for both values."""
    about = "" if entry.subject is None else f" {entry.subject}"
    by = entry.name if entry.who in ("service", entry.name) else f"{entry.name} ({entry.who})"
    origin = "" if entry.peer is None else f" from {entry.peer}"
    yield f"{minute(entry.at)} {entry.act.replace('_', ' ')}{about}: {by}{origin}; {entry.chain} {entry.number}"
    grounds = {name: entry.details[name] for name in GROUNDS if name in entry.details}
    details = grounds | dict(entry.details)
    if "field" in details:
        field, old, new = (details.pop(name) for name in ("field", "old", "new"))
        yield f"  {field}: {_value(old)} became {_value(new)}"
    rest = [f"{name} {_value(value)}" for name, value in details.items() if value is not None and "sha256" not in name]
    if rest:
        yield f"  {'; '.join(rest)}"


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(
            "-".join(str(end) for end in dict.fromkeys(each)) if isinstance(each, list) else _value(each)
            for each in value
        )
    if isinstance(value, dict):
        return " ".join(_value(each) for each in value.values())
    return str(value)


@app.command()
def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; one entry a line.")],
    access: AccessFolder = None,
    intake: options.Intake = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Write the whole audit to a file.

    That of intake, of reporting, and of the folder of keys where it is at hand. Prints where each chain ends: keep
    these heads elsewhere (on paper will do). That entries are missing at the end, or that somebody made a chain anew,
    only a head that was kept can tell.

    Exit code: 0 written and whole, 1 written and a chain does not hold, 2 not written.
    """
    from motcua import audit
    from motcua.client import reading
    from motcua.files import writing
    from motcua.keys import access_folder
    from shared.auditing.verification import AuditVerification

    services = options.services(intake=intake, reporting=reporting, key=key)
    made = audit.Export(AuditVerification())
    with ExitStack() as stack:
        file = stack.enter_context(writing(output, private=True))
        for name in ("intake", "reporting"):
            client = stack.enter_context(reading(services, name))
            file.writelines(made.chain(audit.lines(client, {})))
        file.writelines(made.chain(audit.lines_of_folder(access_folder(access))))
        file.write(made.closing())
    for head in made.heads():
        write_line(f"{head.chain}: {count(head.number)} entries, head {head.sha256}")
    folder = access_folder(access)
    strange = [f"access: {sentence}" for sentence in audit.unaudited_keys(folder, audit.lines_of_folder(folder))]
    _conclude([found.sentence for found in made.verification.findings() if not found.holds] + strange)


def _conclude(wrong: list[str]) -> None:
    for sentence in wrong:
        write_line(f"WRONG: {sentence}")
    if wrong:
        raise typer.Exit(WRONG)


@app.command()
def verify(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `motcua audit export` wrote.")],
    head: Annotated[
        list[str] | None,
        typer.Option(metavar="HASH", help="A head that an earlier export printed. Once for each."),
    ] = None,
    access: Annotated[
        Path | None,
        typer.Option("--access-dir", metavar="DIR", help="A folder of keys, each of which the file should know."),
    ] = None,
) -> None:
    """Verify a file of the audit, offline.

    Recomputes each entry's hash and that it follows the one before it. An entry that was changed, removed, put in or
    moved is named by its number, and so is one beside which the database says otherwise. With --access-dir each key
    of the folder that is not as an entry has it is named. No service is asked.

    Without --head nobody can tell whether entries were cut off at the end, or a chain was made anew.

    Exit code: 0 all holds, 1 something does not, 2 the file cannot be read.
    """
    from motcua.audit import verify_file

    findings = verify_file(file, head or (), access)
    wrong = [found.sentence for found in findings if not found.holds]
    for found in findings:
        if found.holds:
            write_line(f"holds: {found.sentence}")
    for sentence in wrong:
        write_line(f"WRONG: {sentence}")
    if not head:
        write_line(
            "whether entries were cut off at the end, or a chain was made anew, only a head that was kept elsewhere "
            "tells: give it with --head"
        )
    if wrong:
        warn(f"{count(len(wrong))} thing{' does' if len(wrong) == 1 else 's do'} not hold")
        raise typer.Exit(WRONG)
