"""From bytes to a candidate, or to a refusal that names the field and the fix."""

import hashlib
import re
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import UNSET, Raw, Struct

from services.intake.candidates import ATTRIBUTES, Candidate, Sent, with_data
from services.intake.identity import is_pseudonym, pseudonym
from services.intake.refusals import Malformed, UnknownType
from shared.contract import events as wire
from shared.contract.envelope import JSON, PROCEDURE_CODE, SPEC_VERSION, event_type
from shared.domain.errors import Refusal
from shared.domain.events import CorrectableField
from shared.domain.localtime import local
from shared.mapping import to_event

NAMING_APPLICANT = (wire.Received, wire.Submitted)
DIGEST_BYTES = 16
HINTS = {
    "specversion": 'write "specversion": "1.0"',
    "id": "give every event its own id, the same when it is sent again",
    "source": "say who sends it, such as /centres/tra-vinh/counters/07",
    "type": "write vn.motcua.dossier.<event>.v1",
    "subject": "write the dossier's code, such as H59.15-231208-0001",
    "time": "write when it happened, with its offset, such as 2023-12-08T08:31:00+07:00",
    "data": "write the event's fields as a JSON object, {} when it has none",
    "data.field": f"choose one of {', '.join(CorrectableField)}",
}


class _Id(Struct):
    id: Any = None


class _KnownSent(Sent, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """An envelope of which intake knows every attribute."""


class _KnownTerm(wire.Term, frozen=True, forbid_unknown_fields=True):
    pass


def _known_only(contents: type[wire.EventData]) -> type[wire.EventData]:
    """The same data when it has no field beyond: then reading it has checked every byte of it."""
    term = [("term", _KnownTerm | None, None)] if "term" in contents.__struct_fields__ else []
    options: dict[str, Any] = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
    return cast("type[wire.EventData]", msgspec.defstruct(contents.__name__, term, bases=(contents,), **options))


UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
_decode_known_sent = msgspec.json.Decoder(_KnownSent).decode
_decode_sent = msgspec.json.Decoder(Sent).decode
_decode_attributes = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_id = msgspec.json.Decoder(_Id).decode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode
_DECODE_KNOWN_DATA = {name: msgspec.json.Decoder(_known_only(cls)).decode for name, cls in wire.EVENT_DATA.items()}
_DECODE_DATA = {name: msgspec.json.Decoder(cls).decode for name, cls in wire.EVENT_DATA.items()}
_NAMES = {event_type(name): name for name in wire.EVENT_DATA}
_INSTANTS = {
    name: tuple(field for field in ("due_at", "promised_at") if field in cls.__struct_fields__) for name, cls in wire.EVENT_DATA.items()
}
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def parse(line: bytes, applicant_key: bytes) -> Candidate:
    """The event in `line`, its applicant a pseudonym made with the key; raises a `Refusal` when it is none."""
    others = None
    try:
        sent: Sent = _decode_known_sent(line)
    except UNREADABLE:
        sent, others = _sent_with_others(line)
    name = _NAMES.get(sent.type)
    if name is None:
        msg = f"type {sent.type!r} is not an event of the lifecycle; {HINTS['type']}, <event> one of {', '.join(wire.EVENT_DATA)}"
        raise UnknownType(msg)
    _check_envelope(sent)
    contents = _contents(name, sent.data)
    if isinstance(contents, NAMING_APPLICANT) and contents.applicant is not None and not is_pseudonym(contents.applicant):
        sent = with_data(sent, applicant=pseudonym(contents.applicant, applicant_key))
    event = to_event(contents, local(sent.time))
    return Candidate(event_id=sent.id, code=sent.subject, name=name, sent=sent, event=event, others=others)


def _sent_with_others(line: bytes) -> tuple[Sent, dict[str, Raw]]:
    """An envelope with attributes that intake does not know, or a refusal."""
    try:
        sent, attributes = _decode_sent(line), _decode_attributes(line)
    except UNREADABLE as wrong:
        raise _malformed(wrong) from wrong
    others = {name: value for name, value in attributes.items() if name not in ATTRIBUTES}
    for name, value in others.items():
        _check_other(name, value)
    return sent, others


def id_of(line: bytes) -> str | None:
    """The id in a line that is no event, when one can be read, so that a sender finds it again."""
    try:
        found = _decode_id(line).id
    except UNREADABLE:
        return None
    return found if isinstance(found, str) else None


def canonical_digest(value: object) -> bytes:
    """A digest that does not depend on spacing or on the order of keys."""
    return hashlib.blake2b(_encode_canonical(value), digest_size=DIGEST_BYTES).digest()


def _contents(name: str, data: Raw) -> wire.EventData:
    try:
        contents = _DECODE_KNOWN_DATA[name](data)
    except UNREADABLE:
        contents = _contents_with_others(name, data)
    for field in _INSTANTS[name]:
        instant = getattr(contents, field)
        if instant is not None:
            local(instant)
    if isinstance(contents, NAMING_APPLICANT):
        _check_printable("data.department", contents.department)
        _check_printable("data.procedure", contents.procedure)
    elif isinstance(contents, wire.Corrected):
        _check_correction(contents)
    return contents


def _contents_with_others(name: str, data: Raw) -> wire.EventData:
    """Data with fields that intake does not know, which must be readable all the same, or a refusal."""
    try:
        _decode_any(data)
        return _DECODE_DATA[name](data)
    except UNREADABLE as wrong:
        raise _malformed(wrong, "data") from wrong


def _check_envelope(sent: Sent) -> None:
    if sent.specversion != SPEC_VERSION:
        msg = f"specversion: {sent.specversion!r} is not known; {HINTS['specversion']}"
        raise Malformed(msg)
    if sent.datacontenttype is not UNSET and sent.datacontenttype != JSON:
        _check_media_type(sent.datacontenttype)
    _check_printable("subject", sent.subject)
    if not sent.id.isprintable():
        msg = "id: holds control characters; use letters, digits and punctuation"
        raise Malformed(msg)


def _check_media_type(media_type: str) -> None:
    essence = media_type.partition(";")[0].strip()
    if essence != JSON and not essence.endswith("+json"):
        msg = f"datacontenttype: {media_type!r} can't be read; send data as {JSON}"
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


def _check_other(name: str, raw: Raw) -> None:
    try:
        value = _decode_any(raw)
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
