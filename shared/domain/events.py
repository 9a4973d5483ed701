"""What can happen to a dossier: one frozen value per event of the lifecycle (domain §2),
the same that travels as an event's `data`.

A minor change only adds an optional field;
anything else is another version, lifted to the current value where it is read.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from shared.domain.lifecycle import EventKind
from shared.domain.localtime import Instant
from shared.domain.terms import Term
from shared.domain.texts import DEPARTMENT_CODE, PROCEDURE_CODE, exactly


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


Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Department = Annotated[str, Meta(pattern=exactly(DEPARTMENT_CODE), max_length=32)]
Procedure = Annotated[str, Meta(pattern=exactly(PROCEDURE_CODE))]
DUE = "2029-12-28T17:00:00+07:00"
Vnd = Annotated[int, Meta(ge=0, description="amount in VND")]
TERM = Meta(
    description="how long the answer may take; the procedure's own term when missing",
    examples=[{"amount": 5, "unit": "working_days"}],
)
ByDepartment = Annotated[
    Department,
    Meta(
        description="code of the agency that answers for the dossier, as GET /v1/departments lists it",
        examples=["H59.15"],
    ),
]
OfProcedure = Annotated[
    Procedure, Meta(description="code of the procedure, as GET /v1/procedures lists it", examples=["2.000635"])
]
CameBy = Annotated[Channel, Meta(description="how the dossier came in", examples=["online"])]
Level = Annotated[
    OnlineLevel | None,
    Meta(description="of an online dossier: the whole procedure online, or a part of it", examples=["full"]),
]
Applicant = Annotated[
    Text | None,
    Meta(description="who applies; only a pseudonym is kept, which can't be turned back", examples=["nguoi-nop-7f3a"]),
]
Reason = Annotated[
    Text | None,
    Meta(
        description="why, in words without a person's name, phone or identity number",
        examples=["thành phần hồ sơ không đúng quy định"],
    ),
]
MovedDue = Annotated[
    Instant | None,
    Meta(
        description="the deadline as the end of a pause moved it; computed by intake from the calendar when missing",
        examples=[DUE],
    ),
]


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happened to a dossier; when, and to which dossier, its envelope says."""

    kind: ClassVar[EventKind]


class Submitted(Event, frozen=True):
    """The application was handed in, mostly on the portal; the clock has not started."""

    kind = EventKind.SUBMITTED
    department: ByDepartment
    procedure: OfProcedure
    channel: CameBy
    online_level: Level = None
    applicant: Applicant = None


class Received(Event, frozen=True):
    """The dossier was formally accepted: the clock starts.

    A missing `due_at` is computed by intake from the procedure's term; a dossier without both has no deadline.
    """

    kind = EventKind.RECEIVED
    department: ByDepartment
    procedure: OfProcedure
    channel: CameBy
    online_level: Level = None
    due_at: Annotated[
        Instant | None,
        Meta(
            description="the deadline; computed from the term and the department's calendar when missing",
            examples=[DUE],
        ),
    ] = None
    applicant: Applicant = None
    term: Annotated[Term | None, TERM] = None


class Declined(Event, frozen=True):
    """A submitted application is not accepted; intake asks for the reason."""

    kind = EventKind.DECLINED
    reason: Reason = None


class ProcessingStarted(Event, frozen=True):
    """A unit or an officer took the dossier up."""

    kind = EventKind.PROCESSING_STARTED
    unit: Annotated[Text | None, Meta(description="the office's unit that works on it", examples=["Phòng Hộ tịch"])] = (
        None
    )
    officer: Annotated[
        Text | None, Meta(description="the officer's pseudonym; never a person's name or number", examples=["o-17"])
    ] = None


class SupplementRequested(Event, frozen=True):
    """Papers are missing: the dossier waits, the clock stands still."""

    kind = EventKind.SUPPLEMENT_REQUESTED
    missing: Annotated[
        Text | None, Meta(description="what is missing, in words", examples=["bản sao giấy khai sinh"])
    ] = None


class Supplemented(Event, frozen=True):
    """The papers came; `due_at` is the deadline as the pause moved it."""

    kind = EventKind.SUPPLEMENTED
    due_at: MovedDue = None


class PaymentRequested(Event, frozen=True):
    """The applicant owes money: the dossier waits, the clock stands still."""

    kind = EventKind.PAYMENT_REQUESTED
    amount_vnd: Annotated[Vnd | None, Meta(description="what is owed, in VND", examples=[50_000])] = None


class PaymentSettled(Event, frozen=True):
    """The money came; `due_at` is the deadline as the pause moved it."""

    kind = EventKind.PAYMENT_SETTLED
    amount_vnd: Annotated[Vnd | None, Meta(description="what was paid, in VND", examples=[50_000])] = None
    paid_online: Annotated[bool | None, Meta(description="whether it was paid online", examples=[True])] = None
    due_at: MovedDue = None


class Extended(Event, frozen=True):
    """The deadline itself moves, on a legal ground, which intake asks for."""

    kind = EventKind.EXTENDED
    due_at: Annotated[Instant, Meta(description="the new deadline", examples=[DUE])]
    legal_ground: Annotated[
        Text | None,
        Meta(
            description="the law that allows it, as it is cited", examples=["khoản 3 Điều 15 Nghị định 61/2018/NĐ-CP"]
        ),
    ] = None


class Apologised(Event, frozen=True):
    """The letter of apology went out; the deadline judged does not move. Intake asks for the reason."""

    kind = EventKind.APOLOGISED
    reason: Reason = None
    promised_at: Annotated[Instant | None, Meta(description="when the letter promises the result", examples=[DUE])] = (
        None
    )


class Forwarded(Event, frozen=True):
    """Another agency is asked; the dossier stays counted where it was received."""

    kind = EventKind.FORWARDED
    agency: Annotated[Text | None, Meta(description="the other agency's name or code", examples=["Cục Thuế tỉnh"])] = (
        None
    )
    due_at: Annotated[
        Instant | None,
        Meta(description="when the other agency is to answer; the dossier's own deadline stays", examples=[DUE]),
    ] = None


class ForwardAnswered(Event, frozen=True):
    """The other agency answered: its latest open hop is closed,
    or the latest open one of all when no agency is named."""

    kind = EventKind.FORWARD_ANSWERED
    agency: Annotated[
        Text | None,
        Meta(
            description="the agency, named as in forwarded; the latest open hop when missing",
            examples=["Cục Thuế tỉnh"],
        ),
    ] = None


class Withdrawn(Event, frozen=True):
    """The applicant took the dossier back: it is closed. Intake asks for the reason."""

    kind = EventKind.WITHDRAWN
    reason: Reason = None
    due_at: MovedDue = None


class Stopped(Event, frozen=True):
    """The office stopped: the dossier is closed. Intake asks for the reason."""

    kind = EventKind.STOPPED
    reason: Reason = None
    due_at: MovedDue = None


class Resolved(Event, frozen=True):
    """The result exists: the dossier is closed, and its timeliness is judged here."""

    kind = EventKind.RESOLVED
    outcome: Annotated[Outcome, Meta(description="what was decided", examples=["granted"])] = Outcome.GRANTED
    electronic_result: Annotated[
        bool | None, Meta(description="whether the result is an electronic document", examples=[True])
    ] = None
    due_at: MovedDue = None


class Returned(Event, frozen=True):
    """The result is in the applicant's hands; without `resolved` before, this closes the dossier too."""

    kind = EventKind.RETURNED
    channel: Annotated[Channel, Meta(description="how the result went out", examples=["in_person"])] = Channel.IN_PERSON


class Rated(Event, frozen=True):
    """The applicant rated the service."""

    kind = EventKind.RATED
    score: Annotated[int, Meta(ge=1, le=5, description="from 1, bad, to 5, good", examples=[5])]


class FeePaid(Event, frozen=True):
    """A fee was paid; the clock does not stand still for it."""

    kind = EventKind.FEE_PAID
    amount_vnd: Annotated[Vnd, Meta(description="what was paid, in VND", examples=[50_000])]
    paid_online: Annotated[bool, Meta(description="whether it was paid online", examples=[True])] = False


class Corrected(Event, frozen=True):
    """A wrong fact set right; `due_at` values are ISO 8601 instants. Intake asks for the reason."""

    kind = EventKind.CORRECTED
    field: Annotated[CorrectableField, Meta(description="what was wrong", examples=["online_level"])]
    old_value: Annotated[
        str | None,
        Meta(
            description="what the dossier says now (a deadline to the instant); null when it says nothing",
            examples=["full"],
        ),
    ]
    new_value: Annotated[
        str | None, Meta(description="what is right; null to take the value away", examples=["partial"])
    ]
    reason: Reason = None


EVENT_TYPES: dict[str, type[Event]] = {
    cls.kind.value: cls
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
