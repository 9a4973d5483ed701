"""What can happen to a dossier: one frozen value per event of the lifecycle, carrying what it decided (domain §2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from shared.domain.lifecycle import EventKind
from shared.domain.terms import Term


class Channel(StrEnum):
    """How a dossier comes in, and how a result goes out."""

    ONLINE = "online"
    IN_PERSON = "in_person"
    POSTAL = "postal"


class OnlineLevel(StrEnum):
    FULL = "full"
    PARTIAL = "partial"


class Outcome(StrEnum):
    GRANTED = "granted"
    REFUSED = "refused"


class CorrectableField(StrEnum):
    CHANNEL = "channel"
    ONLINE_LEVEL = "online_level"
    DEPARTMENT = "department"
    PROCEDURE = "procedure"
    DUE_AT = "due_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a dossier at `occurred_at` (with offset)."""

    kind: ClassVar[EventKind]
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Event):
    kind = EventKind.SUBMITTED
    department: str
    procedure: str
    channel: Channel
    online_level: OnlineLevel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Event):
    """Formal acceptance: the clock starts. Without `due_at` the dossier has no deadline."""

    kind = EventKind.RECEIVED
    department: str
    procedure: str
    channel: Channel
    online_level: OnlineLevel | None = None
    due_at: datetime | None = None
    term: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined(Event):
    kind = EventKind.DECLINED
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingStarted(Event):
    kind = EventKind.PROCESSING_STARTED
    unit: str | None = None
    officer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementRequested(Event):
    kind = EventKind.SUPPLEMENT_REQUESTED
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequested(Event):
    kind = EventKind.PAYMENT_REQUESTED
    amount_vnd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _EndsPause(Event):
    """An event that may end a pause; `due_at` is the deadline as the pause moved it, None when it did not."""

    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplemented(_EndsPause):
    kind = EventKind.SUPPLEMENTED


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettled(_EndsPause):
    kind = EventKind.PAYMENT_SETTLED
    amount_vnd: int | None = None
    paid_online: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(_EndsPause):
    kind = EventKind.WITHDRAWN
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(_EndsPause):
    kind = EventKind.STOPPED
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(_EndsPause):
    kind = EventKind.RESOLVED
    outcome: Outcome = Outcome.GRANTED
    electronic_result: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended(Event):
    """The deadline itself moves, on a legal ground."""

    kind = EventKind.EXTENDED
    due_at: datetime
    legal_ground: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apologised(Event):
    """The letter of apology: `promised_at` is a promise; the deadline judged does not move."""

    kind = EventKind.APOLOGISED
    reason: str | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded(Event):
    """A hop to another agency (liên thông) with its own deadline; the dossier stays counted where it was received."""

    kind = EventKind.FORWARDED
    agency: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAnswered(Event):
    kind = EventKind.FORWARD_ANSWERED
    agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Event):
    """The result is in the applicant's hands, at the counter (`in_person`), by post or online."""

    kind = EventKind.RETURNED
    channel: Channel = Channel.IN_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated(Event):
    kind = EventKind.RATED
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePaid(Event):
    kind = EventKind.FEE_PAID
    amount_vnd: int
    paid_online: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Event):
    """A wrong fact set right: the audit trail keeps both values. `due_at` values are ISO 8601 instants."""

    kind = EventKind.CORRECTED
    corrected_field: CorrectableField
    old: str | None
    new: str | None
    reason: str | None = None


EVENT_TYPES: dict[EventKind, type[Event]] = {
    cls.kind: cls
    for cls in (
        Submitted,
        Received,
        Declined,
        ProcessingStarted,
        SupplementRequested,
        Supplemented,
        PaymentRequested,
        PaymentSettled,
        Extended,
        Apologised,
        Forwarded,
        ForwardAnswered,
        Withdrawn,
        Stopped,
        Resolved,
        Returned,
        Rated,
        FeePaid,
        Corrected,
    )
}
