"""`motcua demo`: the main job on a stack of its own."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    *,
    data_dir: Annotated[Path, typer.Option("--data-dir", metavar="DIR", help="Where the demo keeps everything.")] = Path(".motcua/demo"),
    scenario: Annotated[str, typer.Option(help="The year to play: a shipped scenario's name or a TOML file.")] = "tra-vinh-2023",
    port_base: Annotated[int, typer.Option(min=1024, max=65000, help="Intake on base+1, processing +2, reporting +3.")] = 8000,
    exit_after_report: Annotated[bool, typer.Option("--exit-after-report", help="Stop when the report is printed.")] = False,
) -> None:
    """Play a province's year through a stack of its own.

    Starts the whole stack, generates and imports the year, prints the report and where to look, and stays until Ctrl-C. Started again it
    goes on: nothing is counted twice.
    """
    from motcua.demo import run

    raise typer.Exit(run(data_dir, scenario, port_base, exit_after_report=exit_after_report))
