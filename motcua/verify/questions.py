"""What is asked of both sides (period, definition, grouping, past instant), and reporting's answer cell by cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from motcua.client import ServiceClient
from motcua.report import FIGURES
from shared.contract.http.figures import FiguresAnswer
from shared.domain.columns import KEYS
from shared.domain.dossier import Dossier
from shared.domain.localtime import ONE_DAY, local_date
from shared.domain.timeliness import BY_DATE

MONTHS = 4
DECEMBER = 12
TOTAL = "total"
UNKNOWN = "none"  # the field of a procedure that is not in the office's catalogue
Period = tuple[date, date]
Grouping = tuple[str, ...]
DEPARTMENT: Grouping = ("department",)
PROCEDURE: Grouping = ("procedure",)
CHANNEL_AND_FIELD: Grouping = ("channel", "field")
DEPARTMENT_AND_PLACE: Grouping = ("department", "received_by")
"""Who is competent by where it was received: the matrix adds up both ways."""
Fields = Mapping[str, str | None]
Row = Mapping[str, Any]


class Cell(NamedTuple):
    """One figure of an answer: a row's (`name_of` names them) or the total's (TOTAL), in one column."""

    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Question:
    """The figures of a period by a definition; `known_at` None asks for what is known now."""

    period: Period
    definition: str = BY_DATE.name
    known_at: datetime | None = None
    by: Grouping = DEPARTMENT

    @property
    def parameters(self) -> dict[str, str]:
        """The query of `GET /v1/figures`."""
        first, last = self.period
        query = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "by": ",".join(self.by),
            "definition": self.definition,
        }
        return query | ({} if self.known_at is None else {"as_known_at": self.known_at.isoformat()})

    def about(self, cell: Cell | None = None) -> str:
        """How a difference names the figure, or without a cell the question; the default definition is left out."""
        words = [f"{self.period[0]}..{self.period[1]}"]
        words += [] if self.definition == BY_DATE.name else [self.definition]
        words += [] if self.known_at is None else [f"as known at {self.known_at.isoformat()}"]
        words += [] if self.by == DEPARTMENT else [f"by {' and '.join(self.by)}"]
        return ", ".join([*words, *(cell or ())])


@dataclass(frozen=True, slots=True)
class AnsweredFigures:
    """`rows` by their names, without the total; `cut` is the day at whose end open dossiers were judged."""

    cut: date
    total: Row
    rows: Mapping[str, Row]
    tokens: Mapping[Cell, str]

    def value(self, cell: Cell) -> int:
        """The figure; a row that is not there stands for nothing to count."""
        return int(self._row(cell).get(cell.column, 0))

    def share(self, cell: Cell) -> str | None:
        """The share; a row that is not there has none."""
        share = self._row(cell).get(cell.column)
        return None if share is None else str(share)

    def _row(self, cell: Cell) -> Row:
        return self.total if cell.row == TOTAL else self.rows.get(cell.row, {})


def ask(reporting: ServiceClient, question: Question) -> AnsweredFigures:
    """Reporting's answer in cells."""
    answer = reporting.answer(FiguresAnswer, "GET", FIGURES, params=question.parameters)
    names = [name_of(row["key"], question.by) for row in answer.rows]
    places = {f"rows.{number}": name for number, name in enumerate(names)} | {TOTAL: TOTAL}
    opened_by = answer.tokens or {}
    tokens = {
        Cell(row, column): token
        for place, row in places.items()
        for column in KEYS
        if (token := opened_by.get(f"{place}.{column}")) is not None
    }
    cut = min(question.period[1], local_date(answer.as_of))
    return AnsweredFigures(cut, answer.total, dict(zip(names, answer.rows, strict=True)), tokens)


def fields_of_procedures(reporting: ServiceClient, period: Period) -> Fields:
    """The field of every procedure with figures in the period, by the office's catalogue, which only reporting has."""
    query = Question(period, by=("field", "procedure")).parameters | {"tokens": "none"}
    keys = [row["key"] for row in reporting.answer(FiguresAnswer, "GET", FIGURES, params=query).rows]
    return {str(key["procedure"]): key["field"] for key in keys}


def name_of(key: Mapping[str, Any], by: Grouping) -> str:
    """The name of the row with this key."""
    return ", ".join(UNKNOWN if key[dimension] is None else str(key[dimension]) for dimension in by)


def row_of(by: Grouping, fields: Fields) -> Callable[[Dossier], str]:
    """The name of the row that counts a dossier."""

    def name(dossier: Dossier) -> str:
        field = fields.get(dossier.procedure) if "field" in by else None
        key = {
            "department": dossier.department,
            "received_by": dossier.place_of_receipt,
            "procedure": dossier.procedure,
            "channel": dossier.counted_channel.value,
            "field": field,
        }
        return name_of(key, by)

    return (lambda dossier: dossier.department) if by == DEPARTMENT else name


def periods(first: date, last: date) -> list[Period]:
    """Distinct periods of `first..last`: all of it, each calendar year, a few months.

    The last year ends with the log, for the days after it may not be over yet.
    """
    years = [(date(year, 1, 1), min(date(year, 12, 31), last)) for year in range(first.year, last.year + 1)]
    months = []
    day = first.replace(day=1)
    while day <= last:
        next_month = date(day.year + day.month // DECEMBER, day.month % DECEMBER + 1, 1)
        months.append((day, min(next_month - ONE_DAY, last)))
        day = next_month
    step = max(1, (len(months) - 1) // (MONTHS - 1))
    return list(dict.fromkeys([(first, last), *years, *months[::step], months[-1]]))


def drawn_day(first: date, last: date, chance: Random) -> Period:
    """A single day of `first..last`."""
    day = first + timedelta(days=chance.randint(0, (last - first).days))
    return day, day


def drawn_period(first: date, last: date, chance: Random) -> Period:
    """Any days of `first..last` on end."""
    one, other = (drawn_day(first, last, chance)[0] for _ in range(2))
    return min(one, other), max(one, other)
