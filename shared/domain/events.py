"""What can happen to a dossier: one frozen value per event of the lifecycle (domain §2),
the same that travels as an event's `data`.

A minor change only adds an optional field;
anything else is another version, lifted to the current value where it is read.
"""

from typing import Annotated, ClassVar, TypeGuard, get_args

from msgspec import Meta, Struct

from shared.domain.fields import (
    DUE,
    TERM,
    AcceptanceDue,
    Applicant,
    ByDepartment,
    ByTerm,
    CameBy,
    Channel,
    ClassOfChannel,
    CorrectableField,
    DeadlineChange,
    DuplicateOf,
    ElectronicResult,
    Follows,
    Ground,
    LegalGround,
    Level,
    MovedDue,
    Officer,
    OfProcedure,
    Outcome,
    Reason,
    ReceivedBy,
    Recompute,
    StartsAt,
    Text,
    Unit,
    Vnd,
)
from shared.domain.lifecycle import EventKind
from shared.domain.localtime import Instant
from shared.domain.terms import Term


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
    received_by: ReceivedBy = None
    follows: Follows = None
    channel_class: ClassOfChannel = None
    acceptance_due_at: AcceptanceDue = None


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
    received_by: ReceivedBy = None
    follows: Follows = None
    channel_class: ClassOfChannel = None


class Declined(Event, frozen=True):
    """A submitted application is not accepted; intake asks for the reason."""

    kind = EventKind.DECLINED
    reason: Reason = None


class ProcessingStarted(Event, frozen=True):
    """A unit or an officer took the dossier up."""

    kind = EventKind.PROCESSING_STARTED
    unit: Unit = None
    officer: Officer = None


class SupplementRequested(Event, frozen=True):
    """Papers are missing: the dossier waits, the clock stands still."""

    kind = EventKind.SUPPLEMENT_REQUESTED
    missing: Annotated[
        Text | None, Meta(description="what is missing, in words", examples=["bản sao giấy khai sinh"])
    ] = None
    due_at: Annotated[
        Instant | None,
        Meta(description="until when the applicant is to bring it; the dossier's own deadline stays", examples=[DUE]),
    ] = None


class Supplemented(Event, frozen=True):
    """The papers came; `due_at` is the deadline as the pause moved it."""

    kind = EventKind.SUPPLEMENTED
    due_at: MovedDue = None
    acceptance_due_at: AcceptanceDue = None


class SupplementLapsed(Event, frozen=True):
    """The papers did not come in time: the clock goes on without them."""

    kind = EventKind.SUPPLEMENT_LAPSED
    due_at: MovedDue = None


class Suspended(Event, frozen=True):
    """The clock stands still on another ground: an authority asks, the applicant wishes it, a plan is pending."""

    kind = EventKind.SUSPENDED
    ground: Ground = None


class Resumed(Event, frozen=True):
    """The ground of the suspension is gone; `due_at` is the deadline as the pause moved it."""

    kind = EventKind.RESUMED
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
    legal_ground: LegalGround = None
    by: ByTerm = None


class DeadlineSet(Event, frozen=True):
    """A dossier that was received without a deadline gets one: a notice was served, a fee was due first.

    Intake asks for the ground.
    """

    kind = EventKind.DEADLINE_SET
    due_at: Annotated[Instant, Meta(description="the deadline; computed from the term when missing", examples=[DUE])]
    term: Annotated[
        Term | None,
        Meta(
            description="how long the answer may take from then on",
            examples=[{"amount": 5, "unit": "working_days"}],
        ),
    ] = None
    starts_at: StartsAt = None
    ground: Ground = None


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
    """The office stopped: the dossier is closed. Intake asks for the reason; `administrative` if nobody decided."""

    kind = EventKind.STOPPED
    reason: Reason = None
    due_at: MovedDue = None


class Transferred(Event, frozen=True):
    """The dossier was handed over to the authority that is competent: it is closed here. Intake asks for the reason."""

    kind = EventKind.TRANSFERRED
    agency: Annotated[
        Text | None, Meta(description="the competent authority's name or code", examples=["Bộ Tư pháp"])
    ] = None
    reason: Reason = None
    due_at: MovedDue = None


class Resolved(Event, frozen=True):
    """The result exists: the dossier is closed, and its timeliness is judged here."""

    kind = EventKind.RESOLVED
    outcome: Annotated[Outcome, Meta(description="what was decided", examples=["granted"])] = Outcome.GRANTED
    electronic_result: ElectronicResult = None
    due_at: MovedDue = None


class Returned(Event, frozen=True):
    """The result is in the applicant's hands; without `resolved` before, this closes the dossier too."""

    kind = EventKind.RETURNED
    channel: Annotated[Channel, Meta(description="how the result went out", examples=["in_person"])] = Channel.IN_PERSON
    due_at: MovedDue = None


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
    recompute: Recompute = False
    channel_class: ClassOfChannel = None
    term: Annotated[
        Term | None,
        Meta(
            description="the term of the right rule; added by intake", examples=[{"amount": 5, "unit": "working_days"}]
        ),
    ] = None
    deadlines: Annotated[
        tuple[DeadlineChange, ...] | None,
        Meta(
            description="every deadline as it would have held by the right rule; computed by intake",
            examples=[[{"at": "2026-11-02T08:31:00+07:00", "due_at": DUE}]],
        ),
    ] = None


class Assigned(Event, frozen=True):
    """A unit or an officer has the dossier from now on; its clock and its class stay."""

    kind = EventKind.ASSIGNED
    unit: Unit = None
    officer: Officer = None
    due_at: Annotated[
        Instant | None,
        Meta(description="until when this step is to be done; the dossier's own deadline stays", examples=[DUE]),
    ] = None


class Reopened(Event, frozen=True):
    """The closing turned out not to be one: the dossier was never closed. Intake asks for reason and legal ground."""

    kind = EventKind.REOPENED
    reason: Reason = None
    legal_ground: LegalGround = None
    due_at: Annotated[
        Instant | None,
        Meta(description="a new deadline; the one in force at the closing when missing", examples=[DUE]),
    ] = None


class Voided(Event, frozen=True):
    """The dossier was entered twice or by mistake: no figure counts it. Intake asks for the reason."""

    kind = EventKind.VOIDED
    reason: Reason = None
    duplicate_of: DuplicateOf = None


PauseEnd = (
    Supplemented | SupplementLapsed | PaymentSettled | Resumed | Withdrawn | Stopped | Transferred | Resolved | Returned
)
PAUSE_ENDS = frozenset(get_args(PauseEnd))  # by going on, or by closing the dossier while it waits
_PAUSE_ENDING = frozenset(cls.kind for cls in PAUSE_ENDS)


def ends_pause(event: Event) -> TypeGuard[PauseEnd]:
    """Whether it is one of those. By its kind, for `isinstance` asks nine structs one after the other."""
    return event.kind in _PAUSE_ENDING


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
        Assigned,
        SupplementLapsed,
        Suspended,
        Resumed,
        DeadlineSet,
        Transferred,
        Reopened,
        Voided,
    )
}
