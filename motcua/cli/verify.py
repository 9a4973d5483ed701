"""`motcua verify`: recount everything from the event log and compare."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.cli import options

if TYPE_CHECKING:
    from motcua.verify.run import Verdict

DIFFERENT = 1
SHOWN = 20
NAMED = 50


def verify(
    *,
    intake: options.Intake = None,
    processing: Annotated[
        list[str] | None,
        typer.Option(
            "--processing",
            metavar="URL",
            help="Processing's address (environment: MOTCUA_PROCESSING_URL; default: the local stack). Once for each worker.",
        ),
    ] = None,
    reporting: options.Reporting = None,
    key: options.Key = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to let each service catch up with the log.")] = 30.0,
    sample: Annotated[int, typer.Option(min=0, help="How many figures that agree are opened, to compare their lists too.")] = 30,
    seed: Annotated[int | None, typer.Option(help="Draw the same again; every run prints its seed.")] = None,
) -> None:
    """Recount everything from the log and compare.

    Compares intake's event log with the processor's state, the read model and the published figures: by every definition of timeliness,
    as known now and at past instants, some days and periods drawn by chance. Every row and sum of the read model is compared with its
    dossiers. Figures that differ, and a random sample of the others, are opened, and their dossiers compared.

    Exit code: 0 no difference, 1 differences (the first are listed), 2 the comparison could not be done.
    """
    from secrets import randbelow

    from motcua.cli.bars import stage_bars
    from motcua.cli.console import out
    from motcua.cli.wrapped import wrapped
    from motcua.verify.run import Plan, run

    named: list[str | None] = [*processing] if processing else [None]
    services, *others = [options.services(intake=intake, processing=url, reporting=reporting, key=key) for url in named]
    workers = (services.processing, *(other.processing for other in others))
    drawn = randbelow(1_000_000) if seed is None else seed
    with stage_bars() as observe:
        verdict = run(services, Plan(workers, wait, sample, drawn), observe)
    for line in _lines(verdict, drawn):
        out.print(wrapped(line), soft_wrap=True, markup=False)
    if verdict.differences:
        raise typer.Exit(DIFFERENT)


def _lines(verdict: "Verdict", seed: int) -> Iterator[str]:
    """The first differences; when there are more, the dossiers of all of them; what was compared."""
    from motcua.report.numbers import count

    found = verdict.differences
    yield from (str(difference) for difference in found[:SHOWN])
    if len(found) > SHOWN:
        yield f"... and {count(len(found) - SHOWN)} more"
        codes = sorted({code for difference in found for code in difference.dossiers})
        rest = f" and {count(len(codes) - NAMED)} more" if len(codes) > NAMED else ""
        yield f"{count(len(codes))} dossiers at fault: {', '.join(codes[:NAMED])}{rest}"
    told = "no difference" if not found else "1 difference" if len(found) == 1 else f"{count(len(found))} differences"
    compared = f"{count(verdict.events)} events, {count(verdict.dossiers)} dossiers, {count(verdict.figures)} figures compared"
    yield f"{told}: {compared} (seed {seed})"
