"""Intake with its own database, on SQLite and on PostgreSQL alike, and no broker: it must accept without one."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from pydantic import SecretStr

from services.intake.__main__ import create_app
from services.intake.log.database import migrate, open_database
from services.intake.settings import IntakeSettings
from tests.intake.sending import KEY, Sender
from tests.support.postgres import NewDatabase

NO_BROKER = "127.0.0.1:1"


class Start(Protocol):
    """Starts intake on the test's database; started again, it finds what the last one left."""

    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[Sender]: ...


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a log without an event: a copy, for migrating takes longer than many a test."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty_log"), tmp_path / "intake.db")
        return f"sqlite+aiosqlite:///{tmp_path}/intake.db"
    new_database: NewDatabase = request.getfixturevalue("_new_postgres_database")
    return new_database(like=request.getfixturevalue("empty_log_on_postgres"))


@pytest.fixture(scope="session")
def empty_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "intake.db"
    asyncio.run(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def empty_log_on_postgres(_new_postgres_database: NewDatabase) -> str:
    url = _new_postgres_database()
    asyncio.run(_migrated(url))
    return url


async def _migrated(url: str) -> None:
    database = open_database(IntakeSettings(api_key=SecretStr(KEY), database_url=url))
    await migrate(database)
    await database.close()


@pytest.fixture
def start(database_url: str) -> Start:
    @asynccontextmanager
    async def started(**settings: Any) -> AsyncIterator[Sender]:
        chosen: dict[str, Any] = {
            "kafka_bootstrap": NO_BROKER,
            "drain_seconds": 0.0,
            "database_url": database_url,
        } | settings
        app = create_app(IntakeSettings(api_key=SecretStr(KEY), **chosen))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://intake",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=60,
            ) as client,
        ):
            yield Sender(client, app.state.intake)

    return started


@pytest.fixture
async def intake(start: Start) -> AsyncIterator[Sender]:
    async with start() as sender:
        yield sender
