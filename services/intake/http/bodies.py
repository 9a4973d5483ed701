"""What comes in as a body: refused by its headers, read no further than allowed, and only then understood."""

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from services.intake.accepting.refusals import Malformed, TooLarge
from services.intake.accepting.strict_json import UNREADABLE, members
from services.intake.http.dossier_messages import NewDossierBody
from shared.service.http import declared_parameters_only
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


CHECKED = (Depends(uncompressed), Depends(declared_parameters_only))  # after the caller's permission, before the call


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


def new_dossier(body: bytes) -> NewDossierBody:
    """The request of POST /v1/dossiers; raises what says which field is wrong."""
    return understood(body, NewDossierBody, "department, procedure and channel")


def understood(body: bytes, model: type[ModelT], needed: str) -> ModelT:
    """A JSON object as the model has it; raises what says which field is wrong. `needed` are fields it must have."""
    try:
        value = _decode_any(body)
    except UNREADABLE as wrong:
        msg = f"the body is not JSON: {wrong if body else 'it is empty'}; send an object with {needed}"
        raise Malformed(msg) from wrong
    if not isinstance(value, dict):
        msg = f"the body is not a JSON object; send one with {needed}"
        raise Malformed(msg)
    members(body)  # a key given twice is refused: which of the two was meant?
    try:
        return model.model_validate(value)
    except ValidationError as wrong:
        raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in wrong.errors()]) from wrong


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Numbered = tuple[int, bytes | None]  # from 1; None for one that is over the limit


class NotAnArray(Exception):
    """The body is no JSON array, from here on: what came before stays as it was cut."""


class _Event:
    """The bytes of the event that is being read; beyond the limit they are only counted."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = bytearray()
        self.too_long = False

    def add(self, part: bytes) -> None:
        if self.too_long:
            return
        self._bytes += part
        if len(self._bytes) > self._most:
            self.too_long = True
            self._bytes = bytearray()

    def take(self) -> bytes | None:
        event = None if self.too_long else bytes(self._bytes)
        self._bytes, self.too_long = bytearray(), False
        return event


class LineSplitter:
    """Feed it chunks; it gives the lines but for blank ones, whose numbers are counted all the same."""

    def __init__(self, max_line_bytes: int) -> None:
        self._line = _Event(max_line_bytes + len(BYTE_ORDER_MARK))
        self._max = max_line_bytes
        self._number = 1

    def feed(self, chunk: bytes) -> Iterator[Numbered]:
        """The lines that end in this chunk."""
        first, *whole = chunk.split(b"\n")
        self._line.add(first)
        if not whole:
            return
        yield from self._taken()
        rest = whole.pop()
        for line in whole:
            self._number += 1
            if line and not line.isspace():
                yield self._number, line if len(line) <= self._max else None
        self._number += 1
        self._line.add(rest)

    def end(self) -> Iterator[Numbered]:
        """The last line, when the body does not end with a line feed."""
        yield from self._taken()

    def _taken(self) -> Iterator[Numbered]:
        line = self._line.take()
        if line is not None:
            if self._number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if not line or line.isspace():
                return
            line = line if len(line) <= self._max else None
        yield self._number, line


_BLANKS = b" \t\r\n"
_OUTSIDE = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'["\\]')
_OPENED, _CLOSED = "is not closed with ]", "goes on after its closing ]"


class ArraySplitter:
    """Cuts chunks into the elements of an array, as bytes whatever they are: somebody else reads them."""

    def __init__(self, max_element_bytes: int) -> None:
        self._element = _Event(max_element_bytes)
        self._number = 0
        self._mark: bytes | None = b""  # what has come of a byte order mark; None when it is past
        self._depth = 0  # 1 within the array
        self._blank = True  # whether nothing but blanks has come of the element
        self._in_string = self._escaped = self._over = False

    def feed(self, chunk: bytes) -> Iterator[Numbered]:
        """The elements that end in this chunk."""
        at = 0 if self._depth else self._opened(chunk)
        begin = at
        while at < len(chunk):
            if self._escaped:
                self._escaped, at = False, at + 1
                continue
            match = (_IN_STRING if self._in_string else _OUTSIDE).search(chunk, at)
            if match is None:
                break
            mark, at = match[0], match.end()
            if self._in_string:
                self._escaped, self._in_string = mark == b"\\", mark == b"\\"
            elif mark == b'"':
                self._in_string = True
            elif mark in b"[{":
                self._depth += 1
            elif self._depth > 1:
                self._depth -= mark in b"]}"
            elif mark != b"}":  # that one opens nothing here: the element is refused as no event
                self._add(chunk[begin : at - 1])
                yield from self._taken(last=mark == b"]")
                begin = at
                if mark == b"]":
                    self._depth, self._over = 0, True
                    self._closed(chunk[at:])
                    return
        if self._depth:
            self._add(chunk[begin:])

    def end(self) -> Iterator[Numbered]:
        """Nothing more; raises when the array was not closed."""
        if not self._over:
            raise NotAnArray(_OPENED if self._depth else "is empty")
        return iter(())

    def _opened(self, chunk: bytes) -> int:
        """Where the elements begin, or the chunk's end when it is not known yet."""
        if self._over:
            self._closed(chunk)
            return len(chunk)
        head = chunk
        if self._mark is not None:
            head = self._mark + chunk
            if BYTE_ORDER_MARK.startswith(head):
                self._mark = head
                return len(chunk)
            self._mark, head = None, head.removeprefix(BYTE_ORDER_MARK)
        head = head.lstrip(_BLANKS)
        if not head:
            return len(chunk)
        if not head.startswith(b"["):
            raise NotAnArray("does not begin with [")
        self._depth = 1
        return len(chunk) - len(head) + 1

    def _closed(self, rest: bytes) -> None:
        if rest.strip(_BLANKS):
            raise NotAnArray(_CLOSED)

    def _add(self, part: bytes) -> None:
        if self._blank:
            part = part.lstrip(_BLANKS)
            self._blank = not part
        self._element.add(part)

    def _taken(self, *, last: bool) -> Iterator[Numbered]:
        element = self._element.take()
        if not (last and self._blank and self._number == 0):
            self._number += 1
            yield self._number, element if element is None else element.rstrip(_BLANKS)
        self._blank = True
