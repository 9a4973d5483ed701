"""A second hand, which knows nothing of the code: whether an exported audit is whole, and is that of the log."""

import hashlib
import json
from typing import Any

Entry = dict[str, Any]


def audited(audit: bytes, log: bytes) -> list[Entry]:
    """The entries, each of which follows the one before it; every position of the log is in one of them, once."""
    entries: list[Entry] = []
    for line in audit.splitlines():
        entry: Entry = json.loads(line)
        unsealed = {name: value for name, value in entry.items() if name != "sha256"}
        assert canonical(entry) == line, "an entry is handed out as it is kept"
        assert hashlib.sha256(canonical(unsealed)).hexdigest() == entry["sha256"]
        assert entry["previous"] == (entries[-1]["sha256"] if entries else None)
        entries.append(entry)
        assert entry["number"] == len(entries)
    lines = log.splitlines()
    found: list[int] = []
    for details in (entry["details"] for entry in entries if "positions" in entry["details"]):
        positions = [position for first, last in details["positions"] for position in range(first, last + 1)]
        events = b"".join(lines[position - 1].split(b',"event":', 1)[1][:-1] + b"\n" for position in positions)
        assert (details["events_sha256"], details["events"]) == (hashlib.sha256(events).hexdigest(), len(positions))
        found += positions
    assert sorted(found) == list(range(1, len(lines) + 1))
    return entries


def canonical(value: Entry) -> bytes:
    """RFC 8785 of texts and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
