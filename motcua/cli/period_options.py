"""Options that say of which days figures are, judged how and known when: `report` and `open` take the same."""

from datetime import date
from typing import Annotated

import typer

from motcua.cli.days import day

First = Annotated[date | None, typer.Option("--from", parser=day, metavar="DAY", help="First day, like 2023-01-01.")]
Last = Annotated[date | None, typer.Option("--to", parser=day, metavar="DAY", help="Last day, inclusive.")]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="PERIOD", help="Instead of --from and --to, from the 15th to the 14th: 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023."
    ),
]
Definition = Annotated[str | None, typer.Option(help="What on time means: by-date/1, instant/1 or half-day/1 [default: by-date/1].")]
AsOf = Annotated[date | None, typer.Option("--as-of", parser=day, metavar="DAY", help="Judge as at the end of this day [default: now].")]
AsKnownAt = Annotated[
    str | None,
    typer.Option(
        "--as-known-at",
        metavar="INSTANT",
        help="What was recorded by then, like 2026-11-22T08:00:00+07:00. Recording goes by the real clock: a demo of the year 2023, too, "
        "knows nothing before the day it was started.",
    ),
]
