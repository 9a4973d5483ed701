"""What comes in as a body: refused by its headers, read no further than allowed, and only then understood."""

from typing import TypeVar

import msgspec
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from services.intake.careful import UNREADABLE, members
from services.intake.refusals import Malformed, TooLarge
from services.intake.schemas import NewDossier
from shared.service.problems import Problem

JSON = "application/json"
ModelT = TypeVar("ModelT", bound=BaseModel)
_decode_any = msgspec.json.Decoder().decode


async def uncompressed(request: Request) -> None:
    """A FastAPI dependency that answers 415 to a body with a content coding."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        detail = f"Content-Encoding: {coding} is not read here; send the body uncompressed"
        raise Problem(415, "Unsupported Media Type", detail, headers={"Accept-Encoding": "identity"})


def media_type(request: Request) -> str:
    """The content type without its parameters; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_json(request: Request) -> None:
    """415 unless the body is said to be JSON."""
    if media_type(request) != JSON:
        raise Problem(415, "Unsupported Media Type", f"send a JSON object with Content-Type: {JSON}")


async def read(request: Request, limit: int) -> bytes:
    """The body, read no further than an event may be long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            msg = f"an event is at most {limit} bytes (MOTCUA_INTAKE_MAX_EVENT_BYTES); leave documents out of it"
            raise TooLarge(msg)
    return bytes(body)


def new_dossier(body: bytes) -> NewDossier:
    """The request of POST /v1/dossiers; raises what says which field is wrong."""
    return understood(body, NewDossier, "department, procedure and channel")


def understood(body: bytes, model: type[ModelT], needed: str) -> ModelT:
    """A JSON object as the model has it; raises what says which field is wrong. `needed` are the fields to name to who sends none."""
    try:
        found = _decode_any(body)
    except UNREADABLE as wrong:
        msg = f"the body is not JSON: {wrong if body else 'it is empty'}; send an object with {needed}"
        raise Malformed(msg) from wrong
    if not isinstance(found, dict):
        msg = f"the body is not a JSON object; send one with {needed}"
        raise Malformed(msg)
    members(body)  # a key given twice is refused: which of the two was meant?
    try:
        return model.model_validate(found)
    except ValidationError as wrong:
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]) from wrong
