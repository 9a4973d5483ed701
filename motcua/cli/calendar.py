"""`motcua calendar`: announce days off and swapped days, show them, and seed a year."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from motcua.cli import options

DECLINED = 1

app = typer.Typer(
    help="Days off and swapped days: announce, show, seed.", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.command()
def announce(
    *,
    file: Annotated[Path, typer.Argument(help="TOML with source, [[days]] and, if not for all, applies_to.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would move.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it takes effect.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many dossiers the table shows.")] = 40,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Announce days off or swapped days, and move open dossiers.

    Shows which open dossiers would be due at another time, asks, puts the days into force and moves those dossiers. A second run of the
    same file changes nothing; one that was interrupted is gone on with.

    In the file: source = "the decree", [[days]] with day (or first and last), works = true or false, and name; applies_to = ["H59"] for
    one province, ["H59.15"] for one department. Optional: id, announced_at.

    Exit code: 0 done, 1 declined, 2 it could not be done.
    """
    from motcua.calendar.announcement_file import read
    from motcua.calendar.calls import calendar
    from motcua.cli.bars import stage_bars
    from motcua.cli.calendar_tables import write_counts, write_moves
    from motcua.cli.show import write
    from motcua.report.numbers import count

    body = read(file)
    with calendar(options.services(intake=intake, key=key)) as calls:
        shown = calls.preview(body, limit)
        in_force = shown["state"] != "dry_run"
        if in_force:
            write(f"in force since {shown['recorded_at']}")
        else:
            write_moves(shown)
            write_counts(shown, moved=False)
        if dry_run:
            return
        moving = f"{count(shown['to_move'])} dossier{'' if shown['to_move'] == 1 else 's'}"
        if not (yes or in_force or typer.confirm(f"Put it into force and move {moving}?", err=True)):
            write("nothing was announced")
            raise typer.Exit(DECLINED)
        announcement = calls.announce(body)["id"]
        with stage_bars() as observe:
            found = calls.follow(announcement, lambda seen: observe("move", seen["moved"], seen["to_move"]) if seen["to_move"] else None)
    write_counts(found, moved=True)


@app.command()
def show(
    *,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day, like 2026-01-01.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, inclusive.")],
    department: Annotated[str | None, typer.Option(metavar="CODE", help="As it holds for this department.")] = None,
    each: Annotated[bool, typer.Option("--each", help="List each day, not only days off and swapped days.")] = False,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Show days off and swapped days, with their source."""
    from motcua.calendar.calls import calendar
    from motcua.cli.calendar_tables import write_days

    with calendar(options.services(intake=intake, key=key)) as calls:
        write_days(calls.days(first.date(), last.date(), department), each=each)


@app.command()
def seed(year: Annotated[int, typer.Argument(min=1990, max=2100, help="Like 2028.", metavar="YEAR")]) -> None:
    """Print a year's days off for calendar.toml, to be checked.

    They come from the maintained `holidays` library. Compare each with the year's announcement: Tết and swapped days are announced each
    year.
    """
    from shared.catalogue.seed import seeded

    print(seeded(year), end="")
