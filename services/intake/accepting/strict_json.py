"""Reads JSON strictly: refuses a key given twice, too much depth and half characters, which quick readers pass over."""

import json
import re
from typing import Any

import msgspec
from msgspec import Raw

from services.intake.accepting.refusals import DEEPEST, Malformed, malformed, too_deep, wrong_field
from shared.contract.envelope import cut_instants

UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
_ESCAPE = re.compile(rb"\\(?:u00([2-7][0-9A-Fa-f])|.)", re.DOTALL)
_KEPT = frozenset(b'"\\\x7f')
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode


class _Members(list[tuple[str, Any]]):
    """A JSON object's members as they are written, twins among them."""


def members(document: bytes) -> dict[str, Raw]:
    """The members of an object in which no key stands twice, every instant cut; raises what is wrong and where."""
    written_out = _ESCAPE.sub(_written_out, document) if b"\\" in document else document
    try:
        tree = json.loads(written_out, object_pairs_hook=_Members)
        fields = _decode_members(cut_instants(written_out))
    except UNREADABLE as wrong:
        raise malformed(wrong) from wrong
    _check(tree, "", 0)
    return fields


def _written_out(escape: "re.Match[bytes]") -> bytes:
    """The plain character that needed no escape; any other escape as it is."""
    code = escape[1]
    character = int(code, 16) if code else None
    return escape[0] if character is None or character in _KEPT else bytes((character,))


def _check(value: Any, field: str, depth: int) -> None:
    if depth > DEEPEST:
        raise too_deep(field.partition(".")[0])
    if isinstance(value, _Members):
        seen = set()
        for key, member in value:
            inner = f"{field}.{key}" if field else key
            _check_text(key, field or "the event")
            if key in seen:
                raise wrong_field(inner, "is given twice", "give it once")
            seen.add(key)
            _check(member, inner, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, field, depth + 1)
    elif isinstance(value, str):
        _check_text(value, field)


def _check_text(text: str, field: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as half:
        msg = f"{field}: holds half of a character (a lone surrogate); write the whole character"
        raise Malformed(msg, field) from half
