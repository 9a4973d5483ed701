"""`motcua doctor`: what is wrong with a configuration, before anything is started with it."""

import os
from typing import Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import write_line

WRONG = 1


def doctor(
    *,
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...", help="intake, processing, reporting [default: those with a setting, else all]."
        ),
    ] = None,
    env_file: options.EnvFile = None,
) -> None:
    """Say what is wrong with the settings, before a start.

    Reads the environment as the services do and looks at each setting, files of secrets, the catalogue, ports, the
    disk, the clock, the database and its schema, the broker and its topics. Nothing is changed or made. In Compose:
    `docker compose run --rm intake motcua doctor intake`.

    Exit code: 0 nothing is wrong (there may be warnings), 1 something is, 2 it could not look.
    """
    from motcua.doctor.configuration import SERVICES
    from motcua.doctor.findings import Level
    from motcua.doctor.run import look
    from shared.service.clock import system_clock

    options.read_env_files(env_file)
    if unknown := [name for name in services or () if name not in SERVICES]:
        raise typer.BadParameter(f"{unknown[0]} is none; name {', '.join(SERVICES)}", param_hint="SERVICE")
    set_for = tuple(name for name in SERVICES if any(key.startswith(f"MOTCUA_{name.upper()}_") for key in os.environ))
    chosen = tuple(services or set_for or SERVICES)
    counts = dict.fromkeys(Level, 0)
    for finding in look(chosen, os.environ, system_clock()):
        counts[finding.level] += 1
        write_line(f"{finding.level.value:<8}{finding.part}: {finding.said}")
        if finding.fix is not None:
            write_line(f"          {finding.fix}")
    wrong, warnings = counts[Level.WRONG], counts[Level.WARNING]
    write_line(f"{wrong or 'nothing'} wrong, {warnings or 'no'} {'warning' if warnings == 1 else 'warnings'}")
    if wrong:
        raise typer.Exit(WRONG)
