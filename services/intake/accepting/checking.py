"""What an event may hold: its envelope, its values, its texts. Refusals name the field and repeat no personal data."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache

import msgspec
from msgspec import UNSET, Raw

from services.intake.accepting.candidates import Candidate, SentEvent, applicants_of
from services.intake.accepting.refusals import (
    HINTS,
    INSTANT,
    Malformed,
    OwnDetails,
    PersonalData,
    Wrong,
    echo,
    malformed,
    wrong_field,
)
from services.intake.accepting.strict_json import UNREADABLE
from services.intake.applicants.details import Recogniser, texts_of
from shared.contract.accepted import (
    ACCEPTED,
    EXTENSION,
    FREE_TEXTS,
    LARGEST_EXTENSION_BYTES,
    LONGEST_NAME,
    MOST_EXTENSION_KEYS,
    NAMES,
    Extension,
)
from shared.contract.applicants import ApplicantDetails
from shared.contract.envelope import JSON, SPEC_VERSION
from shared.domain.corrections import INSTANTS
from shared.domain.errors import InstantOutOfRange
from shared.domain.events import Corrected, Event
from shared.domain.fields import LONGEST_CODE, CorrectableField, OnlineLevel
from shared.domain.localtime import local, written
from shared.domain.texts import (
    DOSSIER_CODE,
    PROCEDURE_CODE,
    hidden_character,
    names_a_person,
    personal,
    personal_number,
    personal_serial,
    seen,
)

MOST_ATTRIBUTES, LONGEST_ATTRIBUTE_NAME = 20, 20
_LEVELS = list(OnlineLevel)
_INSTEAD = "write what happened without it; the dossier's code says whose it is"
_LEAVE_OUT = "leave it out; the dossier's code says whose it is"
INSTANT_FIELDS = ("due_at", "promised_at", "starts_at", "acceptance_due_at")
_INSTANTS: dict[str, tuple[str, ...]] = {
    name: tuple(field for field in INSTANT_FIELDS if field in cls.__struct_fields__) for name, cls in ACCEPTED.items()
}
_TEXTS = {
    name: tuple((field, field in NAMES) for field in cls.__struct_fields__ if field in NAMES | FREE_TEXTS)
    for name, cls in ACCEPTED.items()
}
_WRITTEN = {
    "id_number": re.compile(r"[\s.\-/]*(?:\w[\s.\-/]*){5,20}"),
    "phone": re.compile(r"[\s+.\-()/]*(?:[0-9][\s.\-()/]*){6,15}"),
    "email": re.compile(r"[^\s@]+@[^\s@]+"),
}
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]+")
_JSON_TYPE = re.compile(
    r"application/(?:[a-z][a-z.\-]{0,60}\+)?json(?:\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE | re.ASCII
)
_of_a_name = lru_cache(maxsize=1024)(personal)  # the same few officers and agencies come all day
_decode_any = msgspec.json.Decoder().decode
_decode_extension = msgspec.json.Decoder(Extension).decode
is_dossier_code = re.compile(DOSSIER_CODE).fullmatch


def check(sent: SentEvent, event: Event) -> datetime:
    """Refuses what the types alone let through; when the event happened, in local time."""
    _check_envelope(sent)
    name = event.kind
    for field in _INSTANTS[name]:
        instant = getattr(event, field)
        if instant is not None:
            in_range(f"data.{field}", instant)
    for field, is_name in _TEXTS[name]:
        text = getattr(event, field)
        if text is not None:
            _check_text(field, text, is_name=is_name)
    if isinstance(event, Corrected):
        _check_correction(event)
    return in_range("time", sent.time)


def in_range(field: str, instant: datetime) -> datetime:
    """The instant in local time; refuses one that lies in no office's time."""
    try:
        return local(instant)
    except InstantOutOfRange as wrong:
        raise wrong.about(field) from wrong


def check_code(code: str) -> None:
    """Refuses a code that no dossier can have."""
    if len(code) > LONGEST_CODE:
        raise wrong_field("subject", Wrong.TOO_LONG)
    if not is_dossier_code(code):
        raise wrong_field("subject", Wrong.NOT_SO_WRITTEN)


def _check_envelope(sent: SentEvent) -> None:
    if sent.specversion != SPEC_VERSION:
        raise wrong_field("specversion", Wrong.NOT_KNOWN, value=echo(sent.specversion))
    if sent.datacontenttype is not UNSET and sent.datacontenttype != JSON:
        _check_media_type(sent.datacontenttype)
    if not sent.id.isprintable():
        raise wrong_field("id", "holds control characters", "use letters, digits and punctuation")
    if not sent.source.isprintable():
        _check_hidden("source", sent.source, layout=False)
    if kind := _of_a_name(sent.source):
        raise _personal("source", kind, HINTS["source"])
    if kind := personal_serial(sent.subject):
        raise _personal("subject", kind, HINTS["subject"])


def _check_media_type(media_type: str) -> None:
    if not _JSON_TYPE.fullmatch(media_type):  # it may hold anything, so it is not repeated
        raise wrong_field("datacontenttype", Wrong.NOT_JSON, f"send data as {JSON}")


def check_attributes(attributes: dict[str, Raw]) -> None:
    """Those that intake does not know: extensions, named and valued as CloudEvents have them."""
    if len(attributes) > MOST_ATTRIBUTES:
        msg = (
            f"an event has at most {MOST_ATTRIBUTES} extension attributes; put what belongs to it into data.{EXTENSION}"
        )
        raise Malformed(msg, min(attributes))
    for name, raw in attributes.items():
        if not _ATTRIBUTE_NAME.fullmatch(name) or len(name) > LONGEST_ATTRIBUTE_NAME:
            fix = (
                f"CloudEvents name attributes with a-z and 0-9 only, at most {LONGEST_ATTRIBUTE_NAME} of them; "
                "rename it or leave it out"
            )
            raise wrong_field(echo(name)[1:-1], "is no attribute's name", fix)
        value = _decode_any(raw)
        if not isinstance(value, (str, int, bool)):
            fix = (
                "an extension attribute is a string, a whole number or a boolean (CloudEvents 1.0); "
                f"put other facts into data.{EXTENSION}"
            )
            raise wrong_field(name, "has another kind of value", fix)
        _check_attribute(name, value)


def _check_attribute(name: str, value: object) -> None:
    if names_a_person(name):
        raise _personal(name, "a person's data by its name", _LEAVE_OUT)
    if isinstance(value, str):
        _check_hidden(name, value, layout=False)
    if kind := _of_a_fact(name, value):
        raise _personal(name, kind, _LEAVE_OUT)


def _of_a_fact(key: str, value: object) -> str | None:
    """What the value of somebody's own field tells of who a person is."""
    if isinstance(value, str):
        return personal(value)
    return personal_number(key, value) if isinstance(value, int | float) else None


def check_extension(raw: Raw) -> None:
    """`x`, the vendor's own facts."""
    if len(bytes(raw)) > LARGEST_EXTENSION_BYTES:
        raise wrong_field(
            f"data.{EXTENSION}", f"has more than {LARGEST_EXTENSION_BYTES} bytes", "leave documents out of it"
        )
    try:
        facts = _decode_extension(raw)
    except UNREADABLE as wrong:
        raise malformed(wrong, f"data.{EXTENSION}") from wrong
    if facts is not None and len(facts) > MOST_EXTENSION_KEYS:
        raise wrong_field(f"data.{EXTENSION}", f"has more than {MOST_EXTENSION_KEYS} keys")
    for key, value in (facts or {}).items():
        field = f"data.{EXTENSION}.{key}"
        if names_a_person(key):
            raise _personal(field, "a person's data by its name", _LEAVE_OUT)
        if isinstance(value, str):
            _check_hidden(field, value, layout=True)
        if kind := _of_a_fact(key, value):
            raise _personal(field, kind, _LEAVE_OUT)


def check_details(details: ApplicantDetails, field: str) -> None:
    """The details of an applicant; what is refused is never repeated."""
    for name, text in texts_of(details):
        _check_hidden(f"{field}.{name}", text, layout=False)
        if not any(letter.isalnum() for letter in seen(text)):
            raise wrong_field(f"{field}.{name}", Wrong.NO_LETTER, HINTS[f"data.applicant.{name}"])
        if (written_so := _WRITTEN.get(name)) is not None and not written_so.fullmatch(text):
            raise wrong_field(f"{field}.{name}", Wrong.NOT_SO_WRITTEN, HINTS[f"data.applicant.{name}"])
    try:
        date.fromisoformat(details.birthday or "1900-01-01")
    except ValueError as wrong:
        raise wrong_field(f"{field}.birthday", Wrong.NO_DAY, HINTS["data.applicant.birthday"]) from wrong


def check_own_details(candidate: Candidate, recognisers: Iterable[Recogniser]) -> None:
    """Refuses an event that says outside the applicant's own field who the applicant is."""
    for recogniser in recognisers:
        for field, text in _texts_of(candidate):
            if kind := recogniser.found_in(text):
                refusal = _personal(field, f"the applicant's own {kind}", _INSTEAD)
                raise OwnDetails(refusal.detail, field, kind)


def _texts_of(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """Every text of an event, but for the pseudonyms."""
    sent = candidate.sent
    yield from (("id", sent.id), ("source", sent.source), ("subject", sent.subject))
    if sent.datacontenttype is not UNSET:
        yield "datacontenttype", sent.datacontenttype
    data = _decode_any(sent.data)
    extension = data.get(EXTENSION) or {}
    pseudonyms = applicants_of(candidate.event)
    values = {f"data.{name}": value for name, value in data.items() if name not in pseudonyms}
    values |= {f"data.{EXTENSION}.{name}": value for name, value in extension.items()}
    values |= {name: _decode_any(raw) for name, raw in (candidate.others or {}).items()}
    yield from ((field, str(value)) for field, value in values.items() if type(value) in (str, int, float))


def _check_text(field: str, text: str, *, is_name: bool) -> None:
    """A name that the status carries, or a free text, which may have lines."""
    if not text.isprintable():
        _check_hidden(f"data.{field}", text, layout=not is_name)
    if is_name and len(text) > LONGEST_NAME:
        raise wrong_field(
            f"data.{field}",
            f"is longer than {LONGEST_NAME} characters",
            f"{HINTS[f'data.{field}']}, in {LONGEST_NAME} at most",
        )
    if kind := _of_a_name(text) if is_name else personal(text):
        raise _personal(f"data.{field}", kind, HINTS[f"data.{field}"] if is_name else _INSTEAD)


def _check_hidden(field: str, text: str, *, layout: bool) -> None:
    if character := hidden_character(text, layout=layout):
        msg = f"{field}: holds the hidden character {character}; leave it out"
        raise Malformed(msg, field)


def _personal(field: str, kind: str, instead: str) -> PersonalData:
    return PersonalData(f"{field}: holds {kind}, and events hold no personal data; {instead}", field)


def _check_correction(correction: Corrected) -> None:
    for field, value in (("data.old_value", correction.old_value), ("data.new_value", correction.new_value)):
        if value is None:
            continue
        if correction.field in INSTANTS:
            _check_written_instant(field, value)
        elif correction.field is CorrectableField.APPLICANT:
            continue  # whatever it is, only a pseudonym of it is kept
        elif correction.field is CorrectableField.PROCEDURE and not re.fullmatch(PROCEDURE_CODE, value, re.ASCII):
            raise wrong_field(field, f"{echo(value)} is not a procedure's code", "write it as 2.000635")
        elif correction.field is CorrectableField.ONLINE_LEVEL and value not in _LEVELS:
            raise wrong_field(field, f"{echo(value)} is no {correction.field}", f"choose one of {', '.join(_LEVELS)}")
        elif not (value.isascii() and value.isprintable()):
            raise wrong_field(
                field, f"{echo(value)} holds characters that a code can't have", "use A-Z, 0-9, '.' and '-'"
            )


def _check_written_instant(field: str, text: str) -> None:
    try:
        instant = written(text)
        if instant.tzinfo is None:
            raise wrong_field(field, Wrong.NO_OFFSET, INSTANT, echo(text))
    except ValueError as wrong:
        raise wrong_field(field, Wrong.NO_INSTANT, INSTANT, echo(text)) from wrong
    in_range(field, instant)
