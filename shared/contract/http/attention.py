"""Reporting's answer to `GET /v1/attention`: which dossiers need somebody today."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.http.figures import Code, Cursor, Department
from shared.domain.localtime import Instant

Overdue = Annotated[int, Meta(description="dossiers that are overdue", examples=[3])]
Due = Annotated[int, Meta(description="dossiers due within the time asked for", examples=[5])]
Officer = Annotated[str | None, Meta(description="who handles it, a pseudonym; null without one", examples=["cb-0417"])]


class AttentionCounts(Struct, frozen=True, omit_defaults=True):
    """How many dossiers need somebody; what there is none of beside deadlines is left out."""

    overdue: Overdue
    due: Due
    acceptance_late: Annotated[int, Meta(description="online applications not answered in time", examples=[2])] = 0
    acceptance_due: Annotated[
        int, Meta(description="online applications to be answered within the time asked for", examples=[4])
    ] = 0
    supplement_late: Annotated[int, Meta(description="papers that did not come in time", examples=[1])] = 0
    supplement_due: Annotated[int, Meta(description="papers to come within the time asked for", examples=[1])] = 0
    idle: Annotated[int, Meta(description="dossiers to which nothing has happened for `idle_months`", examples=[1])] = 0


class OfficerCounts(AttentionCounts, frozen=True, kw_only=True, omit_defaults=True):
    """How many dossiers of an officer need somebody."""

    officer: Officer


class DepartmentCounts(AttentionCounts, frozen=True, kw_only=True, omit_defaults=True):
    """How many dossiers of a department need somebody."""

    department: Department
    until: Annotated[
        Instant, Meta(description="the last deadline within the time asked for", examples=["2023-12-12T16:30:00+07:00"])
    ]
    officers: Annotated[list[OfficerCounts], Meta(description="those with the most overdue first", examples=[[]])]


class AwaitedAnswer(Struct, frozen=True, kw_only=True):
    """Another agency's answer that is late or due soon (liên thông)."""

    agency: Annotated[str | None, Meta(description="the agency; null where unnamed", examples=["H59.20"])]
    due_at: Annotated[
        Instant | None, Meta(description="when its answer is due", examples=["2023-12-11T17:00:00+07:00"])
    ]
    late: Annotated[bool, Meta(description="whether that has passed", examples=[False])]


class AttentionDossier(Struct, frozen=True, kw_only=True):
    """A dossier that needs somebody."""

    code: Code
    department: Department
    officer: Officer
    procedure: Annotated[str, Meta(description="the procedure's code", examples=["2.000635"])]
    state: Annotated[str, Meta(description="its state (domain §2)", examples=["processing"])]
    received_at: Annotated[
        Instant | None, Meta(description="when it was received", examples=["2023-12-08T08:31:00+07:00"])
    ]
    due_at: Annotated[
        Instant,
        Meta(
            description="the deadline in force; of another kind until when the application is to be answered, the "
            "papers are to come, or when `idle_months` had passed since the latest event",
            examples=["2023-12-11T17:00:00+07:00"],
        ),
    ]
    standing: Annotated[str, Meta(description="overdue, by by-date/1, or due; or idle", examples=["due"])]
    days: Annotated[
        int, Meta(description="working days after today up to the deadline's day; negative: passed since", examples=[1])
    ]
    working_hours: Annotated[
        str, Meta(description="working hours until the deadline; negative: passed since", examples=["7.50"])
    ]
    suspended: Annotated[bool, Meta(description="whether its clock stands still", examples=[False])]
    apologised_at: Annotated[
        Instant | None, Meta(description="when the apology was sent", examples=["2023-12-11T09:00:00+07:00"])
    ]
    hops: Annotated[
        list[AwaitedAnswer], Meta(description="answers awaited that are late or due in that time", examples=[[]])
    ]
    kind: (
        Annotated[
            str,
            Meta(
                description="due: its deadline; acceptance: an online application waits to be answered; supplement: "
                "papers were asked for; idle: nothing happens to it",
                examples=["due"],
            ),
        ]
        | UnsetType
    ) = UNSET
    received_by: (
        Annotated[str, Meta(description="the unit that took it in, if not the department", examples=["H59.20"])]
        | UnsetType
    ) = UNSET


class CalendarSource(Struct, frozen=True, kw_only=True):
    """Which days off the list went by: the catalogue's, with those announced until `as_of`."""

    source: Annotated[str, Meta(description="catalogue, or intake: with the days announced late", examples=["intake"])]
    as_of: Annotated[
        Instant | None,
        Meta(
            description="when the announcements were last known to be complete; null: never",
            examples=["2023-12-08T07:00:00+07:00"],
        ),
    ]
    known_until: Annotated[
        date, Meta(description="later days off are a guess: Saturday and Sunday", examples=["2024-12-31"])
    ]


class AttentionAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/attention`: counts of the whole list, and one page of it, the most urgent first."""

    as_of: Annotated[
        Instant,
        Meta(description="the instant that all its pages are judged at", examples=["2023-12-08T14:00:00+07:00"]),
    ]
    within: Annotated[str, Meta(description="the working time ahead that was asked for", examples=["2d"])]
    definition: Annotated[str, Meta(description="the definition that says what is overdue", examples=["by-date/1"])]
    total: Annotated[AttentionCounts, Meta(description="of the whole list", examples=[{"overdue": 3, "due": 5}])]
    departments: Annotated[list[DepartmentCounts], Meta(description="those with the most overdue first", examples=[[]])]
    calendar: Annotated[
        CalendarSource,
        Meta(
            description="which days off it went by",
            examples=[{"source": "catalogue", "as_of": None, "known_until": "2024-12-31"}],
        ),
    ]
    dossiers: Annotated[list[AttentionDossier], Meta(description="the page, the most urgent first", examples=[[]])]
    cursor: Cursor
