"""`motcua applicants`: who applied, for who may see it; erasing, retention, and the rotation of the master key."""

from typing import Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, minute, warn, write_line

UNREADABLE = 1
app = typer.Typer(
    help="Who applied: show, erase, let go, rotate the key.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def show(
    *,
    code: Annotated[str, typer.Argument(metavar="CODE", help="The dossier's code.")],
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Show who applied for a dossier. Intake notes that you looked."""
    from motcua import applicants
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        view = applicants.show(client, code)
    if view.applicant is None:
        write_line(f"{view.code} names no applicant")
        return
    write_line(f"{view.code}  {view.applicant}")
    if view.details is None:
        erased = "" if view.erased_at is None else f"; erased {minute(view.erased_at)}"
        write_line(f"no details are kept{erased}")
        return
    for name in view.details.__struct_fields__:
        if (text := getattr(view.details, name)) is not None:
            write_line(f"{name:<10} {text}")
    until = "it is erased" if view.kept_until is None else minute(view.kept_until)
    write_line(f"stored {minute(view.stored_at)}, kept until {until}")


@app.command()
def erase(
    *,
    whom: Annotated[str, typer.Argument(metavar="CODE|PSEUDONYM", help="One of the person's dossiers, or the person.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, without the person's data: it is kept.")],
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Erase who an applicant is, for good.

    Deletes the person's data key and what it encrypts. No event and no figure changes, and the person does not come
    back by replay, rebuild, restore or a second import of old receipts.
    """
    from motcua import applicants
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        answer = applicants.erase(client, whom, reason)
    write_line(applicants.described(answer.erasure))
    if not answer.erased:
        write_line("nothing was kept any more")


@app.command()
def rotate(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Wrap every data key by the first master key.

    Put a new key in front of the old ones first. Intake works on meanwhile; when this was interrupted, run it again.
    Afterwards the old master keys may be deleted, and with them every old backup of the details is useless.

    Exit code: 0 all are wrapped by it, 1 some master key is missing, 2 it could not be done.
    """
    from motcua import applicants
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        answer = applicants.rotate(client)
    write_line(f"{count(answer.wrapped)} data keys were wrapped anew; all are under master key {answer.key} now")
    if answer.unreadable:
        warn(
            f"but for {count(answer.unreadable)}, whose master key is not set or whose row was changed: intake's log "
            "names them. Keep the old master keys"
        )
        raise typer.Exit(UNREADABLE)


@app.command()
def expire(*, intake: options.Intake = None, key: options.Key = None) -> None:
    """Erase those whose every dossier has been closed for longer than its procedure keeps applicants.

    The catalogue says how long (`retention` of a procedure). Run it once a day.
    """
    from motcua import applicants
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        answer = applicants.expire(client)
    write_line(f"{count(answer.erased)} of {count(answer.looked_at)} applicants were erased")
