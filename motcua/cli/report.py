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
DAYS = ["%Y-%m-%d"]


def report(
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAYS, metavar="DAY", help="First day, like 2023-01-01.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAYS, metavar="DAY", help="Last day, inclusive.")] = None,
    period: Annotated[
        str | None, typer.Option(help="Instead of --from and --to, from the 15th to the 14th: 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023.")
    ] = None,
    by: Annotated[list[Breakdown] | None, typer.Option(help="Break down by; may be given again.")] = None,
    shape: Annotated[Shape, typer.Option("--format", help="xlsx and pdf come with a later version.")] = Shape.TABLE,
    definition: Annotated[
        str | None, typer.Option(help="What on time means: by-date/1, instant/1 or half-day/1 [default: by-date/1].")
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=DAYS, metavar="DAY", help="Judge as at the end of this day [default: now].")
    ] = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Print the figures of a period.

    It is the statutory form II.06a with its headline figures: table is the form in the terminal; text the paragraph in Vietnamese with
    a line for each department; json what the service answers; csv one row a group, named by the keys of the figures.
    """
    _check_period(first, last, period)
    _check_shape(by, shape)
    from motcua.cli.show import show
    from motcua.client import sync_client
    from motcua.report.figures import ask, ask_text

    given = {"from": _day(first), "to": _day(last), "period": period, "definition": definition, "as_of": _day(as_of)}
    query = {name: value for name, value in given.items() if value is not None}
    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client:
        if shape is Shape.TEXT:
            print(ask_text(client, query), end="")
        else:
            show(ask(client, query, tuple(name.value for name in by or ())), shape.value)


def _day(day: datetime | None) -> str | None:
    return None if day is None else f"{day:%Y-%m-%d}"


def _check_period(first: datetime | None, last: datetime | None, period: str | None) -> None:
    if period is not None:
        if first is not None or last is not None:
            raise typer.BadParameter("stands in place of --from and --to; leave either it or them out", param_hint="--period")
        return
    if first is None or last is None:
        raise typer.BadParameter("which days? give --from and --to, or --period", param_hint="--from" if first is None else "--to")
    if last < first:
        raise typer.BadParameter(f"the period ends ({last:%Y-%m-%d}) before it begins ({first:%Y-%m-%d})", param_hint="--to")


def _check_shape(by: list[Breakdown] | None, shape: Shape) -> None:
    if shape in LATER:
        raise typer.BadParameter(f"{shape.value} comes with a later version; text, table, json and csv are at hand", param_hint="--format")
    if shape is Shape.TEXT and by and by != [Breakdown.DEPARTMENT]:
        raise typer.BadParameter("text is by department; take table, json or csv for others", param_hint="--format")
