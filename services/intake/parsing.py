"""From bytes to a candidate, or to a refusal that names the field and the fix."""

import hashlib
import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from services.intake.candidates import Candidate
from services.intake.refusals import Malformed, UnknownType
from shared.contract import events as wire
from shared.contract.envelope import JSON, PROCEDURE_CODE, SPEC_VERSION, DossierCode, EventId, Instant, Text, event_name
from shared.domain.errors import Refusal
from shared.domain.localtime import local
from shared.mapping import to_event

ADDED_BY_INTAKE = ("sequence", "recordedtime")
DIGEST_BYTES = 16
HINTS = {
    "specversion": 'write "specversion": "1.0"',
    "id": "give every event its own id, the same when it is sent again",
    "source": "say who sends it, such as /centres/tra-vinh/counters/07",
    "type": "write vn.motcua.dossier.<event>.v1",
    "subject": "write the dossier's code, such as H59.15-231208-0001",
    "time": "write when it happened, with its offset, such as 2023-12-08T08:31:00+07:00",
    "data": "write the event's fields as a JSON object, {} when it has none",
}


class Sent(Struct, frozen=True, kw_only=True):
    """What intake reads of an envelope; other attributes are kept as they are."""

    specversion: str
    id: EventId
    source: Text
    type: Text
    subject: DossierCode
    time: Instant
    data: Raw
    datacontenttype: str = JSON


class _Id(Struct):
    id: Any = None


UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
_decode_sent = msgspec.json.Decoder(Sent).decode
_decode_attributes = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_id = msgspec.json.Decoder(_Id).decode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode
_DATA_DECODERS = {name: msgspec.json.Decoder(cls).decode for name, cls in wire.EVENT_DATA.items()}
_KNOWN = frozenset(Sent.__struct_fields__) | frozenset(ADDED_BY_INTAKE)
_INSTANTS = {
    name: tuple(field for field in ("due_at", "promised_at") if field in cls.__struct_fields__) for name, cls in wire.EVENT_DATA.items()
}
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def parse(line: bytes) -> Candidate:
    """The event in `line`; raises a `Refusal` when it is none."""
    try:
        sent = _decode_sent(line)
        attributes = _decode_attributes(line)
    except UNREADABLE as wrong:
        raise _malformed(wrong) from wrong
    name = event_name(sent.type)
    if name is None or name not in _DATA_DECODERS:
        msg = f"type {sent.type!r} is not an event of the lifecycle; {HINTS['type']}, <event> one of {', '.join(wire.EVENT_DATA)}"
        raise UnknownType(msg)
    _check_envelope(sent)
    contents = _contents(name, sent.data)
    occurred_at = local(sent.time)
    if len(attributes) > len(Sent.__struct_fields__) - 1:
        _drop_and_check_others(attributes)
    return Candidate(
        event_id=sent.id,
        code=sent.subject,
        name=name,
        attributes=attributes,
        event=to_event(contents, occurred_at),
        digest=_digest(sent.source, sent.type, sent.subject, occurred_at, sent.data),
    )


def id_of(line: bytes) -> str | None:
    """The id in a line that is no event, when one can be read, so that a sender finds it again."""
    try:
        found = _decode_id(line).id
    except UNREADABLE:
        return None
    return found if isinstance(found, str) else None


def with_code(candidate: Candidate, code: str) -> Candidate:
    """The candidate for the dossier whose code was made for it."""
    return msgspec.structs.replace(candidate, code=code, attributes={**candidate.attributes, "subject": Raw(f'"{code}"'.encode())})


def canonical_digest(value: object) -> bytes:
    """A digest that does not depend on spacing or on the order of keys."""
    return hashlib.blake2b(_encode_canonical(value), digest_size=DIGEST_BYTES).digest()


def _digest(source: str, event_type: str, code: str, occurred_at: datetime, data: Raw) -> bytes:
    try:
        return canonical_digest((source, event_type, code, occurred_at, _decode_any(data)))
    except UNREADABLE as wrong:
        raise _malformed(wrong, "data") from wrong


def _contents(name: str, data: Raw) -> wire.EventData:
    try:
        contents = _DATA_DECODERS[name](data)
    except UNREADABLE as wrong:
        raise _malformed(wrong, "data") from wrong
    for field in _INSTANTS[name]:
        instant = getattr(contents, field)
        if instant is not None:
            local(instant)
    if isinstance(contents, (wire.Received, wire.Submitted)):
        _check_printable("data.department", contents.department)
        _check_printable("data.procedure", contents.procedure)
    elif isinstance(contents, wire.Corrected):
        _check_correction(contents)
    return contents


def _check_envelope(sent: Sent) -> None:
    if sent.specversion != SPEC_VERSION:
        msg = f"specversion: {sent.specversion!r} is not known; {HINTS['specversion']}"
        raise Malformed(msg)
    media_type = sent.datacontenttype.partition(";")[0].strip()
    if media_type != JSON and not media_type.endswith("+json"):
        msg = f"datacontenttype: {sent.datacontenttype!r} can't be read; send data as {JSON}"
        raise Malformed(msg)
    _check_printable("subject", sent.subject)
    if not sent.id.isprintable():
        msg = "id: holds control characters; use letters, digits and punctuation"
        raise Malformed(msg)


def _check_printable(field: str, text: str) -> None:
    """The patterns let a final line feed and digits of other scripts pass; a code has neither."""
    if not (text.isascii() and text.isprintable()):
        msg = f"{field}: {text!r} holds characters that a code can't have; use A-Z, 0-9, '.' and '-'"
        raise Malformed(msg)


def _check_correction(correction: wire.Corrected) -> None:
    for field, value in (("data.old_value", correction.old_value), ("data.new_value", correction.new_value)):
        if value is None:
            continue
        if correction.field == "due_at":
            _check_instant(field, value)
        elif correction.field == "procedure" and not re.fullmatch(PROCEDURE_CODE, value, re.ASCII):
            msg = f"{field}: {value!r} is not a procedure's code; write it as 2.000635"
            raise Malformed(msg)
        _check_printable(field, value)


def _check_instant(field: str, text: str) -> None:
    try:
        local(datetime.fromisoformat(text))
    except ValueError as wrong:
        msg = f"{field}: {text!r} is not an instant; write it with its offset, such as 2023-12-08T08:31:00+07:00"
        raise Malformed(msg) from wrong


def _drop_and_check_others(attributes: dict[str, Raw]) -> None:
    for name in ADDED_BY_INTAKE:
        attributes.pop(name, None)
    for name in attributes.keys() - _KNOWN:
        try:
            value = _decode_any(attributes[name])
        except UNREADABLE as wrong:
            raise _malformed(wrong, name) from wrong
        if not isinstance(value, (str, int, bool)):
            msg = f"{name}: an extension attribute is a string, a whole number or a boolean (CloudEvents 1.0); put the rest into data"
            raise Malformed(msg)


def _malformed(wrong: Exception, inside: str = "") -> Refusal:
    """What msgspec says, beginning with the field."""
    text = str(wrong)
    path, missing = _PATH.search(text), _MISSING.search(text)
    parts = [inside, path.group(1) if path else "", missing.group(1) if missing else ""]
    field = ".".join(part for part in parts if part)
    reason = _PATH.sub("", text)
    hint = HINTS.get(field)
    return Malformed((f"{field}: " if field else "not an event: ") + reason + (f"; {hint}" if hint else ""))
