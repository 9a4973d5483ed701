"""The status snapshot: a dossier after its latest event; the processor's changelog and what reporting counts from."""

from msgspec import Struct

from shared.contract.envelope import Instant
from shared.contract.events import Channel, OnlineLevel, Term


class SuspensionV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pause; `kind` is the state that suspends."""

    kind: str
    started_at: Instant
    ended_at: Instant | None = None


class DeadlineV1(Struct, frozen=True, kw_only=True):
    """From `at` on, the dossier was due at `due_at`."""

    at: Instant
    due_at: Instant


class HopV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The dossier was forwarded to another agency, with a deadline of the hop's own; open without `answered_at`."""

    agency: str | None = None
    forwarded_at: Instant
    due_at: Instant | None = None
    answered_at: Instant | None = None


class StatusV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`version` grows with every change, `sequence` is the last event's; a reader keeps the highest version it saw.

    `timeliness` is early, on_time, overdue or no_deadline once closed; within, due_soon, overdue, suspended or no_deadline while open:
    as it was at the latest event, or when a threshold of its deadline was last announced, by a new version with the same `sequence`.
    `due_original` is the deadline given at receipt, `deadlines` those that held since; `hops` never move the dossier's own deadline.
    `alerted` maps a threshold (due_soon, overdue) to the deadline it was announced for.
    """

    code: str
    version: int
    sequence: int
    state: str
    department: str
    procedure: str
    channel: Channel
    last_occurred_at: Instant
    recordedtime: Instant
    timeliness: str | None = None
    online_level: OnlineLevel | None = None
    submitted_at: Instant | None = None
    received_at: Instant | None = None
    term: Term | None = None
    due_original: Instant | None = None
    due_at: Instant | None = None
    deadlines: tuple[DeadlineV1, ...] = ()
    suspensions: tuple[SuspensionV1, ...] = ()
    closed_at: Instant | None = None
    closed_as: str | None = None
    returned_at: Instant | None = None
    return_channel: Channel | None = None
    apologised_at: Instant | None = None
    officer: str | None = None
    alerted: dict[str, Instant] = {}
    hops: tuple[HopV1, ...] = ()


class AlertV1(Struct, frozen=True, kw_only=True):
    """A dossier crossed a threshold. `id` is a function of dossier, threshold and deadline: a repeat is the same alert."""

    id: str
    threshold: str
    code: str
    department: str
    procedure: str
    due_at: Instant
    officer: str | None = None


class DeadLetterV1(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that could not be processed: where it was, why, and its raw bytes (base64).

    Of a large record `key` and `value` hold the beginning only; `value_bytes` and `value_sha256` then tell the whole value's length and
    digest, and `topic`, `partition` and `offset` where it still is.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    failed_at: Instant
    key: bytes | None
    value: bytes | None
    value_bytes: int | None = None
    value_sha256: str | None = None
