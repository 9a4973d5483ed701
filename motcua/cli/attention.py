"""`motcua attention`: the open dossiers that somebody must follow up today."""

from typing import Annotated

import typer

from motcua.cli import options


def attention(
    *,
    within: Annotated[str, typer.Option(metavar="TIME", help="Working time ahead: 2d is two working days, 6h six hours.")] = "2d",
    department: Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this department; may be given again.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many dossiers are shown, the most urgent ones.")] = 200,
    reporting: options.Reporting = None,
    key: options.Key = None,
) -> None:
    """List what is overdue or due soon, for the daily follow-up.

    By department and officer: each dossier with its deadline and the working days it is late or has left.
    """
    from motcua.cli.show import write
    from motcua.client import sync_client, told_plainly
    from motcua.report.attention import fetch, page
    from motcua.report.names import names_of_departments

    services = options.services(reporting=reporting, key=key)
    with sync_client(services.reporting, services) as client, told_plainly("reporting", services.reporting):
        write(page(fetch(client, within, department or [], limit), names_of_departments()))
