"""Lists over HTTP, page by page: what a caller may ask for, and the answer with its link to the next page."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query, Request
from starlette.responses import Response

from services.reporting.cursors import cursor_of
from services.reporting.instants import SECOND, instant_of
from services.reporting.knowledge import Pin
from shared.service.problems import Problem

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
