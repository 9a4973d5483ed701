"""`motcua report`: the figures of a period, as a person or a program reads them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from motcua.cli import options


class Shape(StrEnum):
    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Breakdown(StrEnum):
    DEPARTMENT = "department"
    CHANNEL = "channel"
    FIELD = "field"
    PROCEDURE = "procedure"
    LEVEL = "level"
    MONTH = "month"


LATER = (Shape.XLSX, Shape.PDF)


def report(
    *,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day, like 2023-01-01.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, inclusive.")],
    by: Annotated[list[Breakdown] | None, typer.Option(help="Break down by; may be given again.")] = None,
    shape: Annotated[Shape, typer.Option("--format", help="xlsx and pdf come with a later version.")] = Shape.TABLE,
    definition: Annotated[str | None, typer.Option(help="The definition of timeliness [default: by-date/1].")] = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Print the figures of a period.

    It is the statutory form II.06a with its headline figures: table is the form in the terminal; text the paragraph in Vietnamese with
    a line for each department; json what the service answers; csv one row a group, named by the keys of the figures.
    """
    _check(first, last, by, shape, definition)
    from motcua.cli.show import show
    from motcua.client import sync_client
    from motcua.report.figures import fetch, fetch_text

    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client:
        if shape is Shape.TEXT:
            print(fetch_text(client, first.date(), last.date()), end="")
        else:
            show(fetch(client, first.date(), last.date(), tuple(name.value for name in by or ()), definition), shape.value)


def _check(first: datetime, last: datetime, by: list[Breakdown] | None, shape: Shape, definition: str | None) -> None:
    if shape in LATER:
        raise typer.BadParameter(f"{shape.value} comes with a later version; text, table, json and csv are at hand", param_hint="--format")
    if last < first:
        raise typer.BadParameter(f"the period ends ({last:%Y-%m-%d}) before it begins ({first:%Y-%m-%d})", param_hint="--to")
    if shape is Shape.TEXT and (definition or (by and by != [Breakdown.DEPARTMENT])):
        raise typer.BadParameter("text is by department and by-date/1; take table, json or csv for others", param_hint="--format")
