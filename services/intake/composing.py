"""Builds the event of a call that is not a CloudEvent: a new dossier, or `{event, occurred_at?, ...data}`."""

import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from services.intake.candidates import Candidate, KeyUse, Mint
from services.intake.careful import members
from services.intake.hints import HINTS, echo, unknown_field, wrong_field
from services.intake.identity import new_event_id
from services.intake.parsing import canonical_digest, parse
from services.intake.refusals import Malformed, UnknownDepartment, UnknownType
from services.intake.schemas import NewDossier
from shared.contract.accepted import EXTENSION
from shared.contract.codec import encode
from shared.contract.envelope import JSON, SPEC_VERSION, event_type
from shared.domain.codes import DEPARTMENT_CODE
from shared.domain.errors import InstantOutOfRange
from shared.domain.events import EVENT_TYPES
from shared.domain.localtime import local

SOURCE = "/intake"
LONGEST_KEY = 255
FIRST_SERIAL = "0001"
EVENT, OCCURRED_AT = "event", "occurred_at"
_decode_any = msgspec.json.Decoder().decode


def receipt(body: NewDossier, *, now: datetime, key_use: KeyUse | None, applicant_key: bytes) -> Candidate:
    """The received event of a new dossier; without a code, one is minted when it is committed."""
    if not re.fullmatch(DEPARTMENT_CODE, body.department, re.ASCII):
        msg = f"department: {echo(body.department)} is not a department's code; write it as H59.15 (GET /v1/departments lists them)"
        raise UnknownDepartment(msg)
    try:
        received_at = local(body.received_at or now)
    except InstantOutOfRange as wrong:
        raise wrong.about("time") from wrong
    data = body.model_dump(mode="json", exclude_none=True, exclude={"received_at", "code"})
    mint = None if body.code else Mint(body.department, received_at.strftime("%y%m%d"))
    code = body.code or f"{body.department}-{received_at:%y%m%d}-{FIRST_SERIAL}"
    return msgspec.structs.replace(_composed(code, "received", received_at, data, applicant_key), mint=mint, key_use=key_use)


def short_form(body: bytes, code: str, *, now: datetime, applicant_key: bytes) -> Candidate:
    """The event of `{event, occurred_at?, ...data}`."""
    fields = members(body)
    event = _decode_any(fields.pop(EVENT, Raw(b"null")))
    if not isinstance(event, str):
        raise wrong_field(EVENT, "is missing" if event is None else "is not a text", HINTS[EVENT])
    if event not in EVENT_TYPES:
        msg = f"event: {echo(event)} is not an event of the lifecycle; choose one of {', '.join(EVENT_TYPES)}"
        raise UnknownType(msg, "type")
    known = (EVENT, OCCURRED_AT, *EVENT_TYPES[event].__struct_fields__, EXTENSION)
    for name in fields:
        if name not in known:
            raise unknown_field(f"data.{name}", event, known)
    occurred_at: object = fields.pop(OCCURRED_AT, Raw(b"null"))
    return _composed(code, event, now if occurred_at == Raw(b"null") else occurred_at, fields, applicant_key)


def _composed(code: str, name: str, at: object, data: dict[str, Any], applicant_key: bytes) -> Candidate:
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
    return parse(encode(event), applicant_key)


def key_use(header: str | None, call: str, request: object) -> KeyUse | None:
    """The Idempotency-Key of a request to `call`; quoted, as the draft writes it, or bare."""
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        msg = f"Idempotency-Key: must be 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID"
        raise Malformed(msg, "Idempotency-Key")
    return KeyUse(f"{call} {key}", canonical_digest(request))
