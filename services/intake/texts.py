"""The texts of an event: no hidden characters, nothing that tells who a person is; refusals name the field and never repeat the text."""

from functools import lru_cache

import msgspec
from msgspec import Raw

from services.intake.careful import UNREADABLE
from services.intake.hints import HINTS, malformed, wrong_field
from services.intake.refusals import Malformed, PersonalData
from shared.contract.accepted import EXTENSION, LARGEST_EXTENSION_BYTES, LONGEST_NAME, MOST_EXTENSION_KEYS, Extension
from shared.domain.texts import hidden_character, names_a_person, personal

_INSTEAD = "write what happened without it; the dossier's code says whose it is"
_LEAVE_OUT = "leave it out; the dossier's code says whose it is"
_of_a_name = lru_cache(maxsize=1024)(personal)  # the same few officers and agencies come all day
_decode_extension = msgspec.json.Decoder(Extension).decode


def check_text(field: str, text: str, *, is_name: bool) -> None:
    """A name that the status carries, or a free text, which may have lines."""
    if not text.isprintable():
        _check_hidden(f"data.{field}", text, layout=not is_name)
    if is_name and len(text) > LONGEST_NAME:
        raise wrong_field(
            f"data.{field}", f"is longer than {LONGEST_NAME} characters", f"{HINTS[f'data.{field}']}, in {LONGEST_NAME} at most"
        )
    if found := _of_a_name(text) if is_name else personal(text):
        raise _personal(f"data.{field}", found, HINTS[f"data.{field}"] if is_name else _INSTEAD)


def check_attribute(name: str, value: object) -> None:
    """An extension attribute of the envelope."""
    if names_a_person(name):
        raise _personal(name, "a person's data by its name", _LEAVE_OUT)
    if isinstance(value, str):
        _check_hidden(name, value, layout=False)
        if found := personal(value):
            raise _personal(name, found, _LEAVE_OUT)


def check_extension(raw: Raw) -> None:
    """`x`, the vendor's own facts."""
    if len(bytes(raw)) > LARGEST_EXTENSION_BYTES:
        raise wrong_field(f"data.{EXTENSION}", f"has more than {LARGEST_EXTENSION_BYTES} bytes", "leave documents out of it")
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
            if found := personal(value):
                raise _personal(field, found, _LEAVE_OUT)


def _check_hidden(field: str, text: str, *, layout: bool) -> None:
    if found := hidden_character(text, layout=layout):
        msg = f"{field}: holds the hidden character {found}; leave it out"
        raise Malformed(msg, field)


def _personal(field: str, found: str, instead: str) -> PersonalData:
    return PersonalData(f"{field}: holds {found}, and events hold no personal data; {instead}", field)
