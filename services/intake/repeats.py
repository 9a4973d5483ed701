"""Whether an event that comes in under a known id is the logged one again: what it says counts, not how it is spelt."""

from typing import Any

import msgspec
from msgspec import Raw

from services.intake.candidates import ATTRIBUTES, Candidate, Sent
from shared.domain.events import EVENT_TYPES, CorrectableField, Corrected
from shared.domain.localtime import local, written
from shared.domain.terms import Term

_decode_logged = msgspec.json.Decoder(Sent).decode
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder().decode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode
_DECODE_DATA = {name: msgspec.json.Decoder(cls).decode for name, cls in EVENT_TYPES.items()}
_TERM = frozenset(Term.__struct_fields__)


def repeats(candidate: Candidate, logged: bytes, added: frozenset[str]) -> bool:
    """Whether the candidate has the content of a logged event, with or without the fields of the data that intake had `added`.

    Spacing, the order of keys, the offset of an instant and a default written out are not content; what intake does not know is.
    """
    sent, kept = candidate.sent, _decode_logged(logged)
    if (sent.source, sent.type, sent.subject, sent.time) != (kept.source, kept.type, kept.subject, kept.time):
        return False
    others = {name: value for name, value in _decode_object(logged).items() if name not in ATTRIBUTES}
    return _same(candidate.others or {}, others) and _same_data(candidate.name, sent.data, kept.data, added)


def _same(again: dict[str, Raw], kept: dict[str, Raw]) -> bool:
    """Whether two sets of fields that intake does not know say the same; true and 1 differ."""
    return again.keys() == kept.keys() and all(_canonical(value) == _canonical(kept[name]) for name, value in again.items())


def _canonical(value: Raw) -> bytes:
    return _encode_canonical(_decode_any(value))


def _same_data(name: str, again: Raw, kept: Raw, added: frozenset[str]) -> bool:
    if bytes(again) == bytes(kept):
        return True
    try:
        asked, known = _contents(name, again), _contents(name, kept)
    except msgspec.ValidationError:  # logged under a contract that did not know the field: the candidate can't say the same
        return False
    return _same(_unknown(name, again), _unknown(name, kept)) and all(
        value == known[field] or (value is None and field in added) for field, value in asked.items()
    )


def _contents(name: str, data: Raw) -> dict[str, Any]:
    """The fields of the contract, defaults filled in, instants as instants."""
    contents = _DECODE_DATA[name](data)
    fields = msgspec.structs.asdict(contents)
    if isinstance(contents, Corrected) and contents.field is CorrectableField.DUE_AT:
        for side in ("old_value", "new_value"):
            fields[side] = None if fields[side] is None else local(written(fields[side]))
    return fields


def _unknown(name: str, data: Raw) -> dict[str, Raw]:
    """The fields that the contract does not have, those inside a term among them."""
    fields, known = _decode_object(data), EVENT_TYPES[name].__struct_fields__
    found = {field: value for field, value in fields.items() if field not in known}
    if "term" in known and bytes(fields.get("term", b"null")) != b"null":
        found |= {f"term.{field}": value for field, value in _decode_object(fields["term"]).items() if field not in _TERM}
    return found
