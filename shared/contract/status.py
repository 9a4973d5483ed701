"""The status snapshot: a dossier after its latest event; the processor's changelog and what reporting counts from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import asdict

from shared.domain.dossier import Dossier
from shared.domain.localtime import Instant
from shared.domain.timeliness import ACCEPTANCE_OVERDUE, Standing, timeliness_of

VERSIONS_AN_EVENT = 4
_RANKS = {Standing.DUE_SOON.value: 1, Standing.OVERDUE.value: 2, ACCEPTANCE_OVERDUE: 1}


class StatusV1(Dossier, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`version` grows with every change, `sequence` is the last event's; a reader keeps the highest version it saw.

    `timeliness` is early, on_time, overdue or no_deadline once closed; within, due_soon, overdue, suspended or
    no_deadline while open: as it was at the latest event, or when a threshold of its deadline was last announced, by
    a new version with the same `sequence`. `due_original` is the deadline given at receipt, `deadlines` those that
    held since; `hops` never move the dossier's own deadline. `alerted` maps a threshold (due_soon, overdue) to the
    deadline it was announced for.
    """

    version: Annotated[int, Meta(description="grows with every change", examples=[12])]
    recordedtime: Annotated[
        Instant, Meta(description="when intake took the latest event", examples=["2026-11-03T09:00:02+07:00"])
    ]
    timeliness: Annotated[
        str | None, Meta(description="the class once closed, how it stands while open", examples=["within"])
    ] = None
    due_at: Annotated[
        Instant | None, Meta(description="the deadline in force", examples=["2026-11-09T08:31:00+07:00"])
    ] = None
    alerted: Annotated[
        dict[str, Instant],
        Meta(
            description="thresholds announced, each with its deadline",
            examples=[{"due_soon": "2026-11-09T08:31:00+07:00"}],
        ),
    ] = field(default_factory=dict)

    def dossier(self) -> Dossier:
        """The dossier alone, as events go on to change it."""
        return Dossier(**{name: getattr(self, name) for name in Dossier.__struct_fields__})


def status_of(dossier: Dossier, *, version: int, recordedtime: datetime, alerted: dict[str, datetime]) -> StatusV1:
    """The snapshot of a dossier after its latest event."""
    timeliness = _timeliness_after(dossier, alerted)
    return StatusV1(
        **asdict(dossier),
        version=version,
        recordedtime=recordedtime,
        timeliness=timeliness,
        due_at=dossier.due_at,
        alerted=alerted,
    )


def version_of(sequence: int, alerted: Mapping[str, datetime], due_at: datetime | None) -> int:
    """The version of a snapshot: a function of its content, the event
    and what has been announced since of the deadline in force."""
    version = sequence * VERSIONS_AN_EVENT
    if alerted:  # as rarely
        version += sum(_RANKS.get(threshold, 0) for threshold, due in alerted.items() if due == due_at)
    return version


def _timeliness_after(dossier: Dossier, alerted: Mapping[str, datetime]) -> str | None:
    """The timeliness of a snapshot: as it was at the latest event,
    or what has been announced since of the deadline in force."""
    if alerted and dossier.is_open and dossier.suspended_since is None:
        for threshold in (Standing.OVERDUE, Standing.DUE_SOON):
            if dossier.due_at is not None and alerted.get(threshold.value) == dossier.due_at:
                return threshold.value
    return timeliness_of(dossier, dossier.last_occurred_at)


class AlertV1(Struct, frozen=True, kw_only=True):
    """A dossier crossed a threshold. `id` is a function of dossier, threshold and deadline:
    a repeat is the same alert."""

    id: Annotated[
        str,
        Meta(description="the same for a repeat", examples=["H59.15-261102-0001/overdue/2026-11-09T08:31:00+07:00"]),
    ]
    threshold: Annotated[str, Meta(description="due_soon, overdue or acceptance_overdue", examples=["overdue"])]
    code: Annotated[str, Meta(description="the dossier's code", examples=["H59.15-261102-0001"])]
    department: Annotated[str, Meta(description="code of the agency that answers for it", examples=["H59.15"])]
    procedure: Annotated[str, Meta(description="code of the procedure", examples=["2.000635"])]
    due_at: Annotated[
        Instant, Meta(description="the deadline that was reached", examples=["2026-11-09T08:31:00+07:00"])
    ]
    officer: Annotated[str | None, Meta(description="the officer's pseudonym", examples=["o-17"])] = None


class DeadLetterV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that could not be processed: where it was, why, and its raw bytes (base64).

    Of a large record `key` and `value` hold the beginning only; `value_bytes` and `value_sha256` then tell the whole
    value's length and digest, and `topic`, `partition` and `offset` where it still is.
    """

    topic: Annotated[str, Meta(description="where the record is", examples=["motcua.dossier.events.v1"])]
    partition: Annotated[int, Meta(description="its partition, from 0", examples=[3])]
    offset: Annotated[int, Meta(description="its offset, from 0", examples=[42])]
    reason: Annotated[str, Meta(description="why, for machines", examples=["malformed"])]
    detail: Annotated[str, Meta(description="why, in words", examples=["rated: Expected `int` <= 5 - at `$.score`"])]
    failed_at: Annotated[Instant, Meta(description="when it was put aside", examples=["2026-11-03T09:00:02+07:00"])]
    key: Annotated[bytes | None, Meta(description="its key, base64", examples=["SDU5LjE1LTI2MTEwMi0wMDAx"])]
    value: Annotated[
        bytes | None, Meta(description="its value or the beginning of it, base64", examples=["eyJzcGVjdmVyc2lvbiI6"])
    ]
    value_bytes: Annotated[
        int | None, Meta(description="the whole value's length in bytes, when cut", examples=[70_000])
    ] = None
    value_sha256: Annotated[
        str | None, Meta(description="the whole value's SHA-256 in hex, when cut", examples=["9f86d081884c7d65"])
    ] = None
    written_at: Annotated[
        Instant | None,
        Meta(description="when it was written, by its writer's clock", examples=["2026-11-03T09:00:01+07:00"]),
    ] = None
    headers: Annotated[
        list[tuple[str, str]] | None,
        Meta(description="its headers as text, the first twenty", examples=[[["motcua-number", "42"]]]),
    ] = None


decode_status = msgspec.json.Decoder(StatusV1).decode
decode_alert = msgspec.json.Decoder(AlertV1).decode
decode_dead_letter = msgspec.json.Decoder(DeadLetterV1).decode
