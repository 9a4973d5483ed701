"""The data of every event of the lifecycle, version 1. A minor change only adds an optional field; anything else is a v2."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from shared.codes import DEPARTMENT_CODE, PROCEDURE_CODE, exactly
from shared.contract.envelope import Instant, Text

Department = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE), max_length=32)]
Procedure = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
Channel = Literal["online", "in_person", "postal"]
OnlineLevel = Literal["full", "partial"]
Vnd = Annotated[int, Meta(ge=0, description="amount in VND")]


class Term(Struct, frozen=True):
    """N of: working days, calendar days, working hours, months."""

    amount: Annotated[int, Meta(ge=1, le=10_000, description="how many units")]
    unit: Annotated[
        Literal["working_days", "calendar_days", "working_hours", "months"], Meta(description="what is counted; 8 working hours are a day")
    ]


TERM = Meta(description="how long the answer may take; the procedure's own term when missing")
ByDepartment = Annotated[Department, Meta(description="code of the agency that answers for the dossier, as GET /v1/departments lists it")]
OfProcedure = Annotated[Procedure, Meta(description="code of the procedure, as GET /v1/procedures lists it")]
CameBy = Annotated[Channel, Meta(description="how the dossier came in")]
Level = Annotated[OnlineLevel | None, Meta(description="of an online dossier: the whole procedure online, or a part of it")]
Applicant = Annotated[Text | None, Meta(description="who applies; only a pseudonym is kept, which can't be turned back")]
Reason = Annotated[Text | None, Meta(description="why, in words without a person's name, phone or identity number")]
MovedDue = Annotated[
    Instant | None, Meta(description="the deadline as the end of a pause moved it; computed by intake from the calendar when missing")
]


class EventData(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an event carries besides its envelope."""

    name: ClassVar[str]


class Submitted(EventData, frozen=True):
    """The application was handed in, mostly on the portal; the clock has not started."""

    name = "submitted"
    department: ByDepartment
    procedure: OfProcedure
    channel: CameBy
    online_level: Level = None
    applicant: Applicant = None


class Received(EventData, frozen=True):
    """The dossier was formally accepted: the clock starts.

    A missing `due_at` is computed by intake from the procedure's term; a dossier without both has no deadline.
    """

    name = "received"
    department: ByDepartment
    procedure: OfProcedure
    channel: CameBy
    online_level: Level = None
    due_at: Annotated[
        Instant | None, Meta(description="the deadline; computed from the term and the department's calendar when missing")
    ] = None
    applicant: Applicant = None
    term: Annotated[Term | None, TERM] = None


class Declined(EventData, frozen=True):
    """A submitted application is not accepted; intake asks for the reason."""

    name = "declined"
    reason: Reason = None


class ProcessingStarted(EventData, frozen=True):
    """A unit or an officer took the dossier up."""

    name = "processing_started"
    unit: Annotated[Text | None, Meta(description="the office's unit that works on it")] = None
    officer: Annotated[Text | None, Meta(description="the officer's pseudonym, such as o-17; never a person's name or number")] = None


class SupplementRequested(EventData, frozen=True):
    """Papers are missing: the dossier waits, the clock stands still."""

    name = "supplement_requested"
    missing: Annotated[Text | None, Meta(description="what is missing, in words")] = None


class Supplemented(EventData, frozen=True):
    """The papers came; `due_at` is the deadline as the pause moved it."""

    name = "supplemented"
    due_at: MovedDue = None


class PaymentRequested(EventData, frozen=True):
    """The applicant owes money: the dossier waits, the clock stands still."""

    name = "payment_requested"
    amount_vnd: Annotated[Vnd | None, Meta(description="what is owed, in VND")] = None


class PaymentSettled(EventData, frozen=True):
    """The money came; `due_at` is the deadline as the pause moved it."""

    name = "payment_settled"
    amount_vnd: Annotated[Vnd | None, Meta(description="what was paid, in VND")] = None
    paid_online: Annotated[bool | None, Meta(description="whether it was paid online")] = None
    due_at: MovedDue = None


class Extended(EventData, frozen=True):
    """The deadline itself moves, on a legal ground, which intake asks for."""

    name = "extended"
    due_at: Annotated[Instant, Meta(description="the new deadline")]
    legal_ground: Annotated[Text | None, Meta(description="the law that allows it, as it is cited")] = None


class Apologised(EventData, frozen=True):
    """The letter of apology went out; the deadline judged does not move. Intake asks for the reason."""

    name = "apologised"
    reason: Reason = None
    promised_at: Annotated[Instant | None, Meta(description="when the letter promises the result")] = None


class Forwarded(EventData, frozen=True):
    """Another agency is asked; the dossier stays counted where it was received."""

    name = "forwarded"
    agency: Annotated[Text | None, Meta(description="the other agency's name or code")] = None
    due_at: Annotated[Instant | None, Meta(description="when the other agency is to answer; the dossier's own deadline stays")] = None


class ForwardAnswered(EventData, frozen=True):
    """The other agency answered: its latest open hop is closed, or the latest open one of all when no agency is named."""

    name = "forward_answered"
    agency: Annotated[Text | None, Meta(description="the agency, named as in forwarded; the latest open hop when missing")] = None


class Withdrawn(EventData, frozen=True):
    """The applicant took the dossier back: it is closed. Intake asks for the reason."""

    name = "withdrawn"
    reason: Reason = None
    due_at: MovedDue = None


class Stopped(EventData, frozen=True):
    """The office stopped: the dossier is closed. Intake asks for the reason."""

    name = "stopped"
    reason: Reason = None
    due_at: MovedDue = None


class Resolved(EventData, frozen=True):
    """The result exists: the dossier is closed, and its timeliness is judged here."""

    name = "resolved"
    outcome: Annotated[Literal["granted", "refused"], Meta(description="what was decided")] = "granted"
    electronic_result: Annotated[bool | None, Meta(description="whether the result is an electronic document")] = None
    due_at: MovedDue = None


class Returned(EventData, frozen=True):
    """The result is in the applicant's hands; without `resolved` before, this closes the dossier too."""

    name = "returned"
    channel: Annotated[Channel, Meta(description="how the result went out")] = "in_person"


class Rated(EventData, frozen=True):
    """The applicant rated the service."""

    name = "rated"
    score: Annotated[int, Meta(ge=1, le=5, description="from 1, bad, to 5, good")]


class FeePaid(EventData, frozen=True):
    """A fee was paid; the clock does not stand still for it."""

    name = "fee_paid"
    amount_vnd: Vnd
    paid_online: Annotated[bool, Meta(description="whether it was paid online")] = False


class Corrected(EventData, frozen=True):
    """A wrong fact set right; `due_at` values are ISO 8601 instants. Intake asks for the reason."""

    name = "corrected"
    field: Annotated[Literal["channel", "online_level", "department", "procedure", "due_at"], Meta(description="what was wrong")]
    old_value: Annotated[
        str | None, Meta(description="what the dossier says now, of the deadline to the instant; null when it says nothing")
    ]
    new_value: Annotated[str | None, Meta(description="what is right; null to take the value away")]
    reason: Reason = None


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
