"""`motcua backup`: copies of both databases and of the keys, taken while the services run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal import options
from motcua.terminal.console import count, write_line

if TYPE_CHECKING:
    from motcua.backup import BackedUp


def backup(
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where copies are kept; best on another machine.")],
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Of the stack of `motcua up`, instead of the settings."),
    ] = None,
    env_file: options.EnvFile = None,
    keep: Annotated[int, typer.Option(min=1, help="How many copies of each stay; older ones are removed.")] = 14,
    metrics: options.MetricsFileName = None,
) -> None:
    """Copy both databases and the keys while they are used.

    SQLite by its online backup, PostgreSQL by pg_dump; each copy is whole or not there. Reads the settings of intake
    and reporting from the environment, as the services do. Master keys of applicants are not copied: whoever has them
    and an old copy has who was erased.

    Exit code: 0 all are copied, 2 one is not (it is said; those before it are).
    """
    from time import time

    from motcua.backup import back_up
    from motcua.metrics_file import MetricsFile
    from shared.service.clock import system_clock
    from shared.service.metric_catalogue import BACKUP_BYTES, BACKUP_TIMESTAMP

    options.read_env_files(env_file)
    file = MetricsFile(metrics)
    at, size = BACKUP_TIMESTAMP.gauge(file.registry), BACKUP_BYTES.gauge(file.registry)
    sources = _of_stack(data_dir) if data_dir is not None else _of_settings()
    for copied in back_up(sources, folder, system_clock(), keep):
        at.labels(copied.name).set(time())
        size.labels(copied.name).set(copied.size_bytes)
        write_line(f"{copied.name}: {copied.path} ({count(copied.size_bytes)} bytes)")
    file.write()


def _of_stack(data_dir: Path) -> "list[BackedUp]":
    from motcua.backup import BackedUp

    databases = [BackedUp(name, f"sqlite+aiosqlite:///{data_dir}/{name}.db") for name in ("intake", "reporting")]
    return [*databases, BackedUp("keys", data_dir / "access")]


def _of_settings() -> "list[BackedUp]":
    from motcua.backup import BackedUp
    from motcua.doctor.configuration import classes
    from motcua.failure import Failure
    from shared.service.secret_files import UnusableSettings
    from shared.service.settings import settings_of

    sources, keys = [], None
    for name, cls in classes(("intake", "reporting")).items():
        try:
            settings = settings_of(cls)
        except UnusableSettings as unusable:
            fix = "set them as the service has them, or give --env-file or --data-dir"
            raise Failure(f"{name}: {'; '.join(unusable.problems)}; {fix}") from unusable
        sources.append(BackedUp(name, settings.model_dump()["database_url"]))
        keys = keys or settings.access_dir
    return [*sources, *([BackedUp("keys", keys)] if keys else [])]
