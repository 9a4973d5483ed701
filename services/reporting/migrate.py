"""Brings the read model's database to the newest revision at start; two instances starting together do it once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.store import writing

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6D6F7463  # any number of our own: "motc"


async def migrate(engine: AsyncEngine, to: str = "head") -> None:
    """Apply the missing revisions up to one, all in one transaction."""
    async with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade, to)


def _upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
