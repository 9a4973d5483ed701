"""`motcua generate`: a whole, possible year of dossiers as a file of events."""

from pathlib import Path
from typing import Annotated

import typer


def generate(
    scenario: Annotated[str, typer.Argument(help="A scenario's TOML file, or the name of one that ships with Motcua.", metavar="SCENARIO")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write: a file, a pipe or a device; .gz packs it.")
    ],
) -> None:
    """Make a year of events with the figures asked for.

    Writes NDJSON whose figures are exactly those the scenario asks for; the same seed gives the same file. tra-vinh-2023,
    quang-ngai-2021, quang-tri-2023 and vinh-phuc-2022 ship with it. A scenario whose figures contradict each other is refused with the
    identity it breaks.
    """
    from motcua.cli.bars import stage_bars
    from motcua.cli.console import out
    from motcua.failure import Failure
    from motcua.generate import ScenarioError, run
    from motcua.report.numbers import count

    try:
        with stage_bars() as observe:
            summary = run(scenario, output, lambda done, total: observe("generate", done, total))
    except ScenarioError as error:
        raise Failure(str(error)) from error
    out.print(f"{output}: {count(summary.events)} events of {count(summary.dossiers)} dossiers", soft_wrap=True)
