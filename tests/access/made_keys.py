"""Keys made for a test in a folder of its own."""

from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from shared.access.folder import KeyFolder
from shared.access.keys import new_key
from shared.access.roles import Grant
from shared.service.clock import system_clock


def make_key(folder: Path, *grants: str, expires_at: datetime | None = None, revoked: bool = False) -> str:
    """The token of a new key."""
    now = system_clock()
    key, token = new_key(f"tests: {', '.join(grants)}", map(Grant.parse, grants), now, expires_at=expires_at)
    with KeyFolder(folder).changing() as keys:
        keys[key.id] = replace(key, revoked_at=now) if revoked else key
    return token


def expired_key(folder: Path, *grants: str) -> str:
    """The token of a key that held until an hour ago."""
    return make_key(folder, *grants, expires_at=system_clock() - timedelta(hours=1))


def bearer(token: str) -> dict[str, str]:
    """The header that a call carries it in."""
    return {"Authorization": f"Bearer {token}"}
