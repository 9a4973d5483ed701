"""A small office for each test, with and without a browser."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import open_engine
from shared.catalogue import Catalogue
from tests.pages.office import Office, browser, open_office, sign_in


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
