"""Builds the event of a call that is not a CloudEvent: a new dossier, or `{event, occurred_at?, ...data}`."""

import re
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from services.intake.candidates import Candidate, KeyUse, Mint
from services.intake.identity import new_event_id
from services.intake.parsing import UNREADABLE, canonical_digest, parse
from services.intake.refusals import Malformed, UnknownDepartment
from services.intake.schemas import NewDossier
from shared.contract import events as wire
from shared.contract.codec import encode
from shared.contract.envelope import DEPARTMENT_CODE, JSON, SPEC_VERSION, Instant, event_type
from shared.domain.localtime import local

SOURCE = "/intake"
LONGEST_KEY = 255
FIRST_SERIAL = "0001"
LIKENESS = 0.8  # occured_at, occurredAt, due_date
MEANT_OTHERWISE = frozenset({"data", "time", "at", "date"})  # the envelope's words, or a nested CloudEvent


class _Event(Struct, frozen=True):
    event: Annotated[str, Meta(min_length=1, max_length=100)]
    occurred_at: Instant | None = None


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode


def receipt(body: NewDossier, *, now: datetime, key_use: KeyUse | None, applicant_key: bytes) -> Candidate:
    """The received event of a new dossier; without a code, one is minted when it is committed."""
    if not re.fullmatch(DEPARTMENT_CODE, body.department, re.ASCII):
        msg = f"department: {body.department!r} is not a department's code; write it as H59.15 (GET /v1/departments lists them)"
        raise UnknownDepartment(msg)
    received_at = local(body.received_at or now)
    data = body.model_dump(mode="json", exclude_none=True, exclude={"received_at", "code"})
    mint = None if body.code else Mint(body.department, received_at.strftime("%y%m%d"))
    code = body.code or f"{body.department}-{received_at:%y%m%d}-{FIRST_SERIAL}"
    return msgspec.structs.replace(_composed(code, "received", received_at, data, applicant_key), mint=mint, key_use=key_use)


def short_form(body: bytes, code: str, *, now: datetime, applicant_key: bytes) -> Candidate:
    """The event of `{event, occurred_at?, ...data}`."""
    try:
        head, data = _decode_event(body), _decode_fields(body)
    except UNREADABLE as wrong:
        msg = f"not an event: {wrong}; send {{event, occurred_at?, ...data}} or a CloudEvent"
        raise Malformed(msg) from wrong
    contents: dict[str, Any] = {name: value for name, value in data.items() if name not in _Event.__struct_fields__}
    _check_fields(head.event, contents)
    return _composed(code, head.event, head.occurred_at or now, contents, applicant_key)


def _check_fields(event: str, contents: dict[str, Any]) -> None:
    """A field that looks like one of the event's is a slip, and would leave the event without it; any other is kept, as in a CloudEvent."""
    known = wire.EVENT_DATA.get(event)
    if known is None:
        return  # the event's name is what is wrong
    fields = (*_Event.__struct_fields__, *known.__struct_fields__)
    for name in contents.keys() - set(fields):
        if name in MEANT_OTHERWISE or get_close_matches(name, fields, n=1, cutoff=LIKENESS):
            msg = f"{name}: is not a field of {event}; its fields are {', '.join(fields)}"
            raise Malformed(msg)


def _composed(code: str, name: str, at: datetime, data: dict[str, Any], applicant_key: bytes) -> Candidate:
    event = {
        "specversion": SPEC_VERSION,
        "id": new_event_id(),
        "source": SOURCE,
        "type": event_type(name),
        "subject": code,
        "time": at,
        "datacontenttype": JSON,
        "data": data,
    }
    try:
        return parse(encode(event), applicant_key)
    except Malformed as wrong:
        raise Malformed(wrong.detail.removeprefix("data.")) from wrong


def key_use(header: str | None, call: str, request: object) -> KeyUse | None:
    """The Idempotency-Key of a request to `call`; quoted, as the draft writes it, or bare."""
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        msg = f"Idempotency-Key: must be 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID"
        raise Malformed(msg)
    return KeyUse(f"{call} {key}", canonical_digest(request))
