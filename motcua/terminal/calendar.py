"""`motcua calendar`: announce days off and swapped days, show them, and seed a year."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, dossiers, minute, out, plain_table, stage_bars, write

if TYPE_CHECKING:
    from rich.table import Table

    from shared.contract.http.announcements import AnnouncementAnswer
    from shared.contract.http.catalogue import DayView

DECLINED = 1
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

app = typer.Typer(
    help="Days off and swapped days: announce, show, seed.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def announce(
    *,
    file: Annotated[
        Path, typer.Argument(help="TOML with source, [[days]] and, if not for all, applies_to.", metavar="FILE")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would move.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it takes effect.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many dossiers the table shows.")] = 40,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Announce days off or swapped days, and move open dossiers.

    Shows which open dossiers would be due at another time, asks, puts the days into force and moves those dossiers. A
    second run of the same file changes nothing; one that was interrupted is gone on with.

    In the file: source = "the decree", [[days]] with day (or first and last), works = true or false, and name;
    applies_to = ["H59"] for one province, ["H59.15"] for one department. Optional: id, announced_at.

    Exit code: 0 done, 1 declined, 2 it could not be done.
    """
    from motcua import calendar
    from motcua.client import reading

    body = calendar.read_announcement(file)
    with reading(options.services(intake=intake, key=key), "intake") as client:
        shown = calendar.preview(client, body, limit)
        in_force = shown.recorded_at is not None
        if shown.recorded_at is not None:
            write(f"in force since {shown.recorded_at.isoformat()}")
        else:
            _write_moves(shown)
            _write_counts(shown, moved=False)
        if dry_run:
            return
        if not (yes or in_force or typer.confirm(f"Put it into force and move {dossiers(shown.to_move)}?", err=True)):
            write("nothing was announced")
            raise typer.Exit(DECLINED)
        announcement = calendar.announce(client, body).id
        with stage_bars() as observe:

            def seen(answer: "AnnouncementAnswer") -> None:
                if answer.to_move:
                    observe("move", answer.moved, answer.to_move)

            done = calendar.follow(client, announcement, seen)
        _write_counts(done, moved=True)


def _write_moves(answer: "AnnouncementAnswer") -> None:
    """The dossiers that move: when they are due now, and when then."""
    for note in answer.notes:
        write(f"note: {note}")
    if not answer.moves:
        return
    table = _table("dossier", "due now", "due then", "because")
    for move in answer.moves:
        table.add_row(move.code, minute(move.due_at), minute(move.new_due_at), move.reason)
    write(table)


def _write_counts(answer: "AnnouncementAnswer", *, moved: bool) -> None:
    """How many dossiers were looked at, move, and stay."""
    number, listed = answer.moved if moved else answer.to_move, len(answer.moves)
    verb = "moved" if moved else "would move"
    shown = "" if moved or listed == number else f" (the first {count(listed)} shown)"
    examined = answer.open_dossiers_examined or 0
    write(f"{count(examined)} open dossier{'' if examined == 1 else 's'} examined, {count(number)} {verb}{shown}")
    for why, staying in answer.stays.items():
        write(f"not moved: {count(staying)} {STAYS.get(why, why)}")
    for why, unaffected in (answer.not_affected or {}).items():
        write(f"not affected: {count(unaffected)} {NOT_AFFECTED.get(why, (why, why))[unaffected != 1]}")


@app.command()
def show(
    *,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day, like 2026-01-01.")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, inclusive.")],
    department: Annotated[str | None, typer.Option(metavar="CODE", help="As it holds for this department.")] = None,
    each: Annotated[bool, typer.Option("--each", help="List each day, not only days off and swapped days.")] = False,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Show days off and swapped days, with their source."""
    from motcua.calendar import days as days_of
    from motcua.client import reading

    with reading(options.services(intake=intake, key=key), "intake") as client:
        days = days_of(client, first.date(), last.date(), department)
        table = _table("day", "", "name", "source")
        for run in [[day] for day in days] if each else _runs(days):
            works = "worked" if run[0].working else "off"
            when = span(run[0].date.isoformat(), run[-1].date.isoformat())
            table.add_row(when, works, run[0].name or "", run[0].source or "")
        if table.row_count:
            write(table)
        out().print(f"{count(sum(day.working for day in days))} working days of {count(len(days))}")


def _runs(days: Sequence["DayView"]) -> list[list["DayView"]]:
    """The named days, those in a row that say the same together."""
    named = groupby(days, key=lambda day: (day.name, day.source, day.working))
    return [list(run) for (name, *_), run in named if name is not None]


def span(first: str, last: str) -> str:
    """`2023-01-20`; `2023-01-20 to 26`, as far as the last day is another."""
    if first == last:
        return first
    if first[:7] == last[:7]:
        return f"{first} to {last[8:]}"
    return f"{first} to {last[5:] if first[:4] == last[:4] else last}"


def _table(*headings: str) -> "Table":
    table = plain_table(*headings)
    for column in table.columns[:-1]:
        column.no_wrap = column.header != "name"
    return table


@app.command()
def seed(year: Annotated[int, typer.Argument(min=1990, max=2100, help="Like 2028.", metavar="YEAR")]) -> None:
    """Print a year's days off for calendar.toml, to be checked.

    They come from the maintained `holidays` library. Compare each with the year's announcement: Tết and swapped days
    are announced each year.
    """
    from shared.catalogue.seed import seeded

    print(seeded(year), end="")
