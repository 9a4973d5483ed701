"""One event on its way from a file to intake, with the line it came from."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.contract.envelope import event_name

UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class Line(Struct, frozen=True, gc=False, omit_defaults=True):
    """`body` is one CloudEvent as JSON with its line break; `raw` is the row it was made of where that is something else.

    A line with a `refusal` cannot be sent: what stands in the file makes no event.
    """

    number: int
    body: bytes
    raw: bytes | None = None
    refusal: str | None = None

    @property
    def as_read(self) -> str:
        """The line as it stands in the file, for people to look at; bytes that are not UTF-8 are shown as escapes."""
        return (self.raw if self.raw is not None else self.body).rstrip(b"\r\n").decode(errors="backslashreplace")


class Head(Struct, frozen=True, gc=False):
    """What the importer has to know of an event: its dossier, what happens, and when; empty where the line does not say."""

    subject: str = ""
    type: str = ""
    time: Annotated[datetime, Meta(tz=True)] | None = None

    @property
    def event(self) -> str | None:
        """`received` ...; None when it is none of ours."""
        return event_name(self.type)


class _Subject(Struct):
    subject: str = ""


_decode_head = msgspec.json.Decoder(Head).decode
_decode_subject = msgspec.json.Decoder(_Subject).decode


def head_of(line: Line) -> Head:
    """The head of the line's event; intake refuses what is missing or wrong in it."""
    try:
        return _decode_head(line.body)
    except UNREADABLE:
        return Head(subject_of(line))


def subject_of(line: Line) -> str:
    """The dossier of the line's event alone; empty where it can't be read."""
    try:
        return _decode_subject(line.body).subject
    except UNREADABLE:
        return ""
