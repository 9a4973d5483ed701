"""Whether the database answers, asked every few seconds, and how large it is."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.service.damage import is_damaged
from shared.service.metric_catalogue import DATABASE_BYTES, DATABASE_DISK_FREE
from shared.service.pacing import wait_until
from shared.service.sql import DATABASE_ERRORS, answers, connected

LOOK_EVERY_S = 2.0
SIZE_EVERY_S = 30.0
SILENT_AFTER_S = 10.0
_SIZE = text("SELECT pg_database_size(current_database())")
log = structlog.get_logger()


class DatabaseWatch(Collector):
    """When the database last answered, and how large it then was."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._answers = False
        self._looked_at = self._sized_at = -SIZE_EVERY_S
        self._bytes: int | None = None
        database = engine.url.database
        self._file = Path(database) if engine.dialect.name == "sqlite" and database else None

    @property
    def is_answering(self) -> bool:
        """Whether it answered when it was last asked, which was a moment ago, and was not found damaged."""
        return not is_damaged(self._engine) and self._answers and time.monotonic() - self._looked_at < SILENT_AFTER_S

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`."""
        while not stopping.is_set():
            await self.look()
            await wait_until(stopping, LOOK_EVERY_S)

    async def look(self) -> None:
        """Ask once."""
        try:
            self._answers = await answers(self._engine)
            self._looked_at = time.monotonic()
            if self._answers and self._looked_at - self._sized_at >= SIZE_EVERY_S:
                self._sized_at = self._looked_at
                self._bytes = await self._size()
        except DATABASE_ERRORS as trouble:
            self._answers = False
            log.warning("database_not_heard", error=repr(trouble))
        except Exception:
            self._answers = False
            log.exception("database_not_heard")  # a bug in watching ends nothing that is watched

    async def _size(self) -> int | None:
        if self._file is not None:
            return sum(
                path.stat().st_size
                for path in (self._file, self._file.with_name(f"{self._file.name}-wal"))
                if path.exists()
            )
        async with connected(self._engine) as connection:
            return int((await connection.execute(_SIZE)).scalar_one())

    def collect(self) -> Iterator[Metric]:
        size, free = DATABASE_BYTES.family(), DATABASE_DISK_FREE.family()
        if self._bytes is not None and self.is_answering:
            size.add_metric([], self._bytes)
        if self._file is not None and self._file.parent.exists():
            found = os.statvfs(self._file.parent)
            free.add_metric([], found.f_bavail * found.f_frsize)
        yield from (size, free)
