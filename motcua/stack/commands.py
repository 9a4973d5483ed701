"""The commands that run a stack on this machine, or make its events: `motcua up`, `motcua demo`, `motcua generate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motcua.stack.stack import Stack

PortBase = Annotated[
    int, typer.Option("--port-base", min=1024, max=65000, help="Intake on base+1, processing +2, reporting +3.")
]


def up(
    data_dir: Annotated[
        Path, typer.Option("--data-dir", envvar="MOTCUA_DATA_DIR", metavar="DIR", help="Where everything is kept.")
    ] = Path(".motcua"),
    port_base: PortBase = 8000,
) -> None:
    """Run the whole stack here, until Ctrl-C.

    Starts broker, intake, processing and reporting; prints one line `ready intake=URL processing=URL reporting=URL
    broker=HOST:PORT key=SECRET` when all are ready. Started again on the same folder it continues where it was.
    """
    from motcua.stack.stack import Stack, run_in_foreground

    async def print_ready_line(stack: "Stack") -> None:
        names = ("intake", "processing", "reporting", "broker", "key")
        print("ready", *(f"{name}={getattr(stack.running, name)}" for name in names), flush=True)

    raise typer.Exit(run_in_foreground(lambda: Stack(data_dir, port_base), print_ready_line))


def demo(
    *,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", metavar="DIR", help="Where the demo keeps everything.")
    ] = Path(".motcua/demo"),
    scenario: Annotated[
        str, typer.Option(help="The year to play: a shipped scenario's name or a TOML file.")
    ] = "tra-vinh-2023",
    port_base: PortBase = 8000,
    exit_after_report: Annotated[
        bool, typer.Option("--exit-after-report", help="Stop when the report is printed.")
    ] = False,
) -> None:
    """Play a province's year through a stack of its own.

    Starts the whole stack, generates and imports the year, prints the report and where to look, and stays until Ctrl-C.
    Started again it goes on: nothing is counted twice.
    """
    from motcua.stack.demo import run

    raise typer.Exit(run(data_dir, scenario, port_base, exit_after_report=exit_after_report))


def generate(
    scenario: Annotated[
        str,
        typer.Argument(help="A scenario's TOML file, or the name of one that ships with Motcua.", metavar="SCENARIO"),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to write: a file, a pipe or a device; .gz packs it."
        ),
    ],
) -> None:
    """Make a year of events with the figures asked for.

    Writes NDJSON whose figures are exactly those the scenario asks for; the same seed gives the same file.
    tra-vinh-2023, quang-ngai-2021, quang-tri-2023 and vinh-phuc-2022 ship with it. A scenario whose figures contradict
    each other is refused with the identity it breaks.
    """
    from motcua.stack.generate.year import generate_file
    from motcua.terminal.console import count, out, stage_bars

    with stage_bars() as observe:
        year = generate_file(scenario, output, lambda done, total: observe("generate", done, total))
    out().print(f"{output}: {count(year.events)} events of {count(year.dossiers)} dossiers", soft_wrap=True)
