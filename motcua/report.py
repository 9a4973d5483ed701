"""What reporting answers about figures, as values: a report, the dossiers behind a figure, sums that are off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from httpx import Response

from motcua.client import ServiceClient
from shared.contract.http.figures import DossierList, FiguresAnswer, IdentityAnswer, ListedDossier, OtherFigures
from shared.contract.http.rebuilds import SumDifference
from shared.domain.localtime import local

FIGURES = "/v1/figures"
FORM = "/v1/reports/ii06a"
PAGE = 5000
Query = Mapping[str, str | Sequence[str]]  # a parameter's name -> its value, or its values
Row = Mapping[str, Any]  # a figure's key -> its count, or a share as a decimal string


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a breakdown: the values it is for, and its figures."""

    key: Mapping[str, str | None]
    row: Row


@dataclass(frozen=True, slots=True)
class BrokenIdentity:
    """An identity of the form that the figures break: `difference` is its left side less its right.

    `row` is the first that breaks it, None for the total; `column` the figure, where the identity is one of each
    figure.
    """

    name: str
    difference: int
    row: Mapping[str, str | None] | None
    column: str | None


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """The figures of a period under a named definition; `beside` holds those of another one, if it was asked for."""

    first: date
    last: date
    definition: str
    as_of: datetime
    by: tuple[str, ...]
    total: Row
    groups: tuple[Group, ...]
    known_at: datetime | None = None
    organised: str = "then"
    period: str | None = None  # its name, where it was asked for by it
    broken: tuple[BrokenIdentity, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)  # that open a figure, by its place: total.received_online
    beside: "PeriodBeside | None" = None

    def ordered(self, places: Sequence[int]) -> "PrintedReport":
        """With the groups, and those of the period beside, in the order of these places."""
        beside = None if self.beside is None else self.beside.ordered(places)
        return replace(self, groups=tuple(self.groups[place] for place in places), beside=beside)


@dataclass(frozen=True, slots=True)
class PeriodBeside:
    """The report of another period, with the same groups in the same order, and how far the two lie apart.

    `differences` and `percents` have a row for each group and the last one for the total.
    """

    report: PrintedReport
    differences: tuple[Row, ...]
    percents: tuple[Row, ...]

    def ordered(self, places: Sequence[int]) -> "PeriodBeside":
        """In the order of these places; the total stays the last."""
        differences, percents = (
            (*(rows[place] for place in places), rows[-1]) for rows in (self.differences, self.percents)
        )
        return PeriodBeside(self.report.ordered(places), differences, percents)


@dataclass(frozen=True, slots=True)
class FormFile:
    """The form as reporting writes it, byte for byte; `is_text` when a terminal can show it."""

    content: bytes
    is_text: bool


def ask(reporting: ServiceClient, query: Query, by: tuple[str, ...] = ()) -> bytes:
    """The figures that the parameters of `GET /v1/figures` ask for, as reporting answers them."""
    return reporting.get(FIGURES, {**query, **({"by": ",".join(by)} if by else {})}).content


def ask_form(reporting: ServiceClient, query: Query, wanted: str) -> FormFile:
    """The statutory form in a format of reporting's; another one is refused with those that there are."""
    return form_file(reporting.get(FORM, {**query, "format": wanted}))


def form_file(answer: Response) -> FormFile:
    """The file that reporting answered with."""
    return FormFile(answer.content, answer.headers.get("content-type", "").startswith("text/"))


def parse(body: bytes) -> PrintedReport:
    """The report an answer carries; for a body of `reading`, which tells plainly what is none."""
    answer = msgspec.json.decode(body, type=FiguresAnswer)
    report = _printed(answer, answer)
    if not answer.against:
        return report
    other = answer.against
    apart = [(*(values_of(row) for row in each.rows), each.total) for each in (other.difference, other.percent)]
    return replace(report, beside=PeriodBeside(_printed(answer, other), *apart))


def _printed(answer: FiguresAnswer, of: FiguresAnswer | OtherFigures) -> PrintedReport:
    """The report of the period asked for, or of the one beside it, which is by the same definition and knowledge."""
    return PrintedReport(
        first=of.first,
        last=of.last,
        definition=answer.definition,
        as_of=local(of.as_of),
        by=tuple(answer.by),
        total=of.total,
        groups=tuple(Group(row["key"], values_of(row)) for row in of.rows),
        known_at=None if answer.as_known_at is None else local(answer.as_known_at),
        organised=answer.organised,
        period=of.period or None,
        broken=tuple(_broken(identity) for identity in of.identities if not identity.holds),
        tokens=of.tokens or {},
    )


def values_of(row: Row) -> Row:
    """What stands under a row's key."""
    return {name: value for name, value in row.items() if name != "key"}


def _broken(identity: IdentityAnswer) -> BrokenIdentity:
    row, column = identity.row, identity.column
    return BrokenIdentity(
        identity.name, identity.difference or 0, row if isinstance(row, dict) else None, column or None
    )


def dossiers_behind(reporting: ServiceClient, token: str, page: int = PAGE) -> Iterator[ListedDossier]:
    """Every dossier of the figure that the token opens, page by page, in the order of receipt."""
    path = f"{FIGURES}/{quote(token, safe='')}/dossiers"
    query: dict[str, str | int] = {"limit": page}
    while True:
        answer = reporting.answer(DossierList, "GET", path, params=query)
        yield from answer.dossiers
        if answer.cursor is None:
            return
        query["cursor"] = answer.cursor


def sum_name(difference: SumDifference) -> str:
    """How a sum of the read model that is off is named."""
    whose = (difference.department or "all departments", difference.procedure, difference.channel)
    by = f" by {difference.definition}" if difference.definition else ""
    return f"sum of {difference.span}, {', '.join(filter(None, whose))}, {difference.measure}{by}"
