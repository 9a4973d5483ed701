"""`motcua follow-ups`: mails and webhooks of follow-ups that nobody took; to look at, and to have tried again."""

from enum import StrEnum
from typing import Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, minute, plain_table, write, write_line

SOME = 1
app = typer.Typer(
    help="Mails and webhooks that were given up: list, send again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class WayOut(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


@app.command("given-up")
def given_up(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, the newest.")] = 20,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """List what nobody took and what is not tried again by itself, the newest first, each with its reason.

    Exit code: 0 there is none, 1 there is some, 2 reporting could not be asked.
    """
    from motcua import follow_ups
    from motcua.client import printable, reading

    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        answer = follow_ups.given_up(client, limit)
    for one in answer.deliveries:
        table = plain_table()
        slips = ", ".join(one.slips) or "the weekly mail"
        table.add_row("id", one.id)
        table.add_row("for", f"{one.department} by {one.way}, made {minute(one.made_at)}, tried {count(one.attempts)}×")
        table.add_row("slips", slips)
        table.add_row("why", printable(one.problem or "not known"))
        write(table)
    write_line(f"{count(answer.given_up)} given up")
    if answer.given_up:
        raise typer.Exit(SOME)


@app.command("send-again")
def send_again(
    *,
    deliveries: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="What to send, by id.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that was given up, the newest thousand.")] = False,
    way: Annotated[WayOut | None, typer.Option(help="With --all: only by this way.")] = None,
    department: Annotated[str | None, typer.Option(metavar="CODE", help="With --all: only for this unit.")] = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Have tried again what was given up, after what was in its way is mended.

    It is tried as often and as long as if it had been made now, with the same bytes under the same id. What somebody
    took is not sent again. The audit notes who did it. `motcua follow-ups given-up` tells later whether it was taken.

    Exit code: 0 all are tried again, 1 some were not given up (each is said), 2 it could not be done.
    """
    from motcua import follow_ups
    from motcua.client import reading
    from motcua.failure import Failure

    if every == bool(deliveries):
        raise typer.BadParameter("name what to send by its id, or give --all", param_hint="ID")
    if not every and (way is not None or department is not None):
        raise typer.BadParameter("goes with --all", param_hint="--way, --department")
    with reading(options.services(reporting=reporting, key=key), "reporting") as client:
        chosen = list(dict.fromkeys(deliveries or ())) or [
            one.id
            for one in follow_ups.given_up(client).deliveries
            if way in (None, one.way) and department in (None, one.department)
        ]
        if not chosen:
            raise Failure("nothing was given up" + (" of what was named" if way or department else ""))
        answer = follow_ups.send_again(client, chosen)
    for left in answer.left:
        write_line(f"{left}: was not given up: it was taken, waits, or is not known")
    write_line(f"{count(len(answer.sent_again))} of {count(len(chosen))} are tried again")
    if answer.left:
        raise typer.Exit(SOME)
