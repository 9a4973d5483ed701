"""`motcua check`: a hand-compiled report against the identities of the form."""

from pathlib import Path
from typing import Annotated

import typer

BROKEN = 1


def check(
    file: Annotated[Path, typer.Argument(help="TOML or JSON with the column keys (received_total, ...).", metavar="FILE")],
) -> None:
    """Check a hand-compiled report for what cannot be.

    Says which identities of the form it breaks and by how much. The keys are those of the figures: received_total, received_online,
    received_in_person_or_postal, carried_over, resolved_total, resolved_early, resolved_on_time, resolved_overdue, in_progress_total,
    in_progress_within, in_progress_overdue, and the shares.

    Exit code: 0 none broken, 1 some broken, 2 the file cannot be read.
    """
    from motcua.check import UnreadableReport, check_report, read_report
    from motcua.failure import Failure

    try:
        checked = check_report(read_report(file))
    except UnreadableReport as error:
        raise Failure(str(error)) from error
    for finding in checked.broken:
        print(f"broken     {finding}")
    for rule in checked.unchecked:
        print(f"not known  {rule}")
    for rule in checked.holding:
        print(f"holds      {rule}")
    if checked.broken:
        raise typer.Exit(BROKEN)
