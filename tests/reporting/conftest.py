"""The read model on SQLite and on PostgreSQL: every test that asks for `engine` runs on both."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.catalogue import Catalogue

ON_FILE = "sqlite+aiosqlite:///"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"{ON_FILE}{tmp_path}/reporting.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def empty_read_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy: migrating takes longer than many a test."""
    file = tmp_path_factory.mktemp("empty") / "reporting.db"

    async def make() -> None:
        opened = open_engine(f"{ON_FILE}{file}")
        await migrate(opened)
        await opened.dispose()

    asyncio.run(make())
    return file


@pytest.fixture
async def engine(database_url: str, empty_read_model: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database_url)
    if database_url.startswith(ON_FILE):
        shutil.copy(empty_read_model, database_url.removeprefix(ON_FILE))
    else:
        await migrate(opened)
    yield opened
    await opened.dispose()


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    return catalogue.load()
