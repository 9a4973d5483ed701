"""The CloudEvents 1.0 envelope, structured JSON, the same on HTTP and on Kafka;
its `data` is an event of the domain."""

import re
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from shared.domain.events import EVENT_TYPES, Event
from shared.domain.fields import DossierCode, Text
from shared.domain.localtime import Instant

TYPE_PREFIX = "vn.motcua.dossier."
VERSION_SUFFIX = ".v1"
SPEC_VERSION: Final = "1.0"
JSON = "application/json"

EventId = Annotated[str, Meta(min_length=1, max_length=200)]


class CloudEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of one dossier as it travels. `data` stays raw JSON until the type is known.

    `id` is the sender's and makes a delivery idempotent. Intake adds `sequence` (1, 2, 3 ... per dossier) and
    `recordedtime` (when it was accepted). Readers ignore attributes they do not know.
    """

    specversion: Annotated[Literal["1.0"], Meta(description="the version of CloudEvents", examples=["1.0"])]
    id: Annotated[
        EventId,
        Meta(description="the sender's; the same id with the same content is a repeat", examples=["07-2611-0001"]),
    ]
    source: Annotated[Text, Meta(description="who sends it", examples=["/centres/tra-vinh/counters/07"])]
    type: Annotated[Text, Meta(description="what happened", examples=["vn.motcua.dossier.received.v1"])]
    subject: Annotated[DossierCode, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    time: Annotated[
        Instant, Meta(description="when it happened, with its offset", examples=["2026-11-02T08:31:00+07:00"])
    ]
    data: Annotated[Raw, Meta(description="the event's own fields, by its type", examples=[{"score": 5}])]
    datacontenttype: Annotated[str, Meta(description="the media type of data", examples=[JSON])] = JSON
    sequence: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="added by intake: the number of the dossier's event, from 1", examples=[1]),
    ] = None
    recordedtime: Annotated[
        Instant | None, Meta(description="added by intake: when it was taken", examples=["2026-11-02T08:31:02+07:00"])
    ] = None


@lru_cache(maxsize=64)
def event_name(event_type: str) -> str | None:
    """`received` of `vn.motcua.dossier.received.v1`; None when the type is not one of ours."""
    if event_type.startswith(TYPE_PREFIX) and event_type.endswith(VERSION_SUFFIX):
        return event_type[len(TYPE_PREFIX) : -len(VERSION_SUFFIX)]
    return None


def event_type(name: str) -> str:
    """`vn.motcua.dossier.received.v1` of `received`."""
    return f"{TYPE_PREFIX}{name}{VERSION_SUFFIX}"


encode = msgspec.json.Encoder().encode
decode_envelope = msgspec.json.Decoder(CloudEvent).decode
_DECODERS = {event_type(name): msgspec.json.Decoder(cls).decode for name, cls in EVENT_TYPES.items()}


class UnknownEventType(ValueError):
    """The envelope's type is not an event of the lifecycle."""


def event_of(envelope: CloudEvent) -> Event:
    """What happened, by the envelope's type and data;
    raises UnknownEventType, or msgspec.ValidationError naming the field."""
    decode = _DECODERS.get(envelope.type)
    if decode is None:
        msg = f"type {envelope.type!r} is not an event of the lifecycle; expected {TYPE_PREFIX}<event>{VERSION_SUFFIX}"
        raise UnknownEventType(msg)
    return decode(envelope.data)


INSTANT_FIELDS = ("time", "due_at", "promised_at", "occurred_at", "received_at", "old_value", "new_value")
_FINER = r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d\.\d{6})\d+([Zz]|[+-]\d\d:?\d\d)"
_TEXT = re.compile(_FINER, re.ASCII)
_IN_JSON = re.compile(rf'("(?:{"|".join(INSTANT_FIELDS)})"\s*:\s*"){_FINER}"'.encode())
may_be_finer = re.compile(rb"\.[0-9]{7}").search


def cut_instant(text: str) -> str:
    """A written instant with at most six digits of a second, cut and never rounded; any other text as it is.

    A reader that rounds moves 23:59:59.9999999, as .NET writes the end of a day, into the next day, month and year.
    """
    found = _TEXT.fullmatch(text)
    return text if found is None else found[1] + found[2]


def cut_instants(event: bytes) -> bytes:
    """An event's JSON, its instants with at most six digits of a second.
    Its strings hold no escape for a plain character."""
    return _IN_JSON.sub(rb'\1\2\3"', event) if may_be_finer(event) else event
