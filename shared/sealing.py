"""Canonical bytes (RFC 8785) and the hash in them: whoever has a document can tell that it is the one that was made.

The hash is over the canonical bytes without the member `sha256`, which is put in afterwards. As the whole is canonical
too, no byte of it can be another one: not in the figures, not in the hash, not in the blanks between them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import rfc8785

SEAL = "sha256"
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """The canonical bytes of a document with its hash in them."""

    body: bytes
    sha256: str


class NotSealed(ValueError):
    """The bytes are not those of a document as it was sealed; the message says why."""


def sealed(document: Mapping[str, Any]) -> SealedDocument:
    """The document as it is kept and handed out, of plain values; its own `sha256`, if it has one, is left out."""
    unsealed = {name: value for name, value in document.items() if name != SEAL}
    digest = hashlib.sha256(rfc8785.dumps(unsealed)).hexdigest()
    return SealedDocument(rfc8785.dumps(unsealed | {SEAL: digest}), digest)


def opened(body: bytes) -> Document:
    """The document in sealed bytes. Raises NotSealed."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise NotSealed(f"it is not JSON ({wrong})") from wrong
    if not isinstance(document, dict) or not isinstance(document.get(SEAL), str):
        raise NotSealed(f"it is no sealed document: it has no {SEAL}")
    try:
        again = sealed(document)
    except (rfc8785.CanonicalizationError, RecursionError) as wrong:
        raise NotSealed(f"it holds what no sealed document can hold ({wrong})") from wrong
    if again.sha256 != document[SEAL]:
        raise NotSealed(f"its content was changed: it says {SEAL} {document[SEAL]}, and it has {again.sha256}")
    if again.body != body:
        raise NotSealed("its bytes were written anew: blanks, order or spelling are not those that were sealed")
    return document
