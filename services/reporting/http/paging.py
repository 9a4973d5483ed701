"""Lists over HTTP, page by page: what a caller may ask for, and the answer with its link to the next page."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from services.reporting.figures.range_sums import Pin
from services.reporting.opening.lists import ListPlace
from services.reporting.read_model.sums import SECOND, instant_of
from shared.service.http import invalid
from shared.service.problems import Problem

PlaceT = TypeVar("PlaceT")
CHECK_BYTES = 4


class PinnedPlace(NamedTuple):
    """A place in the list of a state of the read model, for lists that no token pins."""

    generation: int
    revision: int
    place: ListPlace


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


LARGEST_PAGE = 10_000
Limit = Annotated[int, Query(description="dossiers of a page at most", ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Query(description="where the page starts: `cursor` of the one before it")]

encode_answer = msgspec.json.Encoder().encode


def json_of(answer: Mapping[str, Any]) -> Response:
    """Written at once: FastAPI's own way looks at every value of an answer that may have thousands."""
    return Response(encode_answer(answer), media_type="application/json")


def page_json(request: Request, head: Mapping[str, Any], dossiers: Sequence[Any], after: tuple[Any, ...] | None) -> Response:
    """A page, and the place where it ends when another follows; the link repeats what was asked with the next page's cursor."""
    cursor = None if after is None else cursor_of(after, list_of(request))
    answer = json_of({**head, "dossiers": dossiers, "cursor": cursor})
    if cursor is not None:
        following = request.url.include_query_params(cursor=cursor)
        answer.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return answer


def list_of(request: Request) -> str:
    """What was asked for, whatever the page: a cursor belongs to it."""
    asked = sorted((name, value) for name, value in request.query_params.multi_items() if name not in ("cursor", "limit"))
    return f"{request.url.path}?{asked}"


def same_model(wanted: Pin, found: Pin) -> None:
    """410 for a state that the read model does not have any more."""
    if wanted.generation != found.generation or wanted.revision > found.revision:
        made = instant_of(found.generation * SECOND)
        raise Problem(410, "Gone", f"the read model was made anew at {made.isoformat()}; ask for the figures again")
