"""The read model on SQLite and on PostgreSQL: every test that asks for `engine` runs on both."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import open_engine
from tests.support.postgres import NewDatabase


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty read model for who asks for an `engine` too; else there is nothing at all in it."""
    is_migrated = "engine" in request.fixturenames
    if request.param == "sqlite":
        if is_migrated:
            shutil.copy(request.getfixturevalue("empty_read_model"), tmp_path / "reporting.db")
        return f"sqlite+aiosqlite:///{tmp_path}/reporting.db"
    new_database: NewDatabase = request.getfixturevalue("_new_postgres_database")
    return new_database(request.getfixturevalue("empty_read_model_on_postgres") if is_migrated else None)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database_url)
    yield opened
    await opened.dispose()
