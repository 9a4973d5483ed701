"""Intake's messages about one dossier: a new one, what an event made of it, how it stands, its history and why."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from shared.contract.applicants import ApplicantDetails
from shared.contract.http.figures import Code, DefinitionName, Department
from shared.domain.fields import LONGEST_CODE, ChannelCode, Follows, OnlineLevel
from shared.domain.localtime import Instant
from shared.domain.terms import Term
from shared.domain.texts import DOSSIER_CODE

EventId = Annotated[str, Meta(description="the event's id", examples=["07-2611-0001"])]
SequenceNumber = Annotated[int, Meta(description="the number of the event within the dossier, from 1", examples=[3])]
StateName = Annotated[str, Meta(description="where the dossier is in the lifecycle", examples=["processing"])]
ProcedureCode = Annotated[str, Meta(description="code of the procedure", examples=["2.000635"])]
CameIn = Annotated[ChannelCode, Meta(description="how it came in, as GET /v1/channels lists it", examples=["online"])]
TakenInBy = Annotated[
    str | None,
    Meta(
        description="code of the unit that took it in, where that is another one than the department",
        examples=["H59.20"],
    ),
]
HowFarOnline = Annotated[
    OnlineLevel | None,
    Meta(description="of an online dossier: the whole procedure online, or a part of it; else null", examples=["full"]),
]
ReceivedAt = Annotated[
    Instant | None,
    Meta(description="when it was received; null before that", examples=["2023-12-08T08:31:00+07:00"]),
]
TermOfDossier = Annotated[
    Term | None,
    Meta(
        description="how long it may take; null when the deadline came with the receipt, or there is none",
        examples=[{"amount": 5, "unit": "working_days"}],
    ),
]
DueAt = Annotated[
    Instant | None, Meta(description="the deadline in force; null for none", examples=["2023-12-15T08:31:00+07:00"])
]
JudgedThen = Annotated[
    str | None,
    Meta(
        description=(
            "as it was at the event's own instant, so that a repeat gets the same answer; GET /v1/dossiers/{code} "
            "tells how the dossier stands now"
        ),
        examples=["within"],
    ),
]


class NewDossier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dossier received at a counter, online or by post."""

    department: Annotated[
        str,
        Meta(
            max_length=32,
            description="the agency that answers for the dossier (GET /v1/departments)",
            examples=["H59.15"],
        ),
    ]
    procedure: Annotated[
        str,
        Meta(
            max_length=32,
            description="one of the department's procedures (GET /v1/procedures), or any other with due_at",
            examples=["2.000635"],
        ),
    ]
    channel: Annotated[str, Meta(max_length=32, description="how it came in (GET /v1/channels)", examples=["online"])]
    online_level: HowFarOnline = None
    applicant: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2000)] | ApplicantDetails | None,
        Meta(
            description="who applies: a text, of which only a pseudonym is kept; or details, which are kept encrypted "
            "and nowhere else",
            examples=["Nguyễn Thị Hoa", {"id_number": "084180001234", "name": "Nguyễn Thị Hoa"}],
        ),
    ] = None
    received_at: Annotated[
        Instant | None,
        Meta(description="when it was received; now when missing", examples=["2023-12-08T08:31:00+07:00"]),
    ] = None
    due_at: Annotated[
        Instant | None,
        Meta(
            description="computed from the procedure's term and the calendar when missing",
            examples=["2023-12-15T08:31:00+07:00"],
        ),
    ] = None
    code: Annotated[
        Annotated[str, Meta(pattern=DOSSIER_CODE, max_length=LONGEST_CODE)] | None,
        Meta(description="minted when missing: {department}-{yyMMdd}-{serial}", examples=["H59.15-231208-0001"]),
    ] = None
    received_by: Annotated[
        Annotated[str, Meta(max_length=32)] | None,
        Meta(
            description="the unit that took it in, where that is another one than the department (GET /v1/departments)",
            examples=["H59.20"],
        ),
    ] = None
    follows: Annotated[
        Annotated[str, Meta(pattern=DOSSIER_CODE, max_length=LONGEST_CODE)] | None,
        Meta(
            description="the earlier dossier that this one appeals against or applies again for",
            examples=["H59.15-231108-0007"],
        ),
    ] = None


class DossierAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/dossiers`: the dossier as it was opened."""

    code: Code
    id: Annotated[str, Meta(description="the id of the received event", examples=["01JGX5T0Z3V6Q8Y1B2C3D4E5F6"])]
    sequence: SequenceNumber
    state: StateName
    department: Department
    procedure: ProcedureCode
    channel: CameIn
    online_level: HowFarOnline
    received_at: ReceivedAt
    term: TermOfDossier
    due_at: DueAt
    timeliness: JudgedThen
    received_by: TakenInBy = None


class EventAnswer(Struct, frozen=True, kw_only=True):
    """`POST /v1/dossiers/{code}/events`: the dossier right after the event."""

    id: EventId
    subject: Code
    sequence: SequenceNumber
    state: StateName
    due_at: DueAt
    timeliness: JudgedThen


class SuspensionView(Struct, frozen=True, kw_only=True):
    """A pause, in which the clock stands."""

    kind: Annotated[str, Meta(description="the state that suspends", examples=["awaiting_supplement"])]
    started_at: Annotated[Instant, Meta(description="when the clock stopped", examples=["2023-12-11T09:00:00+07:00"])]
    ended_at: Annotated[
        Instant | None,
        Meta(description="when it went on; null while it stands", examples=["2023-12-13T15:10:00+07:00"]),
    ]
    due_at: Annotated[
        Instant | None,
        Meta(
            description="until when the applicant is to bring what is missing; null when that was not said",
            examples=["2023-12-29T17:00:00+07:00"],
        ),
    ] = None


class AcceptanceView(Struct, frozen=True, kw_only=True):
    """An online application that waits, or waited, to be accepted, declined or sent back."""

    asked_at: Annotated[Instant, Meta(description="when it was handed in", examples=["2023-12-08T07:55:00+07:00"])]
    due_at: Annotated[
        Instant | None,
        Meta(
            description="until when it was to be answered; null of applications logged before that was asked",
            examples=["2023-12-11T07:55:00+07:00"],
        ),
    ] = None
    answered_at: Annotated[
        Instant | None,
        Meta(description="when it was answered; null while it waits", examples=["2023-12-08T14:10:00+07:00"]),
    ] = None
    late: Annotated[bool, Meta(description="whether it was answered, or is now, after that", examples=[False])]


class WorkStep(Struct, frozen=True, kw_only=True):
    """Who had the dossier, from when to when; it moves neither clock nor class."""

    unit: Annotated[
        str | None,
        Meta(description="the office's unit; null where only the officer is named", examples=["Phòng Hộ tịch"]),
    ] = None
    officer: Annotated[
        str | None, Meta(description="the officer's pseudonym; null where only the unit is named", examples=["o-17"])
    ] = None
    started_at: Annotated[Instant, Meta(description="since when", examples=["2023-12-11T09:00:00+07:00"])]
    ended_at: Annotated[
        Instant | None,
        Meta(description="until when; null while it goes on", examples=["2023-12-13T15:10:00+07:00"]),
    ] = None
    due_at: Annotated[
        Instant | None,
        Meta(
            description="until when the step is to be done; null when that was not said",
            examples=["2023-12-14T17:00:00+07:00"],
        ),
    ] = None
    working_minutes: Annotated[
        int | None,
        Meta(
            description="its working time so far, in minutes, pauses of the dossier included; null after the closing, "
            "and where the calendar does not reach",
            examples=[1090],
        ),
    ] = None


class HopView(Struct, frozen=True, kw_only=True):
    """A hop to another agency, with its own deadline (liên thông)."""

    agency: Annotated[
        str | None, Meta(description="the other agency's name or code; null where unnamed", examples=["Cục Thuế tỉnh"])
    ]
    forwarded_at: Annotated[Instant, Meta(description="when it was asked", examples=["2023-12-11T09:00:00+07:00"])]
    due_at: Annotated[
        Instant | None,
        Meta(description="when it is to answer; null for no deadline", examples=["2023-12-14T09:00:00+07:00"]),
    ]
    answered_at: Annotated[
        Instant | None,
        Meta(description="when it answered; null until then", examples=["2023-12-13T15:10:00+07:00"]),
    ]
    late: Annotated[bool, Meta(description="whether it answered, or is now, after its own deadline", examples=[False])]


class HistoryItem(Struct, frozen=True, kw_only=True):
    """One event of the dossier, as it is in the log."""

    sequence: SequenceNumber
    id: EventId
    event: Annotated[str, Meta(description="what happened", examples=["supplement_requested"])]
    occurred_at: Annotated[
        Instant, Meta(description="when it happened, as the sender says", examples=["2023-12-11T09:00:00+07:00"])
    ]
    recorded_at: Annotated[Instant, Meta(description="when intake took it", examples=["2023-12-11T09:00:02+07:00"])]
    source: Annotated[str, Meta(description="who sent it", examples=["/centres/tra-vinh/counters/07"])]
    data: Annotated[
        dict[str, Any],
        Meta(
            description="the event's own fields, as the component of its name has them, with what intake computed",
            examples=[{"missing": "bản sao giấy khai sinh"}],
        ),
    ]


class Step(Struct, frozen=True, kw_only=True):
    """One step of how the deadline and the class came about; the text can be checked against a paper calendar."""

    step: Annotated[
        str,
        Meta(
            description=(
                "an event's name, or acceptance, start, interval, deadline, pause, resumed, closed; "
                "at the end standing or class"
            ),
            examples=["interval"],
        ),
    ]
    at: Annotated[
        Instant | None,
        Meta(description="when it was, or the start of an interval", examples=["2023-12-11T07:00:00+07:00"]),
    ] = None
    until: Annotated[
        Instant | None, Meta(description="the end of an interval", examples=["2023-12-11T17:00:00+07:00"])
    ] = None
    counted: Annotated[
        bool | None,
        Meta(
            description="whether the time from `at` to `until` counted; null when the step is no stretch of time",
            examples=[True],
        ),
    ] = None
    due_at: Annotated[
        Instant | None,
        Meta(description="the deadline after the step; of a hop, its own", examples=["2023-12-15T08:31:00+07:00"]),
    ] = None
    text: Annotated[
        str, Meta(description="the step in words", examples=["Mon 2023-12-11: counted, working day 1 of 5."])
    ]


class DossierView(Struct, frozen=True, kw_only=True):
    """`GET /v1/dossiers/{code}`: how the dossier stands, its history, and the explanation from receipt to class."""

    code: Code
    state: StateName
    allowed: Annotated[list[str], Meta(description="the events that may come next", examples=[["resolved"]])]
    sequence: SequenceNumber
    department: Department
    department_name: Annotated[
        str | None,
        Meta(description="of the catalogue in force; null when it has no such department", examples=["Sở Tư pháp"]),
    ]
    procedure: ProcedureCode
    procedure_name: Annotated[
        str | None,
        Meta(
            description="as the field: by the procedure's latest version, which figures are grouped by",
            examples=["Cấp bản sao trích lục hộ tịch"],
        ),
    ]
    field: Annotated[str | None, Meta(description="the procedure's field", examples=["Hộ tịch"])]
    channel: CameIn
    online_level: HowFarOnline
    submitted_at: Annotated[
        Instant | None,
        Meta(description="when it was handed in, if that came first", examples=["2023-12-08T07:55:00+07:00"]),
    ]
    received_at: ReceivedAt
    term: TermOfDossier
    due_original: Annotated[
        Instant | None,
        Meta(description="the deadline given at receipt; null for none", examples=["2023-12-15T08:31:00+07:00"]),
    ]
    due_at: DueAt
    definition: DefinitionName
    timeliness: Annotated[
        str | None,
        Meta(
            description="early, on_time, overdue, no_deadline once closed; how it stands now while open",
            examples=["within"],
        ),
    ]
    deadline_corrected_after_closing: Annotated[
        bool,
        Meta(description="whether what it was judged by was set right when it was closed already", examples=[False]),
    ]
    closed_at: Annotated[
        Instant | None,
        Meta(
            description="when it was resolved, withdrawn, stopped or transferred; null while open",
            examples=["2023-12-14T10:00:00+07:00"],
        ),
    ]
    closed_as: Annotated[
        str | None, Meta(description="the state that closed it; null while open", examples=["resolved"])
    ]
    returned_at: Annotated[
        Instant | None,
        Meta(description="when the result was handed over; null until then", examples=["2023-12-14T14:00:00+07:00"]),
    ]
    suspensions: Annotated[list[SuspensionView], Meta(description="its pauses, in order", examples=[[]])]
    hops: Annotated[list[HopView], Meta(description="the agencies it was forwarded to, in order", examples=[[]])]
    received_by: TakenInBy = None
    follows: Follows = None
    outcome: Annotated[
        str | None, Meta(description="what was decided; null until it is resolved", examples=["granted"])
    ] = None
    acceptances: Annotated[
        list[AcceptanceView],
        Meta(description="when it waited to be accepted, declined or sent back, in order", examples=[[]]),
    ] = []
    applicant: Annotated[
        str | None,
        Meta(
            description="the applicant's pseudonym; null when nobody is named. GET /v1/dossiers/{code}/applicant tells "
            "who may see it who that is",
            examples=["p-0f1e2d3c4b5a69788796a5b4c3d2e1f0"],
        ),
    ] = None
    steps: Annotated[list[WorkStep], Meta(description="who had it, in order", examples=[[]])] = []
    history: Annotated[list[HistoryItem], Meta(description="its events, in order", examples=[[]])]
    explanation: Annotated[
        list[Step], Meta(description="why it is due when it is and judged as it is, step by step", examples=[[]])
    ]
