"""Bodies of requests: read up to a limit, and as the message that a route takes."""

import re
from typing import Any, TypeVar

import msgspec
from fastapi import Request

from shared.contract.envelope import JSON
from shared.contract.http import reference
from shared.service.problems import UNPROCESSABLE, Problem

MOST_BYTES = 1024 * 1024
MessageT = TypeVar("MessageT", bound=msgspec.Struct)


def takes(message: type[msgspec.Struct]) -> dict[str, Any]:
    """How the API documents show what a route takes."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": reference(message)}}}}


async def bytes_in(request: Request, most: int, too_long: str | None = None, vietnamese: str | None = None) -> bytes:
    """The body; 413 for a longer one, in the route's own words where it has them."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Problem(
                413, "Content Too Large", too_long or f"a body here is at most {most} bytes", vietnamese=vietnamese
            )
    return bytes(body)


async def message_in(request: Request, message: type[MessageT]) -> MessageT:
    """The body as its message has it; 422 names the member that is wrong."""
    try:
        return msgspec.json.decode(await bytes_in(request, MOST_BYTES), type=message)
    except msgspec.ValidationError as wrong:
        what, _, place = str(wrong).partition(" - at `$")
        named = re.search(r"field `([^`]+)`", what)
        field = place.rstrip("`").lstrip(".") or (named[1] if named else "body")
        raise Problem(422, UNPROCESSABLE, f"{field}: {what}", field=field) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Problem(422, UNPROCESSABLE, f"the body is not JSON: {wrong}", field="body") from wrong
