"""An event on its way in: read and valid in itself, not yet decided; and the form in which the log keeps it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from shared.contract.envelope import DossierCode, EventId
from shared.domain.events import Event, Text
from shared.domain.localtime import Instant


class Sent(Struct, frozen=True, kw_only=True, gc=False):
    """The CloudEvents attributes that intake reads."""

    specversion: str
    id: EventId
    source: Text
    type: Text
    subject: DossierCode
    time: Instant
    datacontenttype: str | UnsetType = UNSET
    data: Raw


class Logged(Sent, frozen=True, kw_only=True, gc=False):
    """An event with what intake adds to every one."""

    sequence: int
    recordedtime: datetime


class KeyUse(Struct, frozen=True):
    """An Idempotency-Key (with the call it belongs to) and the digest of the request it came with."""

    key: str
    request_digest: bytes


class Mint(Struct, frozen=True):
    """A dossier code to be made at commit: the agency and the day (yyMMdd) of the serial."""

    agency: str
    day: str


class Basis(Struct, frozen=True):
    """What intake computed an event of its own from: the dossier after its event `sequence`; `added` are the fields it computed."""

    sequence: int
    added: str


class Candidate(Struct, frozen=True, kw_only=True):
    """One event as sent, with what was read from it; `others` are the attributes intake does not know, kept as they are.

    One that `follows` is held back when an event of its dossier before it in the request is refused; one that is `held` is so already.
    """

    event_id: str
    code: str
    name: str
    sent: Sent
    event: Event
    occurred_at: datetime
    others: dict[str, Raw] | None = None
    mint: Mint | None = None
    key_use: KeyUse | None = None
    basis: Basis | None = None
    follows: bool = False
    held: bool = False


ATTRIBUTES = frozenset(Logged.__struct_fields__)
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


def with_code(candidate: Candidate, code: str) -> Candidate:
    """The candidate for the dossier whose code was made for it."""
    return msgspec.structs.replace(candidate, code=code, sent=msgspec.structs.replace(candidate.sent, subject=code))


def with_data(sent: Sent, **fields: Any) -> Sent:
    """The event with these fields of its data put in or replaced."""
    return msgspec.structs.replace(sent, data=_stamped(sent.data, fields))


def as_logged(candidate: Candidate, sequence: int, recorded_at: datetime, stamps: dict[str, Any]) -> bytes:
    """The event as the log keeps it and Kafka carries it, in one line: as sent, plus sequence, recordedtime and what intake decided."""
    sent = candidate.sent
    logged = _encode(
        Logged(
            specversion=sent.specversion,
            id=sent.id,
            source=sent.source,
            type=sent.type,
            subject=sent.subject,
            time=sent.time,
            datacontenttype=sent.datacontenttype,
            data=_stamped(sent.data, stamps) if stamps else sent.data,
            sequence=sequence,
            recordedtime=recorded_at,
        )
    )
    if candidate.others:
        logged = logged[:-1] + b"," + _encode(candidate.others)[1:]
    return msgspec.json.format(logged, indent=-1) if b"\n" in logged or b"\r" in logged else logged


def _stamped(data: Raw, stamps: dict[str, Any]) -> Raw:
    return Raw(_encode({**_decode_object(data), **stamps}))
