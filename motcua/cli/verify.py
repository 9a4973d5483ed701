"""`motcua verify`: recount everything from the event log and compare."""

from typing import Annotated

import typer

from motcua.cli import options

DIFFERENT = 1
SHOWN = 20


def verify(
    intake: options.Intake = None,
    processing: options.Processing = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to let each service catch up with the log.")] = 30.0,
) -> None:
    """Recount everything from the log and compare.

    Compares intake's event log with the processor's state, the read model and the published figures.

    Exit code: 0 no difference, 1 differences (the first are listed), 2 the comparison could not be done.
    """
    from motcua.cli.bars import stage_bars
    from motcua.cli.console import out
    from motcua.report.numbers import count
    from motcua.verify.run import run

    services = options.services(intake=intake, processing=processing, reporting=reporting, key=key)
    with stage_bars() as observe:
        verdict = run(services, observe, wait)
    found = verdict.differences
    for difference in found[:SHOWN]:
        out.print(str(difference), soft_wrap=True, markup=False)
    if len(found) > SHOWN:
        out.print(f"... and {count(len(found) - SHOWN)} more")
    compared = f"{count(verdict.events)} events, {count(verdict.dossiers)} dossiers, {count(verdict.figures)} figures compared"
    if found:
        out.print(f"{count(len(found))} differences: {compared}", soft_wrap=True)
        raise typer.Exit(DIFFERENT)
    out.print(f"no difference: {compared}", soft_wrap=True)
