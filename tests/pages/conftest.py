"""A small office for each test, with and without a browser."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.catalogue import Catalogue
from tests.pages.office import Office, browser, open_office, sign_in


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    return catalogue.load()


@pytest.fixture(scope="session")
def empty_read_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy: migrating takes longer than many a test."""
    file = tmp_path_factory.mktemp("empty") / "reporting.db"

    async def make() -> None:
        opened = open_engine(f"sqlite+aiosqlite:///{file}")
        await migrate(opened)
        await opened.dispose()

    asyncio.run(make())
    return file


@pytest.fixture
async def engine(tmp_path: Path, empty_read_model: Path) -> AsyncIterator[AsyncEngine]:
    file = shutil.copy(empty_read_model, tmp_path / "reporting.db")
    opened = open_engine(f"sqlite+aiosqlite:///{file}")
    yield opened
    await opened.dispose()


@pytest.fixture
async def office(engine: AsyncEngine, shipped: Catalogue) -> Office:
    return await open_office(engine, shipped)


@pytest.fixture
async def stranger(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(office.application) as client:
        yield client


@pytest.fixture
async def reader(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(office.application) as client:
        assert (await sign_in(client)).status_code == 303
        yield client
