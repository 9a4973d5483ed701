"""From bytes to a candidate, or to a refusal that names the field and the fix."""

import hashlib
import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct
from msgspec.structs import astuple

from services.intake.candidates import ATTRIBUTES, Candidate, Sent, with_data
from services.intake.careful import UNREADABLE, members
from services.intake.hints import HINTS, INSTANT, echo, malformed, unknown_field, wrong_field
from services.intake.identity import is_pseudonym, pseudonym
from services.intake.refusals import Malformed, UnknownType
from services.intake.texts import check_attribute, check_extension, check_text
from shared.contract.accepted import ACCEPTED, EXTENSION, FREE_TEXTS, NAMES
from shared.contract.envelope import JSON, LONGEST_CODE, SPEC_VERSION, event_type
from shared.contract.instants import may_be_finer
from shared.domain.codes import DOSSIER_CODE, PROCEDURE_CODE
from shared.domain.errors import InstantOutOfRange
from shared.domain.events import EVENT_TYPES, Channel, CorrectableField, Corrected, Event, OnlineLevel, Received, Submitted
from shared.domain.localtime import local, written
from shared.domain.terms import Term

NAMING_APPLICANT = (Received, Submitted)
DIGEST_BYTES = 16
MOST_ATTRIBUTES, LONGEST_ATTRIBUTE_NAME = 20, 20
NO_DATA = Raw(b"{}")


class _Named(Struct):
    id: Any = None
    subject: Any = None


class _KnownSent(Sent, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """An envelope of which intake knows every attribute; its code is held against the pattern afterwards, which is cheaper."""

    subject: Annotated[str, Meta(max_length=LONGEST_CODE)]


_decode_known_sent = msgspec.json.Decoder(_KnownSent).decode
_decode_sent = msgspec.json.Decoder(Sent).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_named = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode
_DECODE_DATA = {name: msgspec.json.Decoder(cls).decode for name, cls in ACCEPTED.items()}
_FIELDS = {name: tuple(field for field in (*EVENT_TYPES[name].__struct_fields__, EXTENSION)) for name in ACCEPTED}
_NAMES = {event_type(name): name for name in EVENT_TYPES}
_INSTANTS: dict[str, tuple[str, ...]] = {
    name: tuple(field for field in ("due_at", "promised_at") if field in fields) for name, fields in _FIELDS.items()
}
_TEXTS = {name: tuple((field, field in NAMES) for field in fields if field in NAMES | FREE_TEXTS) for name, fields in _FIELDS.items()}
_is_code = re.compile(DOSSIER_CODE).fullmatch
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]+")


def parse(line: bytes, applicant_key: bytes) -> Candidate:
    """The event in `line`, its applicant a pseudonym made with the key; raises a `Refusal` when it is none."""
    sent, others, contents = _quickly(line) or _carefully(line)
    name = contents.kind.value
    _check_envelope(sent)
    _check_contents(name, contents)
    if isinstance(contents, NAMING_APPLICANT) and contents.applicant is not None and not is_pseudonym(contents.applicant):
        sent = with_data(sent, applicant=pseudonym(contents.applicant, applicant_key))
    at = _in_range("time", sent.time)
    return Candidate(event_id=sent.id, code=sent.subject, name=name, sent=sent, event=contents, occurred_at=at, others=others)


Read = tuple[Sent, dict[str, Raw] | None, Event]


def _quickly(line: bytes) -> Read | None:
    """An event of which every byte is accounted for at a glance; None sends it to the careful reading.

    The reader takes the last of two values of one key. So the quotes are counted: without an escape each stands at the edge of a key or a
    text, and more of them than the values that were read need are those of a key given twice.
    """
    if b"\\" in line:
        return None
    try:
        sent = _decode_known_sent(line)
        name = _NAMES[sent.type]
        contents = _DECODE_DATA[name](sent.data)
    except (*UNREADABLE, KeyError):
        return None
    quotes = _quotes_of(name, contents, line)
    of_envelope = _QUOTES_WITHOUT_MEDIA_TYPE if sent.datacontenttype is UNSET else _QUOTES
    if quotes is None or line.count(b'"') != of_envelope + quotes or _is_code(sent.subject) is None or may_be_finer(line):
        return None
    return sent, None, contents


_A_TEXT = 4  # quotes of a field that holds a text or an instant: its key's and its own
_QUOTES = 7 * _A_TEXT + 2  # and those of the key `data`
_QUOTES_WITHOUT_MEDIA_TYPE = _QUOTES - _A_TEXT
_ANOTHER: dict[object, int] = {"term": 8, "amount_vnd": 2, "paid_online": 2, "electronic_result": 2, "score": 2}
_OTHERS = {name: tuple((field, _ANOTHER[field] - _A_TEXT) for field in fields if field in _ANOTHER) for name, fields in _FIELDS.items()}
_DEFAULTS = {  # fields that are read also where they are not written, as a writer without blanks begins them
    name: tuple(
        (f'"{field.name}":'.encode(), _ANOTHER.get(field.name, _A_TEXT))
        for field in msgspec.structs.fields(cls)
        if field.default not in (None, msgspec.NODEFAULT)
    )
    for name, cls in EVENT_TYPES.items()
}


def _quotes_of(name: str, contents: Event, line: bytes) -> int | None:
    """How many quotes the data has when every field that was read stands in it once and no other does; None when that is not known."""
    values = astuple(contents)
    if values[-1] is not None:
        return None  # the vendor's own facts
    quotes = _A_TEXT * (len(values) - values.count(None))
    for field, more in _OTHERS[name]:
        if getattr(contents, field) is not None:
            quotes += more
    for key, quoted in _DEFAULTS[name]:
        if key not in line:
            quotes -= quoted
    return quotes


def _carefully(line: bytes) -> Read:
    """An event with whatever CloudEvents allow, or the refusal of what it holds."""
    attributes = {name: value for name, value in members(line).items() if bytes(value) != b"null"}
    if "data_base64" in attributes:
        msg = "data_base64: binary data can't be read; send the event's fields as a JSON object in data"
        raise Malformed(msg, "data_base64")
    attributes.setdefault("data", NO_DATA)
    others = {name: value for name, value in attributes.items() if name not in ATTRIBUTES}
    try:
        sent = _decode_sent(_encode(attributes))
    except UNREADABLE as wrong:
        raise malformed(wrong) from wrong
    _check_others(others)
    name = _NAMES.get(sent.type)
    if name is None:
        msg = f"type {echo(sent.type)} is not an event of the lifecycle; {HINTS['type']}, <event> one of {', '.join(EVENT_TYPES)}"
        raise UnknownType(msg)
    return sent, others or None, _contents(name, sent.data)


def id_of(line: bytes) -> str | None:
    """The id in a line that is no event, when one can be read, so that a sender finds it again."""
    found = _named(line).id
    return found if isinstance(found, str) else None


def subject_of(line: bytes) -> str | None:
    """The dossier that a line which is no event is of, when one can be read."""
    found = _named(line).subject
    return found if isinstance(found, str) else None


def _named(line: bytes) -> _Named:
    try:
        return _decode_named(line)
    except UNREADABLE:
        return _Named()


def canonical_digest(value: object) -> bytes:
    """A digest that does not depend on spacing or on the order of keys."""
    return hashlib.blake2b(_encode_canonical(value), digest_size=DIGEST_BYTES).digest()


def _contents(name: str, data: Raw) -> Event:
    try:
        given = _decode_members(data)
    except UNREADABLE as wrong:
        raise wrong_field("data", "is not an object") from wrong
    for field in given:
        if field not in _FIELDS[name]:
            raise unknown_field(f"data.{field}", name, _FIELDS[name])
    if EXTENSION in given:
        check_extension(given[EXTENSION])
    try:
        contents = _DECODE_DATA[name](data)
    except UNREADABLE as wrong:
        raise malformed(wrong, "data") from wrong
    if isinstance(contents, Received) and contents.term is not None:
        _check_term(given["term"])
    return contents


def _check_term(term: Raw) -> None:
    for field in _decode_members(term):
        if field not in Term.__struct_fields__:
            raise wrong_field(f"data.term.{field}", "is not known")


def _check_contents(name: str, contents: Event) -> None:
    for field in _INSTANTS[name]:
        instant = getattr(contents, field)
        if instant is not None:
            _in_range(f"data.{field}", instant)
    for field, is_name in _TEXTS[name]:
        text = getattr(contents, field)
        if text is not None:
            check_text(field, text, is_name=is_name)
    if isinstance(contents, Corrected):
        _check_correction(contents)


def _in_range(field: str, instant: datetime) -> datetime:
    try:
        return local(instant)
    except InstantOutOfRange as wrong:
        raise wrong.about(field) from wrong


def _check_envelope(sent: Sent) -> None:
    if sent.specversion != SPEC_VERSION:
        raise wrong_field("specversion", f"{echo(sent.specversion)} is not known")
    if sent.datacontenttype is not UNSET and sent.datacontenttype != JSON:
        _check_media_type(sent.datacontenttype)
    if not sent.id.isprintable():
        raise wrong_field("id", "holds control characters", "use letters, digits and punctuation")
    if not sent.source.isprintable():
        check_attribute("source", sent.source)


def _check_media_type(media_type: str) -> None:
    essence = media_type.partition(";")[0].strip().lower()
    if essence != JSON and not essence.endswith("+json"):
        raise wrong_field("datacontenttype", f"{echo(media_type)} can't be read", f"send data as {JSON}")


def _check_others(others: dict[str, Raw]) -> None:
    """The attributes that intake does not know: extensions, named and valued as CloudEvents have them."""
    if len(others) > MOST_ATTRIBUTES:
        msg = f"an event has at most {MOST_ATTRIBUTES} extension attributes; put what belongs to it into data.{EXTENSION}"
        raise Malformed(msg, min(others))
    for name, raw in others.items():
        if not _ATTRIBUTE_NAME.fullmatch(name) or len(name) > LONGEST_ATTRIBUTE_NAME:
            fix = f"CloudEvents name attributes with a-z and 0-9 only, at most {LONGEST_ATTRIBUTE_NAME} of them; rename it or leave it out"
            raise wrong_field(echo(name)[1:-1], "is no attribute's name", fix)
        value = _decode_any(raw)
        if not isinstance(value, (str, int, bool)):
            fix = (
                f"an extension attribute is a string, a whole number or a boolean (CloudEvents 1.0); put other facts into data.{EXTENSION}"
            )
            raise wrong_field(name, "has another kind of value", fix)
        check_attribute(name, value)


def _check_correction(correction: Corrected) -> None:
    for field, value in (("data.old_value", correction.old_value), ("data.new_value", correction.new_value)):
        if value is None:
            continue
        if correction.field is CorrectableField.DUE_AT:
            _check_written_instant(field, value)
        elif correction.field is CorrectableField.PROCEDURE and not re.fullmatch(PROCEDURE_CODE, value, re.ASCII):
            raise wrong_field(field, f"{echo(value)} is not a procedure's code", "write it as 2.000635")
        elif (choices := _CHOICES.get(correction.field)) and value not in choices:
            raise wrong_field(field, f"{echo(value)} is no {correction.field}", f"choose one of {', '.join(choices)}")
        elif not (value.isascii() and value.isprintable()):
            raise wrong_field(field, f"{echo(value)} holds characters that a code can't have", "use A-Z, 0-9, '.' and '-'")


_CHOICES: dict[CorrectableField, list[str]] = {CorrectableField.CHANNEL: list(Channel), CorrectableField.ONLINE_LEVEL: list(OnlineLevel)}


def _check_written_instant(field: str, text: str) -> None:
    try:
        instant = written(text)
        if instant.tzinfo is None:
            raise wrong_field(field, f"{echo(text)} has no offset", INSTANT)
    except ValueError as wrong:
        raise wrong_field(field, f"{echo(text)} is not an instant", INSTANT) from wrong
    _in_range(field, instant)
