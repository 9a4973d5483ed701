"""Brings the read model's database to the newest revision at start; two instances starting together do it once.

A model without dossiers was made by no rules yet, so it takes this version's; any other keeps those that it was made by.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.store import patiently, writing
from services.reporting.tables import dossiers, model
from shared.domain.rules import RULES_VERSION

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "head"
_NO_DOSSIERS = ~exists(select(dossiers.c.code))
_LOCK = 0x6D6F7463  # any number of our own: "motc"


async def migrate(engine: AsyncEngine, to: str = HEAD) -> None:
    """Apply the missing revisions up to one, all in one transaction."""
    async with writing(engine) as connection:
        await patiently(connection)
        if engine.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade, to)
        if to == HEAD:
            await connection.execute(update(model).values(rules=RULES_VERSION).where(_NO_DOSSIERS))


async def is_empty(engine: AsyncEngine) -> bool:
    """Whether the model has no dossiers: it is new, or it was lost."""
    async with engine.connect() as connection:
        return bool((await connection.execute(select(_NO_DOSSIERS))).scalar())


def _upgrade(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
