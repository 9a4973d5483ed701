"""Where the next page of a list starts, as URL-safe text."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple, TypeVar

import msgspec

from shared.service.http import invalid
from shared.service.problems import Problem

PlaceT = TypeVar("PlaceT")
CHECK_BYTES = 4


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


def cursor_of(place: tuple[Any, ...], of: str) -> str:
    """The place in the list `of` (what was asked for), with a check sum over both."""
    raw = msgspec.msgpack.encode(place)
    return urlsafe_b64encode(_check(raw, of) + raw).rstrip(b"=").decode()


def place_of(cursor: str, kind: type[PlaceT], of: str) -> PlaceT:
    """The place; 422 for anything but a cursor of this very list."""
    try:
        found = cursor.encode("ascii")
        found = urlsafe_b64decode(found + b"=" * (-len(found) % 4))
        check, raw = found[:CHECK_BYTES], found[CHECK_BYTES:]
        if check == _check(raw, of):
            return msgspec.msgpack.decode(raw, type=kind)
    except ValueError as wrong:  # base64, ASCII, msgpack
        raise _foreign() from wrong
    raise _foreign()


def _check(raw: bytes, of: str) -> bytes:
    return zlib.crc32(raw, zlib.crc32(of.encode())).to_bytes(CHECK_BYTES)


def _foreign() -> Problem:
    return invalid("cursor", "is not from a page of this list; copy it whole from the page before, or leave it out for the first page")
