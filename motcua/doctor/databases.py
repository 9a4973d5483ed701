"""The database of a service, looked at and not touched: whether it answers, which release made it, room for more."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import column, inspect, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError

from motcua.doctor.findings import Finding, warning, well, wrong
from shared.service.settings import DatabaseSettings
from shared.service.sql import DATABASE_ERRORS, open_engine
from shared.service.tls import DatabaseTls

ANSWERS_WITHIN_S = 10.0
CLOCKS_APART_S = 5.0
LITTLE_BYTES, TOO_LITTLE_BYTES = 2 << 30, 64 << 20


class Schema(NamedTuple):
    """Where a service keeps its migrations, and where its database says which were applied."""

    migrations: Path
    versions: str


def database(service: str, settings: DatabaseSettings, schema: Schema) -> list[Finding]:
    """What the database of a service is found to be."""
    prefix = str(settings.model_config.get("env_prefix"))
    url, name = make_url(settings.database_url), f"{prefix}DATABASE_URL"
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        found = list(_file(service, name, path))
        if not path.exists() or any(one.fix for one in found if one.level == "wrong"):
            return found
    else:
        found = []
    try:
        with_clock, made_by = asyncio.run(_asked(settings.database_url, settings.database_tls(), schema.versions))
    except (*DATABASE_ERRORS, SQLAlchemyError, TimeoutError) as trouble:
        said = f"the database at {url.host or url.database} does not answer: {_words(trouble)}"
        return [*found, wrong(service, said, f"start it, or correct {name}")]
    apart = abs((datetime.now(UTC) - with_clock).total_seconds())
    if apart > CLOCKS_APART_S:
        said = f"the clocks of this machine and of the database are {apart:.0f} s apart"
        found.append(warning(service, said, "let both follow a time server"))
    return [*found, *_release(service, made_by, schema.migrations)]


def _words(trouble: BaseException) -> str:
    said = str(getattr(trouble, "orig", None) or trouble).splitlines()
    return said[0] if said else type(trouble).__name__


def _file(service: str, name: str, path: Path) -> Iterator[Finding]:
    folder = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    if not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        yield wrong(service, f"{name}: {path} can't be written", "give the folder and the file to the service's user")
        return
    free = shutil.disk_usage(folder).free
    if free < LITTLE_BYTES:
        tell = wrong if free < TOO_LITTLE_BYTES else warning
        yield tell(service, f"{free >> 20} MB are free where {path} is", "make room, or move the database")
    if not path.exists():
        yield well(service, f"{path} will be made at the first start")


async def _asked(url: str, tls: DatabaseTls | None, table: str) -> tuple[datetime, set[str]]:
    """The time there, and the schema's versions; none of an empty database."""
    engine = open_engine(url, pragmas={}, settings={}, tls=tls)
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S), engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                now = datetime.now(UTC)
            else:
                now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            return now, await connection.run_sync(_versions, table)
    finally:
        await engine.dispose()


def _versions(connection: Connection, table: str) -> set[str]:
    if not inspect(connection).has_table(table):
        return set()
    return set(connection.execute(select(column("version_num")).select_from(sql_table(table))).scalars())


def _release(service: str, made_by: set[str], migrations: Path) -> Iterator[Finding]:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    revisions = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in revisions.walk_revisions()}
    if unknown := made_by - known:
        said = f"the database was made by a later release (schema {', '.join(sorted(unknown))})"
        yield wrong(service, said, "install that release, or restore the backup from before the upgrade")
    elif not made_by:
        yield well(service, "the database answers; its tables are made at the first start")
    elif made_by == set(revisions.get_heads()):
        yield well(service, f"the database answers, schema {', '.join(sorted(made_by))}")
    else:
        said = f"the database has schema {', '.join(sorted(made_by))}, and the next start brings it up to date"
        yield warning(service, said, "`motcua backup` first: an older release can't go back")
