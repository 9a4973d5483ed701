"""What can happen to a dossier: one frozen value per event of the lifecycle, carrying what it decided (domain §2)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

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


class Event(Struct, frozen=True, gc=False):
    """Something that happened to a dossier at `occurred_at` (with offset)."""

    kind: ClassVar[EventKind]
    occurred_at: datetime


class Submitted(Event, frozen=True, gc=False):
    kind = EventKind.SUBMITTED
    department: str
    procedure: str
    channel: Channel
    online_level: OnlineLevel | None = None


class Received(Event, frozen=True, gc=False):
    """Formal acceptance: the clock starts. Without `due_at` the dossier has no deadline."""

    kind = EventKind.RECEIVED
    department: str
    procedure: str
    channel: Channel
    online_level: OnlineLevel | None = None
    due_at: datetime | None = None
    term: Term | None = None


class Declined(Event, frozen=True, gc=False):
    kind = EventKind.DECLINED
    reason: str | None = None


class ProcessingStarted(Event, frozen=True, gc=False):
    kind = EventKind.PROCESSING_STARTED
    unit: str | None = None
    officer: str | None = None


class SupplementRequested(Event, frozen=True, gc=False):
    kind = EventKind.SUPPLEMENT_REQUESTED
    missing: str | None = None


class PaymentRequested(Event, frozen=True, gc=False):
    kind = EventKind.PAYMENT_REQUESTED
    amount_vnd: int | None = None


class _EndsPause(Event, frozen=True, gc=False):
    """An event that may end a pause; `due_at` is the deadline as the pause moved it, None when it did not."""

    due_at: datetime | None = None


class Supplemented(_EndsPause, frozen=True, gc=False):
    kind = EventKind.SUPPLEMENTED


class PaymentSettled(_EndsPause, frozen=True, gc=False):
    kind = EventKind.PAYMENT_SETTLED
    amount_vnd: int | None = None
    paid_online: bool | None = None


class Withdrawn(_EndsPause, frozen=True, gc=False):
    kind = EventKind.WITHDRAWN
    reason: str | None = None


class Stopped(_EndsPause, frozen=True, gc=False):
    kind = EventKind.STOPPED
    reason: str | None = None


class Resolved(_EndsPause, frozen=True, gc=False):
    kind = EventKind.RESOLVED
    outcome: Outcome = Outcome.GRANTED
    electronic_result: bool | None = None


class Extended(Event, frozen=True, gc=False):
    """The deadline itself moves, on a legal ground."""

    kind = EventKind.EXTENDED
    due_at: datetime
    legal_ground: str | None = None


class Apologised(Event, frozen=True, gc=False):
    """The letter of apology: `promised_at` is a promise; the deadline judged does not move."""

    kind = EventKind.APOLOGISED
    reason: str | None = None
    promised_at: datetime | None = None


class Forwarded(Event, frozen=True, gc=False):
    """A hop to another agency (liên thông) with its own deadline; the dossier stays counted where it was received."""

    kind = EventKind.FORWARDED
    agency: str | None = None
    due_at: datetime | None = None


class ForwardAnswered(Event, frozen=True, gc=False):
    kind = EventKind.FORWARD_ANSWERED
    agency: str | None = None


class Returned(Event, frozen=True, gc=False):
    """The result is in the applicant's hands, at the counter (`in_person`), by post or online."""

    kind = EventKind.RETURNED
    channel: Channel = Channel.IN_PERSON


class Rated(Event, frozen=True, gc=False):
    kind = EventKind.RATED
    score: int


class FeePaid(Event, frozen=True, gc=False):
    kind = EventKind.FEE_PAID
    amount_vnd: int
    paid_online: bool = False


class Corrected(Event, frozen=True, gc=False):
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
