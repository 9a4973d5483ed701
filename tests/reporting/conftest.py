"""The read model on SQLite and on PostgreSQL: every test that asks for `engine` runs on both."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import migrate, open_engine

ON_FILE = "sqlite+aiosqlite:///"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"{ON_FILE}{tmp_path}/reporting.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def engine(database_url: str, empty_read_model: Path) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database_url)
    if database_url.startswith(ON_FILE):
        shutil.copy(empty_read_model, database_url.removeprefix(ON_FILE))
    else:
        await migrate(opened)
    yield opened
    await opened.dispose()
