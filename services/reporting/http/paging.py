"""Answers written at once, and lists page by page: cursors, links to the next page, and states that are gone."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple, TypeVar

import msgspec
from fastapi import Request
from starlette.responses import Response

from services.reporting.figures.range_sums import Pin
from services.reporting.opening.lists import ListPlace
from services.reporting.read_model.sums import SECOND, instant_of
from shared.service.http import invalid, json_response
from shared.service.problems import Problem

PlaceT = TypeVar("PlaceT")
CHECK_BYTES = 4


class PinnedPlace(NamedTuple):
    """A place in the list of a state of the read model, for lists that no token pins."""

    generation: int
    revision: int
    place: ListPlace


def page_response(request: Request, message: msgspec.Struct, cursor: str | None) -> Response:
    """A page; when another follows, its link repeats the question with the next page's cursor."""
    answer = json_response(message)
    if cursor is not None:
        following = request.url.include_query_params(cursor=cursor)
        answer.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return answer


def cursor_after(request: Request, place: tuple[Any, ...] | None) -> str | None:
    """Where the next page starts, as URL-safe text with a check sum over place and question; None on the last page."""
    if place is None:
        return None
    raw = msgspec.msgpack.encode(place)
    return urlsafe_b64encode(_check(raw, request) + raw).rstrip(b"=").decode()


def place_of(request: Request, cursor: str, kind: type[PlaceT]) -> PlaceT:
    """The place of a cursor; 422 for anything but one of this very list."""
    try:
        text = cursor.encode("ascii")
        whole = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
        check, raw = whole[:CHECK_BYTES], whole[CHECK_BYTES:]
        if check == _check(raw, request):
            return msgspec.msgpack.decode(raw, type=kind)
    except ValueError as wrong:  # base64, ASCII, msgpack
        raise _foreign() from wrong
    raise _foreign()


def _check(raw: bytes, request: Request) -> bytes:
    """Of the place and the question, whatever the page: a cursor belongs to it."""
    question = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in ("cursor", "limit")
    )
    return zlib.crc32(raw, zlib.crc32(f"{request.url.path}?{question}".encode())).to_bytes(CHECK_BYTES)


def _foreign() -> Problem:
    return invalid(
        "cursor",
        "is not from a page of this list; copy it whole from the page before, or leave it out for the first page",
        "không phải của danh sách này; hãy chép nguyên từ trang trước, hoặc bỏ đi để xem trang đầu",
    )


def same_model(wanted: Pin, now: Pin) -> None:
    """410 for a state that the read model does not have any more."""
    if wanted.generation != now.generation or wanted.revision > now.revision:
        made = instant_of(now.generation * SECOND)
        raise Problem(
            410,
            "Gone",
            f"the read model was made anew at {made.isoformat()}; ask for the figures again",
            vietnamese=f"số liệu đã được lập lại từ đầu lúc {made.isoformat()}; hãy hỏi lại số liệu",
        )
