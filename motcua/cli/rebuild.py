"""`motcua rebuild`: the read model made anew from the log, beside the live one, and swapped in."""

from typing import TYPE_CHECKING, Annotated

import typer

from motcua.cli import options

if TYPE_CHECKING:
    from motcua.rebuild.run import Rebuilt
    from motcua.verify.drift import Drift

DIFFERENT = 1
SHOWN = 20


def rebuild(
    *,
    intake: options.Intake = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only compare: the live read model stays as it is.")] = False,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to let reporting catch up with the log.")] = 30.0,
) -> None:
    """Rebuild the read model from the log, compare, swap.

    Makes the read model of reporting anew from intake's log, beside the live one, which goes on counting and answering. Then names what
    was wrong in the live one and puts the new one in its place, in one step. What was known when is rebuilt too. Tokens of figures from
    before the swap can't be opened any more.

    Exit code: 0 swapped, 1 differences (with --dry-run), 2 the rebuild could not be done.
    """
    from motcua.cli.bars import stage_bars
    from motcua.rebuild.run import run

    services = options.services(intake=intake, reporting=reporting, key=key)
    with stage_bars() as observe:
        found = run(services, observe, wait, dry_run=dry_run)
    _tell(found)
    if dry_run and (found.outcome.dossiers_differing or found.outcome.sums_differing or found.refused):
        raise typer.Exit(DIFFERENT)


def _tell(found: "Rebuilt") -> None:
    from motcua.cli.console import out
    from motcua.cli.wrapped import wrapped
    from motcua.report.numbers import count

    outcome = found.outcome
    told = [f"{one.code}: event at position {one.position} of the log counts nowhere: {one.detail}" for one in found.refused[:SHOWN]]
    told += _first([f"{one.code}: {one.detail}" for one in outcome.differences], outcome.dossiers_differing, "dossiers")
    told += _first([_drift(one) for one in outcome.sums], outcome.sums_differing, "sums")
    size = f"{count(outcome.events)} events, {count(outcome.dossiers)} dossiers"
    wrong = f"{count(outcome.dossiers_differing)} dossiers and {count(outcome.sums_differing)} sums of the live model differed"
    if not (outcome.dossiers_differing or outcome.sums_differing):
        wrong = "no difference"
    told.append(f"{wrong}: {size}")
    told.append("figures now come from the rebuilt model" if outcome.swapped else "nothing was changed")
    for line in told:
        out.print(wrapped(line), soft_wrap=True, markup=False)


def _first(lines: list[str], of: int, kind: str) -> list[str]:
    rest = of - min(len(lines), SHOWN)
    return lines[:SHOWN] + ([f"... and {rest} more {kind}"] if rest else [])


def _drift(drift: "Drift") -> str:
    return f"{drift}: {abs(drift.off_by)} too {'many' if drift.off_by > 0 else 'few'}"
