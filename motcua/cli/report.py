"""`motcua report`: the figures of a period, as a person or a program reads them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.cli import options, period_options
from motcua.cli.days import period_query

if TYPE_CHECKING:
    import httpx

BROKEN = 1


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
    first: period_options.First = None,
    last: period_options.Last = None,
    period: period_options.Period = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Break down by department, channel, field, procedure, level, month; several with commas."),
    ] = None,
    shape: Annotated[Shape, typer.Option("--format", help="xlsx and pdf come with a later version.")] = Shape.TABLE,
    definition: period_options.Definition = None,
    as_of: period_options.AsOf = None,
    as_known_at: period_options.AsKnownAt = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Print the figures of a period.

    It is the statutory form II.06a with its headline figures: table is the form in the terminal; text the paragraph in Vietnamese with
    a line for each department; json what the service answers; csv one row a group, named by the keys of the figures.

    Exit code: 0 the figures add up, 1 they break an identity of the form (it is named), 2 there are no figures.
    """
    query = period_query(first, last, period, as_of)
    dimensions = _breakdown(by)
    _check_shape(dimensions, shape)
    from motcua.client import sync_client, told_plainly

    given = {"definition": definition, "as_known_at": as_known_at}
    query |= {name: value for name, value in given.items() if value is not None}
    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client, told_plainly("reporting", services.reporting):
        if not _printed(client, query, dimensions, shape):
            raise typer.Exit(BROKEN)


def _printed(client: "httpx.Client", query: dict[str, str], by: tuple[str, ...], shape: Shape) -> bool:
    """Whether the printed figures add up."""
    from motcua.cli.show import show, warn_of
    from motcua.report.figures import ask, ask_text, parse

    if shape is Shape.TEXT:
        text = ask_text(client, query)
        report = parse(ask(client, query | {"tokens": "none"}, (Breakdown.DEPARTMENT.value,)))
        print(text, end="")
    else:
        answer = ask(client, query, by)
        report = parse(answer)
        show(answer, report, shape.value)
    return warn_of(report, on_paper=shape in (Shape.TEXT, Shape.TABLE))


def _breakdown(by: list[str] | None) -> tuple[str, ...]:
    words = [word.strip() for given in by or () for word in given.split(",")]
    for word in words:
        if word not in set(Breakdown):
            raise typer.BadParameter(f"{word!r} is not known; available: {', '.join(Breakdown)}", param_hint="--by")
    return tuple(words)


def _check_shape(by: tuple[str, ...], shape: Shape) -> None:
    if shape in LATER:
        raise typer.BadParameter(f"{shape.value} comes with a later version; text, table, json and csv are at hand", param_hint="--format")
    if shape is Shape.TEXT and by not in ((), (Breakdown.DEPARTMENT,)):
        raise typer.BadParameter("text is by department; take table, json or csv for others", param_hint="--format")
