"""The data of every event of the lifecycle, version 1. A minor change only adds an optional field; anything else is a v2."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from shared.contract.envelope import DEPARTMENT_CODE, PROCEDURE_CODE, Instant, Text, exactly

Department = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE), max_length=32)]
Procedure = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
Channel = Literal["online", "in_person", "postal"]
OnlineLevel = Literal["full", "partial"]
Vnd = Annotated[int, Meta(ge=0, description="amount in VND")]


class Term(Struct, frozen=True):
    """N of: working days, calendar days, working hours, months."""

    amount: Annotated[int, Meta(ge=1, le=10_000)]
    unit: Literal["working_days", "calendar_days", "working_hours", "months"]


class EventData(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event carries besides its envelope."""

    name: ClassVar[str]


class Submitted(EventData, frozen=True):
    name = "submitted"
    department: Department
    procedure: Procedure
    channel: Channel
    online_level: OnlineLevel | None = None
    applicant: Text | None = None


class Received(EventData, frozen=True):
    """A missing `due_at` is computed by intake from the procedure's term; a dossier without both has no deadline."""

    name = "received"
    department: Department
    procedure: Procedure
    channel: Channel
    online_level: OnlineLevel | None = None
    due_at: Instant | None = None
    term: Term | None = None
    applicant: Text | None = None


class Declined(EventData, frozen=True):
    name = "declined"
    reason: Text | None = None


class ProcessingStarted(EventData, frozen=True):
    name = "processing_started"
    unit: Text | None = None
    officer: Text | None = None


class SupplementRequested(EventData, frozen=True):
    name = "supplement_requested"
    missing: Text | None = None


class Supplemented(EventData, frozen=True):
    """`due_at`: the deadline as the pause moved it; computed by intake when missing."""

    name = "supplemented"
    due_at: Instant | None = None


class PaymentRequested(EventData, frozen=True):
    name = "payment_requested"
    amount_vnd: Vnd | None = None


class PaymentSettled(EventData, frozen=True):
    name = "payment_settled"
    amount_vnd: Vnd | None = None
    paid_online: bool | None = None
    due_at: Instant | None = None


class Extended(EventData, frozen=True):
    name = "extended"
    due_at: Instant
    legal_ground: Text | None = None


class Apologised(EventData, frozen=True):
    name = "apologised"
    reason: Text | None = None
    promised_at: Instant | None = None


class Forwarded(EventData, frozen=True):
    name = "forwarded"
    agency: Text | None = None
    due_at: Instant | None = None


class ForwardAnswered(EventData, frozen=True):
    name = "forward_answered"
    agency: Text | None = None


class Withdrawn(EventData, frozen=True):
    name = "withdrawn"
    reason: Text | None = None
    due_at: Instant | None = None


class Stopped(EventData, frozen=True):
    name = "stopped"
    reason: Text | None = None
    due_at: Instant | None = None


class Resolved(EventData, frozen=True):
    name = "resolved"
    outcome: Literal["granted", "refused"] = "granted"
    electronic_result: bool | None = None
    due_at: Instant | None = None


class Returned(EventData, frozen=True):
    name = "returned"
    channel: Channel = "in_person"


class Rated(EventData, frozen=True):
    name = "rated"
    score: Annotated[int, Meta(ge=1, le=5)]


class FeePaid(EventData, frozen=True):
    name = "fee_paid"
    amount_vnd: Vnd
    paid_online: bool = False


class Corrected(EventData, frozen=True):
    """A wrong fact set right; `due_at` values are ISO 8601 instants."""

    name = "corrected"
    field: Literal["channel", "online_level", "department", "procedure", "due_at"]
    old_value: str | None
    new_value: str | None
    reason: Text | None = None


EVENT_DATA: dict[str, type[EventData]] = {
    cls.name: cls
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
