"""Intake itself behind a socket, on SQLite and without a broker, for commands that send events."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from services.intake.app import create_app
from services.intake.settings import IntakeSettings
from tests.support.wait import wait_until

KEY = "the-key-of-the-real-intake"
NO_BROKER = "127.0.0.1:1"


@contextmanager
def real_intake(folder: Path) -> Iterator[str]:
    """Its address; its log stays in the folder."""
    settings = IntakeSettings(
        api_key=SecretStr(KEY),
        kafka_bootstrap=NO_BROKER,
        drain_seconds=0.0,
        database_url=f"sqlite+aiosqlite:///{folder}/intake.db",
    )
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings), log_level="critical", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 20, "intake listens")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
