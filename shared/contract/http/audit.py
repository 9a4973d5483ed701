"""What the audit answers: entries of who did what when, each sealed with the hash of the one before it."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

_HASH = "20bddd5d3fe59b2a4f5b6f25c3241e5b72c014b5690d2e1ade0c2682488bda19"


class AuditLine(Struct, frozen=True, kw_only=True):
    """One line of `GET /v1/audit`: an entry byte for byte as it is kept, canonical JSON (RFC 8785)."""

    format: Annotated[str, Meta(description="of this entry", examples=["motcua-audit/1"])]
    chain: Annotated[str, Meta(description="the service that keeps it", examples=["intake"])]
    number: Annotated[int, Meta(description="its place in the chain, from 1 without gaps", examples=[417])]
    previous: Annotated[
        str | None, Meta(description="sha256 of the entry before it; null of the first one", examples=[_HASH])
    ]
    at: Annotated[
        datetime,
        Meta(
            tz=True,
            description="when it was written, by the system's clock",
            examples=["2026-11-30T16:30:47.123456+07:00"],
        ),
    ]
    act: Annotated[str, Meta(description="what was done; docs/audit.md lists them", examples=["corrected"])]
    subject: Annotated[
        str | None,
        Meta(description="to what: a dossier's code, a key's id, a pseudonym", examples=["H59.15-261102-0001"]),
    ]
    who: Annotated[str, Meta(description="the caller's id", examples=["key:9f2c41aa07d3"])]
    name: Annotated[str, Meta(description="the caller's name", examples=["Quầy số 7"])]
    grants: Annotated[list[str], Meta(description="what was granted to the caller then", examples=[["counter@H59.15"]])]
    peer: Annotated[str | None, Meta(description="the address it came from", examples=["10.0.7.22"])]
    requests: Annotated[list[str], Meta(description="the ids of the requests (X-Request-Id)", examples=[["7.22-118"]])]
    details: Annotated[
        dict[str, Any],
        Meta(
            description="what makes it readable alone: both values of a decision, the positions of the log and the "
            "SHA-256 over their events",
            examples=[{"field": "online_level", "old": "full", "new": "partial", "position": 417}],
        ),
    ]
    sha256: Annotated[str, Meta(description="of the canonical bytes of all other members", examples=[_HASH])]


class AuditFaultLine(Struct, frozen=True, kw_only=True):
    """A line of `GET /v1/audit` behind an entry: what stands beside it in the database is not what it says.

    Searches go by what stands beside, so one that names such a line may lack entries.
    """

    chain: Annotated[str, Meta(description="the service that keeps it", examples=["intake"])]
    number: Annotated[int, Meta(description="the entry's own number", examples=[417])]
    fault: Annotated[
        str,
        Meta(
            description="which columns differ, and both values",
            examples=["the column who says key:none, the entry itself key:9f2c41aa07d3"],
        ),
    ]
