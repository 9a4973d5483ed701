"""A file of SQLite that was found damaged: from then on nothing is promised that it might not keep."""

import sqlite3
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

_PRIMARY = 0xFF  # of an extended code
_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_found: set[str] = set()
log = structlog.get_logger()


def watch_for_damage(engine: AsyncEngine) -> None:
    """Note when a statement finds the engine's file damaged."""
    file = engine.url.database

    @event.listens_for(engine.sync_engine, "handle_error")
    def on_error(failure: Any) -> None:
        code = getattr(failure.original_exception, "sqlite_errorcode", None)
        if file and code is not None and code & _PRIMARY in _CODES and file not in _found:
            _found.add(file)
            log.critical("database_damaged", file=file, fix="stop the service and put the last good backup back")


def is_damaged(engine: AsyncEngine) -> bool:
    """Whether this process has found the engine's file damaged."""
    return engine.url.database in _found
