"""Reporting's answers about figures: those of a period, the dossiers behind one, comparisons, the statutory form."""

from datetime import date
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.contract.http.rows import (
    Counts,
    DifferenceRow,
    FigureRow,
    FormDifferenceRow,
    FormPercentRow,
    FormRow,
    KeyedDifferenceRow,
    KeyedPercentRow,
    KeyedRow,
    PercentRow,
)
from shared.domain.localtime import Instant

First = Annotated[date, Meta(description="first day of the period", examples=["2023-01-01"])]
Last = Annotated[date, Meta(description="last day of the period, inclusive", examples=["2023-12-31"])]
PeriodName = Annotated[str, Meta(description="the statutory period, if it was asked for by name", examples=["2023-Q1"])]
DefinitionName = Annotated[str, Meta(description="the definition of timeliness that judged", examples=["by-date/1"])]
AsOf = Annotated[
    Instant,
    Meta(
        description="judged as at this instant; what is dated after its day is not counted",
        examples=["2023-12-31T23:59:59+07:00"],
    ),
]
AsKnownAt = Annotated[
    Instant | None,
    Meta(
        description="by what was known at this instant; null for all that is known",
        examples=["2023-02-01T08:00:00+07:00"],
    ),
]
Organised = Annotated[
    str,
    Meta(
        description="`then`: counted for the units they were received for; `now`: for those that have taken over",
        examples=["then"],
    ),
]
Cursor = Annotated[
    str | None,
    Meta(
        description="where the next page starts, to be given as `cursor`; null on the last page",
        examples=["k5d0DZIBqzEyMw"],
    ),
]
Code = Annotated[str, Meta(description="the dossier's code", examples=["H59.15-231208-0001"])]
Department = Annotated[str, Meta(description="the department that answers for the dossier", examples=["H59.15"])]
DueAt = Annotated[
    Instant | None, Meta(description="the deadline in force; null for none", examples=["2023-12-20T17:00:00+07:00"])
]
ClosedAt = Annotated[
    Instant | None,
    Meta(
        description="when it was resolved, withdrawn, stopped or transferred; null while open",
        examples=["2023-12-19T10:00:00+07:00"],
    ),
]
InHours = Annotated[
    bool, Meta(description="whether its term is in hours, so that the instant is judged, not the day", examples=[False])
]
Columns = Annotated[
    list[str], Meta(description="columns in which the dossier was one", examples=[["carried_over", "received_total"]])
]


class IdentityAnswer(Struct, frozen=True, kw_only=True):
    """An identity of the statutory form over all rows; a broken one names the first row that breaks it."""

    name: Annotated[str, Meta(description="the identity, in the form's column numbers", examples=["3=4+5+6"])]
    holds: Annotated[bool, Meta(description="whether every row satisfies it", examples=[True])]
    difference: (
        Annotated[int, Meta(description="its left side less its right, in dossiers", examples=[1])] | UnsetType
    ) = UNSET
    row: (
        Annotated[str | dict[str, str | None], Meta(description="that row's key, or `total`", examples=["total"])]
        | UnsetType
    ) = UNSET
    column: (
        Annotated[str, Meta(description="the column, of an identity of every column", examples=["withdrawn"])]
        | UnsetType
    ) = UNSET


Identities = Annotated[
    list[IdentityAnswer], Meta(description="the identities that the answer was held to", examples=[[]])
]


Tokens = Annotated[
    dict[str, str],
    Meta(
        description="by `total.<column>` and `rows.<place>.<column>`, what opens the number",
        examples=[{"total.carried_over": "k5d0"}],
    ),
]
_IN_ORDER = "in the order of this period's; a row of time stands beside the one that is as far from the beginning"


def _example_of_other(rows: str) -> Meta:
    example: dict[str, Any] = {"from": "2022-01-01", "to": "2022-12-31", "as_of": "2023-12-31T23:59:59+07:00"}
    example |= {"total": {"carried_over": 12}, rows: [], "identities": []}
    example["difference"] = {"total": {"carried_over": -3}, rows: []}
    example["percent"] = {"total": {"carried_over": "-25.0"}, rows: []}
    return Meta(description="beside it, the period that `against` asked for", examples=[example])


class DifferencesAnswer(Struct, frozen=True, kw_only=True):
    """By how much this period's figures exceed those of the other."""

    total: DifferenceRow
    rows: Annotated[list[KeyedDifferenceRow], Meta(description="the rows, by this period's key", examples=[[]])]


class PercentsAnswer(Struct, frozen=True, kw_only=True):
    """The same in percent of the other period's figures."""

    total: PercentRow
    rows: Annotated[list[KeyedPercentRow], Meta(description="the rows, by this period's key", examples=[[]])]


class OtherFigures(Struct, frozen=True, kw_only=True):
    """The same question of another period, read from the same state, and how far the two lie apart.

    Every row of either period is in both answers, with zeros where nothing is counted.
    """

    first: First = field(name="from")
    last: Last = field(name="to")
    period: PeriodName | UnsetType = UNSET
    as_of: AsOf
    total: FigureRow
    rows: Annotated[list[KeyedRow], Meta(description=f"the rows, {_IN_ORDER}", examples=[[]])]
    identities: Identities
    difference: Annotated[
        DifferencesAnswer,
        Meta(description="this period less the other", examples=[{"total": {"carried_over": -3}, "rows": []}]),
    ]
    percent: Annotated[
        PercentsAnswer,
        Meta(
            description="the difference in percent of the other period",
            examples=[{"total": {"carried_over": "-2.5"}, "rows": []}],
        ),
    ]
    tokens: Tokens | UnsetType = UNSET


class FiguresAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/figures`: the total and the rows of a grouping, with a token for each number."""

    first: First = field(name="from")
    last: Last = field(name="to")
    period: PeriodName | UnsetType = UNSET
    definition: DefinitionName
    as_of: AsOf
    as_known_at: AsKnownAt
    organised: Organised = "then"
    by: Annotated[
        list[str], Meta(description="the dimensions of the grouping, in their order", examples=[["department"]])
    ]
    total: FigureRow
    rows: Annotated[list[KeyedRow], Meta(description="the rows, by key", examples=[[]])]
    identities: Identities
    tokens: Tokens | UnsetType = UNSET
    against: Annotated[OtherFigures, _example_of_other("rows")] | UnsetType = UNSET


class FiguresEvent(Struct, frozen=True, kw_only=True):
    """An event of `GET /v1/events`: the read model has moved, and this is the current year's total to date."""

    generation: Annotated[
        int, Meta(description="of the tables; revisions of one generation are comparable", examples=[1702000000])
    ]
    revision: Annotated[int, Meta(description="grows with every transaction of the projector", examples=[117])]
    as_of: AsOf
    first: First = field(name="from")
    last: Last = field(name="to")
    total: FigureRow


class ListedDossier(Struct, frozen=True, kw_only=True):
    """A dossier of a list, as it counted when the figure was made."""

    code: Code
    department: Department
    procedure: Annotated[str, Meta(description="the procedure's code", examples=["2.000635"])]
    channel: Annotated[str, Meta(description="online, in_person or postal", examples=["online"])]
    received_at: Annotated[
        Instant | None, Meta(description="when it was received", examples=["2023-12-08T08:31:00+07:00"])
    ]
    due_at: DueAt
    in_hours: InHours
    state: Annotated[str, Meta(description="its state (domain §2)", examples=["processing"])]
    closed_at: ClosedAt
    closed_as: Annotated[
        str | None, Meta(description="resolved, returned, withdrawn, stopped or transferred", examples=["resolved"])
    ]
    returned_at: Annotated[
        Instant | None, Meta(description="when the result was handed over", examples=["2023-12-19T15:00:00+07:00"])
    ]
    timeliness: Annotated[
        str,
        Meta(
            description="early, on_time, overdue or no_deadline once closed; within, overdue or suspended while open; "
            "not_received before receipt",
            examples=["early"],
        ),
    ]
    officer: Annotated[str | None, Meta(description="who handles it, a pseudonym", examples=["cb-0417"])]
    own_channel: (
        Annotated[str, Meta(description="how the office itself calls the channel, if otherwise", examples=["kiosk"])]
        | UnsetType
    ) = UNSET
    received_by: (
        Annotated[str, Meta(description="the unit that took it in, if not the department", examples=["H59.20"])]
        | UnsetType
    ) = UNSET


class DossierList(Struct, frozen=True, kw_only=True):
    """`GET /v1/figures/{token}/dossiers`: as many dossiers as the number says, page by page."""

    figure: Annotated[str, Meta(description="the column of the number", examples=["resolved_overdue"])]
    first: First = field(name="from")
    last: Last = field(name="to")
    definition: DefinitionName
    as_of: AsOf
    as_known_at: AsKnownAt
    organised: Organised = "then"
    key: Annotated[
        dict[str, str | None],
        Meta(description="the row of the number: its value by dimension", examples=[{"field": "Đất đai"}]),
    ]
    dossiers: Annotated[
        list[ListedDossier],
        Meta(description="by day of receipt and code; applications by day of submission", examples=[[]]),
    ]
    cursor: Cursor


class ChangedDossier(Struct, frozen=True, kw_only=True):
    """A dossier that counts otherwise than before."""

    code: Code
    left: Columns
    entered: Columns
    sequence_then: Annotated[int | None, Meta(description="its events then; null if it was not known", examples=[3])]
    sequence_now: Annotated[int, Meta(description="its events now", examples=[4])]
    known_at: Annotated[
        Instant, Meta(description="since when it is known to count so", examples=["2023-02-03T09:12:00+07:00"])
    ]


class ChangesAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/figures/changes`: the totals (on the first page) as known at two instants, and what moved."""

    first: First = field(name="from")
    last: Last = field(name="to")
    as_of: AsOf
    definition: DefinitionName
    as_known_at: AsKnownAt
    until_known_at: AsKnownAt
    then: Counts | UnsetType = UNSET
    now: Counts | UnsetType = UNSET
    difference: Counts | UnsetType = UNSET
    dossiers: Annotated[list[ChangedDossier], Meta(description="by code", examples=[[]])]
    cursor: Cursor


class DisputedDossier(Struct, frozen=True, kw_only=True):
    """A dossier that not all definitions count in the same columns."""

    code: Code
    department: Department
    due_at: DueAt
    closed_at: ClosedAt
    in_hours: InHours
    classes: Annotated[
        dict[str, str],
        Meta(description="its class by each definition", examples=[{"by-date/1": "on_time", "instant/1": "early"}]),
    ]


class DefinitionsAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/figures/definitions`: the totals (on the first page) by every definition, and the disputed dossiers."""

    first: First = field(name="from")
    last: Last = field(name="to")
    as_of: AsOf
    as_known_at: AsKnownAt
    definitions: (
        Annotated[dict[str, FigureRow], Meta(description="the total by each definition", examples=[{}])] | UnsetType
    ) = UNSET
    dossiers: Annotated[list[DisputedDossier], Meta(description="by day of receipt and code", examples=[[]])]
    cursor: Cursor


class FormDifferencesAnswer(Struct, frozen=True, kw_only=True):
    """By how much the figures of this period's form exceed those of the other."""

    total: DifferenceRow
    lines: Annotated[list[FormDifferenceRow], Meta(description="the lines, in the form's order", examples=[[]])]


class FormPercentsAnswer(Struct, frozen=True, kw_only=True):
    """The same in percent of the other period's figures."""

    total: PercentRow
    lines: Annotated[list[FormPercentRow], Meta(description="the lines, in the form's order", examples=[[]])]


class OtherForm(Struct, frozen=True, kw_only=True):
    """The form of another period, read from the same state, with the same lines, and how far the two lie apart."""

    first: First = field(name="from")
    last: Last = field(name="to")
    period: PeriodName | UnsetType = UNSET
    as_of: AsOf
    lines: Annotated[list[FormRow], Meta(description="the lines, as numbered in this period's form", examples=[[]])]
    total: FigureRow
    identities: Identities
    difference: Annotated[
        FormDifferencesAnswer,
        Meta(description="this period less the other", examples=[{"total": {"carried_over": -3}, "lines": []}]),
    ]
    percent: Annotated[
        FormPercentsAnswer,
        Meta(
            description="the difference in percent of the other period",
            examples=[{"total": {"carried_over": "-2.5"}, "lines": []}],
        ),
    ]


class OfPublication(Struct, frozen=True, kw_only=True):
    """Which publication the figures are of."""

    number: Annotated[int, Meta(description="the publication's number", examples=[1])]
    sha256: Annotated[str, Meta(description="the hash of the document that they are taken from", examples=["9b2f…"])]


_OF_A_PUBLICATION = Meta(description="where the figures were published", examples=[{"number": 1, "sha256": "9b2f…"}])


class FormAnswer(Struct, frozen=True, kw_only=True):
    """`GET /v1/reports/ii06a`: the statutory form II.06a as JSON."""

    form: Annotated[str, Meta(description="the form's number", examples=["II.06a"])]
    first: First = field(name="from")
    last: Last = field(name="to")
    period: PeriodName | UnsetType = UNSET
    definition: DefinitionName
    as_of: AsOf
    as_known_at: AsKnownAt
    organised: Organised = "then"
    by: Annotated[str, Meta(description="what a line stands for: department or field", examples=["department"])]
    columns: Annotated[
        dict[str, str],
        Meta(description="the form's column numbers, each with its key", examples=[{"3": "received_total"}]),
    ]
    lines: Annotated[list[FormRow], Meta(description="the lines, by code or name", examples=[[]])]
    total: FigureRow
    identities: Identities
    against: Annotated[OtherForm, _example_of_other("lines")] | UnsetType = UNSET
    publication: Annotated[OfPublication, _OF_A_PUBLICATION] | UnsetType = UNSET
