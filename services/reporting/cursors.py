"""Where the next page of a list starts, as URL-safe text."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple, TypeVar

import msgspec

from services.reporting.parameters import invalid

PlaceT = TypeVar("PlaceT")


class Place(NamedTuple):
    """The last dossier of a page, in a list by day of receipt."""

    received_day: int
    code: str


START = Place(0, "")


class PinnedPlace(NamedTuple):
    """A place in the list of a state of the read model, for lists that no token pins."""

    generation: int
    revision: int
    place: Place


def cursor_of(place: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(msgspec.msgpack.encode(place)).rstrip(b"=").decode()


def place_of(cursor: str, kind: type[PlaceT]) -> PlaceT:
    """The place; 422 for anything but the cursor of such a list."""
    try:
        raw = cursor.encode("ascii")
        return msgspec.msgpack.decode(urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)), type=kind)
    except (binascii.Error, UnicodeEncodeError, msgspec.DecodeError) as wrong:
        raise invalid("cursor", "is not from a page of this list; leave it out for the first page") from wrong
