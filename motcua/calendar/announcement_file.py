"""Reads an announcement from TOML: a source, days, and whom it is for."""

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from motcua.document import read_document
from motcua.failure import Failure

DIGEST_BYTES = 8
FORM = 'source = "..." and at least one [[days]] with day (or first and last), works and name'


def read(file: Path) -> dict[str, Any]:
    """The body of POST /v1/calendar/announcements; without an id of its own it gets one by its content, so that a second run is a repeat.

    What the days mean is intake's to check; raises `Failure` when the file can't be read.
    """
    document = read_document(file)
    if not isinstance(document, dict) or "source" not in document or "days" not in document:
        raise Failure(f"{file} is no announcement: it needs {FORM}")
    body: dict[str, Any] = _as_json(document)
    return {"id": _id(body), **body}


def _id(body: dict[str, Any]) -> str:
    content = {name: value for name, value in body.items() if name != "announced_at"}
    return "file-" + hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=DIGEST_BYTES).hexdigest()


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
