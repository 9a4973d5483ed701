"""Intake itself behind a socket, on SQLite and without a broker unless one is named, for commands that send events."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from services.intake.__main__ import create_app
from services.intake.settings import IntakeSettings
from tests.cli.recording_intake import serving

KEY = "the-key-of-the-real-intake"
NO_BROKER = "127.0.0.1:1"


@contextmanager
def real_intake(folder: Path, **more: Any) -> Iterator[str]:
    """Its address; its log stays in the folder."""
    chosen: dict[str, Any] = {
        "kafka_bootstrap": NO_BROKER,
        "drain_seconds": 0.0,
        "database_url": f"sqlite+aiosqlite:///{folder}/intake.db",
    }
    settings = IntakeSettings(api_key=SecretStr(KEY), **(chosen | more))
    with serving(create_app(settings), lifespan="on") as address:
        yield address
