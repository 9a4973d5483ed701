"""What a look at something found: that it is well, or what is wrong and what to do about it."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    WELL = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Finding(NamedTuple):
    """A sentence about a part (`intake`, `this machine`), and what to do where it is not well."""

    level: Level
    part: str
    said: str
    fix: str | None = None


def well(part: str, said: str) -> Finding:
    """All is well."""
    return Finding(Level.WELL, part, said)


def warning(part: str, said: str, fix: str) -> Finding:
    """It would start, and may not be what was meant, or not for long."""
    return Finding(Level.WARNING, part, said, fix)


def wrong(part: str, said: str, fix: str) -> Finding:
    """It would not start, or do harm."""
    return Finding(Level.WRONG, part, said, fix)
