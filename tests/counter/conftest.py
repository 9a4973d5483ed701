"""A counter for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake import __main__ as app
from shared.service import keyring
from tests.counter.desk import Desk, open_desk


@pytest.fixture(autouse=True)
def _starts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no broker to look at first, and a key that was just made is known."""
    monkeypatch.setattr(app, "LOOKS_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(keyring, "LOOK_AGAIN_S", 0.0)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened
