"""Keys made, ended and revoked in a folder of keys, each an entry of the folder's own audit."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

from shared.access.folder import KeyFolder
from shared.access.keys import ApiKey
from shared.auditing.entries import Act, Actor, AuditEntry
from shared.auditing.file import AUDIT_FILE, append_to

CHAIN = "access"
_HELD = ("name", "grants", "expires_at", "revoked_at", "digest_sha256")


@contextmanager
def changing_keys(folder: KeyFolder, by: str, at: datetime) -> Iterator[dict[str, ApiKey]]:
    """The keys by id, to be changed by nobody else meanwhile. What changed is in the audit before it holds.

    Raises BrokenKeys, BrokenAudit, and OSError where the folder can't be written.
    """
    with folder.changing() as keys:
        before = dict(keys)
        yield keys
        for entry in _entries(before, keys):
            append_to(folder.path / AUDIT_FILE, CHAIN, entry, Actor(f"cli:{by}", by), at)


def _entries(before: Mapping[str, ApiKey], after: Mapping[str, ApiKey]) -> Iterator[AuditEntry]:
    for key in after.values():
        known = before.get(key.id)
        if known is None:
            yield AuditEntry(Act.KEY_MADE, f"key:{key.id}", _details(key))
        elif known != key:
            yield AuditEntry(Act.KEY_REVOKED, f"key:{key.id}", _details(key) | {"old_expires_at": _written(known)})


def unaudited(keys: Iterable[ApiKey], entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Keys that are not as the audit has them: put into the file or changed by hand, with the sentence for each."""
    latest = {
        entry["subject"]: entry["details"] for entry in entries if entry["act"] in (Act.KEY_MADE, Act.KEY_REVOKED)
    }
    for key in keys:
        known, now = latest.get(f"key:{key.id}"), _details(key)
        if known is not None and "revoked_at" in now:
            known = {"revoked_at": None} | dict(known)
        if known is None:
            yield f"no entry of the audit made the key {key.id} ({key.name}: {', '.join(key.grants)})"
        elif differing := [name for name in _HELD if name in known and known[name] != now.get(name)]:
            yield f"the key {key.id} has another {', '.join(differing)} than the audit says"


def _details(key: ApiKey) -> dict[str, Any]:
    details: dict[str, Any] = {
        "name": key.name,
        "grants": list(key.grants),
        "expires_at": _written(key),
        "digest_sha256": sha256(key.digest.encode()).hexdigest(),  # of the digest, which stays in the file of keys
    }
    return details if key.revoked_at is None else details | {"revoked_at": key.revoked_at.isoformat()}


def _written(key: ApiKey) -> str | None:
    return None if key.expires_at is None else key.expires_at.isoformat()
