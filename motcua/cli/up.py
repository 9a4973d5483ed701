"""`motcua up`: the whole stack in the foreground."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="MOTCUA_DATA_DIR", metavar="DIR", help="Where everything is kept.")]
PortBase = Annotated[int, typer.Option("--port-base", min=1024, max=65000, help="Intake on base+1, processing +2, reporting +3.")]


def up(data_dir: DataDir = Path(".motcua"), port_base: PortBase = 8000) -> None:
    """Run the whole stack here, until Ctrl-C.

    Starts broker, intake, processing and reporting; prints one line `ready intake=URL processing=URL reporting=URL broker=HOST:PORT
    key=SECRET` when all are ready. Started again on the same folder it continues where it was.
    """
    from motcua.stack import run_up

    raise typer.Exit(run_up(data_dir, port_base))
