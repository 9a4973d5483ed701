"""The read model's database: how it is opened, migrated, read and written; SQLite and PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.reporting.read_model.tables import dossiers, model, publications
from shared.domain.counting import RULES_VERSION
from shared.service import sql
from shared.service.audit import Audit
from shared.service.sql import take_lock, upgrade, writing
from shared.service.tls import DatabaseTls

SQLITE_PRAGMAS = {
    "synchronous": "NORMAL",  # a power cut may undo whole transactions, offsets included; Kafka delivers them again
    "cache_size": "-65536",
}
# A figure reads a few hundred rows: starting workers or compiling the query takes twenty times as long as reading them.
POSTGRESQL_SETTINGS = {
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "statement_timeout": "60s",
    "lock_timeout": f"{sql.LOCKS_HELD_S}s",
}
ANSWER_WITHIN_S = 65.0  # a little longer than a statement may take

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "head"
_NO_DOSSIERS = ~exists(select(dossiers.c.code))
_LOCK = 0x6D6F7463  # any number of our own: "motc"
_AUDIT_LOCK = 0x6D6F7461  # "mota"
ItemT = TypeVar("ItemT")


def open_engine(database_url: str, tls: DatabaseTls | None = None) -> AsyncEngine:
    """The engine of a database URL; connects on first use."""
    return sql.open_engine(database_url, pragmas=SQLITE_PRAGMAS, settings=POSTGRESQL_SETTINGS, tls=tls)


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction whose reads all see the same state."""
    async with sql.snapshot(engine) as connection:
        if engine.dialect.name == "postgresql":  # before the first read: a rebuild's swap lies before all or after
            await connection.execute(text("LOCK TABLE model IN ACCESS SHARE MODE"))
        yield connection


async def patiently(connection: AsyncConnection) -> None:
    """For what reads the whole model: within this transaction statements and pauses may take their time."""
    if connection.dialect.name == "postgresql":
        for setting, limit in (
            ("statement_timeout", "0"),
            ("lock_timeout", "10min"),
            ("idle_in_transaction_session_timeout", "10min"),
        ):
            await connection.execute(text(f"SET LOCAL {setting} = '{limit}'"))


async def breathing(items: Sequence[ItemT], every: int) -> AsyncIterator[ItemT]:
    """The items, with a look at other tasks now and then: many of them must not hold requests up."""
    async for part in breathing_between(items, every):
        for item in part:
            yield item


async def breathing_between(items: Sequence[ItemT], at_once: int) -> AsyncIterator[Sequence[ItemT]]:
    """As `breathing`, in parts of so many: less work for each of very many."""
    for start in range(0, len(items), at_once):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + at_once]


class OldRules(Exception):
    """The read model was made by other rules than this version's: it must be made anew from the log."""

    def __init__(self, made_by: int) -> None:
        super().__init__(
            f"the read model was made by rules {made_by}, and this version counts by rules {RULES_VERSION}"
        )
        self.made_by = made_by


@asynccontextmanager
async def answering(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """As `snapshot`, for answers with figures or lists. Raises OldRules, and TimeoutError where the database hangs."""
    async with asyncio.timeout(ANSWER_WITHIN_S), snapshot(engine) as connection:
        made_by = await rules_of(connection)
        if made_by != RULES_VERSION:
            raise OldRules(made_by)
        yield connection


async def rules_of(connection: AsyncConnection) -> int:
    """The RULES_VERSION that the model was made by."""
    return int((await connection.execute(select(model.c.rules))).scalar_one())


async def migrate(engine: AsyncEngine, to: str = HEAD) -> None:
    """Apply the missing revisions up to one, all in one transaction; two instances starting together do it once.

    A model without dossiers takes this version's rules; any other keeps those that it was made by.
    """
    async with writing(engine) as connection:
        await patiently(connection)
        await take_lock(connection, _LOCK)
        await upgrade(connection, MIGRATIONS, to)
        if to == HEAD:
            await audit_of(engine).begin(connection, _published_before)
            await connection.execute(update(model).values(rules=RULES_VERSION).where(_NO_DOSSIERS))


async def _published_before(connection: AsyncConnection) -> dict[str, Any]:
    """What stood in this database before its audit, and is not derived from the log: the chain of publications."""
    end = select(publications.c.place, publications.c.sha256).order_by(publications.c.place.desc()).limit(1)
    last = (await connection.execute(end)).one_or_none()
    return {"publications": 0, "head": None} if last is None else {"publications": last.place, "head": last.sha256}


def audit_of(engine: AsyncEngine) -> Audit:
    """Reporting's audit. Its lock is the last one that a transaction takes."""
    return Audit("reporting", engine, engine, _AUDIT_LOCK)


async def is_empty(engine: AsyncEngine) -> bool:
    """Whether the model has no dossiers: it is new, or it was lost."""
    async with engine.connect() as connection:
        return bool((await connection.execute(select(_NO_DOSSIERS))).scalar())
