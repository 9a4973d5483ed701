"""The CloudEvents 1.0 envelope, structured JSON, the same on HTTP and on Kafka."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from shared.codes import DOSSIER_CODE, exactly

TYPE_PREFIX = "vn.motcua.dossier."
VERSION_SUFFIX = ".v1"
SPEC_VERSION: Final = "1.0"
JSON = "application/json"
LONGEST_CODE = 64

EventId = Annotated[str, Meta(min_length=1, max_length=200)]
DossierCode = Annotated[str, Meta(pattern=exactly(DOSSIER_CODE), max_length=LONGEST_CODE)]
Instant = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class CloudEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of one dossier as it travels. `data` stays raw JSON until the type is known.

    `id` is the sender's and makes a delivery idempotent. Intake adds `sequence` (1, 2, 3 ... per dossier) and `recordedtime`
    (when it was accepted). Readers ignore attributes they do not know.
    """

    specversion: Literal["1.0"]
    id: EventId
    source: Text
    type: Text
    subject: DossierCode
    time: Instant
    data: Raw
    datacontenttype: str = JSON
    sequence: Annotated[int, Meta(ge=1)] | None = None
    recordedtime: Instant | None = None


@lru_cache(maxsize=64)
def event_name(event_type: str) -> str | None:
    """`received` of `vn.motcua.dossier.received.v1`; None when the type is not one of ours."""
    if event_type.startswith(TYPE_PREFIX) and event_type.endswith(VERSION_SUFFIX):
        return event_type[len(TYPE_PREFIX) : -len(VERSION_SUFFIX)]
    return None


def event_type(name: str) -> str:
    """`vn.motcua.dossier.received.v1` of `received`."""
    return f"{TYPE_PREFIX}{name}{VERSION_SUFFIX}"


decode_envelope = msgspec.json.Decoder(CloudEvent).decode
