"""The table as it was typed: rows and cells with their places, and what a report says beside the form's columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.contract.http.checks import CheckFinding
from shared.domain.columns import SHARES, TIMELINESS
from shared.domain.figures import RECEIVED


@dataclass(frozen=True, slots=True)
class TypedCell:
    """What somebody typed, and where: C7 of a sheet, rows[2].carried_over of a document."""

    typed: str
    place: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """What a percentage may be of what: sums of counts, by their names.

    One `of_hundred` may be rounded so that the shares of its whole add up to 100. One `instead` is meant only where the
    report lacks the counts of the others.
    """

    part: tuple[str, ...]
    whole: tuple[str, ...]
    of_hundred: bool = False
    instead: bool = False


class RowKind(StrEnum):
    """What a row is to the others."""

    TOTAL = "total"
    SUBTOTAL = "subtotal"  # of the rows above it, up to a section or another one
    SECTION = "section"  # its figures, if it has any, are the sums of the rows below it
    ROW = "row"


@dataclass(frozen=True, slots=True)
class TypedRow:
    """A row of the table; the deeper its `depth`, the further down in sections.

    Rows of one `period` belong together: a table may hold another one below.
    """

    name: str | None
    kind: RowKind
    cells: Mapping[str, TypedCell]
    shares: Mapping[str, TypedCell] = field(default_factory=dict)
    depth: int = 0
    period: tuple[str, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether it stands below (or above) its rows and is none of them."""
        return self.kind in (RowKind.TOTAL, RowKind.SUBTOTAL)


@dataclass(frozen=True, slots=True)
class StatedSum:
    """A total and the parts that it is said to have, each by its name."""

    name: str
    total: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatedShare:
    """A percentage, and what it is said to be of what; None where the report does not say."""

    name: str
    cell: TypedCell
    part: tuple[str, ...] | None
    whole: tuple[str, ...] | None


@dataclass(slots=True)
class TypedReport:
    """All that a report says, before any of it is believed.

    `counts` are its own ones beside the form's, by name; `faults` and `remarks` are what reading it met already.
    `by_month` says that the rows are consecutive periods, `mixed_with_months` that they are months of several groups.
    `unread` are other sheets that look like tables, of which nobody knows what their columns are.
    """

    format: str
    sheet: str | None = None
    rows: list[TypedRow] = field(default_factory=list)
    ratios: dict[str, tuple[Ratio, ...]] = field(default_factory=dict)
    counts: dict[str, TypedCell] = field(default_factory=dict)
    sums: list[StatedSum] = field(default_factory=list)
    shares: list[StatedShare] = field(default_factory=list)
    faults: list[CheckFinding] = field(default_factory=list)
    remarks: list[CheckFinding] = field(default_factory=list)
    by_month: bool = False
    mixed_with_months: bool = False
    unread: list[str] = field(default_factory=list)


_TOTALS = {TIMELINESS: "resolved_total", RECEIVED.parts: "received_total"}
RATIOS = {
    share.key: (
        Ratio((share.part,), share.whole, share.of_hundred),
        *(
            Ratio((share.part,), (total,), instead=True)
            for whole, total in _TOTALS.items()
            if set(whole) == set(share.whole)
        ),
    )
    for share in SHARES
}
"""What each of our own shares is of what; where a part is missing, of the total that the parts make up."""
ANY_ONLINE = (*RATIOS["online_share"], *RATIOS["online_share_of_period"])
ANY_ON_TIME = (
    *RATIOS["on_time_share"],
    Ratio(("resolved_early", "resolved_on_time"), TIMELINESS),
    Ratio(("resolved_early", "resolved_on_time", "in_progress_within"), ("received_total",)),
)
ANY_OVERDUE = (
    *RATIOS["overdue_share"],
    Ratio(("resolved_overdue", "in_progress_overdue"), ("received_total",)),
)
"""Percentages of these names are taken of several bases in the country: any of them may be meant."""
