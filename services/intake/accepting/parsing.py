"""From bytes to candidates, or a refusal that names field and fix: CloudEvents, the short form, a new dossier."""

import hashlib
import re
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct
from msgspec.structs import astuple, replace

from services.intake.accepting.candidates import (
    ATTRIBUTES,
    Candidate,
    KeyUse,
    SentEvent,
    applicants_of,
    enveloped,
    new_event_id,
    pseudonym,
    pseudonym_of,
    with_data,
)
from services.intake.accepting.checking import (
    check,
    check_attributes,
    check_code,
    check_details,
    check_extension,
    in_range,
    is_dossier_code,
)
from services.intake.accepting.refusals import (
    HINTS,
    Malformed,
    UnknownDepartment,
    UnknownType,
    Wrong,
    echo,
    malformed,
    unknown_field,
    wrong_field,
)
from services.intake.accepting.strict_json import UNREADABLE, members
from services.intake.applicants.details import identity, tidied
from services.intake.log.history import CodeSeries
from shared.contract.accepted import ACCEPTED, DETAILED, EXTENSION, TERMS
from shared.contract.applicants import ApplicantDetails
from shared.contract.envelope import event_type, may_be_finer
from shared.domain.events import EVENT_TYPES, Corrected, Event, Received
from shared.domain.fields import DossierCode
from shared.domain.localtime import Instant
from shared.domain.terms import Term
from shared.domain.texts import DEPARTMENT_CODE

SOURCE = "/intake"
LONGEST_KEY = 255
FIRST_SERIAL = "0001"
DIGEST_BYTES = 16
EVENT, OCCURRED_AT = "event", "occurred_at"
OWN_ATTRIBUTES = frozenset({"sequence", "recordedtime"})  # intake writes them anew, whatever a sender wrote
NO_DATA, NULL = Raw(b"{}"), Raw(b"null")


class _StrictlySent(SentEvent, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=False):
    """Any event, and the pattern of codes at once: the first attribute that is wrong is named."""

    subject: DossierCode


class _StrictTerm(Term, frozen=True, forbid_unknown_fields=True):
    """A term with no other field; read only to be refused, for the domain has plain terms."""


class _Named(Struct):
    id: Any = None
    subject: Any = None


_decode_sent = msgspec.json.Decoder(SentEvent).decode
_decode_strictly = msgspec.json.Decoder(_StrictlySent).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_decode_named = msgspec.json.Decoder(_Named).decode
_decode_details = msgspec.json.Decoder(ApplicantDetails).decode
_decode_instant = msgspec.json.Decoder(Instant).decode
_encode = msgspec.json.Encoder().encode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode
_DECODE_DATA = {name: msgspec.json.Decoder(cls).decode for name, cls in ACCEPTED.items()}
_DECODE_WITH_STRICT_TERMS = {
    name: msgspec.json.Decoder(
        msgspec.defstruct(
            cls.__name__,
            [(term, _StrictTerm | None, None) for term in TERMS if term in cls.__struct_fields__],
            bases=(cls,),
            frozen=True,
            kw_only=True,
            forbid_unknown_fields=True,
        )
    ).decode
    for name, cls in ACCEPTED.items()
}
_FIELDS = {name: (*cls.__struct_fields__, EXTENSION) for name, cls in EVENT_TYPES.items()}
_NAMES = {event_type(name): name for name in EVENT_TYPES}
_A_TEXT = 4  # quotes of a field that holds a text or an instant: its key's and its own
_QUOTES = 7 * _A_TEXT + 2  # and those of the key `data`
_QUOTES_WITHOUT_MEDIA_TYPE = _QUOTES - _A_TEXT
_ANOTHER: dict[object, int] = {
    "term": 8,
    "by": 8,
    "amount_vnd": 2,
    "paid_online": 2,
    "electronic_result": 2,
    "score": 2,
    "recompute": 2,
}
_OTHERS = {
    name: tuple((field, _ANOTHER[field] - _A_TEXT) for field in fields if field in _ANOTHER)
    for name, fields in _FIELDS.items()
}
_DEFAULTS = {  # fields that are read also where they are not written, as a writer without blanks begins them
    name: tuple(
        (f'"{field.name}":'.encode(), _ANOTHER.get(field.name, _A_TEXT))
        for field in msgspec.structs.fields(cls)
        if field.default not in (None, msgspec.NODEFAULT)
    )
    for name, cls in EVENT_TYPES.items()
}
_OF_THE_APPLICANT = Raw(b'"applicant"')
_WITHOUT_ANYBODY = "say who applies: id_number, phone, email or name"
Read = tuple[SentEvent, Event, dict[str, Raw] | None, ApplicantDetails | None]


def parse(line: bytes, applicant_key: bytes, *, follows: bool = False) -> Candidate:
    """The CloudEvent in `line`, its applicant a pseudonym made with the key; raises a `Refusal` when it is none."""
    sent, event, others, details = _quickly(line) or _strictly(line, applicant_key)
    at = check(sent, event)
    return _without_applicant(
        Candidate(sent=sent, event=event, occurred_at=at, others=others, details=details, follows=follows),
        applicant_key,
    )


def _quickly(line: bytes) -> Read | None:
    """An event of which every byte is accounted for at a glance; None sends it to the strict reading.

    The reader takes the last of two values of one key. So the quotes are counted: without an escape each stands at the
    edge of a key or a text, and more of them than the values that were read need are those of a key given twice.
    """
    if b"\\" in line:
        return None
    try:
        sent = _decode_sent(line)
        name = _NAMES[sent.type]
        event = _DECODE_DATA[name](sent.data)
    except (*UNREADABLE, KeyError):
        return None
    quotes = _quotes_of(name, event, line)
    of_envelope = _QUOTES_WITHOUT_MEDIA_TYPE if sent.datacontenttype is UNSET else _QUOTES
    if quotes is None or line.count(b'"') != of_envelope + quotes or may_be_finer(line):
        return None
    if sent.sequence is not UNSET or sent.recordedtime is not UNSET or not is_dossier_code(sent.subject):
        return None
    return sent, event, None, None


def _quotes_of(name: str, event: Event, line: bytes) -> int | None:
    """The quotes of the data when each field that was read stands in it once and no other does; None when not known."""
    values = astuple(event)
    if values[-1] is not None or (isinstance(event, Corrected) and event.deadlines is not None):
        return None  # the vendor's own facts; a list
    quotes = _A_TEXT * (len(values) - values.count(None))
    for field, more in _OTHERS[name]:
        if getattr(event, field) is not None:
            quotes += more
    for key, quoted in _DEFAULTS[name]:
        if key not in line:
            quotes -= quoted
    return quotes


def _strictly(line: bytes, applicant_key: bytes) -> Read:
    """An event with whatever CloudEvents allow, or the refusal of what it holds."""
    attributes = {name: value for name, value in members(line).items() if name not in OWN_ATTRIBUTES and value != NULL}
    if "data_base64" in attributes:
        msg = "data_base64: binary data can't be read; send the event's fields as a JSON object in data"
        raise Malformed(msg, "data_base64")
    attributes.setdefault("data", NO_DATA)
    others = {name: value for name, value in attributes.items() if name not in ATTRIBUTES}
    try:
        sent = _decode_strictly(_encode(attributes))
    except UNREADABLE as wrong:
        raise malformed(wrong) from wrong
    check_attributes(others)
    name = _NAMES.get(sent.type)
    if name is None:
        msg = (
            f"type {echo(sent.type)} is not an event of the lifecycle; "
            f"{HINTS['type']}, <event> one of {', '.join(EVENT_TYPES)}"
        )
        raise UnknownType(msg)
    try:
        given = _decode_members(sent.data)
    except UNREADABLE as wrong:
        raise wrong_field("data", Wrong.NO_OBJECT) from wrong
    if (details := _taken_out(name, given, applicant_key)) is not None:
        sent = replace(sent, data=Raw(_encode(given)))
    return sent, _event(name, given, sent.data), others or None, details


def short_form(body: bytes, code: str, *, now: datetime, applicant_key: bytes) -> Candidate:
    """The event of `{event, occurred_at?, ...data}`."""
    given = members(body)
    name = _decode_any(given.pop(EVENT, NULL))
    if not isinstance(name, str):
        raise wrong_field(EVENT, Wrong.MISSING if name is None else Wrong.NO_TEXT, HINTS[EVENT])
    if name not in EVENT_TYPES:
        msg = f"event: {echo(name)} is not an event of the lifecycle; choose one of {', '.join(EVENT_TYPES)}"
        raise UnknownType(msg, "type")
    known = (EVENT, OCCURRED_AT, *_FIELDS[name])
    for field in given:
        if field not in known:
            raise unknown_field(f"data.{field}", name, known)
    check_code(code)
    occurred_at = given.pop(OCCURRED_AT, NULL)
    try:
        at = now if occurred_at == NULL else _decode_instant(occurred_at)
    except UNREADABLE as wrong:
        raise malformed(wrong, "time") from wrong
    details = _taken_out(name, given, applicant_key)
    data = _encode(given)
    event = _event(name, given, data)
    return _composed(event, data, code=code, at=at, applicant_key=applicant_key, details=details)


def receipt(data: dict[str, Any], *, code: str | None, received_at: datetime, applicant_key: bytes) -> Candidate:
    """The received event of a new dossier; without a code, one is made when it is committed."""
    department = data["department"]
    if not re.fullmatch(DEPARTMENT_CODE, department, re.ASCII):
        msg = (
            f"department: {echo(department)} is not a department's code; "
            "write it as H59.15 (GET /v1/departments lists them)"
        )
        raise UnknownDepartment(msg)
    received_at = in_range("time", received_at)
    details = None
    if isinstance(applicant := data.get("applicant"), dict):
        details = details_of(_encode(applicant), "data.applicant")
        data = data | {"applicant": pseudonym_by(details, "data.applicant", applicant_key)}
    try:
        event = msgspec.convert(data, Received)
    except msgspec.ValidationError as wrong:
        raise malformed(wrong, "data") from wrong
    day = f"{received_at:%y%m%d}"
    candidate = _composed(
        event,
        _encode(data),
        code=code or f"{department}-{day}-{FIRST_SERIAL}",
        at=received_at,
        applicant_key=applicant_key,
        details=details,
    )
    return candidate if code else replace(candidate, series=CodeSeries(department, day))


def key_of_form(key: str, caller: str, call: str, request: object, secret: bytes) -> KeyUse | None:
    """The key of a page's form: the caller's own, so that nobody else's stands in its way. `earlier` is one as it was
    kept when keys were everybody's: what was sent then and is sent again is the same."""
    own, everybodys = (key_use(key, each, request, secret) for each in (f"{caller} {call}", call))
    return own if own is None or everybodys is None else replace(own, earlier=replace(everybodys, earlier=None))


def key_use(header: str | None, call: str, request: object, secret: bytes) -> KeyUse | None:
    """The Idempotency-Key of a request to `call`; quoted, as the draft writes it, or bare."""
    if header is None:
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        msg = f"Idempotency-Key: must be 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID"
        raise Malformed(msg, "Idempotency-Key")
    canonical, whole = _encode_canonical(request), f"{call} {key}"
    return KeyUse(
        hashlib.blake2b(whole.encode(), digest_size=2 * DIGEST_BYTES, key=secret).hexdigest(),
        hashlib.blake2b(canonical, digest_size=DIGEST_BYTES, key=secret).digest(),
        KeyUse(whole, hashlib.blake2b(canonical, digest_size=DIGEST_BYTES).digest()),
    )


def id_of(line: bytes) -> str | None:
    """The id in a line that is no event, when one can be read, so that a sender finds it again."""
    event_id = _named(line).id
    return event_id if isinstance(event_id, str) else None


def subject_of(line: bytes) -> str | None:
    """The dossier that a line which is no event is of, when one can be read."""
    code = _named(line).subject
    return code if isinstance(code, str) else None


def _named(line: bytes) -> _Named:
    try:
        return _decode_named(line)
    except UNREADABLE:
        return _Named()


def _event(name: str, given: dict[str, Raw], data: bytes | Raw) -> Event:
    """What happened, by the members of the data and the data itself."""
    for field in given:
        if field not in _FIELDS[name]:
            raise unknown_field(f"data.{field}", name, _FIELDS[name])
    if EXTENSION in given:
        check_extension(given[EXTENSION])
    try:
        if not given.keys().isdisjoint(TERMS):
            _DECODE_WITH_STRICT_TERMS[name](data)
        return _DECODE_DATA[name](data)
    except UNREADABLE as wrong:
        raise malformed(wrong, "data") from wrong


def _composed(
    event: Event, data: bytes, *, code: str, at: datetime, applicant_key: bytes, details: ApplicantDetails | None
) -> Candidate:
    """The candidate of an event that came without an envelope."""
    sent = enveloped(event, data, code=code, at=at, source=SOURCE, event_id=new_event_id())
    return _without_applicant(
        Candidate(sent=sent, event=event, occurred_at=check(sent, event), details=details), applicant_key
    )


def _taken_out(name: str, given: dict[str, Raw], applicant_key: bytes) -> ApplicantDetails | None:
    """The applicant's details, when the members of the data hold them; a pseudonym stands in their place then."""
    field = DETAILED.get(name)
    if field is None or not bytes(given.get(field, NULL)).startswith(b"{"):
        return None
    if field == "new_value" and given.get("field") != _OF_THE_APPLICANT:
        return None
    details = details_of(given[field], f"data.{field}")
    given[field] = Raw(_encode(pseudonym_by(details, f"data.{field}", applicant_key)))
    return details


def details_of(written: bytes | Raw, field: str) -> ApplicantDetails:
    """An applicant's details; the refusal of what is wrong with them names the field, which is inside `field`."""
    try:
        details = _decode_details(written)
    except UNREADABLE as wrong:
        raise malformed(wrong, field) from wrong
    check_details(details, field)
    return tidied(details)


def pseudonym_by(details: ApplicantDetails, field: str, applicant_key: bytes) -> str:
    """The pseudonym of whom the details name; refuses those that name nobody."""
    who = identity(details)
    if not who:
        raise wrong_field(field, Wrong.NOBODY, _WITHOUT_ANYBODY)
    return pseudonym_of(who, applicant_key)


def _without_applicant(candidate: Candidate, applicant_key: bytes) -> Candidate:
    """The candidate that says who applied by a pseudonym."""
    names = applicants_of(candidate.event)
    if not names:
        return candidate
    pseudonyms = {field: pseudonym(name, applicant_key) for field, name in names.items()}
    if pseudonyms == names:
        return candidate
    return replace(candidate, sent=with_data(candidate.sent, pseudonyms), event=replace(candidate.event, **pseudonyms))
