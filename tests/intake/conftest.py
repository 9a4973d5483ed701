"""Intake with its own database, on SQLite and on PostgreSQL alike, and no broker: it must accept without one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from pydantic import SecretStr

from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from tests.intake.sending import KEY, Sender

NO_BROKER = "127.0.0.1:1"


class Start(Protocol):
    """Starts intake on the test's database; started again, it finds what the last one left."""

    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[Sender]: ...


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/intake.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


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
