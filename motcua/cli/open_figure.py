"""`motcua open`: the dossiers behind a figure."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from motcua.cli import options


class Shape(StrEnum):
    TABLE = "table"
    NDJSON = "ndjson"


def open_figure(
    *,
    figure: Annotated[str, typer.Argument(help="The figure's key, like resolved_overdue.", metavar="FIGURE")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day, like 2023-01-01.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, inclusive.")],
    department: Annotated[str | None, typer.Option(metavar="CODE", help="Only this department.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only online, in_person or postal.")] = None,
    procedure: Annotated[str | None, typer.Option(metavar="CODE", help="Only this procedure.")] = None,
    definition: Annotated[str | None, typer.Option(help="The definition of timeliness [default: by-date/1].")] = None,
    as_known_at: Annotated[
        str | None, typer.Option("--as-known-at", metavar="INSTANT", help="As known then, like 2024-02-01T08:00:00+07:00.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers the table shows.")] = 40,
    shape: Annotated[Shape, typer.Option("--format", help="ndjson writes every dossier, one a line.")] = Shape.TABLE,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """Open a figure into the dossiers behind it.

    Lists exactly as many dossiers as the number says. `motcua explain CODE` tells why one of them counts as it does.
    """
    from itertools import islice

    from motcua.cli.dossier_table import write_ndjson, write_table
    from motcua.client import sync_client
    from motcua.report.opening import dossiers_behind, total_and_token

    narrowed = {"department": department, "channel": channel, "procedure": procedure, "definition": definition, "as_known_at": as_known_at}
    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client:
        given = {name: value for name, value in narrowed.items() if value is not None}
        number, token = total_and_token(client, figure, first.date(), last.date(), given)
        if shape is Shape.NDJSON:
            write_ndjson(dossiers_behind(client, token))
        else:
            write_table(figure, number, list(islice(dossiers_behind(client, token, min(limit, number) or 1), limit)))
