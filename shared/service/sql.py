"""Tells a database that is away for a while from a program that is wrong."""

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes that pass: connection, rollback (deadlock, serialization), resources, operator intervention, system error; and two
# states: a session that idled in its transaction was ended, a lock was not to be had in time.
_PASSING = ("08", "40", "53", "57", "58", "25P03", "55P03")

# What a database that is away raises, for whoever answers with it; `passes` tells which of them do.
MAY_PASS = (DBAPIError, OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError)


def passes(error: BaseException) -> bool:
    """Whether trying again later may help."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _passing_cause(error)
    if isinstance(error, asyncpg.PostgresError):  # of a connection that was not made, which SQLAlchemy leaves as it is
        return str(error.sqlstate).startswith(_PASSING)
    return isinstance(error, (OSError, PoolTimeout, asyncpg.InterfaceError))


def _passing_cause(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode != sqlite3.SQLITE_ERROR
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return isinstance(error, (InterfaceError, OperationalError))
    return str(state).startswith(_PASSING)
