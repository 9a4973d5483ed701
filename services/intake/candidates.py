"""An event on its way in: read and valid in itself, not yet decided."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from shared.domain.events import Event


class KeyUse(Struct, frozen=True):
    """An Idempotency-Key (with the call it belongs to) and the digest of the request it came with."""

    key: str
    request_digest: bytes


class Mint(Struct, frozen=True):
    """A dossier code to be made at commit: the agency and the day (yyMMdd) of the serial."""

    agency: str
    day: str


class Candidate(Struct, frozen=True, kw_only=True):
    """One event as sent, with what was read from it.

    `attributes` are the CloudEvents attributes as raw JSON, unknown ones included, without those that intake adds.
    `digest` stands for the content: same id and same digest is the same event delivered again.
    """

    event_id: str
    code: str
    name: str
    attributes: dict[str, Raw]
    event: Event
    digest: bytes
    mint: Mint | None = None
    key_use: KeyUse | None = None


_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


def as_logged(candidate: Candidate, sequence: int, recorded_at: datetime, stamps: dict[str, Any]) -> bytes:
    """The event as the log keeps it and Kafka carries it: as sent, plus sequence, recordedtime and what intake decided."""
    attributes: dict[str, Any] = {**candidate.attributes, "sequence": sequence, "recordedtime": recorded_at}
    if stamps:
        attributes["data"] = {**_decode_object(candidate.attributes["data"]), **stamps}
    return _encode(attributes)
