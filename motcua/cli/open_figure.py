"""`motcua open`: the dossiers behind a figure."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.cli import options, period_options
from motcua.cli.days import period_query

if TYPE_CHECKING:
    import httpx

    from motcua.report.opening import Opened


class Shape(StrEnum):
    TABLE = "table"
    NDJSON = "ndjson"


def open_figure(
    *,
    figure: Annotated[str, typer.Argument(help="The figure's key, like resolved_overdue.", metavar="FIGURE")],
    first: period_options.First = None,
    last: period_options.Last = None,
    period: period_options.Period = None,
    department: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this department.")] = None,
    channel: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only online, in_person or postal.")] = None,
    procedure: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this procedure.")] = None,
    field: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this field, by its whole name.")] = None,
    level: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this level, like province.")] = None,
    definition: period_options.Definition = None,
    as_of: period_options.AsOf = None,
    as_known_at: period_options.AsKnownAt = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers the table shows.")] = 40,
    shape: Annotated[Shape, typer.Option("--format", help="ndjson writes every dossier, one a line.")] = Shape.TABLE,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Open a figure into the dossiers behind it.

    Lists exactly as many dossiers as the number says. `motcua explain CODE` tells why one of them counts as it does.
    A filter given again takes either value.

    Exit code: 0 as many as it says, 1 fewer or more (one of the two is wrong), 2 there is no such figure.
    """
    days = period_query(first, last, period, as_of)
    from motcua.cli.show import warn
    from motcua.client import sync_client, told_plainly
    from motcua.report.opening import opened
    from motcua.report.remarks import nothing_known

    filters = {"department": department, "channel": channel, "procedure": procedure, "field": field, "level": level}
    given = {name: values for name, values in filters.items() if values}
    judged = {name: value for name, value in {"definition": definition, "as_known_at": as_known_at}.items() if value is not None}
    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client, told_plainly("reporting", services.reporting):
        found = opened(client, figure, {**days, **given, **judged})
        if told := nothing_known(found.report.known_at, [found.report.total]):
            warn(told)
        _write(client, found, given, None if shape is Shape.NDJSON else limit)


def _write(client: "httpx.Client", found: "Opened", narrowed: dict[str, list[str]], limit: int | None) -> None:
    """As a table of `limit` dossiers, or all of them as lines; fail when they are not as many as the number says."""
    from itertools import islice

    from motcua.cli.dossier_table import write_ndjson, write_table
    from motcua.report.opening import check_length, dossiers_behind

    if limit is None:
        listed = write_ndjson(dossiers_behind(client, found.token))
    else:
        shown = list(islice(dossiers_behind(client, found.token, min(limit, found.number) or 1), limit))
        write_table(found, shown, narrowed, limit)
        listed = len(shown)
    check_length(found, listed, limit)
